"""A service whose clock is ahead of the database's writes nothing: neither what is not due yet, nor a time for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings
from service.workers.payout_scheduler import PayoutScheduler
from tests.support.api import Api, serving


def ahead(by: timedelta) -> Runtime:
    return replace(REAL, now=lambda: datetime.now(UTC) + by)


@pytest.fixture
def strict(settings: Settings) -> Settings:
    """As in production."""
    return settings.model_copy(update={"clock_ahead_seconds_max": 5.0})


async def last_recorded(api: Api) -> datetime:
    found = await api.ledger.pool.fetchval("SELECT max(recorded_at) FROM events")
    assert isinstance(found, datetime)
    return found


@pytest.mark.parametrize("by", [timedelta(seconds=30), timedelta(days=60), timedelta(days=3650)])
async def test_it_writes_nothing_and_says_why_and_the_others_go_on(strict: Settings, by: timedelta) -> None:
    async with serving(strict) as right:
        merchant = await right.merchant(available=100)
        async with serving(strict, ahead(by)) as wrong:
            there = replace(merchant, session=wrong.session, base=wrong.base)
            answer = await there.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert "clock" in answer.error["message"]
            await wrong.ledger.watch.look()
            is_ready, report = await wrong.health.check()
            assert (is_ready, report["parts"]["clock"]["ok"]) == (False, False)
        assert (await merchant.post("/v1/payouts", {"amount": 2, "currency": "IDR"})).status == 201
        assert await last_recorded(right) < datetime.now(UTC) + timedelta(seconds=5)
        assert await right.ledger.pool.fetchval("SELECT sum(amount) FROM payouts") == 2


async def test_what_is_not_due_is_not_paid_by_it(settings: Settings, strict: Settings) -> None:
    """Payouts fall due by the clock of whoever decides: one replica that is 60 days ahead would pay them all."""
    async with serving(strict) as right:
        merchant = await right.merchant(available=100)
        await merchant.accepted(
            type="setPayoutPolicy",
            currency="IDR",
            schedule="daily",
            cutoff={"time": "17:00"},
            automatic=True,
            minimum=1,
        )
        async with serving(strict, ahead(timedelta(days=60))) as wrong:
            await PayoutScheduler(wrong.ledger).work()
        assert not await right.ledger.pool.fetchval("SELECT count(*) FROM events WHERE type LIKE 'payout_cycle%'")
        assert not await right.ledger.pool.fetchval("SELECT count(*) FROM payouts")
    async with serving(settings, ahead(timedelta(days=60))) as unguarded:
        # So that the test is about the guard: without it, they are paid.
        await PayoutScheduler(unguarded.ledger).work()
        assert await unguarded.ledger.pool.fetchval("SELECT count(*) FROM payouts")


async def test_a_little_ahead_is_nothing(strict: Settings) -> None:
    async with serving(strict, ahead(timedelta(seconds=2))) as api:
        merchant = await api.merchant(available=100)
        assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 201


async def test_a_lane_that_has_a_later_time_already_goes_on_at_that_time(settings: Settings, strict: Settings) -> None:
    """A ledger that an older release let run ahead must not stand still until then."""
    async with serving(settings, ahead(timedelta(days=30))) as past:
        merchant = await past.merchant(available=100)
        poisoned = await last_recorded(past)
    async with serving(strict) as api:
        there = replace(merchant, session=api.session, base=api.base)
        assert (await there.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 201
        assert await last_recorded(api) == poisoned
