"""Plugipay's time, which may run faster than real time, and the actions that are due in it."""

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
"""A function that acts at once, or returns a coroutine to run."""

_WAIT_SECONDS_MAX = 3600.0


class VirtualClock:
    """Runs actions when they are due. Time can be skipped; actions that are due in the skipped time still run."""

    def __init__(self, runtime: Runtime, time_scale: float) -> None:
        self._runtime = runtime
        self._scale = time_scale
        self._began = runtime.monotonic()
        self._skipped = 0.0
        self._queue: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()
        self._under_way: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Plugipay's seconds since the start."""
        return (self._runtime.monotonic() - self._began) * self._scale + self._skipped

    def call_later(self, seconds: float, action: Action) -> float:
        """Queues an action. Returns the time when it is due."""
        due = self.now() + seconds
        heapq.heappush(self._queue, (due, next(self._numbers), action))
        if self._queue[0][0] == due and self._waiting is not None:
            self._waiting.cancel()
        return due

    async def run(self) -> None:
        """Runs actions until it is cancelled."""
        try:
            while True:
                self._start_due()
                self._waiting = self._runtime.spawn(self._wait(), "simulator-clock-wait")
                await asyncio.wait([self._waiting])
        finally:
            if self._waiting is not None:
                self._waiting.cancel()
            await self.abandon()

    async def advance(self, seconds: float) -> None:
        """Skips this much time, and runs the actions that are due in it, in order."""
        await self._skip_to(self.now() + seconds)

    async def settle(self) -> None:
        """Skips time until no action is left."""
        await self._skip_to(float("inf"))

    async def abandon(self) -> None:
        """Removes all queued actions, and cancels those under way."""
        self._queue.clear()
        while self._under_way:
            for task in self._under_way:
                task.cancel()
            await asyncio.wait(self._under_way)

    async def _skip_to(self, target: float) -> None:
        due = self.now()
        while True:
            self._start_due(due)
            while self._under_way:
                # An action that ends may have queued another one that is due at once.
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                self._start_due(due)
            if not self._queue or self._queue[0][0] > target:
                break
            due = self._queue[0][0]
            self._skipped += max(0.0, due - self.now())
        if target != float("inf"):
            self._skipped += max(0.0, target - self.now())

    async def _wait(self) -> None:
        seconds = (self._queue[0][0] - self.now()) / self._scale if self._queue else _WAIT_SECONDS_MAX
        await self._runtime.sleep(min(max(0.0, seconds), _WAIT_SECONDS_MAX))

    def _start_due(self, by: float = 0) -> None:
        """Starts the actions that are due. `by` is a time that was skipped to: rounding may leave the clock just before it."""
        while self._queue and self._queue[0][0] <= max(self.now(), by):
            _, _, action = heapq.heappop(self._queue)
            try:
                coroutine = action()
            except Exception:
                # The failure of one action must not stop the others.
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
