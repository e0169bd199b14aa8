"""Appends whose answer was lost: the connection broke, or the server had an error of its own.

Nobody knows whether such an append took effect, or will yet. The writer takes the head's lock, which an append still
running in the server may hold, and looks for its own digest in the log. Where it is not there, the fence gets a new term,
so that the lost append can never take effect any more.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from service.ledger.event_store import Append
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES, Connection
from service.platform.runtime import Runtime
from sql import query

log = logs.get("writer")

_PAUSE_SECONDS = 0.1


async def took_effect(
    batch: Append, connect: Callable[[], Coroutine[Any, Any, Connection]], runtime: Runtime, deadline: float
) -> bool:
    """Whether the append took effect. If not, it never will.

    `connect` gives a new connection. Unavailable where the database stays away until the deadline (monotonic seconds). A
    batch without events (only deliveries and offsets) counts as lost: taking those in twice changes nothing.
    """
    while True:
        try:
            connection = await connect()
            async with connection.transaction():
                await connection.fetchval(query("ledger/lock_head"), batch.lane)
                digest = await connection.fetchval(query("events/at"), batch.lane, batch.after.position)
                found = bool(batch.events) and digest == batch.after.digest
                if not found:
                    await connection.execute(query("ledger/end_term"), batch.lane)
        except OUTAGES as outage:
            if runtime.monotonic() > deadline:
                raise Unavailable(
                    "the database went away while this was written, and nobody knows yet whether it was: "
                    "ask again with the same idempotency key"
                ) from outage
            await runtime.sleep(_PAUSE_SECONDS)
            continue
        log.warning("append_outcome_found", lane=batch.lane, position=batch.after.position, took_effect=found)
        return found
