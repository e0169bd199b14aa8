"""Statement cycles: which instants end an account's periods, in its own time zone.

The zone database is data of the release. What follows from it (a period's end) is written into the events, so that a
later release with other rules for some zone folds the same log into the same state.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.instants import Instant, from_datetime, to_datetime
from events.values import value

OFF, WEEKLY, SEMIMONTHLY, MONTHLY, DELIVERED_ORDER = "off", "weekly", "semimonthly", "monthly", "delivered_order"
CYCLES = (OFF, WEEKLY, SEMIMONTHLY, MONTHLY, DELIVERED_ORDER)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_MID_MONTH = 16
"""The first day of a month's second half."""


@value
class Cycle:
    """How an account's statements are cut; `week_starts_on` is one of WEEKDAYS and counts for weekly ones."""

    kind: str
    zone: str
    week_starts_on: str = "monday"


@lru_cache(64)
def zone_named(name: str) -> ZoneInfo:
    """The IANA zone; ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone, such as Asia/Jakarta") from None


def end_after(cycle: Cycle, instant: Instant) -> Instant | None:
    """The end of the period that an instant lies in: the first one later than it. None where no calendar ends it.

    An event recorded at the very end belongs to the next period.
    """
    if cycle.kind in (OFF, DELIVERED_ORDER):
        return None
    zone = zone_named(cycle.zone)
    day = to_datetime(instant).astimezone(zone).date()
    while True:
        day = _next_start(cycle, day)
        # Where clocks jump over midnight, the day begins at the moment of the jump.
        end = from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))
        if end > instant:
            return end


def _next_start(cycle: Cycle, day: date) -> date:
    """The first day of the period after the one that a day lies in."""
    if cycle.kind == WEEKLY:
        return day + timedelta(days=(WEEKDAYS.index(cycle.week_starts_on) - day.weekday()) % 7 or 7)
    if cycle.kind == SEMIMONTHLY and day.day < _MID_MONTH:
        return day.replace(day=_MID_MONTH)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def label(cycle: Cycle, ends_at: Instant) -> str:
    """What people call the period that ends then: 2026-W47, 2026-11-H1, 2026-11, or the day of a delivery, 2026-11-18."""
    zone, end = zone_named(cycle.zone), to_datetime(ends_at)
    if cycle.kind not in (WEEKLY, SEMIMONTHLY, MONTHLY):
        return end.astimezone(zone).date().isoformat()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    if cycle.kind == WEEKLY:
        # The ISO week that most of its days lie in, whichever day it begins on.
        year, week, _ = (last - timedelta(days=3)).isocalendar()
        return f"{year}-W{week:02}"
    if cycle.kind == SEMIMONTHLY:
        return f"{last:%Y-%m}-H{1 if last.day < _MID_MONTH else 2}"
    return f"{last:%Y-%m}"


def local_text(zone: str, instant: Instant) -> str:
    """The instant as statements write it: `YYYY-MM-DD HH:MM:SS`, without its zone."""
    return to_datetime(instant).astimezone(zone_named(zone)).strftime("%Y-%m-%d %H:%M:%S")
