"""The import contracts are red for an import in a forbidden direction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.walks import ROOT

PLANTED = {
    "events.values": ["projections.inline", "asyncio", "sql"],
    "projections.runner": ["service.platform.settings"],
    "sql": ["events.values"],
    "service.platform.runtime": ["service.ledger.vault", "simulator.servers"],
    "service.formats.amounts": ["service.platform.runtime", "service.ledger.vault"],
    "service.ledger.vault": ["service.imports.ingestion", "aiohttp"],
    "service.imports.ingestion": ["service.marketplaces.channels"],
    "service.marketplaces.channels": ["service.banks.tables"],
    "service.banks.tables": ["service.reconciliation.rows"],
    "service.plugipay.inbound.topic": ["service.http.errors"],
    "service.workers.projector": ["service.outgoing.relay"],
    "service.http.errors": ["service.server"],
    "service.server": ["service.cli.target", "simulator.servers"],
    "simulator.servers": ["service.ledger.vault"],
}
"""By module: imports that a contract forbids."""


def test_every_forbidden_direction_is_red(tmp_path: Path) -> None:
    for room in ("service", "projections", "events", "sql", "simulator"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.sql"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, imported in PLANTED.items():
        path = tmp_path / (module.replace(".", "/") + ".py")
        if not path.is_file():
            path = path.with_suffix("") / "__init__.py"
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"import {name}\n" for name in imported)
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(r"Contracts: 0 kept, 6 broken", result.stdout), result.stdout
    missing = [
        f"{module} -> {name}"
        for module, imported in PLANTED.items()
        for name in imported
        if f"{module} -> {name}" not in result.stdout
    ]
    assert missing == []
