"""Keeps the trailing projections up with the log, one task for all lanes."""

from __future__ import annotations

from projections.journal import Journal
from projections.runner import CHUNK, Projection, catch_up
from projections.settlements import Settlements
from service import logs
from service.database import OUTAGES
from service.ledger import Ledger

log = logs.get("projector")

TRAILING: tuple[Projection, ...] = (Journal(), Settlements())

_PAUSE_SECONDS = 0.2


class Projector:
    """Follows every lane with every trailing projection until it is told to stop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        while not self._stopping:
            try:
                behind = False
                for lane in self._ledger.lanes:
                    for projection in TRAILING:
                        async with self._ledger.pool.acquire() as connection:
                            moved = await catch_up(connection, lane, projection, self._ledger.seam.now())
                        behind = behind or moved >= CHUNK
            except OUTAGES as outage:
                log.warning("database_away", problem=repr(outage))
                behind = False
            except Exception:
                log.exception("projection_failed")
                behind = False
                await self._ledger.seam.sleep(5)
            if not behind:
                # Under load a pause makes the next chunk fuller: a transaction for every few events costs more than they.
                await self._ledger.seam.sleep(_PAUSE_SECONDS)
