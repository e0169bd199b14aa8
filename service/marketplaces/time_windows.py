"""The time window that a pull asks for, and the time that was pulled without a gap. Pure: the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


class NoStart(Exception):
    """The request names no start, and nothing was pulled before."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `since` up to and without `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PullState:
    """How far a shop's API was pulled: the window that is unfinished, and the whole time without a gap.

    `resume` is the token after the last page of the unfinished window, and `pages` is how many it has so far.
    """

    unfinished: TimeWindow | None = None
    resume: str | None = None
    pages: int = 0
    whole: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """The window that a pull asks for first. `resume` is where an earlier pull of the same window stopped."""

    window: TimeWindow
    resumed: bool = False
    resume: str | None = None
    pages: int = 0


def plan_window(
    state: PullState,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    overlap: timedelta,
    *,
    again: bool = False,
) -> PlannedWindow:
    """The unfinished window, unless the request is for another one. Else the time after the whole, less an overlap.

    `again` starts an unfinished window from its beginning. NoStart where no start is known.
    """
    unfinished = state.unfinished
    if unfinished is not None and since in (None, unfinished.since) and until in (None, unfinished.until):
        if not again:
            return PlannedWindow(unfinished, True, state.resume, state.pages)
        since = since or unfinished.since
    if since is None:
        if state.whole is None:
            raise NoStart
        since = state.whole.until - overlap
    return PlannedWindow(TimeWindow(since, until or now))


def joined(whole: TimeWindow | None, pulled: TimeWindow) -> TimeWindow:
    """The whole, once `pulled` was pulled too. Where there is a gap between the two, it stays as it was."""
    if whole is None:
        return pulled
    if pulled.since > whole.until or pulled.until < whole.since:
        return whole
    return TimeWindow(min(whole.since, pulled.since), max(whole.until, pulled.until))


def gap(whole: TimeWindow | None, requested: TimeWindow) -> TimeWindow | None:
    """The time between the whole and a later requested window, which nobody has asked for."""
    if whole is not None and requested.since > whole.until:
        return TimeWindow(whole.until, requested.since)
    return None
