"""Keeps the trailing projections up to date with the log: one task for all lanes."""

from __future__ import annotations

from projections.journal import Journal
from projections.runner import CHUNK, Projection, catch_up
from projections.settlements import Settlements
from service.ledger.poller import Poller

TRAILING: tuple[Projection, ...] = (Journal(), Settlements())


class Projector(Poller):
    """Applies each lane's new events to every trailing projection."""

    name, failed = "projector", "projection_failed"
    # Under load a pause makes the next chunk larger: small transactions cost more than the events in them.
    pause_seconds, retry_seconds = 0.2, 5.0

    async def work(self) -> bool:
        behind = False
        for lane in self._ledger.lanes:
            for projection in TRAILING:
                async with self._ledger.pool.acquire() as connection:
                    moved = await catch_up(connection, lane, projection, self._ledger.runtime.now())
                behind = behind or moved >= CHUNK
        return behind
