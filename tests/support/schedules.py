"""A clock that a test sets, and the events of the payout scheduler.

    python -m tests.support.schedules before|after TYPE INSTANT    with the service's environment

runs a scheduler that dies, as by kill -9, before or after it commits an event of that type.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from events.instants import Instant, to_datetime
from service.ledger import event_store, writer
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.platform import settings
from service.platform.runtime import REAL
from service.workers.payout_scheduler import PayoutScheduler

CODE = 9


class Clock:
    """Shows the time that was set."""

    def __init__(self, at: Instant) -> None:
        self._now: datetime = to_datetime(at)
        self.runtime = replace(REAL, now=lambda: self._now)

    def set(self, at: Instant) -> None:
        assert to_datetime(at) >= self._now, "time goes on"
        self._now = to_datetime(at)


async def happened(ledger: Ledger, account_id: str = "acc_1") -> list[dict[str, Any]]:
    """The data of the events that no command asked for, with their types, in order."""
    rows = await ledger.pool.fetch("SELECT envelope FROM events WHERE account_id = $1 ORDER BY version", account_id)
    events = [orjson.loads(row["envelope"]) for row in rows]
    return [
        {"type": event["type"], **event["data"]}
        for event in events
        if event["actor"] == {"kind": "ledger", "id": "schedule"}
    ]


async def _die(when: str, kind: str, at: Instant) -> None:
    async def append(connection: Any, batch: event_store.Append, *more: Any) -> bool:
        is_the_one = any(event_type == kind for _, _, event_type, *_ in batch.events)
        if is_the_one and when == "before":
            os._exit(CODE)
        written = await event_store.append(connection, batch, *more)
        if is_the_one:
            os._exit(CODE)
        return written

    setattr(writer, "append", append)  # noqa: B010 - it is where the writer looks for it
    async with running_ledger(settings.load(), Clock(at).runtime) as ledger:
        await PayoutScheduler(ledger).run()


if __name__ == "__main__":
    asyncio.run(_die(*sys.argv[1:]))
