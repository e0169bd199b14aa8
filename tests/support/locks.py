"""Forcing an interleaving: waiting until a session of the database really waits for another."""

from __future__ import annotations

import asyncio

import asyncpg

from service.settings import Settings


async def until_blocked(settings: Settings, sessions: int = 1) -> None:
    """Returns when so many sessions of this database wait for a lock; TimeoutError after 20 seconds."""
    # A connection of its own: within a transaction, the list of sessions stays as it was first seen.
    connection = await asyncpg.connect(settings.migrate_database_url)
    try:
        async with asyncio.timeout(20):
            while (
                await connection.fetchval(
                    "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                    " WHERE NOT l.granted AND a.datname = current_database()"
                )
                < sessions
            ):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
