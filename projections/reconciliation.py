"""Expected against paid: the state of each statement, order, payout and bank entry, and when it is due.

Pure: `today`, calendars and tolerances are arguments. A row's state is computed when it is read; only people's matches
are events.

    expected      nothing was paid, and no due date is known (or the next statement includes it)
    not_due       nothing, or not all, was paid, and it is not due yet
    overdue       nothing was paid, and it was due
    matched       what was paid is what was expected, within the tolerance
    short         less was paid, and it is due, or the payer says that this was all
    over          more was paid
    unexpected    money was paid that was not expected
    not_checked   a bank's statement does not say both of its balances: nothing can be compared
    needs_review  figures or events contradict each other, or there is more than one candidate for a match
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from events.values import value

ZERO = Decimal(0)


class ItemState(enum.StrEnum):
    """The state of expected against paid."""

    EXPECTED = "expected"
    NOT_DUE = "not_due"
    OVERDUE = "overdue"
    MATCHED = "matched"
    SHORT = "short"
    OVER = "over"
    UNEXPECTED = "unexpected"
    NOT_CHECKED = "not_checked"
    NEEDS_REVIEW = "needs_review"


SETTLED = frozenset({ItemState.MATCHED, ItemState.EXPECTED, ItemState.NOT_DUE, ItemState.NOT_CHECKED})
"""States that need no action; all others are open differences."""

TOLERANCES: Mapping[str, Decimal] = {"IDR": Decimal(100)}
"""The default tolerances, in major units; zero for all other currencies."""


@value
class Evidence:
    """What is known about one expected payment, in major units."""

    expected: Decimal | None
    """Signed: an amount that will be taken back is negative. None where no payment is expected."""
    paid: Decimal | None
    """None where no source reports a payment."""
    due: date | None
    tolerance: Decimal
    settled: bool = False
    """Whether the payer says that this was all: then no more will be paid."""
    needs_review: bool = False
    """Whether sources contradict the amount, or there is more than one candidate for a match."""
    confirmed: bool = False
    """Whether a person matched it: if the amounts agree, `needs_review` is then ignored."""


def difference(evidence: Evidence) -> Decimal:
    """What was paid less what was expected."""
    return (evidence.paid or ZERO) - (evidence.expected or ZERO)


def state(evidence: Evidence, today: date) -> ItemState:
    """The state of the evidence."""
    expected, paid, found = evidence.expected, evidence.paid, difference(evidence)
    agrees = expected is not None and abs(found) <= evidence.tolerance
    if evidence.needs_review and not (evidence.confirmed and agrees):
        return ItemState.NEEDS_REVIEW
    if expected is None:
        return ItemState.UNEXPECTED if paid else ItemState.EXPECTED
    if not expected and paid and not agrees:
        return ItemState.UNEXPECTED
    if agrees:
        return ItemState.MATCHED
    if paid is None:
        # What a marketplace takes back is included in its next statement: there is no bank entry for it.
        return ItemState.EXPECTED if expected < 0 else _awaited(ItemState.OVERDUE, evidence.due, today)
    if (found > 0) == (expected > 0):
        return ItemState.OVER
    return ItemState.SHORT if evidence.settled else _awaited(ItemState.SHORT, evidence.due, today)


def _awaited(late: ItemState, due: date | None, today: date) -> ItemState:
    """`late` after the due date; NOT_DUE until then; EXPECTED without a due date."""
    if due is None:
        return ItemState.EXPECTED
    return ItemState.NOT_DUE if today <= due else late


def tolerance_of(currency: str, settings: Mapping[str, Any]) -> Decimal:
    """The account's tolerance for a currency, or the default one."""
    return Decimal(settings[currency]) if currency in settings else TOLERANCES.get(currency, ZERO)


@value
class Terms:
    """When a channel pays: a number of days, or of business days of a country's banks, after a statement's day."""

    weekly: bool = False
    """Whether statements cover Monday to Sunday: then the days count from the week's last day, else from the statement's."""
    days: int | None = None
    business_days: int | None = None
    country: str | None = None


PAYOUT = "payout"
"""The name of our own payouts among the channels."""

PAYOUT_TERMS = Terms(business_days=3)
"""When our own payouts are usually paid. Each marketplace says its own terms (docs/reconciliation.md has them all)."""


def terms_of(usual: Terms | None, settings: Mapping[str, Any]) -> Terms | None:
    """The terms that hold: the account's settings for the channel, each one over the usual terms. None without any."""
    if usual is None and not settings:
        return None
    usual = usual or Terms()
    counted = "dueAfterDays" in settings or "dueAfterBusinessDays" in settings
    return Terms(
        weekly=settings["period"] == "weekly" if "period" in settings else usual.weekly,
        days=settings.get("dueAfterDays") if counted else usual.days,
        business_days=settings.get("dueAfterBusinessDays") if counted else usual.business_days,
        country=settings.get("country", usual.country),
    )


AddBusinessDays = Callable[[date, int, str | None], date]


def due_on(terms: Terms | None, day: date | None, country: str | None, add: AddBusinessDays) -> date | None:
    """The last day that is not late. `country` is used for terms that name none."""
    if terms is None or day is None:
        return None
    if terms.weekly:
        # A statement is created after the week that it covers.
        day -= timedelta(days=(day.weekday() + 1) % 7)
    if terms.days is not None:
        return day + timedelta(days=terms.days)
    if terms.business_days is not None:
        return add(day, terms.business_days, terms.country or country)
    return None
