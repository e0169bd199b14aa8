"""How payouts move by themselves; the balances, and the disbursements of the bank."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from simulator.provider.lifespan import Simulated, simulated_plugipay
from simulator.provider.settings import SimulatorSettings
from tests.simulator.provider.plugipay import (
    FROZEN,
    Receiver,
    create,
    plugipay,
    receiving,
    request,
    with_sdk,
    workspace,
)
from tests.support.waiting import until

OURS = "pout_01HX0000000000000000000000"


async def balance(simulated: Simulated) -> tuple[int, int, int]:
    _, document = await request(simulated, "GET", "/api/v1/payouts/balance")
    data = document["data"]
    assert data["available"] == data["ledgerBalance"] - data["locked"]
    return data["ledgerBalance"], data["locked"], data["available"]


async def test_a_payout_goes_from_pending_over_in_transit_to_paid_by_itself() -> None:
    async with plugipay(in_transit_seconds=100, paid_seconds=1000) as simulated:
        control = simulated.control
        payout = control.payout((await create(simulated))["id"])
        assert (payout.method, await balance(simulated)) == ("xendit_disbursement", (1_000_000, 250_000, 750_000))
        # Each step takes at least half of its time, and at most half as long again.
        await control.advance(seconds=49)
        assert payout.status == "pending"
        await control.advance(seconds=102)
        assert (payout.status, payout.reference, await balance(simulated)) == (
            "in_transit",
            "SIM-00000001",
            (1_000_000, 250_000, 750_000),
        )
        await control.advance(seconds=300)
        assert payout.status == "in_transit"
        await control.advance(seconds=1200)
        assert (payout.status, await balance(simulated)) == ("paid", (750_000, 0, 750_000))
        assert [(one.payout_id, one.amount, one.returned_at) for one in control.disbursements()] == [
            (payout.id, 250_000, None)
        ]


def all_received(receiver: Receiver) -> Callable[[], Awaitable[bool]]:
    async def received() -> bool:
        return len(receiver.got) == 3

    return received


async def test_time_runs_as_fast_as_the_time_scale() -> None:
    """Time does not stand still here: eleven minutes pass in a hundredth of a second."""
    async with receiving() as receiver:
        at = SimulatorSettings(workspaces=(workspace(receiver),), time_scale=66_000)
        async with simulated_plugipay(at) as simulated:
            await create(simulated)
            await until(all_received(receiver), "three webhooks")
            assert sorted(receiver.kinds) == ["created", "in_transit", "paid"]
            assert simulated.control.payouts()[0].status == "paid"


async def test_a_cancelled_payout_stays_cancelled_and_its_money_is_back() -> None:
    async with plugipay() as simulated:
        payout = await create(simulated)
        cancelled = await with_sdk(simulated, lambda client: client.payouts.cancel(payout["id"]))
        assert (cancelled["status"], await balance(simulated)) == ("cancelled", (1_000_000, 0, 1_000_000))
        await simulated.control.settle()
        assert simulated.control.payout(payout["id"]).status == "cancelled"
        assert simulated.control.disbursements() == []


async def test_a_payout_that_fails_was_never_disbursed() -> None:
    async with plugipay(faults={"fail": 1}) as simulated:
        await create(simulated)
        await simulated.control.settle()
        payout = simulated.control.payouts()[0]
        assert (payout.status, await balance(simulated)) == ("failed", (1_000_000, 0, 1_000_000))
        assert payout.failure_reason
        assert simulated.control.disbursements() == []


async def test_a_return_comes_after_paid_with_a_newer_time_and_the_money_is_back() -> None:
    for fault in ("return", "flip"):
        async with receiving() as receiver, plugipay(workspace(receiver), faults={fault: 1}) as simulated:
            await create(simulated)
            await simulated.control.settle()
            assert receiver.kinds == ["created", "in_transit", "paid", "failed"]
            paid, failed = (one.document for one in receiver.got[2:])
            assert paid["occurredAt"] < failed["occurredAt"]
            assert failed["data"]["object"]["failureReason"]
            assert await balance(simulated) == (1_000_000, 0, 1_000_000)
            disbursement = simulated.control.disbursements()[0]
            assert (disbursement.at, disbursement.returned_at) == (paid["occurredAt"], failed["occurredAt"])


async def test_the_events_of_a_payout_have_increasing_times_even_if_the_clock_stands() -> None:
    moment = datetime(2026, 5, 13, 10, 42, tzinfo=UTC)
    at = SimulatorSettings(workspaces=(workspace(),), faults={"return": 1})
    async with simulated_plugipay(at, replace(FROZEN, now=lambda: moment)) as simulated:
        simulated.control.schedule_payout("acc_simulated", amount=5)
        await simulated.control.settle()
        assert [(event.kind, event.occurred_at) for event in simulated.control.events()] == [
            ("created", "2026-05-13T10:42:00.000Z"),
            ("in_transit", "2026-05-13T10:42:00.001Z"),
            ("paid", "2026-05-13T10:42:00.002Z"),
            ("failed", "2026-05-13T10:42:00.003Z"),
        ]


async def test_a_return_takes_days_and_a_flip_does_not() -> None:
    for fault, status in (("return", "paid"), ("flip", "failed")):
        async with plugipay(faults={fault: 1}) as simulated:
            await create(simulated)
            await simulated.control.advance(hours=1)
            assert simulated.control.payouts()[0].status == status


async def test_the_provider_makes_payouts_by_its_own_schedule() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver)) as simulated:
        control = simulated.control
        scheduled = control.schedule_payout("acc_simulated", amount=300_000)
        assert (scheduled.requested, scheduled.note) == (False, None)
        await control.settle()
        assert receiver.kinds == ["created", "in_transit", "paid"]
        assert await balance(simulated) == (700_000, 0, 700_000)
        _, document = await request(simulated, "GET", "/api/v1/payouts")
        assert [payout["id"] for payout in document["data"]] == [scheduled.id]
        control.fault("unrequested")
        await create(simulated)
        assert [payout.requested for payout in control.payouts()] == [False, True, False]
        assert control.state()["unrequested"] == 2


async def test_two_disbursements_for_one_payout_of_the_callers_are_found() -> None:
    async with plugipay() as simulated:
        control = simulated.control
        first = await create(simulated, note=f"April {OURS}", amount=1)
        await create(simulated, note="nobody's", amount=1)
        await create(simulated, note="nobody's", amount=1)
        await control.settle()
        assert control.paid_twice() == {}
        second = await create(simulated, note=OURS, amount=1)
        await control.settle()
        assert {ours: [one.payout_id for one in found] for ours, found in control.paid_twice().items()} == {
            OURS: [first["id"], second["id"]]
        }
        assert len(control.disbursements(OURS)) == 2
        # What came back does not count: a payout may be tried again then.
        control.move(first["id"], "failed", failure_reason="INVALID_DESTINATION")
        assert control.paid_twice() == {}
        assert len(control.disbursements(OURS)) == 2


async def test_a_payout_can_be_moved_against_the_rules_and_the_money_adds_up() -> None:
    ledger_and_locked = {
        "paid": (750_000, 0),
        "failed": (1_000_000, 0),
        "in_transit": (1_000_000, 250_000),
        "cancelled": (1_000_000, 0),
        "pending": (1_000_000, 250_000),
    }
    async with plugipay(moves=False) as simulated:
        payout = simulated.control.payout((await create(simulated))["id"])
        for status in ("paid", "failed", "paid", "in_transit", "cancelled", "paid", "pending", "failed"):
            simulated.control.move(payout.id, status)
            assert (await balance(simulated))[:2] == ledger_and_locked[status]
        assert sum(one.returned_at is None for one in simulated.control.disbursements()) == 0


async def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    async def fates(seed: int) -> list[str]:
        async with plugipay(seed=seed, faults={"fail": 0.5}) as simulated:
            for _ in range(24):
                await create(simulated, amount=1)
            await simulated.control.settle()
            return [payout.status for payout in simulated.control.payouts()]

    first = await fates(1)
    assert await fates(1) == first
    assert await fates(2) != first
    assert {"paid", "failed"} == set(first)
