"""Payout policies over HTTP: what is set, what comes next, and how it went."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from service.platform.settings import Settings
from service.workers.payout_scheduler import PayoutScheduler
from tests.support.api import Api, serving
from tests.support.refusals import complaints
from tests.support.schedules import Clock

WEEKLY = {
    "type": "setPayoutPolicy",
    "currency": "IDR",
    "schedule": "weekly",
    "cutoff": {"day": "thursday", "time": "17:00"},
    "payDay": "monday",
}


@pytest.fixture
def clock() -> Clock:
    # Wednesday 6 May 2026, 10:00 in Jakarta.
    return Clock("2026-05-06T03:00:00.000000Z")


@pytest_asyncio.fixture
async def scheduled(settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    async with serving(settings, clock.runtime) as api:
        yield api


async def test_an_account_without_a_policy_has_a_schedule_that_is_off(scheduled: Api) -> None:
    merchant = await scheduled.merchant(available=70)
    answer = await merchant.get("/v1/payouts/schedule")
    assert answer.data == [
        {
            "accountId": "acc_1",
            "currency": "IDR",
            "policy": {
                "schedule": "off",
                "cutoff": None,
                "payDay": None,
                "automatic": False,
                "minimum": 0,
                "reserve": 0,
                "zone": "Asia/Jakarta",
                "country": None,
            },
            "available": 70,
            "nextCutoffAt": None,
            "nextPayDate": None,
            "nextPayAt": None,
            "setApart": [],
            "last": None,
        }
    ]
    assert answer.meta["position"] == await scheduled.position()


async def test_a_schedule_shows_what_comes_next_also_where_nobody_is_paid_by_it(scheduled: Api) -> None:
    merchant = await scheduled.merchant()
    await merchant.accepted(**WEEKLY)
    [shown] = (await merchant.get("/v1/payouts/schedule")).data
    assert shown["policy"]["cutoff"] == {"day": "thursday", "time": "17:00"}
    assert (shown["policy"]["payDay"], shown["policy"]["country"]) == ("monday", "ID")
    assert shown["nextCutoffAt"] == "2026-05-07T10:00:00.000000Z"
    assert (shown["nextPayDate"], shown["nextPayAt"]) == ("2026-05-11", "2026-05-11T10:00:00.000000Z")


async def test_a_cycle_is_followed_from_its_cutoff_to_its_end(scheduled: Api, clock: Clock) -> None:
    merchant = await scheduled.merchant(available=7000)
    await merchant.accepted(**WEEKLY, automatic=True, minimum=5000)
    scheduler = PayoutScheduler(scheduled.ledger)
    clock.set("2026-05-07T10:00:00.000000Z")
    await scheduler.work()
    [shown] = (await merchant.get("/v1/payouts/schedule")).data
    monday = {"payDate": "2026-05-11", "payAt": "2026-05-11T10:00:00.000000Z"}
    assert shown["setApart"] == [{"cutoffAt": "2026-05-07T10:00:00.000000Z", **monday, "amount": 7000}]
    assert (shown["nextCutoffAt"], shown["nextPayDate"]) == ("2026-05-14T10:00:00.000000Z", "2026-05-11")
    clock.set("2026-05-11T10:00:00.000000Z")
    await scheduler.work()
    [payout] = (await merchant.get("/v1/payouts")).data
    [shown] = (await merchant.get("/v1/payouts/schedule")).data
    assert shown["setApart"] == []
    assert shown["nextPayDate"] == "2026-05-18"
    assert shown["last"] == {
        "payDate": "2026-05-11",
        "cutoffAt": "2026-05-07T10:00:00.000000Z",
        "outcome": "requested",
        "amount": 7000,
        "payoutId": payout["id"],
        "reason": None,
        "endedAt": "2026-05-11T10:00:00.000000Z",
    }
    assert (payout["amount"], payout["bankAccountNumber"]) == (7000, "0000000099")


async def test_why_nothing_was_paid_is_shown_also_of_an_account_below_zero(scheduled: Api, clock: Clock) -> None:
    merchant = await scheduled.merchant(available=100)
    await merchant.accepted(**WEEKLY, automatic=True)
    await merchant.accepted(type="chargeFee", amount=150, reference="inv-1", kind="platform", currency="IDR")
    clock.set("2026-05-11T10:00:00.000000Z")
    await PayoutScheduler(scheduled.ledger).work()
    [shown] = (await merchant.get("/v1/payouts/schedule?currency=IDR")).data
    assert (shown["available"], shown["nextPayDate"]) == (-50, "2026-05-18")
    assert (shown["last"]["outcome"], shown["last"]["amount"], shown["last"]["payoutId"]) == (
        "INSUFFICIENT_BALANCE",
        -50,
        None,
    )
    assert "cutoff" in shown["last"]["reason"]
    assert (await merchant.get("/v1/payouts")).data == []


async def test_a_payout_below_the_minimum_is_refused_with_the_minimum(scheduled: Api) -> None:
    merchant = await scheduled.merchant(available=7000)
    await merchant.accepted(**WEEKLY, minimum=5000)
    answer = await merchant.post("/v1/payouts", {"amount": 4999, "currency": "IDR"})
    assert complaints(answer, status=409) == []
    assert (answer.error["code"], answer.error["field"]) == ("BELOW_MINIMUM", "amount")
    assert answer.error["details"] == {"minimum": 5000, "currency": "IDR"}
    assert (await merchant.post("/v1/payouts", {"amount": 5000, "currency": "IDR"})).status == 201


async def test_a_wrong_day_is_refused_by_the_name_of_its_field(scheduled: Api) -> None:
    merchant = await scheduled.merchant()
    for change, field in (
        ({"payDay": "mon"}, "commands[0].payDay"),
        ({"cutoff": {"day": 32}}, "commands[0].cutoff.day"),
        ({"cutoff": {"day": "friday", "time": "7pm"}}, "commands[0].cutoff.time"),
    ):
        answer = await merchant.post("/v1/commands", {"commands": [{**WEEKLY, **change}]})
        assert complaints(answer, status=400) == []
        assert answer.error["field"] == field
    result = await merchant.command(**{**WEEKLY, "country": "ZZ"})
    assert (result["error"]["code"], result["error"]["field"]) == ("VALIDATION_ERROR", "country")


async def test_a_currency_that_the_account_does_not_hold_has_no_schedule(scheduled: Api) -> None:
    merchant = await scheduled.merchant()
    answer = await merchant.get("/v1/payouts/schedule?currency=USD")
    assert complaints(answer, status=400) == []
    assert answer.error["field"] == "currency"
    assert (await merchant.get("/v1/payouts/schedule?currency=IDR")).status == 200
    assert (await (await scheduled.caller("acc_nobody")).get("/v1/payouts/schedule")).status == 404
