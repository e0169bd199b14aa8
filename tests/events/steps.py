"""Steps of a random life: drawn first, and made into commands and observations when their turn comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from events.instants import Instant, shifted

MOST = 9_007_199_254_740_991
CURRENCIES = ["IDR", "IDR", "IDR", "USD", "VND"]

Step = tuple[str, int, int, str, bool]
"""What kind of thing happens, which row it is about, how much, in what currency, and a choice."""

KINDS = [
    *["revenue", "settle"] * 5,
    *["payout", "start"] * 8,
    *["send", "pay"] * 4,
    *["provider"] * 10,
    *["silence", "apply"] * 5,
    *["refused", "give up", "resubmit", "keep", "look"] * 3,
    "dismiss",
    *["statement", "settlement"] * 4,
    *["policy"] * 2,
    *["tick", "dispute"] * 4,
    *["resolve"] * 5,
    "channel",
    *["cycle", "cut"] * 2,
    *["entry", "match", "unmatch"] * 2,
    *["tolerance", "terms", "bank statement"],
    *["refund", "fee", "adjust", "hold", "release", "cancel", "fail", "return", "link", "backend", "bank"] * 2,
    *["freeze", "unfreeze", "unfreeze", "close", "open", "secret", "retire", "workspace"],
]
AMOUNTS = st.integers(1, 30) | st.integers(1, MOST)
STEP: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 3), AMOUNTS, st.sampled_from(CURRENCIES), st.booleans()
)


def beginning(through_plugipay: bool, with_money: bool = True) -> list[Step]:
    opening: list[Step] = [("open", 0, 1, "IDR", through_plugipay), ("bank", 0, 1, "IDR", True)]
    earning: list[Step] = [("revenue", 0, 100_000, "IDR", False), ("settle", 0, 90_000, "IDR", False)]
    return [*opening, *(earning if with_money else [])]


LIVES: st.SearchStrategy[list[Step]] = st.builds(
    lambda through_plugipay, steps: [*beginning(through_plugipay), *steps],
    st.booleans(),
    st.lists(STEP, min_size=25, max_size=60),
)


def moment(step: int) -> Instant:
    return f"2026-05-13T10:42:00.{step:06}Z"


def later(step: int) -> Instant:
    """A day for each step, so that cutoffs and pay dates come."""
    return shifted("2026-05-13T10:42:00.000000Z", timedelta(days=step))


def pick(rows: dict[str, Any], which: int, missing: str) -> str:
    names = sorted(rows)
    return names[-1 - which % len(names)] if names else missing
