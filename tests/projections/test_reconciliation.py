"""Every combination of what can be known against a plain model, and the terms that due dates follow from."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from projections.reconciliation import Evidence, ItemState, Terms, due_on, state, terms_of, tolerance_of
from service.platform.calendars import add_business_days

TODAY = date(2026, 11, 10)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
AMOUNTS = (None, -500, -350, -101, -100, -99, 0, 99, 100, 101, 350, 500)


def modelled(
    expected: int | None, paid: int | None, due: date | None, tolerance: int, flags: tuple[bool, bool, bool]
) -> str:
    """The rules once more, written as somebody at a desk would go through them."""
    settled, needs_review, confirmed = flags
    came = paid if paid is not None else 0
    is_right = expected is not None and expected - tolerance <= came <= expected + tolerance
    if needs_review:
        if confirmed and is_right:
            return "matched"
        return "needs_review"
    if is_right:
        return "matched"
    if expected is None or expected == 0:
        return "unexpected" if came != 0 else "expected"
    if paid is None and expected < 0:
        return "expected"
    # From here on, seen from the side that the money is to come from.
    owed, got = abs(expected), came if expected > 0 else -came
    if got > owed:
        return "over"
    late = due is not None and due < TODAY
    if paid is not None and (settled or late):
        return "short"
    if due is None:
        return "expected"
    return "overdue" if late else "not_due"


def test_every_combination_is_in_the_state_that_the_model_says() -> None:
    met: set[str] = set()
    dues = (None, YESTERDAY, TODAY, TOMORROW)
    for expected, paid, due, tolerance in itertools.product(AMOUNTS, AMOUNTS, dues, (0, 100)):
        for flags in itertools.product((False, True), (False, True), (False, True)):
            evidence = Evidence(
                None if expected is None else Decimal(expected),
                None if paid is None else Decimal(paid),
                due,
                Decimal(tolerance),
                *flags,
            )
            found = state(evidence, TODAY)
            assert found == modelled(expected, paid, due, tolerance, flags), evidence
            met.add(found)
    assert met == set(ItemState)


def test_the_tolerance_is_a_hundred_rupiah_unless_the_account_says_otherwise() -> None:
    assert (tolerance_of("IDR", {}), tolerance_of("EUR", {})) == (Decimal(100), Decimal(0))
    own = {"IDR": "0", "EUR": "0.05"}
    assert (tolerance_of("IDR", own), tolerance_of("EUR", own)) == (Decimal(0), Decimal("0.05"))


def due(channel: str, day: date, country: str | None = None, /, **own: object) -> date | None:
    return due_on(terms_of(channel, {channel: own} if own else {}), day, country, add_business_days)


def test_channels_pay_on_their_usual_days() -> None:
    # A statement made on Monday 27 August 2018 covers the week to Sunday; Friday the 31st is Malaysia's National Day.
    assert due("lazada", date(2018, 8, 27), "MY") == date(2018, 9, 3)
    assert due("lazada", date(2018, 8, 26), "MY") == date(2018, 9, 3), "on the Sunday itself, the week has ended"
    assert due("lazada", date(2018, 9, 1), "MY") == date(2018, 9, 3), "and on the Saturday after, it is the same one"
    assert due("shopee", date(2026, 11, 2), "ID") == date(2026, 11, 17)
    assert due("tiktok", date(2026, 11, 2), "ID") == date(2026, 11, 17)
    assert due("tokopedia", date(2026, 11, 2), "ID") == date(2026, 11, 2)
    # The week ended on Sunday 16 August 2026; Monday is Independence Day: Tuesday, Wednesday, Thursday.
    assert due("blibli", date(2026, 8, 17), "ID") == date(2026, 8, 20)
    assert due("payout", date(2026, 8, 14), "ID") == date(2026, 8, 20)
    assert due("a shop of one's own", date(2026, 11, 2)) is None


def test_an_account_says_when_a_channel_is_held_to_pay_it() -> None:
    assert due("lazada", date(2026, 11, 4), "ID", dueAfterDays=7) == date(2026, 11, 8), "after the week's Sunday"
    assert due("lazada", date(2026, 11, 4), "ID", dueAfterDays=7, period="statement") == date(2026, 11, 11)
    assert due("shopee", date(2026, 11, 6), "ID", dueAfterBusinessDays=1) == date(2026, 11, 9)
    assert due("lazada", date(2018, 8, 27), "ID", country="MY") == date(2018, 9, 3)
    assert due("mine", date(2026, 11, 2), dueAfterDays=3) == date(2026, 11, 5)
    assert due("mine", date(2026, 11, 2), period="weekly") is None, "a period alone says no day"


@pytest.mark.parametrize("terms", [Terms(days=3), None])
def test_without_a_day_or_terms_nothing_is_due(terms: Terms | None) -> None:
    assert due_on(terms, None if terms else TODAY, "ID", add_business_days) is None
