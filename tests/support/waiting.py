"""Waiting for something to become true: bounded, and never for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from service.database import Pool


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> None:
    """Returns once the condition holds; fails, saying what was waited for, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)


async def until_blocked(service: Pool, sessions: int) -> None:
    """Returns once this many sessions of the service's login wait for somebody's lock in its database."""

    async def blocked() -> bool:
        count = await service.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(count >= sessions)

    await until(blocked, f"{sessions} sessions wait for a lock")
