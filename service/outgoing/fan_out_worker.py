"""Runs the fan-out: follows every lane, carries on replays, and deletes old deliveries."""

from __future__ import annotations

from datetime import timedelta

from projections.runner import CHUNK
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.outgoing.endpoints import replay_some
from service.outgoing.fan_out import fan_out
from service.outgoing.sender import Sender
from service.platform.settings import Settings
from sql import query

_PRUNE_SECONDS = 600.0
_PRUNE_ROWS = 5000


class FanOutWorker(Poller):
    """Follows every lane, and wakes the sender when there are new deliveries."""

    name, failed = "webhooks", "fan_out_failed"
    pause_seconds, retry_seconds = 0.2, 5.0

    def __init__(self, ledger: Ledger, settings: Settings, sender: Sender) -> None:
        super().__init__(ledger)
        self._sender = sender
        self._stored_for = timedelta(days=settings.outgoing_log_days)
        self._prune_at = 0.0

    async def work(self) -> bool:
        runtime = self._ledger.runtime
        behind = False
        for lane in self._ledger.lanes:
            behind = await self.follow(lane) or behind
        if runtime.monotonic() >= self._prune_at:
            self._prune_at = runtime.monotonic() + _PRUNE_SECONDS
            await self.prune()
        return behind

    async def follow(self, lane: int) -> bool:
        """Fans out a lane's next events and the next part of its replays. Returns whether there is more already."""
        runtime = self._ledger.runtime
        async with self._ledger.pool.acquire() as connection:
            events, made = await fan_out(connection, lane, runtime)
            replayed = await replay_some(connection, lane, runtime)
        if made or replayed:
            self._sender.wake()
        return events == CHUNK or replayed > 0

    async def prune(self) -> None:
        """Deletes deliveries that are older than the setting OUTGOING_LOG_DAYS."""
        before = self._ledger.runtime.now() - self._stored_for
        for lane in self._ledger.lanes:
            while await self._ledger.pool.fetchval(query("outgoing/prune"), lane, before, _PRUNE_ROWS) == _PRUNE_ROWS:
                pass
