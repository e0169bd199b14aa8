"""Which time window a pull asks for next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.marketplaces.channels import CHANNELS
from service.marketplaces.time_windows import NoStart, PlannedWindow, PullState, TimeWindow, gap, joined, plan_window

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def day(number: int) -> datetime:
    return datetime(2026, 5, number, tzinfo=UTC)


BEGUN = PullState(TimeWindow(day(1), day(9)), "[0]", 4, TimeWindow(day(1), day(5)))
DONE = PullState(whole=TimeWindow(day(1), day(20)))


@pytest.mark.parametrize(
    ("pulled", "since", "until", "again", "expected"),
    [
        (PullState(), day(1), None, False, PlannedWindow(TimeWindow(day(1), NOW))),
        (PullState(), day(1), day(3), True, PlannedWindow(TimeWindow(day(1), day(3)))),
        (DONE, None, None, False, PlannedWindow(TimeWindow(day(13), NOW))),
        (DONE, day(2), None, False, PlannedWindow(TimeWindow(day(2), NOW))),
        (BEGUN, None, None, False, PlannedWindow(TimeWindow(day(1), day(9)), True, "[0]", 4)),
        (BEGUN, day(1), None, False, PlannedWindow(TimeWindow(day(1), day(9)), True, "[0]", 4)),
        (BEGUN, day(1), day(9), False, PlannedWindow(TimeWindow(day(1), day(9)), True, "[0]", 4)),
        (BEGUN, day(2), None, False, PlannedWindow(TimeWindow(day(2), NOW))),
        (BEGUN, None, day(8), False, PlannedWindow(TimeWindow(datetime(2026, 4, 28, tzinfo=UTC), day(8)))),
        (BEGUN, None, None, True, PlannedWindow(TimeWindow(day(1), NOW))),
        (BEGUN, None, day(9), True, PlannedWindow(TimeWindow(day(1), day(9)))),
    ],
)
def test_where_a_pull_begins(
    pulled: PullState, since: datetime | None, until: datetime | None, again: bool, expected: PlannedWindow
) -> None:
    assert plan_window(pulled, since, until, NOW, WEEK, again=again) == expected


def test_without_a_start_there_is_none() -> None:
    with pytest.raises(NoStart):
        plan_window(PullState(), None, None, NOW, WEEK)


@pytest.mark.parametrize(
    ("whole", "asked", "now_whole", "between"),
    [
        (None, (3, 4), (3, 4), None),
        ((1, 5), (5, 9), (1, 9), None),
        ((1, 5), (2, 4), (1, 5), None),
        ((4, 5), (1, 4), (1, 5), None),
        ((1, 5), (6, 9), (1, 5), (5, 6)),
        ((4, 5), (1, 3), (4, 5), None),
    ],
)
def test_what_is_whole_has_no_gap(
    whole: tuple[int, int] | None, asked: tuple[int, int], now_whole: tuple[int, int], between: tuple[int, int] | None
) -> None:
    before = None if whole is None else TimeWindow(*map(day, whole))
    assert joined(before, TimeWindow(*map(day, asked))) == TimeWindow(*map(day, now_whole))
    assert gap(before, TimeWindow(*map(day, asked))) == (None if between is None else TimeWindow(*map(day, between)))


def test_every_channel_that_is_pulled_has_an_overlap() -> None:
    assert all(marketplace.overlap > timedelta(0) for marketplace in CHANNELS.values() if marketplace.pulls)
