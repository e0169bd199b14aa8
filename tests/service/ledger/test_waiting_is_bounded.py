"""Whoever waits is answered in time, whatever hangs, and what was answered with 503 before its turn is not decided later."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio

from service.platform.settings import Settings
from tests.support.api import Answer, Api, Caller, serving
from tests.support.front import Front, fronted
from tests.support.tables import as_owner
from tests.support.waiting import until_blocked

LONG = 40
"""Seconds in which a request that is bounded has its answer for certain, however busy the machine is."""


@pytest_asyncio.fixture
async def hanging(settings: Settings) -> AsyncIterator[tuple[Front, Api]]:
    """A service whose server can be made to hang."""
    async with fronted(settings) as (front, through):
        short = {"request_seconds_max": 2, "database_timeout_seconds": 3}
        async with serving(through.model_copy(update=short)) as api:
            try:
                yield front, api
            finally:
                front.flow()


async def answers(*requests: object) -> list[Answer]:
    async with asyncio.timeout(LONG):
        return await asyncio.gather(*requests)  # type: ignore[call-overload, no-any-return]


def payout(merchant: Caller, number: int) -> object:
    return merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"}, **{"Idempotency-Key": f"k{number}"})


async def test_with_the_database_hung_every_request_is_answered_and_none_is_carried_out_twice(
    hanging: tuple[Front, Api], settings: Settings
) -> None:
    front, api = hanging
    merchant = await api.merchant(available=1000)
    other = await api.caller("acc_1")
    front.hang()
    found = await answers(
        *(payout(merchant, number) for number in range(60)),
        *(merchant.get("/v1/payouts/balance") for _ in range(30)),
        # A key that nobody asked with yet has to be looked up.
        *(other.get("/v1/payouts/balance") for _ in range(30)),
    )
    assert Counter(each.status for each in found) == {503: 120}
    assert {each.headers["Retry-After"] for each in found} == {"1"}
    front.flow()
    async with asyncio.timeout(LONG):
        while (answer := await payout(merchant, 0)).status == 503:  # type: ignore[misc]
            await asyncio.sleep(0.1)
    assert answer.status == 201, answer.raw
    again = await answers(*(payout(merchant, number) for number in range(60)))
    assert {each.status for each in again} == {201}
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 940


async def test_a_request_that_was_answered_before_its_turn_is_not_decided(
    hanging: tuple[Front, Api], settings: Settings
) -> None:
    """The lane's head is held, so that nobody's turn comes."""
    _, api = hanging
    merchant = await api.merchant(available=1000)
    owner = await as_owner(settings)
    try:
        async with owner.transaction():
            await owner.fetchval("SELECT position FROM lanes WHERE lane = 1 FOR UPDATE")
            first: asyncio.Task[Answer] = asyncio.create_task(payout(merchant, 0))  # type: ignore[arg-type]
            await until_blocked(settings)
            waiting = await answers(*(payout(merchant, number) for number in range(1, 20)))
            assert {each.status for each in waiting} == {503}
            await first
    finally:
        await owner.close()
    async with asyncio.timeout(LONG):
        while (await payout(merchant, 100)).status == 503:  # type: ignore[misc]
            await asyncio.sleep(0.1)
    made = await api.ledger.pool.fetch("SELECT key FROM answers WHERE key LIKE 'k%' ORDER BY key")
    assert {row["key"] for row in made} <= {"k0", "k100"}, "what was answered with 503 was decided later"


async def test_while_the_database_is_away_nobody_waits_for_it_and_it_is_found_again(hanging: tuple[Front, Api]) -> None:
    front, api = hanging
    merchant = await api.merchant(available=10)
    front.hang()
    await api.ledger.watch.look()
    assert api.ledger.watch.problem is not None
    answer = await merchant.get("/v1/payouts/balance")
    assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
    async with api.session.get(f"{api.base}/readyz") as response:
        report = await response.json()
    assert (response.status, report["parts"]["writes"]["ok"]) == (503, False)
    front.flow()
    await api.ledger.watch.look()
    assert api.ledger.watch.problem is None
    assert (await merchant.get("/v1/payouts/balance")).status == 200
