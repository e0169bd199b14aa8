"""One account's storm does not keep the others waiting: every account has its turn, and its own order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.payouts.commands import RequestPayout
from service.ledger.commands import Executed
from service.ledger.event_store import append
from service.ledger.fair_queue import FairQueue
from service.ledger.lifespan import running_ledger
from service.ledger.write_failures import Unavailable
from service.platform.settings import Settings
from tests.support.api import serving
from tests.support.own import fund, origin, work

BATCH = 4


def put(queue: FairQueue[str], item: str, *accounts: str, commands: int = 1) -> list[str] | None:
    return queue.put(item, accounts, commands)


def batches(queue: FairQueue[str], until: str) -> int:
    """How many batches are taken until the item is among them."""
    taken = 0
    while queue:
        taken += 1
        if until in queue.take(BATCH):
            return taken
    raise AssertionError(f"{until} never had its turn")


@pytest.mark.parametrize("storms", [1, 3, 7, 20])
def test_a_command_waits_for_one_of_each_other_account_and_not_for_all_of_them(storms: int) -> None:
    queue: FairQueue[str] = FairQueue(100_000)
    for number in range(1000):
        for storm in range(storms):
            put(queue, f"{storm}/{number}", f"acc_{storm}")
    for _ in range(10):
        queue.take(BATCH)
    put(queue, "mine", "acc_mine")
    assert batches(queue, "mine") <= -(-(2 * storms + 1) // BATCH)


def test_many_commands_in_a_request_are_as_many_turns() -> None:
    queue: FairQueue[str] = FairQueue(100_000)
    for number in range(10):
        put(queue, f"large/{number}", "acc_large", commands=1000)
    for number in range(500):
        put(queue, f"small/{number}", "acc_small")
    assert queue.take(BATCH)[0] == "large/0"
    # Half a thousand small ones come before the next thousand.
    assert batches(queue, "small/499") <= 500 // BATCH + 1
    assert batches(queue, "large/1") <= 2


@pytest.mark.parametrize("fresh", [False, True], ids=["the same accounts", "ever new accounts"])
def test_those_who_come_each_time_do_not_keep_those_who_wait_from_their_turn(fresh: bool) -> None:
    queue: FairQueue[str] = FairQueue(100_000)
    for number in range(8):
        put(queue, f"waiting/{number}", "acc_waiting")
    for number in range(BATCH * 20):
        put(queue, "other", f"acc_{number}" if fresh else f"acc_{number % BATCH}")
        if number % BATCH == BATCH - 1 and "waiting/7" in queue.take(BATCH):
            return
    raise AssertionError("the last of those who waited has had no turn")


ACCOUNTS = st.sets(st.sampled_from("abcd"), min_size=1, max_size=3)


@given(st.lists(st.one_of(st.tuples(ACCOUNTS, st.integers(1, 5)), st.just(None)), max_size=60))
def test_what_is_about_an_account_is_taken_in_the_order_of_arrival(steps: list[tuple[set[str], int] | None]) -> None:
    queue: FairQueue[tuple[int, set[str]]] = FairQueue(10_000)
    taken: list[tuple[int, set[str]]] = []
    put_in = 0
    for step in steps:
        if step is None:
            taken += queue.take(BATCH)
        else:
            queue.put((put_in, step[0]), sorted(step[0]), step[1])
            put_in += 1
    while queue:
        taken += queue.take(BATCH)
    assert len(taken) == put_in
    assert queue.commands == 0
    for account in "abcd":
        own = [number for number, accounts in taken if account in accounts]
        assert own == sorted(own)


def test_a_full_queue_makes_room_for_those_who_hold_less_at_the_cost_of_the_largest() -> None:
    queue: FairQueue[str] = FairQueue(10)
    for number in range(10):
        assert put(queue, f"large/{number}", "acc_large") == []
    assert put(queue, "large/10", "acc_large") is None, "whoever holds most is refused"
    assert put(queue, "small/0", "acc_small") == ["large/9"], "the last to arrive goes first"
    assert put(queue, "small/1", "acc_small", commands=3) == ["large/8", "large/7", "large/6"]
    assert put(queue, "small/2", "acc_small", commands=3) is None, "it would hold more than the largest"
    assert queue.commands == 10
    assert put(queue, "several/0", "acc_1", "acc_2") == ["large/5"]
    taken = [item for _ in range(10) for item in queue.take(BATCH)]
    assert [item for item in taken if item.startswith("large")] == [f"large/{number}" for number in range(5)]
    assert {item for item in taken if not item.startswith("large")} == {"small/0", "small/1", "several/0"}
    assert not queue
    assert queue.commands == 0


def test_a_queue_that_is_never_empty_remembers_nobody_who_has_gone() -> None:
    queue: FairQueue[str] = FairQueue(10)
    put(queue, "first", "acc_first", commands=3)
    for number in range(20_000):
        put(queue, str(number), f"acc_{number}")
        if number >= 5:
            queue.take(1)
    assert len(queue._next_turns) < 3000
    assert len(queue._turns) < 3000


def payout(account: str) -> Any:
    return work(RequestPayout(account_id=account, amount=1, currency="IDR"))


async def test_a_storm_of_one_account_holds_anothers_command_up_by_a_batch_and_not_by_the_storm(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_ledger(settings.model_copy(update={"batch_commands_max": BATCH})) as ledger:
        for account in ("acc_storm", "acc_other"):
            await fund(ledger, account, 1000)
            await ledger.known_lane_of(account)
        appended: list[list[str]] = []

        async def noted(connection: Any, batch: Any, ahead: Any) -> bool:
            appended.append([event[0] for event in batch.events])
            return await append(connection, batch, ahead)

        monkeypatch.setattr("service.ledger.writer.append", noted)
        # Asked for in one turn of the loop, they wait for the writer together.
        await asyncio.gather(
            *(ledger.execute([payout("acc_storm")], origin()) for _ in range(60)),
            ledger.execute([payout("acc_other")], origin()),
        )
        assert len(appended) > 10, "it was a storm of many batches"
        assert any("acc_other" in batch for batch in appended[:2])


async def test_a_full_queue_refuses_the_storm_and_takes_the_others_command(settings: Settings) -> None:
    async with running_ledger(settings.model_copy(update={"queue_commands_max": 5})) as ledger:
        for account in ("acc_storm", "acc_other"):
            await fund(ledger, account, 1000)
            await ledger.known_lane_of(account)
        *storm, other = await asyncio.gather(
            *(ledger.execute([payout("acc_storm")], origin()) for _ in range(20)),
            ledger.execute([payout("acc_other")], origin()),
            return_exceptions=True,
        )
        assert isinstance(other, list)
        assert isinstance(other[0], Executed)
        refused = [each for each in storm if isinstance(each, BaseException)]
        assert {type(each) for each in refused} == {Unavailable}
        made = await ledger.pool.fetchval("SELECT count(*) FROM payouts WHERE account_id = 'acc_storm'")
        assert made == len(storm) - len(refused), "what gave way was not decided"


async def test_a_full_queue_is_503_and_says_when_to_come_back(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"queue_commands_max": 2})) as api:
        merchant = await api.merchant(available=1000)
        body = {"amount": 1, "currency": "IDR"}
        answers = await asyncio.gather(*(merchant.post("/v1/payouts", body) for _ in range(60)))
        refused = [answer for answer in answers if answer.status != 201]
        assert refused
        for answer in refused:
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert int(answer.headers["Retry-After"]) >= 1
