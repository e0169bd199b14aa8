"""Idempotency keys are taken for new and checked by the append: what that saves, and what it must not let through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.payouts.commands import RequestPayout
from events.refusals import InsufficientBalance
from service.ledger import event_store
from service.ledger.commands import Executed, Outcome
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from tests.support.own import execute, fund, origin, work


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[set[tuple[str, str]]]:
    """The keys of every look before a decision."""
    seen: list[set[tuple[str, str]]] = []
    read = event_store.read_answers

    async def noted(connection: Any, lane: int, wanted: set[tuple[str, str]]) -> event_store.Snapshot:
        seen.append(set(wanted))
        return await read(connection, lane, wanted)

    monkeypatch.setattr("service.ledger.writer.read_answers", noted)
    return seen


def payout(amount: int) -> RequestPayout:
    return RequestPayout(account_id="acc_1", amount=amount, currency="IDR")


def done(outcome: Outcome) -> Executed:
    assert isinstance(outcome, Executed)
    return outcome


async def test_a_new_key_is_not_looked_up(settings: Settings, looked_up: list[Any]) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        for n in range(3):
            assert not done(await execute(ledger, payout(10), f"key-{n}")).replayed
    assert looked_up == []


async def test_a_key_that_comes_again_is_looked_up_until_only_new_ones_come(
    settings: Settings, looked_up: list[Any]
) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        first = done(await execute(ledger, payout(10), "key-1"))
        again = done(await execute(ledger, payout(10), "key-1"))
        assert (again.body, again.position, again.replayed) == (first.body, first.position, True)
        # The one after a repetition is looked up too, and is new; the one after that is trusted again.
        for n in (2, 3):
            assert not done(await execute(ledger, payout(10), f"key-{n}")).replayed
    assert looked_up == [{("acc_1", "key-1")}, {("acc_1", "key-2")}]


async def test_a_repetition_that_would_be_refused_today_gets_its_first_answer(settings: Settings) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        first = done(await execute(ledger, payout(100), "key-1"))
        again = done(await execute(ledger, payout(100), "key-1"))
        assert (again.body, again.replayed) == (first.body, True)
        refused = await execute(ledger, payout(1), "key-2")
        assert isinstance(refused, InsufficientBalance)


async def test_in_one_batch_repetitions_refusals_and_new_ones_get_what_each_is_due(settings: Settings) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        first = done(await execute(ledger, payout(10), "key-1"))
        before = await ledger.pool.fetchval("SELECT position FROM lanes WHERE lane = 1")
        # Asked for in one turn of the loop, they wait for the writer together.
        wishes = [(20, "key-2"), (10, "key-1"), (10, "key-2"), (1000, "key-3"), (30, "key-4"), (20, "key-2")]
        new, again, other, too_much, also_new, twice = await asyncio.gather(
            *(ledger.execute([work(payout(amount), key)], origin()) for amount, key in wishes)
        )
        assert done(again[0]).body == first.body
        assert done(again[0]).replayed
        assert done(new[0]).position == before + 1
        assert type(other[0]).__name__ == "IdempotencyMismatch"
        assert isinstance(too_much[0], InsufficientBalance)
        assert done(also_new[0]).position == before + 2
        assert (done(twice[0]).position, done(twice[0]).replayed) == (before + 1, True)
        assert await ledger.pool.fetchval("SELECT position FROM lanes WHERE lane = 1") == before + 2
        assert await ledger.pool.fetchval("SELECT available FROM balances") == 100 - 10 - 20 - 30


async def test_a_dry_run_under_a_known_key_shows_the_first_answer(settings: Settings) -> None:
    async with running_ledger(settings) as ledger:
        await fund(ledger, "acc_1", 100)
        first = done(await execute(ledger, payout(10), "key-1"))
        [shown] = await ledger.execute([work(payout(10), "key-1")], origin(), dry_run=True)
        assert (done(shown).body, done(shown).replayed) == (first.body, True)
