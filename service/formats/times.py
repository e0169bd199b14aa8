"""Points in time as sources write them, in these forms:

2014-01-04 00:23:04            no zone: the given one
2015-06-16T13:57:59+0000       an offset without a colon
2015-01-01T11:11+0200          no seconds
2016-04-01T10:00:00+02:00      ISO 8601
2018-01-04                     a date: its first moment in the given zone
20180104                       a date, as above
17 May 2016                    a date with an English month name, as above
1786048444, 1786048444000      seconds and milliseconds since the epoch
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.instants import Instant, from_datetime, to_datetime
from events.values import value

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMERIC = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?)? ?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_ENGLISH = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII)
_EPOCH = re.compile(r"[0-9]{9,13}", re.ASCII)
_MILLISECONDS_FROM = 10**11
"""From this count on it is milliseconds: as seconds it would be the year 5138."""


@value
class Moment:
    """The text that a source wrote, the instant (None if it is no time), and the zone if one had to be assumed."""

    text: str
    instant: Instant | None
    zone: str | None = None


NEVER = Moment("", None)
"""The source gives no time."""


@lru_cache(64)
def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name; ValueError for any other text."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone, such as Asia/Jakarta") from None


def read_moment(found: object, zone: str) -> Moment:
    """A time in any of the forms above. Any other text, or an impossible time, is kept without an instant."""
    if found is None:
        return NEVER
    return _read(str(found), zone)


@lru_cache(1024)
def _read(text: str, zone: str) -> Moment:
    stripped = text.strip()
    try:
        moment, assumed = _understood(stripped, zone)
        instant = from_datetime(moment) if moment is not None else None
    except (ValueError, OverflowError):
        return Moment(text, None)
    return Moment(text, instant, zone if assumed and instant is not None else None)


def read_epoch(found: object) -> Moment:
    """A count of seconds or milliseconds since the epoch. Zero, and any other text, is kept without an instant."""
    if found is None:
        return NEVER
    text = str(found)
    if isinstance(found, bool) or _EPOCH.fullmatch(text) is None:
        return Moment(text, None)
    return Moment(text, from_datetime(_from_epoch(int(text))))


def local_day(moment: Moment, zone: str) -> str | None:
    """The day of a moment in the zone, such as 2026-05-01; None where it is no time."""
    if moment.instant is None:
        return None
    return to_datetime(moment.instant).astimezone(zone_named(zone)).date().isoformat()


def from_cell(found: datetime | date, zone: str) -> Moment:
    """The date or time of a spreadsheet's cell, which has no zone: the given one."""
    moment = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day)  # noqa: DTZ001
    return Moment(found.isoformat(), from_datetime(moment.replace(tzinfo=zone_named(zone))), zone)


def _understood(text: str, zone: str) -> tuple[datetime | None, bool]:
    if match := _NUMERIC.fullmatch(text):
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        where = _offset(offset) if offset else zone_named(zone)
        micro = int((fraction or "").ljust(6, "0"))
        numbers = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)
        return datetime(*numbers, tzinfo=where), offset is None
    if match := _ENGLISH.fullmatch(text):
        day, name, year, hour, minute, second = match.groups()
        if name.lower() not in _MONTHS:
            return None, False
        month_number = _MONTHS.index(name.lower()) + 1
        numbers = (int(year), month_number, int(day), int(hour or 0), int(minute or 0), int(second or 0), 0)
        return datetime(*numbers, tzinfo=zone_named(zone)), True
    if match := _COMPACT.fullmatch(text):
        year, month, day = match.groups()
        return datetime(int(year), int(month), int(day), tzinfo=zone_named(zone)), True
    if _EPOCH.fullmatch(text):
        return _from_epoch(int(text)), False
    return None, False


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes >= 60:
        raise ValueError("no zone is that far off")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)


def _from_epoch(count: int) -> datetime:
    if count >= _MILLISECONDS_FROM:
        return datetime.fromtimestamp(count // 1000, UTC) + timedelta(milliseconds=count % 1000)
    return datetime.fromtimestamp(count, UTC)
