"""One spelling for each point in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.instants import from_datetime, parse, shifted, to_datetime

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Two days from either end, so that no offset leaves the calendar.
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS)  # noqa: DTZ001  the zone is drawn


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-05-13T10:42:00Z", "2026-05-13T10:42:00.000000Z"),
        ("2026-05-13T17:42:00+07:00", "2026-05-13T10:42:00.000000Z"),
        ("2026-05-13T03:42:00.25-07:00", "2026-05-13T10:42:00.250000Z"),
        ("2026-05-13 10:42:00.123456+00:00", "2026-05-13T10:42:00.123456Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000000Z"),
        ("2015-01-01T11:11+0200", "2015-01-01T09:11:00.000000Z"),
        ("0987-06-05T04:03:02Z", "0987-06-05T04:03:02.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_respelled_in_utc_with_six_decimals(text: str, instant: str) -> None:
    assert parse(text) == instant


@pytest.mark.parametrize("text", ["2026-05-13T10:42:00", "2026-05-13", "2026-05-13T10:42:00.5"])
def test_a_moment_without_a_zone_is_refused_since_its_zone_would_be_a_guess(text: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-05-13T10:42:00ZZ", "1778668920"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_a_moment_that_leaves_the_calendar_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 9999"):
        parse(text)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_datetime(datetime(2026, 5, 13))  # noqa: DTZ001  that it has no zone is the point


@given(MOMENTS)
def test_the_spelling_keeps_the_moment_and_has_one_form(moment: datetime) -> None:
    instant = from_datetime(moment)
    assert len(instant) == 27
    assert instant.isascii()
    assert instant.endswith("Z")
    assert to_datetime(instant) == moment
    assert parse(instant) == instant
    assert parse(moment.isoformat()) == instant


@given(MOMENTS, MOMENTS)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (from_datetime(one) < from_datetime(other)) == (one < other)
    assert (from_datetime(one) == from_datetime(other)) == (one == other)


@given(MOMENTS)
def test_one_instant_has_one_spelling_whatever_the_offset(moment: datetime) -> None:
    assert from_datetime(moment.astimezone(UTC)) == from_datetime(moment)


def test_an_instant_can_be_shifted() -> None:
    assert shifted("2026-03-01T00:00:00.000000Z", timedelta(microseconds=-1)) == "2026-02-28T23:59:59.999999Z"
    assert shifted("2026-02-28T23:59:59.999999Z", timedelta(microseconds=1)) == "2026-03-01T00:00:00.000000Z"
