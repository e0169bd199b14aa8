"""Runs trailing projections: reads the log after a checkpoint, applies it, and moves both in one transaction.

`position > n` is all there is to it: positions appear in commit order and leave no holes, so nothing can be skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import asyncpg
import orjson

from events.chain import Envelope, envelope_from
from sql import query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

CHUNK = 500


class Projection(Protocol):
    """A view that follows the log."""

    name: str

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        """Brings the view up to date with these events, which follow each other without a hole."""

    async def clear(self, connection: Connection, lane: int) -> None:
        """Empties the view of a lane."""


async def read_events(connection: Connection, lane: int, after: int, limit: int) -> list[Envelope]:
    """A lane's next events, in order."""
    rows = await connection.fetch(query("events/read_after"), lane, after, limit)
    return [envelope_from(orjson.loads(row["envelope"])) for row in rows]


async def catch_up(connection: Connection, lane: int, projection: Projection, now: datetime) -> int:
    """Applies the next chunk; gives how many events that were: 0 at the end, or while another projector is at it."""
    async with connection.transaction():
        position = await connection.fetchval(query("checkpoints/claim"), lane, projection.name)
        if position is None:
            await connection.execute(query("checkpoints/start"), lane, projection.name, now)
            position = await connection.fetchval(query("checkpoints/claim"), lane, projection.name)
            if position is None:
                return 0
        events = await read_events(connection, lane, position, CHUNK)
        if events:
            await projection.apply(connection, lane, events)
            await connection.execute(query("checkpoints/save"), lane, projection.name, events[-1].position, now)
        return len(events)


async def rebuild(
    connection: Connection, lane: int, projection: Projection, now: datetime, progress: Callable[[int], None]
) -> int:
    """Makes a view again from the log, in one transaction: readers see the old one until the new one is whole."""
    async with connection.transaction():
        await connection.execute(query("checkpoints/start"), lane, projection.name, now)
        await connection.fetchval(query("checkpoints/hold"), lane, projection.name)
        await projection.clear(connection, lane)
        position = 0
        while events := await read_events(connection, lane, position, CHUNK):
            await projection.apply(connection, lane, events)
            position = events[-1].position
            progress(len(events))
        await connection.execute(query("checkpoints/save"), lane, projection.name, position, now)
    return position
