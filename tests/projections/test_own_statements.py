"""The ledger's own statements by hand: what counts where, and where the cut is."""

from __future__ import annotations

import pytest

from events.accounts.events import AccountOpened, CurrencyAdded
from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import AMOUNTS, FIELDS
from events.currency import AMOUNT_MAX
from events.instants import Instant
from events.payouts.events import PayoutAmountCorrected, PayoutPaid, PayoutRequested, PayoutReturned
from events.statements.events import StatementClosed, StatementCycleSet
from events.statements.periods import Cycle, end_after
from projections.own_statements import amount_text
from projections.statement_fields import field_amounts, lines
from tests.support.streams import Stream

JAKARTA = "Asia/Jakarta"


def stream(kind: str, since: Instant, *, week_starts_on: str = "monday", zone: str = JAKARTA) -> Stream:
    """An account in IDR whose cycle was set at that moment, with nothing in it."""
    made = Stream()
    made.record(AccountOpened("live", "manual", "IDR"), since)
    set_cycle(made, kind, since, week_starts_on=week_starts_on, zone=zone)
    return made


def set_cycle(made: Stream, kind: str, at: Instant, *, week_starts_on: str = "monday", zone: str = JAKARTA) -> None:
    due = end_after(Cycle(kind, zone, week_starts_on), at)
    made.record(StatementCycleSet(kind, zone, week_starts_on, at, due), at)


def figures(closed: StatementClosed) -> dict[str, str]:
    """The amounts that are not nothing."""
    return {name: closed.content[name] for name in AMOUNTS if not closed.content[name].startswith("0.00")}


def revenue(amount: int, reference: str, currency: str = "IDR") -> RevenueRecorded:
    return RevenueRecorded(amount, currency, reference)


def settled(amount: int, reference: str, *, completes: bool = True) -> RevenueSettled:
    return RevenueSettled(amount, "IDR", reference, completes or None)


def test_two_weeks_with_everything_in_them_add_up_and_continue_each_other() -> None:
    """Week 47: earned 1500.00 + 25.00, fees 12.00 + 8.00 + 3.00 + 7.00, refunded 100.00, held 200.00, paid 600.00.

    1525.00 - 30.00 = 1495.00; - 100.00 = 1395.00; - 200.00 - 600.00 leaves 595.00.
    Week 48: 600.00 came back, 50.00 of the held were released: 595.00 + 50.00 + 600.00 = 1245.00.
    """
    made = stream("weekly", "2026-11-16T03:00:00.000000Z")
    at = "2026-11-18T03:00:00.000000Z"
    made.record(revenue(100_000, "o-1"), at)
    made.record(revenue(50_000, "o-2"), at)
    made.record(settled(100_000, "o-1"), at)
    made.record(BalanceAdjusted(2_500, "IDR", "goodwill"), at)
    made.record(BalanceAdjusted(-1_200, "IDR", "miscounted"), at)
    made.record(FeeCharged(800, "IDR", "inv-1", "platform"), at)
    made.record(FeeCharged(300, "IDR", "inv-2", "Shipping-Fee"), at)
    made.record(FeeCharged(700, "IDR", "inv-3", "fee on refund"), at)
    made.record(RefundRecorded(10_000, "IDR", "o-2", 10_000, 0), at)
    made.record(ReserveHeld("rsv_1", 20_000, "IDR", "dispute"), at)
    bank = (None, "BCA", "sealed", "sealed")
    made.record(PayoutRequested("pout_1", 60_000, "IDR", "manual", *bank), at)
    made.record(PayoutPaid("pout_1", 60_000, "IDR"), at)
    made.record(PayoutReturned("pout_1", 60_000, "IDR", "closed"), "2026-11-24T03:00:00.000000Z")
    made.record(ReserveReleased("rsv_1", 5_000, "IDR"), "2026-11-24T03:00:00.000000Z")
    first, second = made.close("2026-11-30T01:02:03.000000Z")
    assert [first.number, second.number] == ["acc_1-2026-W47-IDR-1", "acc_1-2026-W48-IDR-2"]
    assert first.content == {
        "StatementNumber": "acc_1-2026-W47-IDR-1",
        "CreatedAt": "2026-11-30 08:02:03",
        "UpdatedAt": "2026-11-30 08:02:03",
        "OpeningBalance": "0.00",
        "ItemRevenue": "1500.00",
        "ShipmentFee": "3.00",
        "ShipmentFeeCredit": "0.00",
        "OtherRevenueTotal": "25.00",
        "FeesTotal": "30.00",
        "Subtotal1": "1495.00",
        "Refunds": "100.00",
        "FeesOnRefundsTotal": "7.00",
        "Subtotal2": "1395.00",
        "ClosingBalance": "595.00",
        "GuaranteeDeposit": "200.00",
        "Payout": "600.00 IDR",
        "Paid": "1",
    }
    assert set(first.content) == set(FIELDS)
    assert figures(second) == {
        "OpeningBalance": "595.00",
        "ClosingBalance": "1245.00",
        "GuaranteeDeposit": "150.00",
        "Payout": "-600.00 IDR",
    }
    assert (second.previous, second.opening, second.held_before) == (first.number, first.closing, first.held)
    assert (second.after_position, second.starts_at) == (first.through_position, first.ends_at)


def test_a_week_ends_at_midnight_of_the_accounts_zone_by_the_time_of_recording() -> None:
    """17:00 UTC on Sunday is midnight in Jakarta. What is recorded then belongs to Monday, whenever it happened."""
    made = stream("weekly", "2026-11-16T03:00:00.000000Z")
    made.record(revenue(100, "o-1"), "2026-11-22T16:59:59.999999Z")
    made.record(revenue(20, "o-2"), "2026-11-22T17:00:00.000000Z", "2026-11-17T00:00:00.000000Z")
    made.record(revenue(3, "o-3"), "2026-11-29T16:59:59.999999Z")
    first, second = made.close("2026-11-29T17:00:00.000000Z")
    assert figures(first) == {
        **dict.fromkeys(("ItemRevenue", "Subtotal1", "Subtotal2", "ClosingBalance"), "1.00"),
    }
    assert (first.ends_at, first.through_position) == ("2026-11-22T17:00:00.000000Z", 30)
    assert figures(second) == {
        "OpeningBalance": "1.00",
        **dict.fromkeys(("ItemRevenue", "Subtotal1", "Subtotal2"), "0.23"),
        "ClosingBalance": "1.23",
    }


def test_nothing_is_closed_before_its_time() -> None:
    made = stream("weekly", "2026-11-16T03:00:00.000000Z")
    made.record(revenue(100, "o-1"), "2026-11-17T00:00:00.000000Z")
    assert made.close("2026-11-22T16:59:59.999999Z") == []
    assert len(made.close("2026-11-22T17:00:00.000000Z")) == 1
    assert made.close("2026-11-22T17:00:00.000000Z") == []


def test_the_first_statement_opens_with_what_stood_there_when_the_cycle_was_set() -> None:
    made = Stream()
    made.record(AccountOpened("live", "manual", "IDR"), "2026-10-01T00:00:00.000000Z")
    made.record(revenue(100, "o-1"), "2026-10-01T00:00:00.000000Z")
    made.record(settled(100, "o-1"), "2026-10-01T00:00:00.000000Z")
    made.record(ReserveHeld("rsv_1", 30, "IDR", "dispute"), "2026-10-01T00:00:00.000000Z")
    set_cycle(made, "monthly", "2026-11-20T00:00:00.000000Z")
    (only,) = made.close("2026-12-01T00:00:00.000000Z")
    assert only.number == "acc_1-2026-11-IDR-1"
    assert figures(only) == {"OpeningBalance": "0.70", "ClosingBalance": "0.70", "GuaranteeDeposit": "0.30"}
    assert (only.starts_at, only.ends_at) == ("2026-11-20T00:00:00.000000Z", "2026-11-30T17:00:00.000000Z")


def test_half_months_end_on_the_fifteenth_and_on_the_last_day() -> None:
    made = stream("semimonthly", "2028-01-31T20:00:00.000000Z")
    for amount, at in enumerate(
        ("2028-02-15T16:59:59.000000Z", "2028-02-15T17:00:00.000000Z", "2028-02-29T16:59:59.000000Z"), start=1
    ):
        made.record(revenue(amount, f"o-{amount}"), at)
    first, second = made.close("2028-03-01T00:00:00.000000Z")
    assert [first.number, second.number] == ["acc_1-2028-02-H1-IDR-1", "acc_1-2028-02-H2-IDR-2"]
    assert [first.closing, second.closing] == [1, 6]
    assert (first.ends_at, second.ends_at) == ("2028-02-15T17:00:00.000000Z", "2028-02-29T17:00:00.000000Z")


def test_three_periods_that_nobody_closed_are_closed_in_order_and_idle_ones_only_while_money_is_there() -> None:
    made = stream("monthly", "2026-07-10T00:00:00.000000Z", zone="UTC")
    assert made.close("2026-09-02T00:00:00.000000Z") == [], "nothing there, nothing moved"
    made.record(revenue(100, "o-1"), "2026-09-10T00:00:00.000000Z")
    closed = made.close("2026-12-05T00:00:00.000000Z")
    assert [each.number for each in closed] == [
        "acc_1-2026-09-IDR-1",
        "acc_1-2026-10-IDR-2",
        "acc_1-2026-11-IDR-3",
    ]
    assert [each.starts_at[:10] for each in closed] == ["2026-09-01", "2026-10-01", "2026-11-01"]
    assert figures(closed[2]) == {"OpeningBalance": "1.00", "ClosingBalance": "1.00"}
    made.record(RefundRecorded(100, "IDR", "o-1", 100, 0), "2026-12-06T00:00:00.000000Z")
    (december,) = made.close("2027-03-01T00:00:00.000000Z")
    assert (december.number, december.closing) == ("acc_1-2026-12-IDR-4", 0)


def test_a_currency_has_statements_of_its_own() -> None:
    made = stream("monthly", "2026-11-02T00:00:00.000000Z")
    made.record(CurrencyAdded("USD"), "2026-11-03T00:00:00.000000Z")
    made.record(revenue(500, "o-1", "USD"), "2026-11-03T00:00:00.000000Z")
    (dollars,) = made.close("2026-12-01T00:00:00.000000Z")
    assert (dollars.number, dollars.content["Payout"]) == ("acc_1-2026-11-USD-1", "0.00 USD")
    made.record(revenue(7, "o-2"), "2026-12-03T00:00:00.000000Z")
    rupiah, dollars = made.close("2027-01-01T00:00:00.000000Z")
    assert [rupiah.number, dollars.number] == ["acc_1-2026-12-IDR-1", "acc_1-2026-12-USD-2"]
    assert [rupiah.through_position, rupiah.after_position] == [dollars.through_position, dollars.after_position]


def test_a_delivered_order_is_cut_where_its_last_money_is_released() -> None:
    made = stream("delivered_order", "2026-11-16T03:00:00.000000Z")
    at = "2026-11-18T18:00:00.000000Z"
    made.record(revenue(100, "o-1"), at)
    made.record(revenue(50, "o-2"), at)
    made.record(settled(40, "o-1", completes=False), at)
    assert made.close(at) == []
    made.record(settled(60, "o-1"), at)
    made.record(FeeCharged(5, "IDR", "inv", "platform"), at)
    made.record(settled(50, "o-2"), "2026-11-19T00:00:00.000000Z")
    first, second = made.close("2026-11-20T00:00:00.000000Z")
    # Both orders' revenue was recorded before the first cut, so it stands there.
    assert [first.number, second.number] == ["acc_1-2026-11-19-IDR-1", "acc_1-2026-11-19-IDR-2"]
    assert (first.content["ItemRevenue"], first.closing, first.through_version) == ("1.50", 150, 6)
    assert figures(second) == {
        "OpeningBalance": "1.50",
        "FeesTotal": "0.05",
        "Subtotal1": "-0.05",
        "Subtotal2": "-0.05",
        "ClosingBalance": "1.45",
    }


def test_a_marketplaces_word_that_it_paid_delivers_an_order_too() -> None:
    made = stream("delivered_order", "2026-11-16T03:00:00.000000Z")
    at = "2026-11-18T03:00:00.000000Z"
    owed = ChannelMoneyBooked("lazada", "S-1", "IDR", 1_000, 0, 70, 0)
    made.record(owed, at)
    assert made.close(at) == []
    made.record(ChannelMoneyBooked("lazada", "S-1", "IDR", -1_000, 0, 0, 1_000, completes=True), at)
    (only,) = made.close(at)
    assert figures(only) == {
        **dict.fromkeys(("OtherRevenueTotal", "Subtotal1", "Subtotal2"), "10.70"),
        "GuaranteeDeposit": "0.70",
        "Payout": "10.00 IDR",
    }


def test_another_cycle_takes_effect_where_it_was_set_however_late_the_statements_are_closed() -> None:
    def live(made: Stream, *, in_time: bool) -> list[StatementClosed]:
        closed: list[StatementClosed] = []
        moments = [
            (None, "2026-11-22T18:00:00.000000Z"),
            ("monthly", "2026-11-24T00:00:00.000000Z"),
            (None, "2026-12-02T00:00:00.000000Z"),
            ("delivered_order", "2026-12-03T00:00:00.000000Z"),
            ("off", "2026-12-05T00:00:00.000000Z"),
            ("weekly", "2026-12-24T00:00:00.000000Z"),
            (None, "2026-12-28T00:00:00.000000Z"),
        ]
        for number, (kind, at) in enumerate(moments, start=1):
            if in_time:
                closed += made.close(at)
            if kind is not None:
                set_cycle(made, kind, at)
            made.record(revenue(10**number, f"o-{number}"), at)
            if kind == "delivered_order":
                made.record(settled(10**number, f"o-{number}"), at)
        return closed + made.close("2027-01-04T00:00:00.000000Z")

    closed = live(stream("weekly", "2026-11-16T03:00:00.000000Z"), in_time=False)
    assert [(each.number, each.closing) for each in closed] == [
        # Nothing moved in week 47; monthly since the 24th of November, so the week that had begun became a month.
        ("acc_1-2026-11-IDR-1", 110),
        ("acc_1-2026-12-03-IDR-2", 11_110),
        # Off from the 5th until the 24th: what was recorded then is in the week that follows.
        ("acc_1-2026-W52-IDR-3", 1_111_110),
        ("acc_1-2026-W53-IDR-4", 11_111_110),
    ]
    punctual = live(stream("weekly", "2026-11-16T03:00:00.000000Z"), in_time=True)
    assert [(each.number, each.content["ItemRevenue"], each.closing) for each in punctual] == [
        (each.number, each.content["ItemRevenue"], each.closing) for each in closed
    ]


def test_lines_name_what_happened_and_where_it_counts() -> None:
    made = stream("weekly", "2026-11-16T03:00:00.000000Z")
    at = "2026-11-18T03:00:00.000000Z"
    made.record(ChannelMoneyBooked("lazada", "S-1", "IDR", 0, -30, 5, 100), at, "2026-11-01T00:00:00.000000Z")
    envelope, event = made.events[-1]
    assert [(line.field, line.amount) for line in lines(envelope, event, "IDR")] == [
        ("OtherRevenueTotal", 75),
        ("GuaranteeDeposit", 5),
        ("Payout", 100),
    ]
    (line, *_) = lines(envelope, event, "IDR")
    assert (line.position, line.version, line.type, line.reference) == (30, 3, "channel.money_booked", "S-1")
    assert (line.effective_at, line.recorded_at) == ("2026-11-01T00:00:00.000000Z", at)
    assert list(lines(envelope, event, "USD")) == []


def test_a_corrected_payout_counts_what_had_left() -> None:
    (found,) = field_amounts(PayoutAmountCorrected("pout_1", 90, "IDR", from_reserved=0, from_paid_out=10))
    assert (found.field, found.amount) == ("Payout", -10)
    assert field_amounts(PayoutAmountCorrected("pout_1", 90, "IDR", from_reserved=10, from_paid_out=0)) == []


@pytest.mark.parametrize(
    ("amount", "exponent", "text"),
    [
        (-5, 2, "-0.05"),
        (12_345, 0, "12345.00"),
        (12_345, 3, "12.345"),
        (AMOUNT_MAX, 2, "90071992547409.91"),
        (0, 2, "0.00"),
    ],
)
def test_amounts_have_two_decimals_or_as_many_as_the_currency(amount: int, exponent: int, text: str) -> None:
    assert amount_text(amount, exponent) == text
