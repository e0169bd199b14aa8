"""Which stretch of time a pull asks for, and what has been asked for without a gap. Pure: the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

OVERLAPS = {
    "lazada": timedelta(days=35),
    "shopee": timedelta(days=30),
    "tiktok": timedelta(days=30),
    "tokopedia": timedelta(days=7),
    "blibli": timedelta(days=35),
}
"""How far before its last stretch a pull goes back: as long as a channel is known to still change what it said.

Lazada and Blibli pay a statement days after they close it, and sellers are paid twice a month in some countries;
Shopee's orders get adjustments after their release; a TikTok Shop statement is paid later. Tokopedia only adds rows.
"""


class NoStart(Exception):
    """Nobody said from when, and nothing was asked for before."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `since` up to and without `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PulledSoFar:
    """How far a shop's API was asked: the stretch that was begun, unless it is done, and the whole until now."""

    unfinished: TimeWindow | None = None
    resume: str | None = None
    pages: int = 0
    whole: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """What to ask for first. `resume` is where an earlier pull of the same stretch stopped."""

    stretch: TimeWindow
    resumed: bool = False
    resume: str | None = None
    pages: int = 0


def begin(
    stands: PulledSoFar,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    overlap: timedelta,
    *,
    again: bool = False,
) -> Begin:
    """What was begun goes on, unless something else is asked for; else the stretch behind what is whole, with an overlap.

    `again` begins an unfinished stretch anew. NoStart where nobody knows from when.
    """
    unfinished = stands.unfinished
    if unfinished is not None and since in (None, unfinished.since) and until in (None, unfinished.until):
        if not again:
            return Begin(unfinished, True, stands.resume, stands.pages)
        since = since or unfinished.since
    if since is None:
        if stands.whole is None:
            raise NoStart
        since = stands.whole.until - overlap
    return Begin(TimeWindow(since, until or now))


def joined(whole: TimeWindow | None, asked: TimeWindow) -> TimeWindow:
    """What is whole once `asked` was asked for too. Where a gap lies between the two, it stays as it was."""
    if whole is None:
        return asked
    if asked.since > whole.until or asked.until < whole.since:
        return whole
    return TimeWindow(min(whole.since, asked.since), max(whole.until, asked.until))


def gap(whole: TimeWindow | None, asked: TimeWindow) -> TimeWindow | None:
    """What lies between what was whole and what is asked for now, and was asked for by nobody."""
    if whole is not None and asked.since > whole.until:
        return TimeWindow(whole.until, asked.since)
    return None
