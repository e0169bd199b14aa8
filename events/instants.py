"""Points in time as the log writes them: UTC text with six decimals and Z, `2026-05-13T10:42:00.000000Z`.

One spelling for each instant, so that text order is time order and equal times are equal bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson

Instant = str
"""An instant in the log's one spelling."""

Day = str
"""A day of somebody's calendar, without a zone: `2026-05-13`."""


def from_datetime(moment: datetime) -> Instant:
    """The log's spelling of an aware datetime; a naive one is a ValueError, since its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone: add Z or an offset such as +07:00")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    if not utc.microsecond:
        return utc.isoformat(timespec="microseconds")[:26] + "Z"
    # The same text in a third of the time; without a fraction where that is zero.
    return orjson.dumps(utc, option=orjson.OPT_UTC_Z)[1:-1].decode()


def parse(text: str) -> Instant:
    """Any ISO 8601 date and time with a zone, respelled; ValueError for anything else."""
    try:
        # A NUL would end what fromisoformat reads.
        moment = datetime.fromisoformat(text if text.isprintable() else "")
    except ValueError:
        raise ValueError("not an ISO 8601 date and time, such as 2026-05-13T10:42:00Z") from None
    try:
        return from_datetime(moment)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 once in UTC") from None


def from_json(text: str | None) -> Instant | None:
    """A `timestamptz` as Postgres writes it into JSON, respelled; None stays None."""
    if text is None:
        return None
    if not text.endswith("+00:00"):
        return parse(text)
    # What a session in UTC writes: `2026-05-13T10:42:00.5+00:00`, without trailing zeros.
    seconds, _, fraction = text[:-6].partition(".")
    return f"{seconds}.{fraction:0<6}Z"


def to_datetime(instant: Instant) -> datetime:
    return datetime.fromisoformat(instant)


def shifted(instant: Instant, by: timedelta) -> Instant:
    return from_datetime(to_datetime(instant) + by)
