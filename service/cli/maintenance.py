"""`payout-ledger migrate`, `rebuild` and `verify`: the schema, the projections and the log itself."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

import uvloop
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from projections.runner import rebuild as rebuild_trailing
from service.cli.target import Data, Target
from service.ledger.event_store import read_head
from service.ledger.granting_rows import give_macs, refused_rows, rows_unlike_the_log
from service.ledger.lifespan import running_ledger
from service.ledger.replay import rebuild_inline, verify_lane
from service.platform import logs
from service.platform.database import Connection, connect_without_time_limit
from service.platform.migrate import migrate as run_migrations
from service.platform.runtime import REAL
from service.platform.settings import Settings
from service.workers.projector import TRAILING

INLINE = ("inline", "balances", "payouts", "bank_accounts")
"""Views that are rebuilt together: all inline views are one fold."""


def migrate(*, data: Data = None) -> None:
    """Bring the schema up to date and create partitions ahead.

    Rows of a release before MACs are given them, once: that needs MASTER_KEY.
    """
    with Target(data) as target:
        logs.configure(target.settings.log_level)
        target.settings.require("database_url")
        applied, given = uvloop.run(_migrate(target.settings))
    Console().print(f"{applied} migrations applied" if applied else "nothing to migrate")
    if given:
        Console().print(f"{given} rows of an earlier release were given their MACs")


async def _migrate(settings: Settings) -> tuple[int, int]:
    return await run_migrations(settings), await give_macs(settings, REAL)


def rebuild(
    name: Annotated[Literal["inline", "balances", "payouts", "bank_accounts", "journal", "settlements"], Parameter()],
    *,
    data: Data = None,
) -> None:
    """Rebuild a projection from the log. Readers see the old one until the new one is complete.

    Balances, payouts and bank accounts are rebuilt together; writers wait meanwhile.
    """
    with Target(data) as target:
        logs.configure("warning")
        events = uvloop.run(_rebuild(target.settings, name))
    Console().print(f"{name}: rebuilt from {events} events")


async def _rebuild(settings: Settings, name: str) -> int:
    total = 0
    async with running_ledger(settings) as ledger, _unlimited_connection(settings) as connection:
        with _progress() as bar:
            for lane in ledger.lanes:
                head = await read_head(connection, lane)
                task = bar.add_task(f"lane {lane}, events", total=head.position)
                advance = partial(bar.advance, task)
                if name in INLINE:
                    total += await rebuild_inline(connection, lane, ledger.vault, advance)
                else:
                    projection = next(each for each in TRAILING if each.name == name)
                    total += await rebuild_trailing(connection, lane, projection, ledger.runtime.now(), advance)
    return total


def verify(*, data: Data = None) -> None:
    """Verify the whole hash chain of every lane, and the MAC of every row that grants something.

    A damaged chain gives exit code 1 and its first damaged position, and so does each such row that is not as it was
    written, or not what the log says.
    """
    with Target(data) as target:
        logs.configure("warning")
        damaged = uvloop.run(_verify(target.settings))
    if damaged:
        sys.exit(1)


async def _verify(settings: Settings) -> bool:
    console, damaged = Console(highlight=False), False
    async with running_ledger(settings) as ledger, _unlimited_connection(settings) as connection:
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
        refused = {found async for found in refused_rows(connection, ledger.vault)}
        for table, key in sorted(refused):
            console.print(f"{table} {key}: REFUSED: this row is not as the ledger wrote it", style="red")
        for lane in ledger.lanes:
            for table, key in await rows_unlike_the_log(connection, lane):
                damaged = True
                if (table, key) not in refused:
                    what = "this row is not what the log says: run `payout-ledger rebuild inline`"
                    console.print(f"{table} {key}: DIFFERS: {what}", style="red")
    return damaged or bool(refused)


@contextlib.asynccontextmanager
async def _unlimited_connection(settings: Settings) -> AsyncIterator[Connection]:
    connection = await connect_without_time_limit(settings)
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
