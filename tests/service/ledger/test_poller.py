"""The round that workers go: nothing that goes wrong in one keeps the next from being tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import asyncpg
from structlog.testing import capture_logs

from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.poller import Poller, Stopped
from service.platform.health import Health
from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings

PAUSE, RETRY = 30.0, 70.0


class Time:
    """A monotonic clock that sleeping moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.rested: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if seconds == PAUSE:
            self.rested.append(seconds)
            self.seconds += seconds
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(seconds)

    def runtime(self) -> Runtime:
        return replace(REAL, sleep=self.sleep, monotonic=lambda: self.seconds)


class Worker(Poller):
    """Goes the rounds that each lane is given, and stops with the last of them all."""

    name, failed = "worker", "working_failed"
    pause_seconds, retry_seconds = PAUSE, RETRY

    rounds: dict[int, list[Callable[[], bool]]]

    def __init__(self, ledger: Ledger, health: Health | None = None) -> None:
        super().__init__(ledger, health)
        self.went: list[tuple[float, int]] = []

    async def work_on(self, lane: int) -> bool:
        if not self.rounds[lane]:
            return False
        self.went.append((self._ledger.runtime.monotonic(), lane))
        round_of_lane = self.rounds[lane].pop(0)
        if not any(self.rounds.values()):
            self.stop()
        return round_of_lane()


def fails(problem: Exception) -> Callable[[], bool]:
    def work() -> bool:
        raise problem

    return work


def more() -> bool:
    return True


def nothing() -> bool:
    return False


async def test_a_worker_rests_where_nothing_is_left_and_tries_again_whatever_failed(settings: Settings) -> None:
    away = fails(asyncpg.CannotConnectNowError("starting up"))
    time = Time()
    async with running_ledger(settings, time.runtime()) as ledger:
        worker = Worker(ledger)
        worker.rounds = {1: [more, nothing, away, more, fails(ValueError("broken")), more]}
        with capture_logs() as logged:
            await worker.run()
    assert [at for at, _ in worker.went] == [0, 0, PAUSE, 2 * PAUSE, 2 * PAUSE, 5 * PAUSE], (
        "after nothing and after the database was away it rests; what is broken is put off for longer"
    )
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("database_away", "warning"),
        ("working_failed", "error"),
    ]


async def test_a_lane_that_fails_holds_up_no_other_and_is_named_until_it_goes_on(settings: Settings) -> None:
    time, said = Time(), []
    async with running_ledger(settings.model_copy(update={"lanes": 3}), time.runtime()) as ledger:
        health = Health(ledger.pool, settings)
        worker = Worker(ledger, health)

        def look() -> bool:
            part = health.parts["worker"]
            said.append((part.ok, part.message))
            return False

        worker.rounds = {
            1: [nothing, nothing, nothing, nothing],
            2: [fails(Stopped("journal stops behind position 7: KeyError")), nothing],
            3: [nothing, look, look, look, look],
        }
        with capture_logs():
            await worker.run()
        look()
    stopped = "not going on, and tried again: lane 2: journal stops behind position 7: KeyError"
    assert said == [(False, stopped)] * 3 + [(True, "at work")] * 2
    assert [at for at, lane in worker.went if lane == 2] == [0, 3 * PAUSE]
    assert [at for at, lane in worker.went if lane == 1] == [0, PAUSE, 2 * PAUSE, 3 * PAUSE]
