"""Disputes of orders that a channel tells of as well: whoever tells first, money leaves and comes back once."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from events.account_state import AccountState
from events.balances.state import Balance
from events.channels.state import PLATFORM, SELLER
from events.decide import decide
from events.decision_context import DecisionContext
from events.disputes.commands import OpenDispute, ResolveDispute
from events.settlements.events import SettlementObserved
from tests.events.test_settlements import ORDER, OWED, RELEASE, account, after, record
from tests.spec import ACCOUNT, NOW, fold

CONTEXT = DecisionContext(NOW, "2026-04-13T10:42:00.000000Z", new_id="01HX5ZZKBKACTAV9WEVGEMMVRZ", mode="live")
Step = Callable[[AccountState], AccountState]


def told(observed: SettlementObserved) -> Step:
    return lambda state: after(state, observed)


def disputed(amount: int = 480) -> Step:
    command = OpenDispute(
        account_id=ACCOUNT, amount=amount, currency="IDR", reference=ORDER, reason="not received", dispute_id="dsp_1"
    )
    return lambda state: fold(state, decide(command, state, CONTEXT), NOW)


def resolved(outcome: str) -> Step:
    command = ResolveDispute.model_validate(
        {"account_id": ACCOUNT, "dispute_id": "dsp_1", "outcome": outcome, "reason": "looked at"}
    )
    return lambda state: fold(state, decide(command, state, CONTEXT), NOW)


def life(state: AccountState, *steps: Step) -> Balance:
    for step in steps:
        state = step(state)
    order = state.orders["IDR", ORDER]
    assert order.pending == state.balance("IDR").pending
    assert (order.disputed.held if order.disputed else 0) == state.balance("IDR").held
    return state.balance("IDR")


@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
@pytest.mark.parametrize("before", [(OWED,), (OWED, RELEASE)])
def test_a_lost_dispute_and_the_channels_refund_of_the_order_are_the_same_money(
    collects: str, before: tuple[SettlementObserved, ...]
) -> None:
    told_before = [told(each) for each in before]
    for first, second in itertools.permutations([resolved("lost"), told(record(0))]):
        balance = life(account(collects=collects), *told_before, disputed(), first, second)
        released = len(before) == 2
        # What a channel paid to the seller's own bank it takes back there; our account never had it.
        if collects == SELLER and released:
            assert balance.pending + balance.available + balance.held + balance.paid_out == 0
        else:
            assert balance == Balance()


def test_a_refund_and_a_dispute_that_fit_into_what_was_earned_are_two() -> None:
    # 480 earned: 100 in dispute and 300 refunded are 400 together (docs/payout-policy.md).
    steps = [told(OWED), disputed(100), told(record(180))]
    assert life(account(), *steps) == Balance(pending=80, held=100)
    assert life(account(), *steps, resolved("lost")) == Balance(pending=80)
    assert life(account(), *steps, resolved("won")) == Balance(pending=180)


def test_of_a_refund_and_a_dispute_beyond_what_was_earned_the_rest_is_the_same_money() -> None:
    # 480 earned, 200 in dispute, 400 refunded: 120 of it is what the dispute holds.
    steps = [told(OWED), disputed(200), told(record(80))]
    assert life(account(), *steps) == Balance(held=80)
    assert life(account(), *steps, resolved("lost")) == Balance()
    assert life(account(), *steps, resolved("won")) == Balance(pending=80)


@pytest.mark.parametrize("amount", [480, 100])
def test_a_release_to_the_seller_pays_what_a_dispute_holds_as_well(amount: int) -> None:
    for steps in ((disputed(amount), told(RELEASE)), (told(RELEASE),)):
        assert life(account(), told(OWED), *steps) == Balance(paid_out=480)
    assert life(account(), told(OWED), disputed(amount), told(RELEASE), resolved("won")) == Balance(paid_out=480)


@pytest.mark.parametrize("amount", [480, 100])
def test_a_release_to_us_leaves_what_a_dispute_holds_until_it_is_won(amount: int) -> None:
    state = account(collects=PLATFORM)
    steps = [told(OWED), disputed(amount), told(RELEASE)]
    assert life(state, *steps) == Balance(available=480 - amount, held=amount)
    assert life(state, *steps, resolved("won")) == Balance(available=480)
    assert life(state, *steps, resolved("lost")) == Balance(available=480 - amount)
