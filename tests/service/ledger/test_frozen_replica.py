"""A replica that freezes while it holds a lane's head: the others go on, and it finds out when it thaws."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.balances.commands import RecordRevenue
from service.ledger.commands import Executed
from service.ledger.lifespan import running_ledger
from service.ledger.writer import LaneWriter
from service.platform import database
from service.platform.settings import Settings
from tests.support.own import execute, fund

FROZEN_SECONDS_MAX = 60


async def test_the_others_go_on_and_its_own_command_is_carried_out_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_MILLISECONDS_MAX", 300)
    async with running_ledger(settings) as frozen, running_ledger(settings) as other:
        await fund(frozen, "acc_1", 100)
        await fund(other, "acc_2", 100)
        holds, thaws = asyncio.Event(), asyncio.Event()
        writer = frozen._writers[1]
        writer._contended = True
        decide = LaneWriter._decide

        async def standing_still(self: LaneWriter, *given: Any) -> Any:
            if self is writer and not thaws.is_set():
                holds.set()
                await thaws.wait()
            return await decide(self, *given)

        monkeypatch.setattr(LaneWriter, "_decide", standing_still)
        revenue = RecordRevenue(account_id="acc_1", amount=7, currency="IDR", reference="late")
        late = asyncio.create_task(execute(frozen, revenue))
        async with asyncio.timeout(FROZEN_SECONDS_MAX):
            await holds.wait()
            meanwhile = RecordRevenue(account_id="acc_2", amount=5, currency="IDR", reference="meanwhile")
            assert isinstance(await execute(other, meanwhile), Executed)
            assert not late.done(), "it was frozen all the while"
            thaws.set()
            assert isinstance(await late, Executed)
        assert await other.pool.fetchval("SELECT pending FROM orders WHERE reference = 'late'") == 7
