"""The pages of a pull: answers as they came, each with the resume token of what comes after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from service.marketplaces.time_windows import TimeWindow


@dataclass(frozen=True, slots=True)
class PulledPage:
    """One answer of a channel's API. `resume` is the token with which a pull continues after it.

    `request_fields` is what only the request said, such as the statement that the answer belongs to.
    """

    channel: str
    call: str
    body: bytes = field(repr=False)
    resume: str
    request_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a pull continues: in which of its phases, at which start of a time window, after which cursor."""

    phase: int = 0
    start: str = ""
    cursor: str = ""

    def token(self) -> str:
        """The point as text, to be stored."""
        return json.dumps([self.phase, self.start, self.cursor], separators=(",", ":"))

    @staticmethod
    def read(token: str | None) -> ResumePoint:
        """The point of a token; without one, the beginning. ValueError for a text that is no token."""
        if token is None:
            return ResumePoint()
        try:
            phase, start, cursor = json.loads(token)
        except (ValueError, TypeError):
            phase = start = cursor = None
        if not (type(phase) is int and type(start) is str and type(cursor) is str):
            raise ValueError("not a resume token: leave it out to begin anew")
        return ResumePoint(phase, start, cursor)


def after_page(phase: int, window: TimeWindow, cursor: str | None, first_cursor: str = "") -> ResumePoint:
    """The point after a page: at the next cursor of its window, or where there is none, at the next window."""
    if cursor is None:
        return ResumePoint(phase, window.until.isoformat(), first_cursor)
    return ResumePoint(phase, window.since.isoformat(), cursor)


def request_windows(since: datetime, until: datetime, longest: timedelta, start: str = "") -> Iterator[TimeWindow]:
    """The time from `since` to `until` in UTC, in windows that one call may ask for.

    `start` is the `since` of the first window, in ISO 8601, where a pull is resumed.
    """
    begin = datetime.fromisoformat(start) if start else since.astimezone(UTC)
    end = until.astimezone(UTC)
    while begin < end:
        stop = min(begin + longest, end)
        yield TimeWindow(begin, stop)
        begin = stop
