"""Follows the log with a projection, in large chunks; up to the event that fails, where one does.

A projection must not leave an event out: what it shows would be wrong from there on, and nobody would know. So it stops
in front of the event. What comes before it is applied, one event at a time where a chunk fails, and `Stopped` says
where that was, for /readyz.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from projections.runner import CHUNK
from service.ledger.ledger import Ledger
from service.ledger.poller import Stopped
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES, Connection
from sql import query

log = logs.get("follower")

Step = Callable[[Connection, int], Awaitable[int]]
"""Applies the next events, up to a number of them. By how many positions it moved the checkpoint."""


async def follow(ledger: Ledger, lane: int, checkpoint: str, step: Step) -> int:
    """Takes one step; by how many positions. Stopped in front of an event that fails, with those before it applied."""
    async with ledger.pool.acquire() as connection:
        try:
            return await step(connection, CHUNK)
        except (*OUTAGES, Unavailable):
            raise
        except Exception as problem:  # noqa: BLE001 - what it is is found out event by event
            log.warning("events_applied_one_by_one", lane=lane, checkpoint=checkpoint, problem=repr(problem))
        moved = 0
        while True:
            try:
                one = await step(connection, 1)
            except (*OUTAGES, Unavailable):
                raise
            except Exception as problem:
                position = await connection.fetchval(query("outgoing/reached"), lane, checkpoint) or 0
                why = f"{checkpoint} stops behind position {position}: {type(problem).__name__}"
                raise Stopped(why) from problem
            if one == 0:
                return moved
            moved += one
