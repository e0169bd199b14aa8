"""A workspace at the provider belongs to one account, whichever lanes the accounts are in.

A webhook names a workspace, and its money must go to one account. A lane does not see other lanes while it decides. So
a claim locks the workspace's name before it looks at other accounts, until the claim is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from service.ledger.write_failures import Unavailable
from service.platform.database import connect_without_time_limit
from service.platform.settings import Settings
from sql import query


@dataclass(frozen=True, slots=True)
class Claims:
    """Of the workspaces that are claimed: those that another account has, and those that the claiming account has."""

    taken: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


class Workspaces:
    """Claims of workspaces, one at a time in this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout_seconds = settings.database_timeout_seconds
        self._lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def claiming(self, wanted: Mapping[str, str]) -> AsyncIterator[Claims]:
        """Locks these workspaces (workspace -> account), and tells whose they are.

        Unavailable where another claim holds the lock for too long.
        """
        if not wanted:
            yield Claims()
            return
        connection = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._lock.acquire()
        except TimeoutError:
            raise Unavailable("others are claiming workspaces: try again") from None
        try:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    # A connection of its own: those of the pool are needed to execute the claim.
                    connection = await connect_without_time_limit(self._settings)
                    await connection.transaction().start()
                    for name in sorted(wanted):
                        await connection.fetchval(query("provider/hold_workspace"), name)
                    rows = await connection.fetch(
                        query("provider/owned_workspaces"), list(wanted), list(wanted.values())
                    )
            except TimeoutError:
                raise Unavailable(f"somebody else is claiming {', '.join(sorted(wanted))}: try again") from None
            yield Claims(
                taken=frozenset(row["workspace_id"] for row in rows if row["is_taken"] and not row["is_own"]),
                own=frozenset(row["workspace_id"] for row in rows if row["is_own"]),
            )
        finally:
            self._lock.release()
            if connection is not None:
                # This ends the lock. Nothing was written on this connection, so nothing is lost.
                connection.terminate()
