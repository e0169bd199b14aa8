"""Steps of a random life: drawn first, and made into commands and observations when their turn comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from events.instants import Instant, shifted

MOST = 9_007_199_254_740_991
CURRENCIES = ["IDR", "IDR", "IDR", "USD", "VND"]

Key = TypeVar("Key", str, tuple[str, str, str])

Step = tuple[str, int, int, str, bool]
"""What kind of thing happens, which row it is about, how much, in what currency, and a choice."""


def moment(step: int) -> Instant:
    return f"2026-05-13T10:42:00.{step:06}Z"


def later(step: int) -> Instant:
    """A day for each step, so that cutoffs and pay dates come."""
    return shifted("2026-05-13T10:42:00.000000Z", timedelta(days=step))


def pick(rows: dict[Key, Any], which: int, missing: Key) -> Key:
    names = sorted(rows)
    return names[-1 - which % len(names)] if names else missing
