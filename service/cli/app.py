"""`payout-ledger`: serve, migrate, keys, import, imports, reread, pull, reconcile, close-statements, cases, deliveries, rebuild, verify.

A command's module is imported only when the command is run, so that it does not wait for the others' imports.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from importlib.util import find_spec
from pkgutil import resolve_name

import asyncpg
from cyclopts import App
from rich.console import Console

from service.platform.database import OUTAGES
from service.platform.settings import WrongSettings

COMMANDS = {
    "serve": "serving:serve",
    "migrate": "maintenance:migrate",
    "keys": "keys:app",
    "import": "importing:app",
    "imports": "rereading:list_imports",
    "reread": "rereading:reread_imports",
    "pull": "pulling:pull_channel",
    "reconcile": "banking:reconcile",
    "close-statements": "closing:close_statements",
    "cases": "cases:app",
    "deliveries": "deliveries:app",
    "rebuild": "maintenance:rebuild",
    "verify": "maintenance:verify",
    "simulate-plugipay": "simulate:simulate_plugipay",
}
"""Command -> module and function in `service.cli`."""

FROM_A_CHECKOUT = frozenset({"simulate-plugipay"})
"""Commands that need packages which are not in the production wheel."""
SIMULATOR = "simulator"


def build(*, whole: bool) -> App:
    """The command line. `whole` imports every command, which the list of commands needs for their help texts."""
    app = App(
        name="payout-ledger",
        help="An event-sourced payout ledger.",
        version=lambda: version("payout-ledger"),
        version_flags=["--version"],
    )
    for name, place in COMMANDS.items():
        if name in FROM_A_CHECKOUT and find_spec(SIMULATOR) is None:
            continue
        path = f"service.cli.{place}"
        app.command(resolve_name(path) if whole else path, name=name)
    return app


def main() -> None:
    """Runs a command. An error that the user can fix is one line on standard error, with exit code 2."""
    try:
        build(whole=not set(sys.argv[1:]) - {"--help", "-h"})()
    except WrongSettings as problem:
        _fail(str(problem))
    except OUTAGES as problem:
        _fail(f"the database is not reachable: {problem}")
    except asyncpg.PostgresError as problem:
        _fail(f"Postgres refuses: {problem}")
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != SIMULATOR:
            raise
        _fail(
            "the embedded servers are not in this installation: they come with a checkout of the repository (make run)"
        )


def _fail(message: str) -> None:
    Console(stderr=True, highlight=False, markup=False).print(message, style="red", soft_wrap=True)
    sys.exit(2)
