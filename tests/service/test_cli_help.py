"""What `payout-ledger --help` says, though no command is imported for it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from service.cli.app import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_the_command_begins_with(name: str) -> None:
    own = " ".join(str(app[name].help or app[name].default_command.__doc__).split())
    assert own.startswith(COMMANDS[name][1])


def test_the_list_shows_every_command_and_what_it_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "--help"], check=True, capture_output=True, text=True, env={"COLUMNS": "200"}
    )
    for name, (_, summary) in COMMANDS.items():
        assert any(name in line and summary in line for line in done.stdout.splitlines()), name


def test_a_command_that_the_others_have_no_need_of_is_not_imported_with_them() -> None:
    seen = "import sys, service.cli.app; print([m for m in sys.modules if m.startswith(('aiohttp', 'service.http'))])"
    done = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_packages() -> None:
    done = subprocess.run([sys.executable, "-m", "service", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == version("payout-ledger") != "0.0.0"
