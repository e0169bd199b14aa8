"""Revenue, refunds, fees, adjustments and reserves."""

from __future__ import annotations

import pytest

from events.accounts.events import CurrencyAdded
from events.balances.commands import (
    Adjust,
    ChargeFee,
    HoldReserve,
    RecordRefund,
    RecordRevenue,
    ReleaseReserve,
    SettleRevenue,
)
from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.balances.state import Balance, Order, Reserve
from events.catalog import AnyCommand
from events.payouts.events import PayoutPaid, PayoutRequested
from tests.spec import ACCOUNT, BEFORE, NEW_ID, NOW, earned, given, opened

MOST = 9_007_199_254_740_991
"""2^53 - 1, spelled out."""


def revenue(amount: int, currency: str = "IDR", reference: str = "o-1") -> RecordRevenue:
    return RecordRevenue(account_id=ACCOUNT, amount=amount, currency=currency, reference=reference)


def settle(amount: int, currency: str = "IDR", reference: str = "o-1") -> SettleRevenue:
    return SettleRevenue(account_id=ACCOUNT, amount=amount, currency=currency, reference=reference)


def refund(amount: int, currency: str = "IDR", reference: str = "o-1") -> RecordRefund:
    return RecordRefund(account_id=ACCOUNT, amount=amount, currency=currency, reference=reference)


def fee(amount: int, currency: str = "IDR") -> ChargeFee:
    return ChargeFee(account_id=ACCOUNT, amount=amount, currency=currency, reference="inv-9", kind="platform")


def adjust(amount: int, currency: str = "IDR") -> Adjust:
    return Adjust(account_id=ACCOUNT, amount=amount, currency=currency, reason="miscounted")


def hold(amount: int, currency: str = "IDR") -> HoldReserve:
    return HoldReserve(
        account_id=ACCOUNT, amount=amount, currency=currency, reason="dispute", until="2026-06-01T00:00:00Z"
    )


def test_revenue_is_pending_until_it_is_settled() -> None:
    asked = RecordRevenue(
        account_id=ACCOUNT,
        amount=1000,
        currency="IDR",
        reference="o-1",
        channel="lazada",
        expected_at="2026-05-20T00:00:00Z",
    )
    state = (
        given(opened())
        .when(asked)
        .then(RevenueRecorded(1000, "IDR", "o-1", channel="lazada", expected_at="2026-05-20T00:00:00.000000Z"))
    )
    assert state.balances == {"IDR": Balance(pending=1000)}
    assert state.orders == {
        ("IDR", "o-1"): Order(
            recorded=1000, pending=1000, refunded=0, channel="lazada", expected_at="2026-05-20T00:00:00.000000Z"
        )
    }


def test_an_order_may_earn_more_than_once_and_keeps_what_it_was_told_first() -> None:
    told = RevenueRecorded(1000, "IDR", "o-1", channel="lazada", expected_at="2026-05-20T00:00:00.000000Z")
    state = given(opened(), told).when(revenue(200)).then(RevenueRecorded(200, "IDR", "o-1"))
    assert state.orders["IDR", "o-1"] == Order(
        recorded=1200, pending=1200, channel="lazada", expected_at="2026-05-20T00:00:00.000000Z"
    )


def test_a_new_currency_is_added_with_its_first_revenue() -> None:
    state = (
        given(opened(), *earned(500))
        .when(revenue(70, "USD"))
        .then(CurrencyAdded("USD"), RevenueRecorded(70, "USD", "o-1"))
    )
    assert state.account is not None
    assert state.account.currencies == ("IDR", "USD")
    assert state.balances == {"IDR": Balance(available=500), "USD": Balance(pending=70)}


def test_the_same_reference_in_two_currencies_is_two_orders() -> None:
    both = given(opened(), CurrencyAdded("USD"), RevenueRecorded(5, "IDR", "o-1"))
    both.when(settle(5, "USD")).then_refused("INSUFFICIENT_BALANCE", "amount", {"pending": 0, "currency": "USD"})


@pytest.mark.parametrize("amount", [1, 600, 1000])
def test_settling_releases_an_orders_pending_wholly_or_in_part(amount: int) -> None:
    state = (
        given(opened(), RevenueRecorded(1000, "IDR", "o-1"))
        .when(settle(amount))
        .then(RevenueSettled(amount, "IDR", "o-1", completes=True if amount == 1000 else None))
    )
    assert state.balances == {"IDR": Balance(pending=1000 - amount, available=amount)}
    assert state.orders["IDR", "o-1"] == Order(recorded=1000, pending=1000 - amount)


def test_settling_more_than_the_order_has_pending_is_refused_whatever_other_orders_have() -> None:
    two_orders = given(opened(), RevenueRecorded(1000, "IDR", "o-1"), RevenueRecorded(9000, "IDR", "o-2"))
    two_orders.when(settle(1001)).then_refused("INSUFFICIENT_BALANCE", "amount", {"pending": 1000, "currency": "IDR"})
    two_orders.when(settle(1, reference="o-3")).then_refused("INSUFFICIENT_BALANCE", "amount")


@pytest.mark.parametrize(
    ("amount", "from_pending", "from_available", "left"),
    [
        (300, 300, 0, Balance(pending=100, available=600)),
        (400, 400, 0, Balance(pending=0, available=600)),
        (700, 400, 300, Balance(pending=0, available=300)),
        (1500, 400, 1100, Balance(pending=0, available=-500)),
    ],
)
def test_a_refund_takes_the_orders_pending_first_then_available_even_below_zero(
    amount: int, from_pending: int, from_available: int, left: Balance
) -> None:
    partly = given(opened(), RevenueRecorded(1000, "IDR", "o-1"), RevenueSettled(600, "IDR", "o-1"))
    asked = RecordRefund(account_id=ACCOUNT, amount=amount, currency="IDR", reference="o-1", reason="wrong size")
    state = partly.when(asked).then(
        RefundRecorded(amount, "IDR", "o-1", from_pending, from_available, reason="wrong size")
    )
    assert state.balances == {"IDR": left}
    assert state.orders["IDR", "o-1"] == Order(recorded=1000, pending=left.pending, refunded=amount)


def test_a_refund_never_takes_the_pending_of_another_order() -> None:
    other = given(opened(), RevenueRecorded(1000, "IDR", "o-2"))
    state = other.when(refund(300)).then(RefundRecorded(300, "IDR", "o-1", 0, 300))
    assert state.balances == {"IDR": Balance(pending=1000, available=-300)}
    assert state.orders["IDR", "o-2"] == Order(recorded=1000, pending=1000)


def test_a_fee_takes_available_even_below_zero() -> None:
    state = given(opened(), *earned(100)).when(fee(250)).then(FeeCharged(250, "IDR", "inv-9", "platform"))
    assert state.balances == {"IDR": Balance(available=-150)}


@pytest.mark.parametrize("amount", [40, -40, -900])
def test_an_adjustment_moves_available_either_way(amount: int) -> None:
    state = given(opened(), *earned(100)).when(adjust(amount)).then(BalanceAdjusted(amount, "IDR", "miscounted"))
    assert state.balances == {"IDR": Balance(available=100 + amount)}


def test_an_adjustment_of_nothing_is_refused() -> None:
    given(opened()).when(adjust(0)).then_refused("VALIDATION_ERROR", "amount")


def test_a_reserve_sets_available_money_aside() -> None:
    until = "2026-06-01T00:00:00.000000Z"
    held = ReserveHeld(f"rsv_{NEW_ID}", 80, "IDR", "dispute", until)
    state = given(opened(), *earned(100)).when(hold(80)).then(held)
    assert state.balances == {"IDR": Balance(available=20, held=80)}
    assert state.reserves == {f"rsv_{NEW_ID}": Reserve(80, "IDR", 80, "dispute", until, held_at=NOW)}


def test_all_of_available_can_be_held_and_no_more() -> None:
    account = given(opened(), *earned(100), RevenueRecorded(900, "IDR", "o-2"))
    account.when(hold(100)).then(ReserveHeld(f"rsv_{NEW_ID}", 100, "IDR", "dispute", "2026-06-01T00:00:00.000000Z"))
    account.when(hold(101)).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": 100, "currency": "IDR"})


HELD = [opened(), *earned(100), ReserveHeld("rsv_1", 80, "IDR", "dispute")]


@pytest.mark.parametrize(("asked", "released"), [(30, 30), (80, 80), (None, 80)])
def test_a_reserve_is_released_in_part_or_whole(asked: int | None, released: int) -> None:
    command = ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_1", amount=asked)
    state = given(*HELD).when(command).then(ReserveReleased("rsv_1", released, "IDR"))
    assert state.balances == {"IDR": Balance(available=20 + released, held=80 - released)}
    assert state.reserves["rsv_1"] == Reserve(80, "IDR", 80 - released, "dispute", None, held_at=BEFORE)


def test_releasing_without_an_amount_releases_what_is_left() -> None:
    command = ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_1")
    given(*HELD, ReserveReleased("rsv_1", 30, "IDR")).when(command).then(ReserveReleased("rsv_1", 50, "IDR"))


@pytest.mark.parametrize(("already", "asked", "left"), [(30, 51, 50), (80, 1, 0), (80, None, 0)])
def test_a_reserve_never_releases_more_than_is_left(already: int, asked: int | None, left: int) -> None:
    command = ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_1", amount=asked)
    given(*HELD, ReserveReleased("rsv_1", already, "IDR")).when(command).then_refused(
        "INSUFFICIENT_BALANCE", "amount", {"held": left, "currency": "IDR"}
    )


def test_a_reserve_that_never_was_cannot_be_released() -> None:
    command = ReleaseReserve(account_id=ACCOUNT, reserve_id="rsv_2", amount=1)
    given(*HELD).when(command).then_refused("NOT_FOUND", "reserveId")


@pytest.mark.parametrize(
    "command", [settle(1, "USD"), refund(1, "USD"), fee(1, "USD"), adjust(1, "USD"), hold(1, "USD")]
)
def test_only_revenue_brings_a_new_currency(command: AnyCommand) -> None:
    given(opened(), *earned(100)).when(command).then_refused("VALIDATION_ERROR", "currency")


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (settle(7, "USD", "o-2"), Balance(available=17, pending=3)),
        (refund(12, "USD", "o-2"), Balance(available=8)),
        (fee(10, "USD"), Balance(available=0, pending=10)),
        (adjust(-11, "USD"), Balance(available=-1, pending=10)),
        (hold(10, "USD"), Balance(held=10, pending=10)),
    ],
)
def test_money_in_one_currency_never_touches_another(command: AnyCommand, left: Balance) -> None:
    both = given(
        opened(),
        *earned(1000),
        RevenueRecorded(1000, "IDR", "o-2"),
        CurrencyAdded("USD"),
        *earned(10, "USD"),
        RevenueRecorded(10, "USD", "o-2"),
    )
    outcome = both.when(command)
    state = outcome.then(*outcome.events)
    assert state.balances == {"IDR": Balance(available=1000, pending=1000), "USD": left}


def test_what_another_currency_holds_covers_nothing() -> None:
    rich_elsewhere = given(opened(), *earned(10), CurrencyAdded("USD"), *earned(10_000, "USD"))
    rich_elsewhere.when(hold(11)).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": 10, "currency": "IDR"})


@pytest.mark.parametrize("command", [revenue(1), adjust(1)], ids=["revenue", "adjustment"])
def test_the_total_never_passes_what_every_json_reader_keeps_exact(command: AnyCommand) -> None:
    one_below = [opened(), *earned(MOST - 2), RevenueRecorded(1, "IDR", "o-2")]
    outcome = given(*one_below).when(command)
    outcome.then(*outcome.events)
    given(*one_below, *outcome.events).when(command).then_refused("VALIDATION_ERROR", "amount")


def test_paid_out_money_still_counts_towards_the_total() -> None:
    gone = given(
        opened(),
        *earned(MOST),
        PayoutRequested("pout_1", MOST, "IDR", "manual", None, "BCA", "sealed:1", "sealed:2"),
        PayoutPaid("pout_1", MOST, "IDR"),
    )
    gone.when(revenue(1)).then_refused("VALIDATION_ERROR", "amount")


@pytest.mark.parametrize("command", [fee(1), adjust(-1), refund(1)], ids=["fee", "adjustment", "refund"])
def test_a_debt_never_passes_what_every_json_reader_keeps_exact(command: AnyCommand) -> None:
    one_above = [opened(), FeeCharged(MOST - 1, "IDR", "f", "platform")]
    outcome = given(*one_above).when(command)
    outcome.then(*outcome.events)
    given(*one_above, *outcome.events).when(command).then_refused("VALIDATION_ERROR", "amount")


def test_the_largest_amount_can_be_earned_released_and_owed() -> None:
    given(opened()).when(revenue(MOST)).then(RevenueRecorded(MOST, "IDR", "o-1"))
    given(opened()).when(adjust(-MOST)).then(BalanceAdjusted(-MOST, "IDR", "miscounted"))
