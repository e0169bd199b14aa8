"""Random histories against the real database, beside a model so plain that it cannot be wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from events.accounts.commands import FreezeAccount, OpenAccount, SetBankAccount, UnfreezeAccount
from events.balances.commands import ChargeFee, HoldReserve, RecordRefund, RecordRevenue, ReleaseReserve, SettleRevenue
from events.catalog import AnyCommand
from events.disputes.commands import OpenDispute, ResolveDispute
from events.payouts.commands import CancelPayout, MarkFailed, MarkInTransit, MarkPaid, RecordBankReturn, RequestPayout
from events.policies.commands import SetPayoutPolicy
from service.ledger.commands import Executed
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings
from tests.support.databases import Databases
from tests.support.own import execute, origin, work

T = TypeVar("T")
AMOUNTS = st.integers(min_value=1, max_value=60)
REFERENCES = st.sampled_from(["order-1", "order-2", "order-3"])
ACCOUNTS = ("acc_a", "acc_b")


class World:
    """A ledger in a loop of its own, kept over all histories; each history has accounts of its own in it."""

    def __init__(self, settings: Settings) -> None:
        self.loop = asyncio.new_event_loop()
        self._entered = running_ledger(settings)
        self.ledger: Ledger = self.run(self._entered.__aenter__())
        self.histories = 0
        self.steps = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._entered.__aexit__(None, None, None))
        self.loop.close()


class Sale:
    """What was told of one order, and what is held of it."""

    def __init__(self) -> None:
        self.earned = self.refunds = self.disputes = self.lost = self.held = self.held_pending = 0

    def taken(self, refunds: int, disputes: int) -> int:
        """Refunds and disputes are the same money where together they are more than was earned."""
        return max(refunds, disputes, min(self.earned, refunds + disputes))


class Money:
    """One account, as a child would keep it."""

    def __init__(self) -> None:
        self.pending: dict[str, int] = {}
        self.sales: dict[str, Sale] = {}
        self.disputes: dict[str, tuple[str, int]] = {}
        self.minimum = 0
        self.available = 0
        self.payouts: dict[str, tuple[str, int]] = {}
        self.reserves: dict[str, int] = {}
        self.came = self.went = 0
        self.frozen = False

    def of(self, *statuses: str) -> int:
        return sum(amount for status, amount in self.payouts.values() if status in statuses)

    def sale(self, reference: str) -> Sale:
        return self.sales.setdefault(reference, Sale())

    def take(self, reference: str, amount: int) -> int:
        """Takes it from the order's pending, then from available; how much of it was pending."""
        first = min(amount, self.pending.get(reference, 0))
        self.pending[reference] = self.pending.get(reference, 0) - first
        self.available -= amount - first
        return first

    def totals(self) -> dict[str, int]:
        return {
            "pending": sum(self.pending.values()),
            "available": self.available,
            "reserved": self.of("pending", "in_transit"),
            "held": sum(self.reserves.values()) + sum(sale.held for sale in self.sales.values()),
            "paid_out": self.of("paid"),
        }


class Histories(RuleBasedStateMachine):
    world: World

    @initialize()
    def open_accounts(self) -> None:
        self.world.histories += 1
        self.names = {name: f"{name}_{self.world.histories}" for name in ACCOUNTS}
        self.money = {name: Money() for name in ACCOUNTS}
        openings: list[AnyCommand] = []
        for account_id in self.names.values():
            bank = {"bank_name": "BCA", "bank_account_number": "1", "bank_account_holder": "A"}
            openings.append(OpenAccount(account_id=account_id, currency="IDR"))
            openings.append(SetBankAccount(account_id=account_id, **bank))
        outcomes = self.world.run(self.world.ledger.execute([work(command) for command in openings], origin()))
        assert all(isinstance(outcome, Executed) for outcome in outcomes)

    def give(self, name: str, command: AnyCommand, *, expected: bool) -> str:
        """Has a command decided, which ought to be accepted or refused as `expected`; gives the id of what it made."""
        self.world.steps += 1
        outcome = self.world.run(execute(self.world.ledger, command))
        assert isinstance(outcome, Executed) is expected, (command.model_dump(), outcome)
        return outcome.body.decode() if isinstance(outcome, Executed) else ""

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS, reference=REFERENCES)
    def earn(self, name: str, amount: int, reference: str) -> None:
        command = RecordRevenue(account_id=self.names[name], amount=amount, currency="IDR", reference=reference)
        self.give(name, command, expected=True)
        money = self.money[name]
        money.pending[reference] = money.pending.get(reference, 0) + amount
        money.sale(reference).earned += amount
        money.came += amount
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS, reference=REFERENCES)
    def settle(self, name: str, amount: int, reference: str) -> None:
        money = self.money[name]
        possible = amount <= money.pending.get(reference, 0)
        command = SettleRevenue(account_id=self.names[name], amount=amount, currency="IDR", reference=reference)
        self.give(name, command, expected=possible)
        if possible:
            money.pending[reference] -= amount
            money.available += amount
            if money.pending[reference] == 0:
                money.sale(reference).held_pending = 0
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS, reference=REFERENCES)
    def refund(self, name: str, amount: int, reference: str) -> None:
        command = RecordRefund(account_id=self.names[name], amount=amount, currency="IDR", reference=reference)
        self.give(name, command, expected=True)
        money, sale = self.money[name], self.money[name].sale(reference)
        after = sale.refunds + amount
        leaves = sale.taken(after, sale.lost) - sale.taken(sale.refunds, sale.lost)
        more = sale.taken(after, sale.disputes) - sale.taken(sale.refunds, sale.disputes)
        from_held = min(sale.held, leaves - more)
        sale.held -= from_held
        sale.held_pending = max(0, sale.held_pending - from_held)
        sale.refunds = after
        money.take(reference, leaves - from_held)
        money.went += leaves
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS, reference=REFERENCES)
    def dispute(self, name: str, amount: int, reference: str) -> None:
        money, sale = self.money[name], self.money[name].sale(reference)
        command = OpenDispute(
            account_id=self.names[name], amount=amount, currency="IDR", reference=reference, reason="not received"
        )
        money.disputes[self.give(name, command, expected=True)] = (reference, amount)
        holds = sale.taken(sale.refunds, sale.disputes + amount) - sale.taken(sale.refunds, sale.disputes)
        sale.disputes += amount
        sale.held += holds
        sale.held_pending += money.take(reference, holds)
        self.check(name)

    @precondition(lambda self: any(money.disputes for money in self.money.values()))
    @rule(data=st.data(), outcome=st.sampled_from(["won", "lost"]))
    def resolve(self, data: st.DataObject, outcome: str) -> None:
        name = data.draw(st.sampled_from([n for n in ACCOUNTS if self.money[n].disputes]))
        money = self.money[name]
        dispute_id = data.draw(st.sampled_from(sorted(money.disputes)))
        reference, amount = money.disputes.pop(dispute_id)
        sale = money.sale(reference)
        command = ResolveDispute.model_validate(
            {"account_id": self.names[name], "dispute_id": dispute_id, "outcome": outcome, "reason": "decided"}
        )
        self.give(name, command, expected=True)
        self.give(name, command, expected=False)
        leaves = from_held = back = 0
        if outcome == "lost":
            leaves = sale.taken(sale.refunds, sale.lost + amount) - sale.taken(sale.refunds, sale.lost)
            from_held = min(sale.held, leaves)
            sale.lost += amount
        else:
            before, sale.disputes = sale.disputes, sale.disputes - amount
            back = min(sale.held, sale.taken(sale.refunds, before) - sale.taken(sale.refunds, sale.disputes))
        sale.held -= from_held
        sale.held_pending = max(0, sale.held_pending - from_held)
        if sale.disputes == sale.lost:
            back = sale.held
        to_available = min(sale.held - sale.held_pending, back)
        sale.held -= back
        sale.held_pending -= back - to_available
        money.available += to_available
        money.pending[reference] = money.pending.get(reference, 0) + back - to_available
        money.take(reference, leaves - from_held)
        money.went += leaves
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), minimum=st.sampled_from([None, 10, 30]))
    def set_a_minimum(self, name: str, minimum: int | None) -> None:
        command = SetPayoutPolicy(account_id=self.names[name], currency="IDR", schedule="off", minimum=minimum)
        self.give(name, command, expected=True)
        self.money[name].minimum = minimum or 0

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS)
    def charge(self, name: str, amount: int) -> None:
        command = ChargeFee(account_id=self.names[name], amount=amount, currency="IDR", reference="f", kind="fee")
        self.give(name, command, expected=True)
        self.money[name].available -= amount
        self.money[name].went += amount
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS)
    def request(self, name: str, amount: int) -> None:
        money = self.money[name]
        possible = money.minimum <= amount <= money.available and not money.frozen
        new = self.give(
            name, RequestPayout(account_id=self.names[name], amount=amount, currency="IDR"), expected=possible
        )
        if possible:
            money.payouts[new] = ("pending", amount)
            money.available -= amount
        self.check(name)

    @precondition(lambda self: any(money.payouts for money in self.money.values()))
    @rule(data=st.data(), verb=st.sampled_from(["cancel", "send", "pay", "fail", "return"]))
    def move_a_payout(self, data: st.DataObject, verb: str) -> None:
        name = data.draw(st.sampled_from([n for n in ACCOUNTS if self.money[n].payouts]))
        money = self.money[name]
        payout_id = data.draw(st.sampled_from(sorted(money.payouts)))
        status, amount = money.payouts[payout_id]
        ids = {"account_id": self.names[name], "payout_id": payout_id}
        moves: dict[str, tuple[AnyCommand, set[str], str, bool]] = {
            "cancel": (CancelPayout(**ids), {"pending"}, "cancelled", True),
            "send": (MarkInTransit(**ids), set() if money.frozen else {"pending"}, "in_transit", False),
            "pay": (MarkPaid(**ids), {"in_transit"}, "paid", False),
            "fail": (MarkFailed(**ids, failure_reason="no"), {"pending", "in_transit"}, "failed", True),
            "return": (RecordBankReturn(**ids, reason="closed"), {"paid"}, "failed", True),
        }
        command, allowed, then, back = moves[verb]
        self.give(name, command, expected=status in allowed)
        if status in allowed:
            money.payouts[payout_id] = (then, amount)
            money.available += amount if back else 0
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS), amount=AMOUNTS)
    def hold(self, name: str, amount: int) -> None:
        money = self.money[name]
        possible = amount <= money.available
        command = HoldReserve(account_id=self.names[name], amount=amount, currency="IDR", reason="risk")
        new = self.give(name, command, expected=possible)
        if possible:
            money.reserves[new] = amount
            money.available -= amount
        self.check(name)

    @precondition(lambda self: any(money.reserves for money in self.money.values()))
    @rule(data=st.data(), amount=AMOUNTS)
    def release(self, data: st.DataObject, amount: int) -> None:
        name = data.draw(st.sampled_from([n for n in ACCOUNTS if self.money[n].reserves]))
        money = self.money[name]
        reserve_id = data.draw(st.sampled_from(sorted(money.reserves)))
        possible = amount <= money.reserves[reserve_id]
        command = ReleaseReserve(account_id=self.names[name], reserve_id=reserve_id, amount=amount)
        self.give(name, command, expected=possible)
        if possible:
            money.reserves[reserve_id] -= amount
            money.available += amount
        self.check(name)

    @rule(name=st.sampled_from(ACCOUNTS))
    def freeze_or_unfreeze(self, name: str) -> None:
        money = self.money[name]
        kind = UnfreezeAccount if money.frozen else FreezeAccount
        self.give(name, kind(account_id=self.names[name], reason="check"), expected=True)
        money.frozen = not money.frozen

    def check(self, name: str) -> None:
        row = self.world.run(
            self.world.ledger.pool.fetchrow(
                "SELECT pending, available, reserved, held, paid_out FROM balances WHERE account_id = $1",
                self.names[name],
            )
        )
        money = self.money[name]
        assert row is not None
        assert dict(row) == money.totals()
        assert sum(row) == money.came - money.went
        assert all(row[bucket] >= 0 for bucket in ("pending", "reserved", "held", "paid_out"))


@pytest.mark.parametrize("part", range(2))
def test_random_histories_end_as_the_plain_model_says(databases: Databases, part: int) -> None:
    """A thousand histories in each part; two parts, so that two workers share them."""
    with databases.fresh() as name:
        world = World(databases.settings(name))
        try:
            machine = type("TheseHistories", (Histories,), {"world": world})
            run_state_machine_as_test(
                machine,
                settings=hypothesis_settings(
                    max_examples=1000,
                    stateful_step_count=12,
                    deadline=None,
                    derandomize=False,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            assert world.histories >= 1000
        finally:
            world.close()
