"""The one place that opens connections to Postgres, and checks that the server keeps what it says it keeps."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg

from service.platform.settings import Settings, WrongSettings
from sql import query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection of one's own, or one lent by the pool."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection of the pool that broke in the middle of something else.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)
"""What it looks like when Postgres is away, or did not answer in time. Whether a statement took effect is unknown."""

UNREACHABLE = (*OUTAGES, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""What it looks like at the start, when an address, a login or a password may be wrong."""

POSTGRES_OLDEST = 150000


def _session(settings: Settings) -> dict[str, str]:
    return {
        "application_name": "payout-ledger",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        # One short statement at a time: compiling it costs more than running it.
        "jit": "off",
        "statement_timeout": str(int(settings.database_timeout_seconds * 1000)),
        "idle_in_transaction_session_timeout": str(int(settings.database_timeout_seconds * 2000)),
    }


async def connect(settings: Settings) -> Connection:
    """A writer's connection: its few large statements are planned once, since planning them costs more than running."""
    return await asyncpg.connect(
        settings.database_url,
        server_settings=_session(settings) | {"plan_cache_mode": "force_generic_plan"},
        timeout=settings.database_timeout_seconds,
        command_timeout=settings.database_timeout_seconds * 1.5,
    )


async def _keep_session(_connection: Connection) -> None:
    pass


async def connect_patiently(settings: Settings) -> Connection:
    """A connection for work that takes as long as it takes: a rebuild, a verification."""
    patient = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    return await asyncpg.connect(
        settings.database_url, server_settings=_session(settings) | patient, timeout=settings.database_timeout_seconds
    )


async def open_pool(settings: Settings) -> Pool:
    """Connections for reads."""
    return await asyncpg.create_pool(
        settings.database_url,
        min_size=1,
        max_size=settings.database_pool_size_max,
        # Nothing here changes a session, so nothing has to be reset: that would be a round trip for each read.
        reset=_keep_session,
        server_settings=_session(settings),
        timeout=settings.database_timeout_seconds,
        command_timeout=settings.database_timeout_seconds * 1.5,
    )


@contextlib.asynccontextmanager
async def one_moment(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that sees the database as it is at this moment, and plans each statement for its values.

    For lists: a plan that serves any filters is made for the rarest, and may read all of an account for a page of it.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(query("schema/plan_for_values"))
        yield connection


async def require_durable(connection: Connection) -> None:
    """WrongSettings where the server may lose what it has acknowledged, or is too old."""
    row = await connection.fetchrow(query("schema/durability"))
    assert row is not None
    if row["fsync"] != "on" or row["full_page_writes"] != "on":
        raise WrongSettings(
            "DATABASE_URL: the server runs with fsync or full_page_writes off and may lose what it acknowledged"
        )
    if row["version"] < POSTGRES_OLDEST:
        raise WrongSettings(f"DATABASE_URL: PostgreSQL {row['version'] // 10000} is too old, 15 or newer is needed")
