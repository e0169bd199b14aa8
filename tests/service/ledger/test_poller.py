"""The round that workers go: nothing that goes wrong in one keeps the next from being tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import asyncpg
from structlog.testing import capture_logs

from service.ledger.lifespan import running_ledger
from service.ledger.poller import Poller
from service.platform.runtime import REAL
from service.platform.settings import Settings

PAUSE, RETRY = 30.0, 70.0


class Worker(Poller):
    """Goes the rounds that it is given, and stops with the last of them."""

    name, failed = "worker", "working_failed"
    pause_seconds, retry_seconds = PAUSE, RETRY

    rounds: list[Callable[[], bool]]

    async def work(self) -> bool:
        if len(self.rounds) == 1:
            self.stop()
        return self.rounds.pop(0)()


def fails(problem: Exception) -> Callable[[], bool]:
    def work() -> bool:
        raise problem

    return work


async def test_a_worker_rests_where_nothing_is_left_and_tries_again_whatever_failed(settings: Settings) -> None:
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds in (PAUSE, RETRY):
            rested.append(seconds)
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(seconds)

    more, nothing = (lambda: True), (lambda: False)
    away = fails(asyncpg.CannotConnectNowError("starting up"))
    async with running_ledger(settings, replace(REAL, sleep=sleep)) as ledger:
        worker = Worker(ledger)
        worker.rounds = [more, nothing, away, more, fails(ValueError("broken")), more]
        with capture_logs() as logged:
            await worker.run()
    assert worker.rounds == []
    assert rested == [PAUSE, PAUSE, RETRY], "after nothing, after the database was away, and after what is broken"
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("database_away", "warning"),
        ("working_failed", "error"),
    ]
