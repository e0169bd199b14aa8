"""`payout-ledger`: serve, migrate, keys, import, pull, reconcile, close-statements, cases, deliveries, rebuild, verify.

A command's module is imported when the command is asked for: nobody waits for what the others need.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import asyncpg
from cyclopts import App
from rich.console import Console

from service.database import OUTAGES
from service.settings import WrongSettings

app = App(
    name="payout-ledger",
    help="An event-sourced payout ledger.",
    version=lambda: version("payout-ledger"),
    version_flags=["--version"],
)

COMMANDS = {
    "serve": ("serving:serve", "Serve HTTP, write the log, keep the projections, consume webhooks."),
    "migrate": ("upkeep:migrate", "Bring the schema up to date and make partitions ahead."),
    "keys": ("keys:app", "API keys: create, list, rotate, revoke."),
    "import": ("importing:app", "Take in what a marketplace or a bank says."),
    "pull": ("pulling:pull_channel", "Ask a marketplace for what it owes and pays, and book it."),
    "reconcile": ("banking:reconcile", "Show what is expected against what was paid."),
    "close-statements": (
        "closing:close_statements",
        "Close the ledger's own statements whose periods have ended.",
    ),
    "cases": ("cases:app", "What a person has to look at: list, show, close."),
    "deliveries": ("deliveries:app", "What arrived from the provider: list, show, replay, dismiss."),
    "rebuild": ("upkeep:rebuild", "Make a projection again from the log."),
    "verify": ("upkeep:verify", "Recompute the whole hash chain of every lane."),
    "simulate-plugipay": ("simulate:simulate_plugipay", "Be a Plugipay whose payouts move by themselves."),
}
"""Where each command is, and what the list of commands says of it: the beginning of its own help."""

for name, (place, summary) in COMMANDS.items():
    app.command(f"service.cli.{place}", name=name, help=summary)


def main() -> None:
    """Runs a command; what a person can put right is one line on standard error, and exit code 2."""
    try:
        app()
    except WrongSettings as problem:
        _fail(str(problem))
    except OUTAGES as problem:
        _fail(f"the database went away: {problem}")
    except asyncpg.PostgresError as problem:
        _fail(f"Postgres refuses: {problem}")


def _fail(message: str) -> None:
    Console(stderr=True, highlight=False, markup=False).print(message, style="red")
    sys.exit(2)
