"""Keeps the trailing projections up to date with the log: one task for all lanes."""

from __future__ import annotations

from projections.journal import Journal
from projections.runner import CHUNK, Projection, catch_up
from projections.settlements import Settlements
from service.ledger.following import Step, follow
from service.ledger.poller import Poller, Stopped
from service.platform.database import Connection

TRAILING: tuple[Projection, ...] = (Journal(), Settlements())


class Projector(Poller):
    """Applies each lane's new events to every trailing projection."""

    name, failed = "projector", "projection_failed"
    # Under load a pause makes the next chunk larger: small transactions cost more than the events in them.
    pause_seconds, retry_seconds = 0.2, 5.0

    async def work_on(self, lane: int) -> bool:
        """Every projection goes on by itself; what stops one of them is raised behind the others' round."""
        behind = False
        stopped: list[Stopped] = []
        for projection in TRAILING:
            try:
                moved = await follow(self._ledger, lane, projection.name, self._step(lane, projection))
            except Stopped as problem:
                stopped.append(problem)
            else:
                behind = behind or moved >= CHUNK
        if stopped:
            raise Stopped("; ".join(map(str, stopped))) from stopped[0]
        return behind

    def _step(self, lane: int, projection: Projection) -> Step:
        async def step(connection: Connection, limit: int) -> int:
            return await catch_up(connection, lane, projection, self._ledger.runtime.now(), limit)

        return step
