"""The figures of decisions F5 and F11, and the arithmetic below them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from service.formats.amounts import Amount
from service.formats.times import read_moment
from service.marketplaces.consistency_checks import checks, consistency_checks, differences
from service.marketplaces.observations import ObservedStatement
from tests.service.marketplaces.samples import observed, sample, statements


def seed() -> list[ObservedStatement]:
    return statements(observed("lazada", sample("lazada-get-payout-status.xml")))


def vietnam() -> ObservedStatement:
    (only,) = statements(observed("lazada", sample("lazada-payout-status-vietnam.json")))
    return only


def figures(statement: ObservedStatement, previous: ObservedStatement | None, exponent: int) -> dict[str, str]:
    return {each.rule: each.difference for each in consistency_checks(statement, previous, exponent)}


def test_the_first_seed_statement_has_these_findings_and_no_other() -> None:
    first, _ = seed()
    assert figures(first, None, 2) == {"subtotal1_is_revenue": "-51.20", "closing_is_opening_and_subtotal2": "4013.61"}


def test_the_second_seed_statement_has_these_findings_and_no_other() -> None:
    first, second = seed()
    assert figures(second, first, 2) == {
        "subtotal1_is_revenue": "-1.50",
        "closing_is_opening_and_subtotal2": "769.27",
        "payout_is_closing": "-111.11",
        "opening_is_previous_closing": "-3952.41",
    }


def test_what_holds_is_told_too() -> None:
    first, _ = seed()
    held = {each.rule for each in checks(first, None, 2) if each.holds}
    assert {"subtotal1_is_revenue_less_fees", "subtotal2_is_subtotal1_less_refunds", "payout_is_closing"} <= held


def test_a_finding_says_what_was_expected_and_what_stood_there() -> None:
    first, second = seed()
    found = {each.rule: each for each in consistency_checks(second, first, 2)}
    payout = found["payout_is_closing"]
    assert (payout.expected, payout.actual) == ("777.77", "666.66")


def test_the_vietnamese_statement_has_exactly_its_two() -> None:
    found = {each.rule: each for each in consistency_checks(vietnam(), None, 0)}
    assert {rule: each.difference for rule, each in found.items()} == {
        "payout_fits_the_minor_unit": "0.71",
        "payout_is_revenue_and_fees": "160918.30",
    }
    # 1673776.00 + 364564.00 - 677307.59
    assert found["payout_is_revenue_and_fees"].expected == "1361032.41"


def test_a_negative_balance_that_is_carried_is_no_finding() -> None:
    first, _ = seed()
    carried = replace(
        first,
        opening_balance=Amount("-10.00", Decimal("-10.00")),
        closing_balance=Amount("-61.20", Decimal("-61.20")),
        payout=Amount("0.00 EUR", Decimal("0.00")),
    )
    assert set(figures(carried, None, 2)) == {"subtotal1_is_revenue"}


@pytest.mark.parametrize("text", ["", "0000-00-00 00:00:00", "2014-02-30 00:00:00", "soon"])
def test_an_update_that_never_was_is_a_finding(text: str) -> None:
    first, _ = seed()
    found = consistency_checks(replace(first, updated_at=read_moment(text, "Asia/Jakarta")), None, 2)
    assert [(each.actual, each.difference) for each in found if each.rule == "updated_at_is_a_time"] == [(text, "")]


def test_an_update_before_the_creation_is_a_finding() -> None:
    first, _ = seed()
    early = replace(first, updated_at=read_moment("2014-01-03 23:59:59", "Asia/Jakarta"))
    assert "updated_at_is_not_before_created_at" in figures(early, None, 2)


def test_a_changed_observation_is_told_field_by_field() -> None:
    first, _ = seed()
    after = replace(first, paid=True, paid_text="1", closing_balance=Amount("3962.40", Decimal("3962.40")))
    assert [(each.field, each.before, each.after) for each in differences(first, after)] == [
        ("ClosingBalance", "3962.41", "3962.40"),
        ("Paid", "0", "1"),
    ]


def test_an_amount_that_is_only_written_otherwise_has_not_changed() -> None:
    first, _ = seed()
    assert differences(first, replace(first, refunds=Amount("0.00", Decimal("0.00")))) == []
