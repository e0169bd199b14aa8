"""What payout policies let fall due, on a real database, by a clock that the test sets."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import asyncpg
import pytest

from events.balances.commands import ChargeFee, RecordRevenue, SettleRevenue
from events.catalog import AnyCommand
from events.disputes.commands import OpenDispute, ResolveDispute
from events.instants import Instant
from events.payouts.commands import RequestPayout
from events.policies.commands import SetPayoutPolicy
from events.refusals import InsufficientBalance
from projections.inline import TABLES
from service.ledger.commands import Executed
from service.ledger.event_store import append
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.replay import rebuild_inline
from service.platform import calendars
from service.platform.settings import Settings
from service.workers.payout_scheduler import PayoutScheduler
from tests.support.own import execute, fund, origin, work
from tests.support.schedules import CODE, Clock, happened
from tests.support.tables import as_owner, read_tables
from tests.support.waiting import until, until_blocked

WEDNESDAY = "2026-05-06T03:00:00.000000Z"
CUTOFF = "2026-05-07T10:00:00.000000Z"
"""Thursday, 17:00 in Jakarta."""
PAY = "2026-05-11T10:00:00.000000Z"
"""Monday."""
NEXT_CUTOFF = "2026-05-14T10:00:00.000000Z"
NEXT_PAY = "2026-05-18T10:00:00.000000Z"


def weekly(account_id: str = "acc_1", **changes: Any) -> SetPayoutPolicy:
    week = {"schedule": "weekly", "cutoff": {"day": "thursday", "time": "17:00"}, "payDay": "monday"}
    policy = {"account_id": account_id, "currency": "IDR", "automatic": True, **week, **changes}
    return SetPayoutPolicy.model_validate(policy)


async def give(ledger: Ledger, *given: AnyCommand) -> None:
    for command in given:
        outcome = await execute(ledger, command)
        assert isinstance(outcome, Executed), outcome


async def earn(ledger: Ledger, amount: int, reference: str, account_id: str = "acc_1") -> None:
    money: dict[str, Any] = {"account_id": account_id, "amount": amount, "currency": "IDR", "reference": reference}
    await give(ledger, RecordRevenue(**money), SettleRevenue(**money))


async def work_off(ledger: Ledger) -> None:
    """All that a scheduler finds to do now."""
    scheduler = PayoutScheduler(ledger)
    while await scheduler.work():
        pass


async def payouts(ledger: Ledger) -> list[tuple[str, int, str]]:
    rows = await ledger.pool.fetch("SELECT account_id, amount, backend FROM payouts ORDER BY position")
    return [tuple(row) for row in rows]


def cut(amount: int, cutoff: Instant = CUTOFF, pay: Instant = PAY, ahead: Instant = NEXT_CUTOFF) -> dict[str, Any]:
    return {
        "type": "payout_cycle.cut",
        "currency": "IDR",
        "cutoff": cutoff,
        "payDate": pay[:10],
        "payAt": pay,
        "amount": amount,
        "nextCutoff": ahead,
    }


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in found]


PAID = ["payout_cycle.cut", "payout.requested", "payout_cycle.ended"]


async def test_a_cycle_is_cut_and_paid_once_and_a_second_run_does_nothing(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
        await work_off(ledger)
        assert await happened(ledger) == []
        clock.set(CUTOFF)
        await work_off(ledger)
        assert await happened(ledger) == [cut(100)]
        await earn(ledger, 70, "order-later")
        await give(ledger, ChargeFee(account_id="acc_1", amount=30, currency="IDR", reference="f", kind="fee"))
        clock.set(PAY)
        for _ in range(2):
            await work_off(ledger)
            # 100 at the cutoff, of which 30 have left since; the 70 that came are the next cycle's.
            assert await payouts(ledger) == [("acc_1", 70, "manual")]
        events = await happened(ledger)
        assert kinds(events) == PAID
        assert (events[2]["outcome"], events[2]["payoutId"]) == ("requested", events[1]["payoutId"])


async def test_idul_fitri_moves_two_cycles_onto_one_day_and_they_are_paid_as_one(settings: Settings) -> None:
    """2025: banks were closed from Friday 28 March to Monday 7 April."""
    clock = Clock("2025-03-25T03:00:00.000000Z")
    tuesday = "2025-04-08T10:00:00.000000Z"
    first, second, third = (f"2025-{day}T10:00:00.000000Z" for day in ("03-27", "04-03", "04-10"))
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
        clock.set(first)
        await work_off(ledger)
        # Monday 31 March is Idul Fitri itself; so is the next business day Tuesday 8 April.
        assert await happened(ledger) == [cut(100, first, tuesday, second)]
        await earn(ledger, 40, "order-2")
        clock.set(second)
        await work_off(ledger)
        # Monday 7 April is collective leave: the same Tuesday.
        assert await happened(ledger) == [cut(100, first, tuesday, second), cut(140, second, tuesday, third)]
        await earn(ledger, 7, "order-3")
        clock.set("2025-04-08T09:59:59.999999Z")
        await work_off(ledger)
        assert await payouts(ledger) == []
        clock.set(tuesday)
        await work_off(ledger)
        assert await payouts(ledger) == [("acc_1", 140, "manual")]


async def test_a_command_does_first_what_is_due_though_no_scheduler_ran(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
        clock.set("2026-05-07T10:00:00.000001Z")
        await earn(ledger, 500, "order-later")
        assert await happened(ledger) == [cut(100)]
        clock.set(PAY)
        # Somebody asks for everything at the moment of the pay date: the cycle's 100 are no more there.
        refused = await execute(ledger, RequestPayout(account_id="acc_1", amount=600, currency="IDR"))
        assert isinstance(refused, InsufficientBalance)
        assert refused.details == {"available": 500, "currency": "IDR"}
        assert await payouts(ledger) == [("acc_1", 100, "manual")]


async def test_a_dry_run_leaves_nothing_behind_and_what_is_due_stays_due(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
        clock.set(CUTOFF)
        fee = ChargeFee(account_id="acc_1", amount=30, currency="IDR", reference="f", kind="fee")
        [outcome] = await ledger.execute([work(fee)], origin(), dry_run=True)
        assert isinstance(outcome, Executed)
        assert await happened(ledger) == []
        await work_off(ledger)
        assert await happened(ledger) == [cut(100)]


async def test_two_workers_on_one_cycle_make_one_payout(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have decided to pay; the second writes while the first is about to."""
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as first, running_ledger(settings, clock.runtime) as second:
        await fund(first, "acc_1", 100)
        await give(first, weekly())
        clock.set(CUTOFF)
        await work_off(first)
        clock.set(PAY)
        about_to_write, go_on, appends = asyncio.Event(), asyncio.Event(), 0

        async def held_back(connection: asyncpg.Connection[asyncpg.Record], batch: Any, *more: Any) -> bool:
            nonlocal appends
            appends += 1
            if appends == 1:
                assert [event_type for _, _, event_type, *_ in batch.events] == PAID[1:]
                about_to_write.set()
                await go_on.wait()
            return await append(connection, batch, *more)

        monkeypatch.setattr("service.ledger.writer.append", held_back)
        late = asyncio.create_task(work_off(first))
        waiting = asyncio.create_task(about_to_write.wait())
        await asyncio.wait((late, waiting), return_when=asyncio.FIRST_COMPLETED)
        assert waiting.done(), "or it would be waited for without end"
        await work_off(second)
        go_on.set()
        await late
        assert appends >= 2
        assert await payouts(first) == [("acc_1", 100, "manual")]
        assert kinds(await happened(first)) == PAID


async def test_two_workers_that_wait_for_the_same_lock_make_one_payout(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as first, running_ledger(settings, clock.runtime) as second:
        await fund(first, "acc_1", 100)
        await give(first, weekly())
        clock.set(CUTOFF)
        await work_off(second)
        clock.set(PAY)
        owner = await as_owner(settings)
        async with owner.transaction():
            await owner.execute("SELECT * FROM lanes FOR UPDATE")
            both = [asyncio.create_task(work_off(ledger)) for ledger in (first, second)]
            await until_blocked(settings, 2)
        await asyncio.gather(*both)
        await owner.close()
        assert await payouts(first) == [("acc_1", 100, "manual")]
        assert kinds(await happened(first)) == PAID


async def killed(settings: Settings, when: str, kind: str, at: Instant) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.schedules", when, kind, at),
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "MASTER_KEY": settings.master_key.get_secret_value(),
        },
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == CODE, said.decode()[-2000:]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "at"), [("payout_cycle.cut", CUTOFF), ("payout.requested", PAY)])
async def test_the_next_worker_finishes_once_what_a_killed_one_left(
    settings: Settings, when: str, kind: str, at: Instant
) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
        if at == PAY:
            clock.set(CUTOFF)
            await work_off(ledger)
    await killed(settings, when, kind, at)
    clock.set(at)
    async with running_ledger(settings, clock.runtime) as ledger:
        await work_off(ledger)
        assert kinds(await happened(ledger)) == (PAID[:1] if at == CUTOFF else PAID)
        clock.set(PAY)
        await work_off(ledger)
        assert kinds(await happened(ledger)) == PAID
        assert await payouts(ledger) == [("acc_1", 100, "manual")]


async def test_a_service_that_was_down_over_two_pay_dates_pays_the_money_once(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly())
    # Two Thursdays and two Mondays later.
    clock.set("2026-05-19T00:00:00.000000Z")
    async with running_ledger(settings, clock.runtime) as ledger:
        await earn(ledger, 40, "order-2")
        await work_off(ledger)
        assert await payouts(ledger) == [("acc_1", 100, "manual")]
        [first, request, ended] = await happened(ledger)
        assert first == cut(100, NEXT_CUTOFF, NEXT_PAY, "2026-05-21T10:00:00.000000Z")
        assert (request["amount"], ended["payDate"], ended["outcome"]) == (100, "2026-05-18", "requested")


async def test_an_account_that_fails_holds_up_no_other_and_accepts_commands(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        for account_id, country in (("acc_1", "SG"), ("acc_2", "ID")):
            await fund(ledger, account_id, 100)
            await give(ledger, weekly(account_id, country=country))
        on_or_after = calendars.business_day_on_or_after

        def broken(day: Any, country: str | None) -> Any:
            if country == "SG":
                raise ValueError("this calendar is broken")
            return on_or_after(day, country)

        monkeypatch.setattr(calendars, "business_day_on_or_after", broken)
        clock.set(CUTOFF)
        scheduler = PayoutScheduler(ledger)
        await scheduler.work()
        assert (await happened(ledger), await happened(ledger, "acc_2")) == ([], [cut(100)])
        await earn(ledger, 5, "order-2")
        monkeypatch.undo()
        # It rests for a while before it is looked at again; a new worker knows nothing of that.
        await scheduler.work()
        assert await happened(ledger) == []
        await work_off(ledger)
        assert kinds(await happened(ledger)) == ["payout_cycle.cut"]


async def test_more_accounts_than_are_claimed_at_once_all_get_their_turn(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.workers.payout_scheduler._AT_ONCE", 2)
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings.model_copy(update={"lanes": 2}), clock.runtime) as ledger:
        names = [f"acc_{number}" for number in range(7)]
        for name in names:
            await fund(ledger, name, 100)
            await give(ledger, weekly(name))
        clock.set(PAY)
        scheduler = PayoutScheduler(ledger)
        task = asyncio.create_task(scheduler.run())

        async def all_paid() -> bool:
            return len(await payouts(ledger)) == len(names)

        await until(all_paid, "every account is paid")
        scheduler.stop()
        await task
        assert sorted(account for account, *_ in await payouts(ledger)) == names


async def test_a_rebuild_gives_the_same_cycles_and_disputes(settings: Settings) -> None:
    clock = Clock(WEDNESDAY)
    async with running_ledger(settings, clock.runtime) as ledger:
        await fund(ledger, "acc_1", 100)
        await give(ledger, weekly(minimum=20))
        clock.set(PAY)
        await earn(ledger, 60, "order-2")
        clock.set(NEXT_CUTOFF)
        dispute = {"account_id": "acc_1", "currency": "IDR", "reason": "not received"}
        await give(
            ledger,
            OpenDispute(**dispute, reference="order-2", amount=50, dispute_id="dsp_1"),
            OpenDispute(**dispute, reference="order-2", amount=30, dispute_id="dsp_2"),
            ResolveDispute(account_id="acc_1", dispute_id="dsp_1", outcome="lost", reason="it was lost"),
        )
        tables = [table.name for table in TABLES]
        before = await read_tables(settings, *tables)
        [account] = await ledger.pool.fetch("SELECT settings FROM accounts WHERE account_id = 'acc_1'")
        assert '"payoutDueAt": "2026-05-18T10:00:00.000000Z"' in account["settings"]
        [order] = await ledger.pool.fetch("SELECT disputed::text FROM orders WHERE reference = 'order-2'")
        # 80 disputed of a sale of 60: 50 are lost, 30 held. The sale came as available.
        assert order["disputed"] == '{"claimed":80,"lost":50,"held":30,"held_pending":0,"overlap":0}'
        owner = await as_owner(settings)
        await owner.execute("UPDATE accounts SET settings = '{}'")
        await owner.execute("UPDATE orders SET disputed = NULL")
        await owner.execute("DELETE FROM disputes")
        await owner.close()
        connection = await asyncpg.connect(settings.database_url)
        await rebuild_inline(connection, 1, ledger.vault, lambda _: None)
        await connection.close()
        assert await read_tables(settings, *tables) == before
