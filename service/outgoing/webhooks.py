"""Keeps deliveries coming: follows every lane, plays back what was asked for, and lets old ones go."""

from __future__ import annotations

from datetime import timedelta

from projections.runner import CHUNK
from service import logs
from service.database import OUTAGES
from service.ledger import Ledger
from service.outgoing.endpoints import replay_some
from service.outgoing.fan_out import fan_out
from service.outgoing.sender import Sender
from service.settings import Settings
from sql import query

log = logs.get("webhooks")

_IDLE_SECONDS = 0.2
_PRUNE_SECONDS = 600.0
_PRUNE_ROWS = 5000


class FanOut:
    """Follows every lane until it is told to stop, and wakes the sender for what it made."""

    def __init__(self, ledger: Ledger, settings: Settings, sender: Sender) -> None:
        self._ledger = ledger
        self._sender = sender
        self._kept_for = timedelta(days=settings.outgoing_log_days)
        self._prune_at = 0.0
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        seam = self._ledger.seam
        while not self._stopping:
            behind = False
            try:
                for lane in self._ledger.lanes:
                    behind = await self.follow(lane) or behind
                if seam.monotonic() >= self._prune_at:
                    self._prune_at = seam.monotonic() + _PRUNE_SECONDS
                    await self.prune()
            except OUTAGES as outage:
                log.warning("database_away", problem=repr(outage))
            except Exception:
                log.exception("fan_out_failed")
                await seam.sleep(5)
            if not behind:
                await seam.sleep(_IDLE_SECONDS)

    async def follow(self, lane: int) -> bool:
        """Takes a lane's next events and a step of its replays; whether there is more already."""
        seam = self._ledger.seam
        async with self._ledger.pool.acquire() as connection:
            events, made = await fan_out(connection, lane, seam)
            replayed = await replay_some(connection, lane, seam)
        if made or replayed:
            self._sender.wake()
        return events == CHUNK or replayed > 0

    async def prune(self) -> None:
        """Lets go of what is older than the log of deliveries is kept."""
        before = self._ledger.seam.now() - self._kept_for
        for lane in self._ledger.lanes:
            while await self._ledger.pool.fetchval(query("outgoing/prune"), lane, before, _PRUNE_ROWS) == _PRUNE_ROWS:
                pass
