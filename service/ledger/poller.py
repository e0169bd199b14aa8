"""Work that is looked for, round after round, beside the requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health


class Stopped(Exception):
    """A lane's work cannot go on behind a place, which the message names: nothing may be left out there."""


class Poller(ABC):
    """Looks for work and does it until it is told to stop. Any number may be at work on the same ledger.

    A lane that fails is put off for a moment, and /readyz says so. The other lanes go on.
    """

    name: ClassVar[str]
    """Of its log, and of its part in /readyz."""
    failed: ClassVar[str]
    """What the log says of a round that failed, for whatever reason: a worker must not wait for a restart."""
    pause_seconds: ClassVar[float]
    """Between a round after which nothing more is to be done, and the next."""
    retry_seconds: ClassVar[float]
    """Between a round of a lane that failed, and its next."""

    def __init__(self, ledger: Ledger, health: Health | None = None) -> None:
        self._ledger = ledger
        self._health = health
        self._put_off: dict[int, float] = {}
        """Lanes that failed, and until when they are put off (monotonic seconds)."""
        self._failing: dict[int, str] = {}
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        while not self._stopping:
            more = await self.work()
            if not more:
                await self._ledger.runtime.sleep(self.pause_seconds)

    async def work(self) -> bool:
        """One round of every lane that is not put off; whether there is more to do at once."""
        log = logs.get(self.name)
        more = False
        for lane in self._ledger.lanes:
            if self._stopping or self._ledger.runtime.monotonic() < self._put_off.get(lane, 0.0):
                continue
            try:
                more = await self.work_on(lane) or more
            except (*OUTAGES, Unavailable) as outage:
                log.warning("database_away", lane=lane, problem=repr(outage))
                self._put_off[lane] = self._ledger.runtime.monotonic() + self.pause_seconds
            except Exception as problem:
                log.exception(self.failed, lane=lane)
                self._put_off[lane] = self._ledger.runtime.monotonic() + self.retry_seconds
                self._failing[lane] = str(problem) if isinstance(problem, Stopped) else type(problem).__name__
            else:
                self._failing.pop(lane, None)
        self._report()
        return more

    def _report(self) -> None:
        if self._health is None:
            return
        failing = [f"lane {lane}: {why}" for lane, why in sorted(self._failing.items())]
        message = "at work" if not failing else f"not going on, and tried again: {'; '.join(failing)}"
        self._health.report(self.name, ok=not failing, message=message)

    @abstractmethod
    async def work_on(self, lane: int) -> bool:
        """One round of a lane; whether there is more to do at once."""
