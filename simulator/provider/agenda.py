"""Plugipay's time, which may run faster than ours, and what is due in it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

from service.platform import logs
from service.platform.runtime import Runtime

log = logs.get("simulator")

Action = Callable[[], Coroutine[Any, Any, None] | None]
"""Done at once, or a coroutine that is then under way."""

_REST_SECONDS_MAX = 3600.0


class Agenda:
    """Runs actions when they are due; time can be skipped, and nothing that is due meanwhile is."""

    def __init__(self, runtime: Runtime, time_scale: float) -> None:
        self._runtime = runtime
        self._scale = time_scale
        self._began = runtime.monotonic()
        self._skipped = 0.0
        self._due: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()
        self._under_way: set[asyncio.Task[None]] = set()
        self._resting: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Plugipay's seconds since the beginning."""
        return (self._runtime.monotonic() - self._began) * self._scale + self._skipped

    def after(self, seconds: float, action: Action) -> float:
        """When it will be done."""
        due = self.now() + seconds
        heapq.heappush(self._due, (due, next(self._numbers), action))
        if self._due[0][0] == due and self._resting is not None:
            self._resting.cancel()
        return due

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                self._start_due()
                self._resting = self._runtime.spawn(self._rest(), "simulator-rest")
                await asyncio.wait([self._resting])
        finally:
            if self._resting is not None:
                self._resting.cancel()
            await self.abandon()

    async def advance(self, seconds: float) -> None:
        """Skips this much time, and does in its turn whatever is due on the way."""
        await self._skip_to(self.now() + seconds)

    async def settle(self) -> None:
        """Skips ahead until nothing is left to do."""
        await self._skip_to(float("inf"))

    async def abandon(self) -> None:
        """Forgets what was to be done, and ends what is under way."""
        self._due.clear()
        while self._under_way:
            for task in self._under_way:
                task.cancel()
            await asyncio.wait(self._under_way)

    async def _skip_to(self, target: float) -> None:
        due = self.now()
        while True:
            self._start_due(due)
            while self._under_way:
                # What ends may put something else on the agenda for at once.
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                self._start_due(due)
            if not self._due or self._due[0][0] > target:
                break
            due = self._due[0][0]
            self._skipped += max(0.0, due - self.now())
        if target != float("inf"):
            self._skipped += max(0.0, target - self.now())

    async def _rest(self) -> None:
        seconds = (self._due[0][0] - self.now()) / self._scale if self._due else _REST_SECONDS_MAX
        await self._runtime.sleep(min(max(0.0, seconds), _REST_SECONDS_MAX))

    def _start_due(self, by: float = 0) -> None:
        """`by` is a moment that was skipped to: rounding may leave the clock a hair before it."""
        while self._due and self._due[0][0] <= max(self.now(), by):
            _, _, action = heapq.heappop(self._due)
            try:
                coroutine = action()
            except Exception:
                # One payout's mishap is not the end of the others.
                log.exception("simulator_action_failed")
                continue
            if coroutine is not None:
                task = self._runtime.spawn(coroutine, "simulator-action")
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("simulator_action_failed", exc_info=task.exception())
