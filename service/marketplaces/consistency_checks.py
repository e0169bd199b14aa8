"""Consistency checks of a statement: its figures against each other, and against the ledger's minor unit.

Nothing is corrected: a statement is what the marketplace said. `difference` is always actual less expected.

Fees have one of two signs. Where they are positive, the subtotals and the balances are checked by the documented sums.
Where they are negative, the source's subtotals add them instead of subtracting, so only the payout is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from events.values import Data, value
from service.formats.amounts import Amount, NotUnderstood, in_minor_units, plain, read_amount
from service.formats.times import Moment
from service.imports.stated import ZONE_WAS_ASSUMED
from service.marketplaces.observations import AMOUNTS, ObservedStatement

ZERO = Decimal(0)
CONTINUITY = "opening_is_previous_closing"


@value
class Finding:
    """A rule, what it expects, and what the statement has, in major units. Where it is no sum, `difference` is empty."""

    rule: str
    expected: str
    actual: str
    difference: str
    holds: bool

    def document(self) -> Data:
        """As events and rows have it."""
        return {"rule": self.rule, "expected": self.expected, "actual": self.actual, "difference": self.difference}


@value
class Change:
    """A field of a statement that two observations of it differ in."""

    field: str
    before: str | None
    after: str | None


def checks(statement: ObservedStatement, previous: ObservedStatement | None, exponent: int) -> list[Finding]:
    """Every rule that the statement has the figures for, with those that hold.

    `previous` is the statement before this one, of the same channel, seller and currency. `exponent` is the number of
    decimals of the currency in the ledger.
    """
    return [
        *_sums(statement),
        *_continuity(statement, previous),
        *_minor_units(statement, exponent),
        *_times(statement),
        *(Finding(each.rule, each.expected, each.actual, "", holds=False) for each in statement.doubts),
    ]


def consistency_checks(
    statement: ObservedStatement, previous: ObservedStatement | None, exponent: int
) -> list[Finding]:
    """The rules that do not hold."""
    return [found for found in checks(statement, previous, exponent) if not found.holds]


def findings_beside(stored: Iterable[Data], opening: str | None, previous_closing: str | None) -> list[Data]:
    """The findings of a statement, with the one against the statement that is before it now.

    Statements become known in any order, so which one is before another is looked up, and not stored.
    """
    found = [each for each in stored if each["rule"] != CONTINUITY]
    if opening is None or previous_closing is None:
        return found
    try:
        continuity = _sum(CONTINUITY, read_amount(previous_closing).number, read_amount(opening).number)
    except NotUnderstood:
        return found
    return found if continuity.holds else [*found, continuity.document()]


def differences(before: ObservedStatement, after: ObservedStatement) -> list[Change]:
    """The fields in which a later observation differs. Two texts of one amount (0, 0.00) are no difference."""
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
        # A negative balance is carried over to the next statement, and nothing is paid.
        yield _sum("payout_is_closing", max(closing, ZERO), payout)


def _continuity(statement: ObservedStatement, previous: ObservedStatement | None) -> Iterator[Finding]:
    if previous is None or previous.currency != statement.currency:
        return
    closing, opening = _number(previous.closing_balance), _number(statement.opening_balance)
    if closing is not None and opening is not None:
        yield _sum(CONTINUITY, closing, opening)


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


def zone_finding(zone: str) -> Data:
    """Times without a zone were read in one that nobody gave. It ends when the file is read with one that is given."""
    return {
        "rule": ZONE_WAS_ASSUMED,
        "expected": "the zone of its times, given with --zone (zone)",
        "actual": zone,
        "difference": "",
    }
