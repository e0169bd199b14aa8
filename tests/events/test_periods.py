"""Which instants end a period. Jakarta is seven hours ahead of UTC all year; the week of 16 November 2026 is its 47th."""

from __future__ import annotations

import pytest

from events.statements.periods import (
    CYCLES,
    DELIVERED_ORDER,
    MONTHLY,
    OFF,
    SEMIMONTHLY,
    WEEKLY,
    Cycle,
    end_after,
    label,
    local_text,
)

JAKARTA = "Asia/Jakarta"


@pytest.mark.parametrize(
    ("cycle", "instant", "end"),
    [
        # Monday begins at 17:00 UTC on Sunday: the last microsecond of the week, and the first of the next.
        (Cycle(WEEKLY, JAKARTA), "2026-11-22T16:59:59.999999Z", "2026-11-22T17:00:00.000000Z"),
        (Cycle(WEEKLY, JAKARTA), "2026-11-22T17:00:00.000000Z", "2026-11-29T17:00:00.000000Z"),
        (Cycle(WEEKLY, JAKARTA, "thursday"), "2026-11-18T10:00:00.000000Z", "2026-11-18T17:00:00.000000Z"),
        (Cycle(WEEKLY, JAKARTA, "thursday"), "2026-11-18T17:00:00.000000Z", "2026-11-25T17:00:00.000000Z"),
        (Cycle(WEEKLY, "UTC", "sunday"), "2026-11-16T00:00:00.000000Z", "2026-11-22T00:00:00.000000Z"),
        (Cycle(SEMIMONTHLY, JAKARTA), "2026-11-15T16:59:59.999999Z", "2026-11-15T17:00:00.000000Z"),
        (Cycle(SEMIMONTHLY, JAKARTA), "2026-11-15T17:00:00.000000Z", "2026-11-30T17:00:00.000000Z"),
        (Cycle(SEMIMONTHLY, JAKARTA), "2028-02-20T00:00:00.000000Z", "2028-02-29T17:00:00.000000Z"),
        (Cycle(MONTHLY, JAKARTA), "2026-11-30T16:59:59.999999Z", "2026-11-30T17:00:00.000000Z"),
        (Cycle(MONTHLY, JAKARTA), "2026-12-30T00:00:00.000000Z", "2026-12-31T17:00:00.000000Z"),
        # New York: clocks go back on 1 November 2026, so October ends at 04:00 UTC and November at 05:00.
        (Cycle(MONTHLY, "America/New_York"), "2026-10-20T00:00:00.000000Z", "2026-11-01T04:00:00.000000Z"),
        (Cycle(MONTHLY, "America/New_York"), "2026-11-01T04:00:00.000000Z", "2026-12-01T05:00:00.000000Z"),
        # Beirut had no midnight on 26 March 2023: Sunday began at 01:00 local, 22:00 UTC.
        (Cycle(WEEKLY, "Asia/Beirut", "sunday"), "2023-03-25T20:00:00.000000Z", "2023-03-25T22:00:00.000000Z"),
    ],
)
def test_a_period_ends_where_the_next_day_one_begins(cycle: Cycle, instant: str, end: str) -> None:
    assert end_after(cycle, instant) == end


def test_no_calendar_ends_a_cycle_that_is_off_or_cut_by_deliveries() -> None:
    assert [end_after(Cycle(kind, "UTC"), "2026-11-22T17:00:00.000000Z") for kind in (OFF, DELIVERED_ORDER)] == [
        None
    ] * 2


@pytest.mark.parametrize("kind", [kind for kind in CYCLES if kind not in (OFF, DELIVERED_ORDER)])
@pytest.mark.parametrize("zone", ["UTC", JAKARTA, "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia"])
def test_periods_follow_each_other_and_each_has_a_label_of_its_own(kind: str, zone: str) -> None:
    """Over eleven years, in zones that lost midnights (Beirut, São Paulo) and a whole day (Apia, 30 December 2011)."""
    cycle, instant, labels = Cycle(kind, zone, "friday"), "2011-01-03T00:00:00.000000Z", []
    while instant < "2022":
        before, instant = instant, end_after(cycle, instant) or ""
        assert instant > before
        labels.append(label(cycle, instant))
    assert labels == sorted(set(labels)), "readable, in order, none twice"


@pytest.mark.parametrize(
    ("cycle", "ends_at", "expected"),
    [
        (Cycle(WEEKLY, JAKARTA), "2026-11-22T17:00:00.000000Z", "2026-W47"),
        (Cycle(WEEKLY, JAKARTA, "sunday"), "2026-11-21T17:00:00.000000Z", "2026-W47"),
        (Cycle(WEEKLY, "UTC"), "2027-01-04T00:00:00.000000Z", "2026-W53"),
        (Cycle(SEMIMONTHLY, JAKARTA), "2026-11-15T17:00:00.000000Z", "2026-11-H1"),
        (Cycle(SEMIMONTHLY, JAKARTA), "2026-11-30T17:00:00.000000Z", "2026-11-H2"),
        (Cycle(MONTHLY, JAKARTA), "2026-11-30T17:00:00.000000Z", "2026-11"),
        (Cycle(DELIVERED_ORDER, JAKARTA), "2026-11-18T17:00:00.000000Z", "2026-11-19"),
    ],
)
def test_a_period_is_called_what_people_call_it(cycle: Cycle, ends_at: str, expected: str) -> None:
    assert label(cycle, ends_at) == expected


def test_statements_write_times_in_the_accounts_zone() -> None:
    assert local_text(JAKARTA, "2026-11-22T17:00:07.999999Z") == "2026-11-23 00:00:07"
