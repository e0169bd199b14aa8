"""Double entry: what every fact moves is balanced, and the books add up to what the balances say."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

from hypothesis import given
from hypothesis import settings as hypothesis_settings

from events.account_state import AccountState
from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.disputes.events import DisputeOpened, DisputeResolved
from events.evolve import evolve
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelled,
    PayoutFailed,
    PayoutPaid,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
)
from events.refusals import Refusal
from projections.journal import BOOKS, Journal, Posting, postings
from projections.runner import catch_up
from service.platform.settings import Settings
from tests.events.lives import LIVES, happens
from tests.events.steps import Step
from tests.projections.lived import live
from tests.spec import ACCOUNT
from tests.support.api import Api
from tests.support.tables import as_owner

BUCKETS = tuple(field.name for field in fields(Balance))
OUTSIDE = ("clearing", "fees", "refunds", "adjustments")

MOVES: dict[str, tuple[AnyEvent, dict[str, int]]] = {
    "revenue": (RevenueRecorded(10, "IDR", "o"), {"clearing": -10, "pending": 10}),
    "settlement": (RevenueSettled(10, "IDR", "o"), {"pending": -10, "available": 10}),
    "refund": (
        RefundRecorded(10, "IDR", "o", from_pending=4, from_available=6),
        {"pending": -4, "available": -6, "refunds": 10},
    ),
    "refund of what is held": (
        RefundRecorded(10, "IDR", "o", from_pending=0, from_available=3, from_held=7),
        {"available": -3, "held": -7, "refunds": 10},
    ),
    "dispute": (DisputeOpened("dsp", 12, "IDR", "o", "x", 4, 6), {"pending": -4, "available": -6, "held": 10}),
    "dispute won": (
        DisputeResolved("dsp", 12, "IDR", "o", "won", "x", 0, 0, 0, 4, 6),
        {"pending": 4, "available": 6, "held": -10},
    ),
    "dispute lost": (
        DisputeResolved("dsp", 12, "IDR", "o", "lost", "x", 8, 1, 2, 0, 2),
        {"pending": -1, "available": 0, "held": -10, "refunds": 11},
    ),
    "fee": (FeeCharged(10, "IDR", "inv", "platform"), {"available": -10, "fees": 10}),
    "adjustment": (BalanceAdjusted(10, "IDR", "x"), {"adjustments": -10, "available": 10}),
    "adjustment down": (BalanceAdjusted(-10, "IDR", "x"), {"adjustments": 10, "available": -10}),
    "reserve": (ReserveHeld("rsv", 10, "IDR", "x"), {"available": -10, "held": 10}),
    "release": (ReserveReleased("rsv", 10, "IDR"), {"held": -10, "available": 10}),
    "request": (
        PayoutRequested("pout", 10, "IDR", "manual", None, "BCA", "sealed", "sealed"),
        {"available": -10, "reserved": 10},
    ),
    "adopted": (PayoutAdopted("pout", "po", 10, "IDR"), {"available": -10, "reserved": 10}),
    "reopened": (PayoutReopened("pout", 10, "IDR"), {"available": -10, "reserved": 10}),
    "less on its way": (
        PayoutAmountCorrected("pout", 6, "IDR", from_reserved=4, from_paid_out=0),
        {"reserved": -4, "available": 4},
    ),
    "more was paid": (
        PayoutAmountCorrected("pout", 13, "IDR", from_reserved=0, from_paid_out=-3),
        {"paid_out": 3, "available": -3},
    ),
    "paid": (PayoutPaid("pout", 10, "IDR"), {"reserved": -10, "paid_out": 10}),
    "failed": (PayoutFailed("pout", 10, "IDR", "x"), {"reserved": -10, "available": 10}),
    "cancelled": (PayoutCancelled("pout", 10, "IDR"), {"reserved": -10, "available": 10}),
    "owed by a marketplace": (
        ChannelMoneyBooked("lazada", "s", "IDR", pending=10, available=0, held=3, paid_out=0),
        {"clearing": -13, "pending": 10, "held": 3},
    ),
    "paid by a marketplace": (
        ChannelMoneyBooked("lazada", "s", "IDR", pending=-10, available=-2, held=-3, paid_out=15),
        {"clearing": 0, "pending": -10, "available": -2, "held": -3, "paid_out": 15},
    ),
    "returned": (PayoutReturned("pout", 10, "IDR", "x"), {"paid_out": -10, "available": 10}),
}
"""What each movement credits to each book (debits below zero)."""


def moved(lines: list[Posting]) -> Counter[tuple[str, str]]:
    """Credits less debits, by currency and book."""
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        assert line.book in BOOKS
        assert min(line.debit, line.credit) == 0 < max(line.debit, line.credit), "a line is one side, and never empty"
        found[line.currency, line.book] += line.credit - line.debit
    return found


def test_each_movement_is_posted_from_one_book_to_another() -> None:
    for name, (event, expected) in MOVES.items():
        found = moved(list(postings(event)))
        assert {book: amount for (_, book), amount in found.items()} == expected, name
        assert {currency for currency, _ in found} == {"IDR"}, name
        assert sum(found.values()) == 0, name


def test_a_refund_all_from_one_side_makes_no_empty_line() -> None:
    for pending, available in ((10, 0), (0, 10)):
        assert len(postings(RefundRecorded(10, "IDR", "o", from_pending=pending, from_available=available))) == 2


@hypothesis_settings(max_examples=60, deadline=None)
@given(steps=LIVES)
def test_in_every_life_the_postings_are_balanced_and_say_what_the_balances_say(steps: list[Step]) -> None:
    state, total = AccountState(ACCOUNT), Counter[tuple[str, str]]()
    for number, step in enumerate(steps):
        outcome, effective_at = happens(step, number, state)
        if isinstance(outcome, Refusal):
            continue
        for event in outcome:
            evolve(state, event, effective_at, state.version + 1)
            change = moved(list(postings(event)))
            for currency in {currency for currency, _ in change}:
                assert sum(amount for (of, _), amount in change.items() if of == currency) == 0
            total.update(change)
            for currency, balance in state.balances.items():
                for bucket in BUCKETS:
                    assert total[currency, bucket] == getattr(balance, bucket), (event, bucket)


async def test_the_journal_of_a_lane_is_balanced_and_adds_up_to_the_balances(api: Api, settings: Settings) -> None:
    for account in ("acc_1", "acc_2"):
        await live(api, account)
    async with api.ledger.pool.acquire() as connection:
        while await catch_up(connection, 1, Journal(), api.ledger.runtime.now()):
            pass
    owner = await as_owner(settings)
    unbalanced = "SELECT position FROM journal GROUP BY lane, position, currency HAVING sum(debit) <> sum(credit)"
    assert await owner.fetch(unbalanced) == []
    written = {row["type"] for row in await owner.fetch("SELECT DISTINCT type FROM journal")}
    assert written >= {
        "revenue.recorded", "revenue.settled", "refund.recorded", "fee.charged", "balance.adjusted", "reserve.held",
        "reserve.released", "payout.requested", "payout.paid", "payout.failed", "payout.cancelled", "payout.returned", "channel.money_booked",
        "dispute.opened", "dispute.resolved",
    }  # fmt: skip
    rows = await owner.fetch(
        "SELECT account_id, currency, book, sum(credit - debit)::bigint AS total FROM journal GROUP BY 1, 2, 3"
    )
    totals = {(row["account_id"], row["currency"], row["book"]): row["total"] for row in rows}
    balances = await owner.fetch("SELECT * FROM balances")
    assert len(balances) == 8
    for balance in balances:
        of = (balance["account_id"], balance["currency"])
        for bucket in BUCKETS:
            assert totals.get((*of, bucket), 0) == balance[bucket], (of, bucket)
        inside = sum(balance[bucket] for bucket in BUCKETS)
        assert inside == -sum(totals.get((*of, book), 0) for book in OUTSIDE), "the rest went where the books say"
    await owner.close()
