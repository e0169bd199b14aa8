"""Every combination of what can be known against a plain model, and the terms that due dates follow from."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from projections.reconciliation import Evidence, ItemState, Terms, due_on, state, tolerance_of
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
    # Whether there is anything to compare is known before the evidence is judged.
    assert met == set(ItemState) - {ItemState.NOT_CHECKED}


def test_the_tolerance_is_a_hundred_rupiah_unless_the_account_says_otherwise() -> None:
    assert (tolerance_of("IDR", {}), tolerance_of("EUR", {})) == (Decimal(100), Decimal(0))
    own = {"IDR": "0", "EUR": "0.05"}
    assert (tolerance_of("IDR", own), tolerance_of("EUR", own)) == (Decimal(0), Decimal("0.05"))


@pytest.mark.parametrize("terms", [Terms(days=3), None])
def test_without_a_day_or_terms_nothing_is_due(terms: Terms | None) -> None:
    assert due_on(terms, None if terms else TODAY, "ID", add_business_days) is None
