"""When and how much is paid out by itself: policies, and the instants that follow from them.

Two dates are two different things. The *cutoff* says which money: what is available at that instant, and not what
comes later. The *pay date* says when: the first pay day on or after the cutoff, moved on to the next business day. Both
are at the policy's time of day in its zone, so a cutoff on a pay date is at the instant of paying. Cutoffs never move.

Where a clock is put forward over the time of day, the cutoff comes as late as the clock is put forward; where a time
comes twice, its first coming counts. The time zone database is data to this module, as a table of currencies is.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic.alias_generators import to_camel

from events.accounts.state import Account
from events.command import WEEKDAYS
from events.instants import Instant, from_datetime, to_datetime
from events.policies.events import PayoutPolicySet
from events.values import Data, value

OFF, DAILY, WEEKLY, MONTHLY = "off", "daily", "weekly", "monthly"
DEFAULT_ZONE = "Asia/Jakarta"

POLICIES = "payoutPolicies"
"""The account's setting that holds its policies, by currency."""

_DAY = timedelta(days=1)
_SATURDAY = 5


class Calendars(Protocol):
    """On which days the banks of a country pay; `None` is a country of which only the weekends are known."""

    def is_known(self, country: str) -> bool:
        """Whether there is a calendar for this country."""

    def country_of(self, currency: str) -> str | None:
        """Whose banks pay this currency."""

    def business_day_on_or_after(self, day: date, country: str | None) -> date:
        """The first day that is not earlier and on which banks pay."""


class Weekends:
    """Saturdays and Sundays, in a country that nobody knows."""

    def is_known(self, country: str) -> bool:  # noqa: ARG002 - there are no countries here
        return False

    def country_of(self, currency: str) -> str | None:  # noqa: ARG002 - there are no countries here
        return None

    def business_day_on_or_after(self, day: date, country: str | None) -> date:  # noqa: ARG002 - nor holidays
        return day if day.weekday() < _SATURDAY else day + _DAY * (7 - day.weekday())


WEEKENDS: Calendars = Weekends()


@value
class Policy:
    """One currency's payout policy. Amounts are minor units."""

    schedule: str = OFF
    cutoff_day: str | int | None = None
    """A weekday's name, or a day of the month, of which 31 is the last."""
    pay_day: str | int | None = None
    time: str = "00:00"
    automatic: bool = False
    minimum: int = 0
    reserve: int = 0
    zone: str = DEFAULT_ZONE
    country: str | None = None


@lru_cache(64)
def zone_named(name: str) -> ZoneInfo:
    """The IANA zone; ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone, such as {DEFAULT_ZONE}") from None


_KEYS = tuple((field.name, to_camel(field.name)) for field in fields(Policy))

NO_POLICY = Policy()


def policy_of(account: Account, currency: str) -> Policy:
    """The account's policy for a currency; without one there is no minimum and no schedule."""
    data = account.settings.get(POLICIES, {}).get(currency)
    return NO_POLICY if data is None else Policy(**{name: data[key] for name, key in _KEYS if key in data})


def data_of(policy: Policy | PayoutPolicySet) -> Data:
    """A policy as the account's settings have it."""
    return {key: set_to for name, key in _KEYS if (set_to := getattr(policy, name)) is not None}


def next_cutoff(policy: Policy, after: Instant) -> Instant:
    """The first cutoff later than `after`. The policy has a schedule."""
    day = _local_day(policy, after) - 2 * _DAY
    while True:
        if _falls_on(policy.cutoff_day, day) and (cutoff := _instant(policy, day)) > after:
            return cutoff
        day += _DAY


def cutoffs_until(policy: Policy, until: Instant) -> Iterator[Instant]:
    """The cutoffs not later than `until`, the latest first; without end."""
    day = _local_day(policy, until) + 2 * _DAY
    last: Instant | None = None
    while True:
        if _falls_on(policy.cutoff_day, day):
            cutoff = _instant(policy, day)
            # Where a zone left out a whole day, two days' cutoffs are one instant.
            if cutoff <= until and cutoff != last:
                last = cutoff
                yield cutoff
        day -= _DAY


def pay_date(policy: Policy, cutoff: Instant, calendars: Calendars) -> date:
    """The day on which the money of a cutoff is paid."""
    day = _local_day(policy, cutoff)
    while not _falls_on(policy.pay_day, day):
        day += _DAY
    return calendars.business_day_on_or_after(day, policy.country)


def pay_instant(policy: Policy, cutoff: Instant, pays_on: date) -> Instant:
    """When, on that day: never before the cutoff."""
    return max(cutoff, _instant(policy, pays_on))


def _falls_on(wanted: str | int | None, day: date) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return WEEKDAYS[day.weekday()] == wanted
    return day.day == min(wanted, monthrange(day.year, day.month)[1])


def _local_day(policy: Policy, at: Instant) -> date:
    return to_datetime(at).astimezone(zone_named(policy.zone)).date()


def _instant(policy: Policy, day: date) -> Instant:
    local = datetime.combine(day, time.fromisoformat(policy.time), tzinfo=zone_named(policy.zone))
    return from_datetime(local.astimezone(UTC))
