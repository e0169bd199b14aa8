"""Whose a workspace at the provider is: one account's, in whatever lanes the accounts are.

A delivery names a workspace, and its money has to have one account to go to. Lanes know nothing of each other while they
decide, so whoever claims a workspace holds its name from before the look at other accounts until the claim is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from service.ledger.writer import Unavailable
from service.platform.database import connect_patiently
from service.platform.settings import Settings
from sql import query


class Workspaces:
    """Claims of workspaces, one request after the other in this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seconds = settings.database_timeout_seconds
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def claiming(self, wanted: Mapping[str, str]) -> AsyncIterator[frozenset[str]]:
        """Which of these workspaces are another account's than the one that wants it; that stays so meanwhile.

        Unavailable where somebody else has been at it for too long.
        """
        if not wanted:
            yield frozenset()
            return
        connection = None
        try:
            async with asyncio.timeout(self._seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("others are claiming workspaces: try again") from None
        try:
            try:
                async with asyncio.timeout(self._seconds):
                    # A connection of its own: those of the pool are needed to carry the claim out.
                    connection = await connect_patiently(self._settings)
                    await connection.transaction().start()
                    for name in sorted(wanted):
                        await connection.fetchval(query("provider/hold_workspace"), name)
                    rows = await connection.fetch(
                        query("provider/taken_workspaces"), list(wanted), list(wanted.values())
                    )
            except TimeoutError:
                raise Unavailable(f"somebody else is claiming {', '.join(sorted(wanted))}: try again") from None
            yield frozenset(row["workspace_id"] for row in rows)
        finally:
            self._turn.release()
            if connection is not None:
                # With it goes the hold. Nothing was written on it, and whatever became of it, what was carried out stands.
                connection.terminate()
