"""Runs trailing projections: reads the log after a checkpoint, applies the events, and moves the checkpoint.

View and checkpoint change in one transaction. Reading `position > n` is enough: positions become visible in commit order
and without holes, so no event can be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import asyncpg
import orjson

from events.envelope import Envelope, envelope_from
from sql import query

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

CHUNK = 500
"""How many events are applied in one transaction."""
SCAN_POSITIONS = 20_000
"""How many positions are searched at once for the event types of a projection."""


class Projection(Protocol):
    """A view that follows the log."""

    name: str
    types: frozenset[str] | None
    """The stored names of its event types; None for all."""

    async def apply(self, connection: Connection, lane: int, events: Sequence[Envelope]) -> None:
        """Applies these events, which follow each other in the log without a hole."""

    async def clear(self, connection: Connection, lane: int) -> None:
        """Empties the view of a lane."""


async def read_events(connection: Connection, lane: int, after: int, limit: int) -> list[Envelope]:
    """A lane's next events, in order."""
    rows = await connection.fetch(query("events/read_after"), lane, after, limit)
    return [envelope_from(orjson.loads(row["envelope"])) for row in rows]


async def _read(
    connection: Connection, lane: int, projection: Projection, after: int, limit: int
) -> tuple[Sequence[Envelope], int]:
    """The projection's events in the next positions, and the last of these positions."""
    if projection.types is None:
        events = await read_events(connection, lane, after, limit)
        return events, events[-1].position if events else after
    head = await connection.fetchrow(query("ledger/head"), lane)
    # Up to the head all events are visible, without holes.
    end = after if head is None else min(head["position"], after + SCAN_POSITIONS)
    rows = await connection.fetch(query("events/of_types"), lane, after, end, list(projection.types), limit)
    if len(rows) == limit:
        end = rows[-1]["position"]
    return [envelope_from(orjson.loads(row["envelope"])) for row in rows], end


async def catch_up(
    connection: Connection, lane: int, projection: Projection, now: datetime, limit: int | None = None
) -> int:
    """Applies the next events, `limit` at most, else `CHUNK`. Returns by how many positions: 0 at the end, or while another process holds the checkpoint."""
    async with connection.transaction():
        position = await connection.fetchval(query("checkpoints/claim"), lane, projection.name)
        if position is None:
            await connection.execute(query("checkpoints/start"), lane, projection.name, now)
            position = await connection.fetchval(query("checkpoints/claim"), lane, projection.name)
            if position is None:
                return 0
        events, end = await _read(connection, lane, projection, position, limit or CHUNK)
        if events:
            await projection.apply(connection, lane, events)
        if end > position:
            await connection.execute(query("checkpoints/save"), lane, projection.name, end, now)
        moved: int = end - position
        return moved


async def rebuild(
    connection: Connection, lane: int, projection: Projection, now: datetime, progress: Callable[[int], None]
) -> int:
    """Rebuilds a view from the log in one transaction: readers see the old one until the new one is complete."""
    async with connection.transaction():
        await connection.execute(query("checkpoints/start"), lane, projection.name, now)
        await connection.fetchval(query("checkpoints/hold"), lane, projection.name)
        await projection.clear(connection, lane)
        position = 0
        while True:
            events, end = await _read(connection, lane, projection, position, CHUNK)
            if end == position:
                break
            await projection.apply(connection, lane, events)
            progress(end - position)
            position = end
        await connection.execute(query("checkpoints/save"), lane, projection.name, position, now)
    return position
