"""Expected against paid: the state that each statement, order, payout and bank entry is in, and when it was due.

Pure: `today`, calendars and tolerances are handed in. A row is worked out when somebody asks; what people decided
(matches) are facts, what follows from them is here.

    expected      nothing came, and nobody knows by when it should (or it is carried by the next statement)
    not_due       nothing or not all came, and it is not due yet
    overdue       nothing came, and it was due
    matched       what came is what was expected, within the tolerance
    short         what came is less, and it is due or whoever pays says that this was all
    over          what came is more
    unexpected    money came that nothing expects
    needs_review  the figures or the facts contradict each other, or there is more than one candidate for a match
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
    """How something that is expected stands against what was paid."""

    EXPECTED = "expected"
    NOT_DUE = "not_due"
    OVERDUE = "overdue"
    MATCHED = "matched"
    SHORT = "short"
    OVER = "over"
    UNEXPECTED = "unexpected"
    NEEDS_REVIEW = "needs_review"


SETTLED = frozenset({ItemState.MATCHED, ItemState.EXPECTED, ItemState.NOT_DUE})
"""States that ask for nothing to be done; all others are open differences."""

TOLERANCES: Mapping[str, Decimal] = {"IDR": Decimal(100)}
"""In major units, by currency, where the account sets none; none for all others."""


@value
class Evidence:
    """What is known of one thing that money is expected for, in major units."""

    expected: Decimal | None
    """Signed: what is to be taken back is negative. None where nothing expects the money."""
    paid: Decimal | None
    """None where nothing came, as far as anybody says."""
    due: date | None
    tolerance: Decimal
    settled: bool = False
    """Whether whoever pays says that this was all: what is missing then will not come by waiting."""
    doubted: bool = False
    """Whether the amount is contradicted, or there is more than one candidate for a match."""
    confirmed: bool = False
    """Whether a person matched it: doubts about an amount that has come, to the cent, are settled by that."""


def difference(evidence: Evidence) -> Decimal:
    """What came less what was expected."""
    return (evidence.paid or ZERO) - (evidence.expected or ZERO)


def state(evidence: Evidence, today: date) -> ItemState:
    """The one state that the evidence is in."""
    expected, paid, found = evidence.expected, evidence.paid, difference(evidence)
    agrees = expected is not None and abs(found) <= evidence.tolerance
    if evidence.doubted and not (evidence.confirmed and agrees):
        return ItemState.NEEDS_REVIEW
    if expected is None:
        return ItemState.UNEXPECTED if paid else ItemState.EXPECTED
    if not expected and paid and not agrees:
        return ItemState.UNEXPECTED
    if agrees:
        return ItemState.MATCHED
    if paid is None:
        # What a marketplace takes back is carried by its next statement: nobody waits for it at the bank.
        return ItemState.EXPECTED if expected < 0 else _awaited(ItemState.OVERDUE, evidence.due, today)
    if (found > 0) == (expected > 0):
        return ItemState.OVER
    return ItemState.SHORT if evidence.settled else _awaited(ItemState.SHORT, evidence.due, today)


def _awaited(late: ItemState, due: date | None, today: date) -> ItemState:
    """Late is judged from the contract's delay: what is not yet due is not missing."""
    if due is None:
        return ItemState.EXPECTED
    return ItemState.NOT_DUE if today <= due else late


def tolerance_of(currency: str, settings: Mapping[str, Any]) -> Decimal:
    """The account's tolerance for a currency, or the usual one."""
    return Decimal(settings[currency]) if currency in settings else TOLERANCES.get(currency, ZERO)


@value
class Terms:
    """When a channel pays: so many days, or business days of a country's banks, after the day that counts."""

    weekly: bool = False
    """Whether statements cover Monday to Sunday: the day that counts is the week's last, else the statement's own."""
    days: int | None = None
    business_days: int | None = None
    country: str | None = None


PAYOUT = "payout"
"""The name, among channels, of our own payouts."""

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
    """The last day that is not late. `country` is the currency's, for terms that name none."""
    if terms is None or day is None:
        return None
    if terms.weekly:
        # The week that a statement covers has ended by the time that it is made.
        day -= timedelta(days=(day.weekday() + 1) % 7)
    if terms.days is not None:
        return day + timedelta(days=terms.days)
    if terms.business_days is not None:
        return add(day, terms.business_days, terms.country or country)
    return None
