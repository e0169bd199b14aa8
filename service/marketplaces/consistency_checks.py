"""What a statement's own figures say against each other, and what does not fit a ledger's minor unit.

Nothing here corrects anything: a statement is what the marketplace said. `difference` is always actual less expected.

Two generations write fees with two signs. Where fees are positive (seed 001), the subtotals and the way from the
opening to the closing balance are held against seed 001's own sentences. Where fees are negative (the Open Platform in
Vietnam), the subtotals add what they should take away, so only the payout against the signed sum says anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

from events.values import value
from service.formats.amounts import Amount, plain
from service.formats.times import Moment
from service.marketplaces.observations import AMOUNTS, ObservedStatement

ZERO = Decimal(0)


@value
class Finding:
    """A rule, and what was found instead. The figures are plain decimals; where the rule is no sum, `difference` is empty."""

    rule: str
    expected: str
    actual: str
    difference: str
    holds: bool


@value
class Change:
    """A field of seed 001 that two observations of one statement differ in."""

    field: str
    before: str | None
    after: str | None


def checks(statement: ObservedStatement, previous: ObservedStatement | None, exponent: int) -> list[Finding]:
    """Every rule that the statement has the figures for, those that hold among them.

    `previous` is the statement before this one, of the same channel, seller and currency; `exponent` is the number of
    decimals of the ledger's minor unit.
    """
    return [
        *_sums(statement),
        *_continuity(statement, previous),
        *_minor_units(statement, exponent),
        *_times(statement),
    ]


def consistency_checks(
    statement: ObservedStatement, previous: ObservedStatement | None, exponent: int
) -> list[Finding]:
    """The rules that do not hold."""
    return [found for found in checks(statement, previous, exponent) if not found.holds]


def in_minor_units(number: Decimal, exponent: int) -> tuple[int, Decimal]:
    """The amount rounded toward zero, and what that leaves: 1521950.71 VND is 1521950 and 0.71."""
    whole = number.scaleb(exponent).to_integral_value(ROUND_DOWN)
    return int(whole), number - whole.scaleb(-exponent)


def signed_fees(statement: ObservedStatement) -> Decimal | None:
    """The fees as the seller's account sees them, whichever sign the generation writes."""
    return None if statement.fees_total is None else -abs(statement.fees_total.number)


def differences(before: ObservedStatement, after: ObservedStatement) -> list[Change]:
    """The fields in which a later observation differs. An amount written otherwise (0, 0.00) is the same amount."""
    old, new = before.content(), after.content()
    return [
        Change(name, old[name], new[name])
        for name in old
        if old[name] != new[name] and not _same_amount(before, after, name)
    ]


def _same_amount(before: ObservedStatement, after: ObservedStatement, name: str) -> bool:
    attribute = AMOUNTS.get(name)
    if attribute is None:
        return False
    old: Amount | None = getattr(before, attribute)
    new: Amount | None = getattr(after, attribute)
    return old is not None and new is not None and old.number == new.number and before.currency == after.currency


def _sums(statement: ObservedStatement) -> Iterator[Finding]:
    item, other = _number(statement.item_revenue), _number(statement.other_revenue_total)
    fees, refunds = _number(statement.fees_total), _number(statement.refunds)
    subtotal1, subtotal2 = _number(statement.subtotal1), _number(statement.subtotal2)
    opening, closing = _number(statement.opening_balance), _number(statement.closing_balance)
    payout = _number(statement.payout)
    negative_fees = fees is not None and fees < 0
    if item is not None and other is not None and subtotal1 is not None:
        if not negative_fees:
            yield _sum("subtotal1_is_revenue", item + other, subtotal1)
        if fees is not None:
            yield _sum("subtotal1_is_revenue_less_fees", item + other - fees, subtotal1)
    if subtotal1 is not None and refunds is not None and subtotal2 is not None:
        yield _sum("subtotal2_is_subtotal1_less_refunds", subtotal1 - refunds, subtotal2)
    if not negative_fees and opening is not None and subtotal2 is not None and closing is not None:
        yield _sum("closing_is_opening_and_subtotal2", opening + subtotal2, closing)
    if negative_fees and item is not None and other is not None and fees is not None and payout is not None:
        yield _sum("payout_is_revenue_and_fees", item + other + fees, payout)
    if closing is not None and payout is not None:
        # A negative balance is carried into the next statement, and nothing is paid out.
        yield _sum("payout_is_closing", max(closing, ZERO), payout)


def _continuity(statement: ObservedStatement, previous: ObservedStatement | None) -> Iterator[Finding]:
    if previous is None or previous.currency != statement.currency:
        return
    closing, opening = _number(previous.closing_balance), _number(statement.opening_balance)
    if closing is not None and opening is not None:
        yield _sum("opening_is_previous_closing", closing, opening)


def _minor_units(statement: ObservedStatement, exponent: int) -> Iterator[Finding]:
    payout = _number(statement.payout)
    if payout is not None:
        whole, _ = in_minor_units(payout, exponent)
        yield _sum("payout_fits_the_minor_unit", Decimal(whole).scaleb(-exponent), payout)


def _times(statement: ObservedStatement) -> Iterator[Finding]:
    created, updated = statement.created_at, statement.updated_at
    yield _time("created_at_is_a_time", created)
    yield _time("updated_at_is_a_time", updated)
    if created.instant is not None and updated.instant is not None:
        holds = updated.instant >= created.instant
        yield Finding("updated_at_is_not_before_created_at", created.text, updated.text, "", holds)


def _time(rule: str, moment: Moment) -> Finding:
    return Finding(rule, "a date and time", moment.text, "", moment.instant is not None)


def _sum(rule: str, expected: Decimal, actual: Decimal) -> Finding:
    difference = actual - expected
    return Finding(rule, plain(expected), plain(actual), plain(difference), difference == 0)


def _number(amount: Amount | None) -> Decimal | None:
    return None if amount is None else amount.number
