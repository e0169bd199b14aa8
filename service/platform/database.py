"""The one place that opens connections to Postgres, and checks that the server is durable."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg

from service.platform.settings import Settings, WrongSettings
from sql import query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A separate connection, or one of the pool."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection of the pool that broke during another operation.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    # No more connections, memory or disk (class 53), and errors of the operating system below the server (58).
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # A server that only reads, as after a failover, and a lock that somebody else holds for too long.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)
"""What Postgres cannot do now: it is not reachable, did not answer in time, or has no room. Whether a statement took
effect is unknown."""

_CANNOT_NOW = ("08", "25", "40", "53", "55", "57", "58", "F0", "XX")
"""SQLSTATE classes of what is no fault of the request: connections, the transaction, resources, locks, operators, the
system, the server itself."""

UNREACHABLE = (*OUTAGES, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""Errors at the start, when an address, a login or a password may be wrong."""

_CONTENT_CLASSES = ("22", "23", "54", "P0")
"""SQLSTATE classes of what is wrong with values: data, constraints, limits, and checks of our own."""
_ALLOCATION_FAILED = "XX000"
"""What Postgres says of a value that no memory can hold, among other things."""

HELD_MILLISECONDS_MAX = 3_000
"""The longest that a writer's transaction stands still: it decides a batch between two statements."""
_TEXT_MAX = 300
_RELEASE_SECONDS = 1.0

POSTGRES_OLDEST = 150000


def _session(settings: Settings) -> dict[str, str]:
    return {
        "application_name": "payout-ledger",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        # Statements are short: to compile one costs more than to run it.
        "jit": "off",
        "statement_timeout": str(int(settings.database_timeout_seconds * 1000)),
        "idle_in_transaction_session_timeout": str(int(settings.database_timeout_seconds * 2000)),
    }


async def connect(settings: Settings) -> Connection:
    """A connection for a writer. Its few large statements are planned once: a plan costs more than a run.

    A writer that freezes in a transaction holds the lane's head: the server soon ends a transaction that stands still.
    """
    own = {
        "plan_cache_mode": "force_generic_plan",
        "idle_in_transaction_session_timeout": str(HELD_MILLISECONDS_MAX),
    }
    return await asyncpg.connect(
        settings.database_url,
        server_settings=_session(settings) | own,
        timeout=settings.database_timeout_seconds,
        command_timeout=settings.database_timeout_seconds * 1.5,
    )


async def _keep_session(_connection: Connection) -> None:
    pass


async def connect_without_time_limit(settings: Settings) -> Connection:
    """A connection without a statement timeout: for a rebuild, or a verification."""
    unlimited = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    return await asyncpg.connect(
        settings.database_url, server_settings=_session(settings) | unlimited, timeout=settings.database_timeout_seconds
    )


class _Pool(asyncpg.Pool):
    """A pool that nobody waits in for a server that hangs.

    A read that is given up is cancelled at the server, and its connection comes back only when that is done. The
    connection is thrown away where that takes longer than a moment.
    """

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - theirs
        await super().release(connection, timeout=_RELEASE_SECONDS if timeout is None else timeout)


async def open_pool(settings: Settings) -> Pool:
    """Connections for reads."""
    return await _Pool(
        settings.database_url,
        min_size=1,
        max_size=settings.database_pool_size_max,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        # No read changes the session, so no reset is needed. It would cost a round trip for each read.
        reset=_keep_session,
        server_settings=_session(settings),
        timeout=settings.database_timeout_seconds,
        command_timeout=settings.database_timeout_seconds * 1.5,
    )


@contextlib.asynccontextmanager
async def read_snapshot(pool: Pool) -> AsyncIterator[Connection]:
    """A connection with a snapshot of the database. Each statement is planned for its actual parameter values.

    For lists with optional filters: a generic plan for all filters may read all of an account for one page.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(query("schema/plan_for_values"))
        yield connection


async def require_durable(connection: Connection) -> None:
    """WrongSettings where the server may lose what it has committed, or is too old."""
    row = await connection.fetchrow(query("schema/durability"))
    assert row is not None
    if row["fsync"] != "on" or row["full_page_writes"] != "on":
        raise WrongSettings(
            "DATABASE_URL: the server runs with fsync or full_page_writes off and may lose what it has committed"
        )
    if row["version"] < POSTGRES_OLDEST:
        raise WrongSettings(f"DATABASE_URL: PostgreSQL {row['version'] // 10000} is too old, 15 or newer is needed")


def is_outage(problem: Exception) -> bool:
    """Whether the database is the reason that something was not written, and not the values that were to be written."""
    if isinstance(problem, OUTAGES):
        return True
    if not isinstance(problem, asyncpg.PostgresError):
        return False
    if isinstance(problem, asyncpg.CheckViolationError) and problem.constraint_name is None:
        # The log has no partition for the next position.
        return True
    return problem.sqlstate[:2] not in _CONTENT_CLASSES and problem.sqlstate != _ALLOCATION_FAILED


def storable(text: str) -> str:
    """The text as a column can hold it: without what Postgres refuses, and no longer than a reason needs to be."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:_TEXT_MAX]


def explain_outage(problem: Exception) -> str | None:
    """What Postgres cannot do now, for a person to act on; None for an error that is no outage."""
    match problem:
        case asyncpg.DiskFullError():
            return "the database's disk is full"
        case asyncpg.TooManyConnectionsError():
            return "the database has no connection left"
        case asyncpg.InsufficientResourcesError():
            return "the database has no room left"
        case asyncpg.ReadOnlySQLTransactionError() | asyncpg.TargetServerAttributeNotMatched():
            return "the database takes no writes now, as after a failover"
        case asyncpg.LockNotAvailableError():
            return "somebody else holds a lock in the database"
        case asyncpg.QueryCanceledError():
            return "the database takes too long"
        case _ if isinstance(problem, OUTAGES):
            return "the database does not answer"
        case asyncpg.PostgresError() if problem.sqlstate[:2] in _CANNOT_NOW:
            return "the database could not do it"
        case _:
            return None
