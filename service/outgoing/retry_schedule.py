"""When a failed delivery is retried, and when a failing endpoint is switched off (docs/outgoing.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 28800, 28800)
"""The wait after each failure, before jitter: eight attempts in a little less than a day."""

FAILING_FOR = timedelta(hours=24)
FAILURES_MIN = 5
"""An endpoint is switched off after a day in which at least this many attempts failed and none succeeded."""

_JITTER = 0.1
_RETRY_AFTER_SECONDS_MAX = 86_400.0


def retry_in(retries: int, retry_after: float | None, chance: float) -> float | None:
    """Seconds until the next attempt, after this number of retries; None after the last one.

    `chance` is random, from 0 to 1, and changes the wait by up to a tenth: deliveries that failed together are not
    retried together. The wait is never shorter than the receiver's `Retry-After`.
    """
    if retries >= len(RETRY_SECONDS):
        return None
    delay = RETRY_SECONDS[retries] * (1 + _JITTER * (2 * chance - 1))
    return max(delay, retry_after or 0.0)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The wait that `Retry-After` asks for, as seconds or as a date; at most a day. None where it cannot be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), _RETRY_AFTER_SECONDS_MAX)
