"""Work that is looked for, round after round, beside the requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from service.ledger.ledger import Ledger
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES


class Poller(ABC):
    """Looks for work and does it until it is told to stop. Any number may be at work on the same ledger."""

    name: ClassVar[str]
    """Of its log."""
    failed: ClassVar[str]
    """What the log says of a round that failed, for whatever reason: a worker must not wait for a restart."""
    pause_seconds: ClassVar[float]
    """Between a round after which nothing more is to be done, and the next."""
    retry_seconds: ClassVar[float]
    """Between a round that failed, and the next."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        log = logs.get(self.name)
        while not self._stopping:
            try:
                seconds = 0.0 if await self.work() else self.pause_seconds
            except (*OUTAGES, Unavailable) as outage:
                log.warning("database_away", problem=repr(outage))
                seconds = self.pause_seconds
            except Exception:
                log.exception(self.failed)
                seconds = self.retry_seconds
            if seconds:
                await self._ledger.runtime.sleep(seconds)

    @abstractmethod
    async def work(self) -> bool:
        """One round; whether there is more to do at once."""
