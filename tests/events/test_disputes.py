"""Disputes: what is held, what comes back, what leaves, and that one sale is never deducted twice."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given as having
from hypothesis import settings

from events.account_state import AccountState
from events.accounts.events import AccountClosed, AccountFrozen
from events.balances.commands import RecordRefund
from events.balances.events import RefundRecorded, RevenueRecorded, RevenueSettled
from events.balances.state import Balance, Order
from events.catalog import AnyCommand, AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.disputes.commands import OpenDispute, ResolveDispute
from events.disputes.events import DisputeOpened, DisputeResolved
from events.disputes.state import Disputed
from events.payouts.events import PayoutRequested
from tests.spec import ACCOUNT, NEW_ID, Given, earned, fold, given, opened

NOTHING = "the parcel is empty"


def dispute(amount: int, dispute_id: str | None = "dsp_1", reference: str = "o-1") -> OpenDispute:
    return OpenDispute(
        account_id=ACCOUNT,
        reference=reference,
        amount=amount,
        currency="IDR",
        reason=NOTHING,
        dispute_id=dispute_id,
    )


def resolve(outcome: str, dispute_id: str = "dsp_1") -> ResolveDispute:
    return ResolveDispute.model_validate(
        {"account_id": ACCOUNT, "dispute_id": dispute_id, "outcome": outcome, "reason": "decided"}
    )


def refund(amount: int) -> RecordRefund:
    return RecordRefund(account_id=ACCOUNT, amount=amount, currency="IDR", reference="o-1")


def revenue(amount: int) -> AnyEvent:
    return RevenueRecorded(amount, "IDR", "o-1")


def settled(amount: int) -> AnyEvent:
    return RevenueSettled(amount, "IDR", "o-1")


def opens(amount: int, from_pending: int, from_available: int, dispute_id: str = "dsp_1") -> DisputeOpened:
    return DisputeOpened(dispute_id, amount, "IDR", "o-1", NOTHING, from_pending, from_available)


def ends(
    outcome: str,
    amount: int,
    *,
    from_held: int = 0,
    from_pending: int = 0,
    from_available: int = 0,
    to_pending: int = 0,
    to_available: int = 0,
    dispute_id: str = "dsp_1",
) -> DisputeResolved:
    moved = (from_held, from_pending, from_available, to_pending, to_available)
    return DisputeResolved(dispute_id, amount, "IDR", "o-1", outcome, "decided", *moved)


def test_a_dispute_holds_the_orders_pending_first_and_then_available() -> None:
    # 100 earned, 40 of it settled: 60 pending, 40 available.
    before = given(opened(), revenue(100), settled(40))
    state = before.when(dispute(75)).then(opens(75, 60, 15))
    assert state.balance("IDR") == Balance(pending=0, available=25, held=75)
    assert state.orders["IDR", "o-1"].disputed == Disputed(claimed=75, held=75, held_pending=60)


def test_what_is_not_there_is_held_all_the_same_and_owed() -> None:
    paid_out = PayoutRequested("pout_1", 100, "IDR", "manual", "bca", "BCA", "s", "s")
    before = given(opened(), revenue(100), settled(100), paid_out)
    state = before.when(dispute(100)).then(opens(100, 0, 100))
    assert state.balance("IDR") == Balance(available=-100, reserved=100, held=100)


def test_a_dispute_that_is_won_goes_back_to_where_it_came_from() -> None:
    before = given(opened(), revenue(100), settled(40), opens(75, 60, 15))
    state = before.when(resolve("won")).then(ends("won", 75, to_pending=60, to_available=15))
    assert state.balance("IDR") == Balance(pending=60, available=40)
    assert state.orders["IDR", "o-1"] == Order(recorded=100, pending=60)


def test_pending_money_of_an_order_that_was_settled_meanwhile_comes_back_as_available() -> None:
    # 60 of 100 are held while the other 40 are settled: nothing is pending any more.
    before = given(opened(), revenue(100), opens(60, 60, 0), settled(40))
    state = before.when(resolve("won")).then(ends("won", 60, to_available=60))
    assert state.balance("IDR") == Balance(available=100)


def test_while_part_of_an_order_is_pending_still_what_is_won_is_pending_too() -> None:
    before = given(opened(), revenue(100), opens(60, 60, 0), settled(30))
    state = before.when(resolve("won")).then(ends("won", 60, to_pending=60))
    assert state.balance("IDR") == Balance(pending=70, available=30)


def test_money_that_a_marketplace_released_to_us_meanwhile_comes_back_as_available() -> None:
    released = ChannelMoneyBooked("tiktok", "o-1", "IDR", pending=-40, available=40, held=0, paid_out=0)
    before = given(opened(), revenue(100), opens(60, 60, 0), released)
    before.when(resolve("won")).then(ends("won", 60, to_available=60))


def test_what_a_marketplace_pays_to_the_sellers_own_bank_does_not_make_held_money_available() -> None:
    paid = ChannelMoneyBooked("lazada", "o-1", "IDR", pending=-40, available=0, held=0, paid_out=40)
    before = given(opened(), revenue(100), opens(60, 60, 0), paid)
    before.when(resolve("won")).then(ends("won", 60, to_pending=60))


def test_a_dispute_that_is_lost_leaves_as_a_refund_of_the_order() -> None:
    before = given(opened(), revenue(100), settled(40), opens(75, 60, 15))
    state = before.when(resolve("lost")).then(ends("lost", 75, from_held=75))
    assert state.balance("IDR") == Balance(available=25)
    assert state.orders["IDR", "o-1"].refunded == 75


def test_a_refund_of_a_disputed_sale_takes_what_is_held_for_the_dispute() -> None:
    before = given(opened(), revenue(100), settled(100), opens(100, 0, 100))
    refunded = RefundRecorded(100, "IDR", "o-1", 0, 0, from_held=100)
    state = before.when(refund(100)).then(refunded)
    assert state.balance("IDR") == Balance()
    # Whoever wins now, the sale is not deducted again, and nothing comes back.
    given(opened(), revenue(100), settled(100), opens(100, 0, 100), refunded).when(resolve("lost")).then(
        ends("lost", 100)
    )
    given(opened(), revenue(100), settled(100), opens(100, 0, 100), refunded).when(resolve("won")).then(
        ends("won", 100)
    )


def test_a_refund_after_the_dispute_was_lost_takes_nothing_more() -> None:
    before = given(opened(), revenue(100), settled(100), opens(100, 0, 100), ends("lost", 100, from_held=100))
    state = before.when(refund(100)).then(RefundRecorded(100, "IDR", "o-1", 0, 0))
    assert state.balance("IDR") == Balance()
    assert state.orders["IDR", "o-1"].disputed == Disputed(claimed=100, lost=100, overlap=100)


def test_a_dispute_after_the_refund_holds_nothing() -> None:
    before = given(opened(), revenue(100), settled(100), RefundRecorded(100, "IDR", "o-1", 0, 100))
    state = before.when(dispute(100)).then(opens(100, 0, 0))
    assert state.balance("IDR") == Balance()


def test_a_refund_and_a_dispute_of_different_parts_of_a_sale_take_both() -> None:
    # 70 of 100 disputed, 30 refunded: no more than the sale, so they may be two things.
    before = given(opened(), revenue(100), settled(100), opens(70, 0, 70))
    state = before.when(refund(30)).then(RefundRecorded(30, "IDR", "o-1", 0, 30))
    assert state.balance("IDR") == Balance(held=70)


def test_only_what_goes_beyond_the_sale_counts_as_the_same_money() -> None:
    # 70 disputed and 50 refunded of 100: 30 of the refund is other money, 20 is what is held.
    before = given(opened(), revenue(100), settled(100), opens(70, 0, 70))
    state = before.when(refund(50)).then(RefundRecorded(50, "IDR", "o-1", 0, 30, from_held=20))
    assert state.balance("IDR") == Balance(held=50)


def test_a_sale_that_the_ledger_never_saw_is_taken_to_be_as_large_as_what_is_said_of_it() -> None:
    before = given(opened(), *earned(500))
    state = before.when(dispute(80)).then(opens(80, 0, 80))
    assert state.balance("IDR") == Balance(available=420, held=80)
    both = given(opened(), *earned(500), opens(80, 0, 80)).when(refund(80))
    assert both.then(RefundRecorded(80, "IDR", "o-1", 0, 0, from_held=80)).balance("IDR").available == 420


def test_several_disputes_of_an_order_hold_what_they_say_together_even_beyond_the_sale() -> None:
    before = given(opened(), revenue(100), settled(100), opens(80, 0, 80), opens(80, 0, 80, "dsp_2"))
    # Disputes are told one from another, so 80 and 80 are 160, though the sale was 100.
    assert before.state.balance("IDR") == Balance(available=-60, held=160)
    before.when(resolve("won")).then(ends("won", 80, to_available=80))
    before.when(resolve("lost", "dsp_2")).then(ends("lost", 80, from_held=80, dispute_id="dsp_2"))


def test_what_the_order_earned_meanwhile_does_not_stay_held_after_its_last_dispute() -> None:
    # A refund of 50 and a dispute of 80 of a sale that nobody knows: the dispute adds 30. Then the sale is recorded.
    before = given(
        opened(),
        *earned(500),
        RefundRecorded(50, "IDR", "o-1", 0, 50),
        opens(80, 0, 30),
        revenue(200),
    )
    # Of a sale of 200 both can be true: 130. What is missing comes from its pending.
    state = before.when(resolve("lost")).then(ends("lost", 80, from_held=30, from_pending=50))
    assert state.balance("IDR") == Balance(pending=150, available=420)
    state = before.when(resolve("won")).then(ends("won", 80, to_available=30))
    assert state.balance("IDR") == Balance(pending=200, available=450)


def test_nothing_stays_held_after_the_last_dispute_of_a_sale_that_turned_out_smaller() -> None:
    # 50 refunded and 50 disputed of 100; then the marketplace says that the order was worth 50 less.
    before = given(
        opened(),
        revenue(100),
        settled(100),
        RefundRecorded(50, "IDR", "o-1", 0, 50),
        opens(50, 0, 50),
        ChannelMoneyBooked("tiktok", "o-1", "IDR", pending=0, available=-50, held=0, paid_out=0),
    )
    before.when(resolve("won")).then(ends("won", 50, to_available=50))
    # Of a sale of 50 the refund of 50 was all there is to take: the lost dispute is the same money.
    state = before.when(resolve("lost")).then(ends("lost", 50, to_available=50))
    assert state.balance("IDR") == Balance()


def test_a_dispute_gets_an_id_where_it_has_none_and_keeps_the_one_it_has() -> None:
    made = given(opened(), *earned(100)).when(dispute(1, None)).events
    assert [event.dispute_id for event in made if isinstance(event, DisputeOpened)] == [f"dsp_{NEW_ID}"]


def test_a_dispute_is_opened_once_and_resolved_once() -> None:
    before = given(opened(), revenue(100), opens(75, 75, 0))
    before.when(dispute(75)).then_refused("INVALID_TRANSITION", None, {"disputeId": "dsp_1"})
    before.when(resolve("lost", "dsp_2")).then_refused("NOT_FOUND", "disputeId")
    after = given(opened(), revenue(100), opens(75, 75, 0), ends("lost", 75, from_held=75))
    for outcome in ("won", "lost"):
        after.when(resolve(outcome)).then_refused("INVALID_TRANSITION", None, {"status": "lost"})


def test_a_dispute_in_a_currency_that_the_account_does_not_hold_is_refused() -> None:
    given(opened(currency="USD")).when(dispute(1)).then_refused("VALIDATION_ERROR", "currency")


def test_no_more_is_held_than_the_ledger_can_count() -> None:
    most = 2**53 - 1
    given(opened()).when(dispute(most)).then(opens(most, 0, most))
    given(opened(), opens(most, 0, most)).when(dispute(1, "dsp_2", "o-2")).then_refused("VALIDATION_ERROR", "amount")
    given(opened(), *earned(most)).when(dispute(1, reference="order-0")).then(
        DisputeOpened("dsp_1", 1, "IDR", "order-0", NOTHING, 0, 1)
    )


STEPS = st.lists(st.tuples(st.sampled_from(["refund", "dispute", "won", "lost"]), st.integers(1, 150)), max_size=12)


@settings(max_examples=400)
@having(earns=st.integers(0, 200), released=st.integers(0, 200), steps=STEPS)
def test_however_they_come_refunds_and_disputes_take_what_is_the_larger_or_both_up_to_the_sale(
    earns: int, released: int, steps: list[tuple[str, int]]
) -> None:
    """The rule, told by totals that this test keeps itself: refunds as told, disputes by their outcome."""
    sale = [revenue(earns), settled(min(released, earns))] if earns and released else [revenue(earns)] if earns else []
    state = fold(AccountState(ACCOUNT), [opened(), *sale])
    refunds = 0
    amounts: dict[str, dict[str, int]] = {"open": {}, "won": {}, "lost": {}}
    for number, (kind, amount) in enumerate(steps):
        command: AnyCommand
        if kind == "refund":
            command, refunds = refund(amount), refunds + amount
        elif kind == "dispute":
            command = dispute(amount, f"dsp_{number}")
            amounts["open"][f"dsp_{number}"] = amount
        elif amounts["open"]:
            dispute_id = sorted(amounts["open"])[amount % len(amounts["open"])]
            command = resolve(kind, dispute_id)
            amounts[kind][dispute_id] = amounts["open"].pop(dispute_id)
        else:
            continue
        outcome = Given(state).when(command)
        assert outcome.refusal is None
        state = fold(state, outcome.events)
        order = state.orders["IDR", "o-1"]
        held = order.disputed.held if order.disputed else 0
        is_open, lost = sum(amounts["open"].values()), sum(amounts["lost"].values())
        assert order.refunded == max(refunds, lost, min(earns, refunds + lost))
        assert order.refunded + held == max(refunds, is_open + lost, min(earns, refunds + is_open + lost))
        balance = state.balance("IDR")
        assert balance.held == held
        assert balance.pending >= 0
        assert balance.pending + balance.available + balance.held == earns - order.refunded


@pytest.mark.parametrize("kind", ["frozen", "closed"])
def test_a_dispute_comes_in_whatever_the_accounts_state(kind: str) -> None:
    state = AccountFrozen("check") if kind == "frozen" else AccountClosed("left us")
    before = given(opened(), state)
    assert before.when(dispute(100)).then(opens(100, 0, 100)).balance("IDR") == Balance(available=-100, held=100)
    after = given(opened(), state, opens(100, 0, 100))
    assert after.when(resolve("lost")).then(ends("lost", 100, from_held=100)).balance("IDR") == Balance(available=-100)
