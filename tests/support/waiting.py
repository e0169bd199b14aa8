"""Waiting for something to become true: bounded, and never for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from service.platform.settings import Settings


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> None:
    """Returns once the condition holds; fails, saying what was waited for, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)


async def until_blocked(settings: Settings, sessions: int = 1) -> None:
    """Returns once so many sessions of this database wait for somebody's lock."""
    # A connection of its own: within a transaction, the list of sessions stays as it was first seen.
    connection = await asyncpg.connect(settings.migrate_database_url)

    async def blocked() -> bool:
        count = await connection.fetchval(
            "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
        return bool(count >= sessions)

    try:
        await until(blocked, f"{sessions} sessions wait for a lock")
    finally:
        await connection.close()
