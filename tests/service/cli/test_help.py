"""The texts of `payout-ledger --help`: those of the commands, which are imported for nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from service.cli.app import COMMANDS, build


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", *command, "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={"COLUMNS": "300"},
    )
    return done.stdout


def test_the_list_shows_each_commands_own_first_sentence() -> None:
    app, listed = build(whole=True), help_of()
    for name in COMMANDS:
        first = (app[name].help or app[name].default_command.__doc__ or "").strip().split("\n\n")[0]
        assert first
        assert any(name in line and " ".join(first.split()) in line for line in listed.splitlines()), name


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("rebuild",), "Readers see the old one until the new one is complete."),
        (("rebuild",), "writers wait meanwhile"),
        (("verify",), "exit code 1"),
        (("pull",), "continues where it stopped"),
        (("import",), "Importing it again changes nothing."),
        (("import", "bank"), "Importing it again changes nothing."),
    ],
)
def test_a_commands_own_help_is_complete(command: tuple[str, ...], words: str) -> None:
    assert words in " ".join(help_of(*command).split())


def test_a_command_does_not_import_what_only_others_need() -> None:
    seen = "import sys, service.cli.app; print([m for m in sys.modules if m.startswith(('aiohttp', 'service.http'))])"
    done = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_packages() -> None:
    done = subprocess.run([sys.executable, "-m", "service", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == version("payout-ledger") != "0.0.0"


def test_a_refusal_is_one_line_however_narrow_the_window() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "serve"],
        check=False,
        capture_output=True,
        text=True,
        env={"COLUMNS": "40", "KAFKA_SECURITY_PROTOCOL": "ssl"},
    )
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("KAFKA_SECURITY_PROTOCOL: ")
