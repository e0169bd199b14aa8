"""A ledger opened on its database, and closed again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from service.ledger.granting_rows import are_macs_given, give_macs, require_macs
from service.ledger.ledger import Ledger
from service.platform import database
from service.platform.migrate import migrate, require_current
from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings, WrongSettings


@contextlib.asynccontextmanager
async def running_ledger(settings: Settings, runtime: Runtime = REAL) -> AsyncIterator[Ledger]:
    """A ledger on a migrated, durable database, closed at the end. WrongSettings where that cannot be."""
    settings.require("database_url", "master_key")
    if settings.migrate_database_url is not None:
        await migrate(settings)
    try:
        pool = await database.open_pool(settings)
    except database.UNREACHABLE as problem:
        raise WrongSettings(f"DATABASE_URL: the database cannot be reached: {problem}") from None
    try:
        async with pool.acquire() as connection:
            await require_current(connection)
            if settings.migrate_database_url is not None and not await are_macs_given(connection):
                await give_macs(settings, runtime)
            await require_macs(connection)
            await database.require_durable(connection)
        ledger = await Ledger.start(settings, pool, runtime)
        try:
            yield ledger
        finally:
            await ledger.close()
    finally:
        try:
            await asyncio.wait_for(pool.close(), settings.drain_seconds)
        except TimeoutError:
            # A connection that never comes back must not keep the process.
            pool.terminate()
