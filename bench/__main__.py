"""`make bench`: our figures beside their references, interleaved and repeated, in one run on one Postgres with fsync on.

    python -m bench [--quick] [--only NAME]

writes bench/results/latest.json: rows of name, ours, reference, ratio, spread; and what machine it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.append import append_ours, append_pgbench
from bench.http import Services, balance_bare, balance_ours, command_bare, command_ours
from service.embedded.postgres import start_postgres

RESULTS = Path(__file__).parent / "results" / "latest.json"

Measure = Callable[[Services, float], dict[str, float]]


@dataclass
class Row:
    """Rates a second. `spread` is (largest - smallest) / median over the rounds of ours."""

    name: str
    ours: float
    reference: float
    reference_is: str
    ratio: float
    spread: float
    p50_ms: float
    p99_ms: float
    rounds: int
    reach: float


BENCHES: dict[str, tuple[Measure, Measure, str, float]] = {
    "http_command": (command_ours, command_bare, "bare aiohttp + uvloop answering a POST with JSON", 0.4),
    "http_balance": (balance_ours, balance_bare, "bare aiohttp + uvloop answering a GET with JSON", 0.5),
    "append": (append_ours, append_pgbench, "pgbench, one-row inserts, 64 clients, no order, no chain", 1.0),
}


def measure(name: str, services: Services, rounds: int, seconds: float, console: Console) -> Row:
    ours_of, reference_of, reference_is, reach = BENCHES[name]
    ours, references = [], []
    for number in range(rounds):
        ours.append(ours_of(services, seconds))
        references.append(reference_of(services, seconds))
        console.print(
            f"{name} {number + 1}/{rounds}: ours {ours[-1]['rate']:,.0f}/s, reference {references[-1]['rate']:,.0f}/s"
        )
    rates = [result["rate"] for result in ours]
    middle = statistics.median(rates)
    # Pair by pair, so that a machine whose speed drifts changes both sides of a ratio.
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, references, strict=True))
    return Row(
        name=name,
        ours=round(middle, 1),
        reference=round(statistics.median(result["rate"] for result in references), 1),
        reference_is=reference_is,
        ratio=round(ratio, 3),
        spread=round((max(rates) - min(rates)) / middle, 3),
        p50_ms=round(statistics.median(result.get("p50_ms", 0.0) for result in ours), 2),
        p99_ms=round(statistics.median(result.get("p99_ms", 0.0) for result in ours), 2),
        rounds=rounds,
        reach=reach,
    )


def machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="under two minutes, and less to be trusted")
    parser.add_argument("--only", choices=BENCHES, help="one of the benchmarks")
    options = parser.parse_args()
    rounds, seconds = (2, 3.0) if options.quick else (5, 8.0)
    console = Console(stderr=True, highlight=False)
    about = machine()
    with tempfile.TemporaryDirectory(prefix="payout-ledger-bench-") as folder:
        Path(folder).chmod(0o755)
        postgres = start_postgres(Path(folder))
        try:
            with Services.start(postgres) as services:
                names = [options.only] if options.only else list(BENCHES)
                rows = [measure(name, services, rounds, seconds, console) for name in names]
        finally:
            postgres.stop()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "quick": options.quick,
                "machine": about,
                "postgres": {"version": services.postgres_version, "fsync": "on", "synchronous_commit": "on"},
                "rows": [asdict(row) for row in rows],
            },
            indent=2,
        )
        + "\n"
    )
    table = Table("benchmark", "ours/s", "reference/s", "ratio", "reach", "spread", "p50 ms", "p99 ms")
    for row in rows:
        figures = (row.ratio, row.reach, row.spread, row.p50_ms, row.p99_ms)
        table.add_row(row.name, f"{row.ours:,.0f}", f"{row.reference:,.0f}", *(f"{figure:g}" for figure in figures))
    Console().print(table)


if __name__ == "__main__":
    main()
