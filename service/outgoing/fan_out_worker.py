"""Runs the fan-out: follows every lane, carries on replays, and deletes old deliveries."""

from __future__ import annotations

from datetime import timedelta

from projections.runner import CHUNK
from service.ledger.following import follow
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.outgoing.endpoints import replay_some
from service.outgoing.fan_out import CHECKPOINT, fan_out
from service.outgoing.sender import Sender
from service.platform.database import Connection
from service.platform.health import Health
from service.platform.settings import Settings
from sql import query

_PRUNE_SECONDS = 600.0
_PRUNE_ROWS = 5000


class FanOutWorker(Poller):
    """Follows every lane, and wakes the sender when there are new deliveries."""

    name, failed = "fan_out", "fan_out_failed"
    pause_seconds, retry_seconds = 0.2, 5.0

    def __init__(self, ledger: Ledger, settings: Settings, sender: Sender, health: Health | None = None) -> None:
        super().__init__(ledger, health)
        self._sender = sender
        self._stored_for = timedelta(days=settings.outgoing_log_days)
        self._prune_at: dict[int, float] = {}

    async def work_on(self, lane: int) -> bool:
        runtime = self._ledger.runtime
        if runtime.monotonic() >= self._prune_at.get(lane, 0.0):
            self._prune_at[lane] = runtime.monotonic() + _PRUNE_SECONDS
            await self.prune(lane)
        return await self.follow(lane)

    async def follow(self, lane: int) -> bool:
        """Fans out a lane's next events and the next part of its replays. Returns whether there is more already."""
        runtime = self._ledger.runtime
        async with self._ledger.pool.acquire() as connection:
            replayed = await replay_some(connection, lane, runtime)
        made_all = 0

        async def step(connection: Connection, limit: int) -> int:
            nonlocal made_all
            events, made = await fan_out(connection, lane, runtime, limit)
            made_all += made
            return events

        try:
            # An endpoint cannot tell that an event was left out, and the states of a payout build on each other: what
            # cannot be fanned out stops its lane.
            events = await follow(self._ledger, lane, CHECKPOINT, step)
        finally:
            if made_all or replayed:
                self._sender.wake()
        return events == CHUNK or replayed > 0

    async def prune(self, lane: int) -> None:
        """Deletes a lane's deliveries that are older than the setting OUTGOING_LOG_DAYS."""
        before = self._ledger.runtime.now() - self._stored_for
        while await self._ledger.pool.fetchval(query("outgoing/prune"), lane, before, _PRUNE_ROWS) == _PRUNE_ROWS:
            pass
