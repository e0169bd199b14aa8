"""Watches the database: whether it answers, takes writes, and what its clock says.

Requests ask here before they wait for anything: while the database is away they are refused within milliseconds. One
small statement a second, on a connection of its own, finds out that it is gone, and that it is back.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from service.platform import logs
from service.platform.database import OUTAGES, Connection, Pool, connect, explain_outage
from service.platform.runtime import Runtime
from service.platform.settings import Settings
from sql import query

log = logs.get("database")

_LOOK_SECONDS = 1.0
ANSWER_SECONDS = 2.0
"""A database that does not answer the smallest statement for so long is away."""


class DatabaseWatch:
    """What the last look found. Before the first look, all is well."""

    def __init__(self, settings: Settings, pool: Pool, runtime: Runtime) -> None:
        self.problem: str | None = None
        """Why nothing can be written now; None where it can."""
        self.reads = True
        """Whether it can be read: a server that takes no writes can."""
        self.clock_ahead = timedelta()
        """By how much this machine's clock is ahead of the database's; negative where it is behind."""
        self._settings = settings
        self._pool = pool
        self._runtime = runtime
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = self._runtime.spawn(self._run(), "database-watch")

    async def close(self) -> None:
        """Ends the looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._disconnect()

    async def _run(self) -> None:
        while True:
            await self.look()
            await self._runtime.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Looks once. Never fails."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(self._settings)
                began = self._runtime.now()
                row = await self._connection.fetchrow(query("schema/watch"))
        except (*OUTAGES, asyncpg.PostgresError) as problem:
            self._disconnect()
            self.reads = False
            self._found(explain_outage(problem) or type(problem).__name__)
            return
        assert row is not None
        self.reads = True
        ended = self._runtime.now()
        self.clock_ahead = began + (ended - began) / 2 - row["now"]
        if row["writes"]:
            self._found(None)
            return
        # It was the primary. Whatever is connected to it has to look for the new one.
        self._disconnect()
        await self._pool.expire_connections()
        self._found("the database takes no writes now, as after a failover")

    def _found(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning("database_watch", problem=problem or "none: it is back")
        self.problem = problem

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
