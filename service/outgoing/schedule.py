"""When a delivery that failed is tried again, and when an endpoint is given up (docs/outgoing.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 28800, 28800)
"""After each failure, before jitter: eight attempts in a little less than a day."""

FAILING_FOR = timedelta(hours=24)
FAILURES_MIN = 5
"""An endpoint is switched off after a day in which at least this many attempts failed and none succeeded."""

_JITTER = 0.1
_RETRY_AFTER_SECONDS_MAX = 86_400.0


def retry_in(retries: int, retry_after: float | None, chance: float) -> float | None:
    """Seconds to the next attempt after so many retries; None where there is none any more.

    `chance` lies between 0 and 1 and moves it by a tenth either way, so that what failed together does not come back
    together. It is never earlier than the receiver asked for.
    """
    if retries >= len(RETRY_SECONDS):
        return None
    delay = RETRY_SECONDS[retries] * (1 + _JITTER * (2 * chance - 1))
    return max(delay, retry_after or 0.0)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """What `Retry-After` asks for: seconds, or a date. None where it says nothing that can be read; a day at most."""
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
