"""`payout-ledger`: serve, migrate, keys, import, pull, reconcile, close-statements, cases, deliveries, rebuild, verify."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

import asyncpg
import uvloop
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from projections.runner import rebuild as rebuild_trailing
from service import logs, settings
from service.cli import cases, deliveries, keys
from service.cli.banking import import_bank, reconcile
from service.cli.closing import close_statements
from service.cli.importing import import_statements
from service.cli.pulling import pull_channel
from service.cli.simulate import simulate_plugipay
from service.cli.target import Data, Target
from service.database import OUTAGES, Connection, connect_patiently
from service.migrate import migrate as run_migrations
from service.process import running_ledger
from service.projector import TRAILING
from service.replay import rebuild_inline, verify_lane
from service.settings import WrongSettings
from service.store import read_head

app = App(name="payout-ledger", help="An event-sourced payout ledger.", version_flags=["--version"])
app.command(keys.app)
app.command(cases.app)
app.command(deliveries.app)
imports = App(name="import", help="Take in what a marketplace or a bank says.")
imports.default(import_statements)
imports.command(import_bank, name="bank")
app.command(imports)
app.command(reconcile)
app.command(close_statements, name="close-statements")
app.command(pull_channel, name="pull")
app.command(simulate_plugipay)

INLINE = ("inline", "balances", "payouts", "bank_accounts")
"""Names of the views that are folded together, since decisions are made on all of them."""


def main() -> None:
    """Runs a command; what a person can put right is one line on standard error, and exit code 2."""
    try:
        app()
    except WrongSettings as problem:
        Console(stderr=True, highlight=False, markup=False).print(str(problem), style="red")
        sys.exit(2)
    except OUTAGES as problem:
        Console(stderr=True, highlight=False, markup=False).print(f"the database went away: {problem}", style="red")
        sys.exit(2)
    except asyncpg.PostgresError as problem:
        Console(stderr=True, highlight=False, markup=False).print(f"Postgres refuses: {problem}", style="red")
        sys.exit(2)


@app.command
def serve(
    *,
    embedded: bool = False,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    demo: bool = False,
) -> None:
    """Serve HTTP, write the log, keep the projections, consume webhooks.

    Parameters
    ----------
    embedded
        Start a Postgres and a Kafka broker beside the service, with the data in --data.
    data
        Where the embedded Postgres keeps its data (default ./data).
    host
        The address to listen on (HOST, default 127.0.0.1).
    port
        The port to listen on (PORT, default 8080).
    demo
        Open an account with revenue in it, and print what to try. Only with --embedded.

    """
    from service.cli.serving import serve_embedded, serve_settings  # noqa: PLC0415 - the embedded servers are an extra

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if embedded:
        serve_embedded(data or Path("data"), given, demo=demo)
    elif demo or data is not None:
        raise WrongSettings("--demo and --data belong to --embedded")
    else:
        serve_settings(settings.load(**given))


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the schema up to date and make partitions ahead."""
    with Target(data) as target:
        logs.configure(target.settings.log_level)
        target.settings.require("database_url")
        applied = uvloop.run(run_migrations(target.settings))
    Console().print(f"{applied} migrations applied" if applied else "nothing to migrate")


@app.command
def rebuild(
    name: Annotated[Literal["inline", "balances", "payouts", "bank_accounts", "journal", "settlements"], Parameter()],
    *,
    data: Data = None,
) -> None:
    """Make a projection again from the log. Readers see the old one until the new one is whole.

    Balances, payouts and bank accounts are one fold and are made together; writers wait meanwhile.
    """
    with Target(data) as target:
        logs.configure("warning")
        events = uvloop.run(_rebuild(target.settings, name))
    Console().print(f"{name}: made again from {events} events")


async def _rebuild(at: settings.Settings, name: str) -> int:
    total = 0
    async with running_ledger(at) as ledger, _patient_connection(at) as connection:
        with _progress() as bar:
            for lane in ledger.lanes:
                head = await read_head(connection, lane)
                if name in INLINE:
                    task = bar.add_task(f"lane {lane}, accounts", total=None)
                    total += await rebuild_inline(connection, lane, lambda n, task=task: bar.advance(task, n))  # type: ignore[misc]
                else:
                    task = bar.add_task(f"lane {lane}, events", total=head.position)
                    total += await rebuild_trailing(
                        connection,
                        lane,
                        next(each for each in TRAILING if each.name == name),
                        ledger.seam.now(),
                        lambda n, task=task: bar.advance(task, n),  # type: ignore[misc]
                    )
    return total


@app.command
def verify(*, data: Data = None) -> None:
    """Recompute the whole hash chain of every lane; exit code 1, and the first damaged position, if it does not hold."""
    with Target(data) as target:
        logs.configure("warning")
        damaged = uvloop.run(_verify(target.settings))
    if damaged:
        sys.exit(1)


async def _verify(at: settings.Settings) -> bool:
    console, damaged = Console(highlight=False), False
    async with running_ledger(at) as ledger, _patient_connection(at) as connection:
        for lane in ledger.lanes:
            head = await read_head(connection, lane)
            with _progress() as bar:
                task = bar.add_task(f"lane {lane}", total=head.position)
                whole, damage = await verify_lane(connection, lane, lambda n, task=task: bar.advance(task, n))  # type: ignore[misc]
            if damage is None:
                console.print(f"lane {lane}: {whole} events hold, digest {head.digest.hex()}")
            else:
                damaged = True
                console.print(f"lane {lane}: DAMAGED at position {damage.position}: {damage.what}", style="red")
    return damaged


@contextlib.asynccontextmanager
async def _patient_connection(at: settings.Settings) -> AsyncIterator[Connection]:
    connection = await connect_patiently(at)
    try:
        yield connection
    finally:
        await connection.close()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
