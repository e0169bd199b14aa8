"""Counts of what this process has done since it started, read by /metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


def _counts() -> defaultdict[str, int]:
    return defaultdict(int)


@dataclass(slots=True)
class Counters:
    """Counts never go down."""

    events: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    """By lane."""
    deliveries: defaultdict[str, int] = field(default_factory=_counts)
    """By verdict."""
    refusals: defaultdict[str, int] = field(default_factory=_counts)
    """Of commands, by code."""

    def committed(self, lane: int, events: int, verdicts: Iterable[str]) -> None:
        self.events[lane] += events
        for verdict in verdicts:
            self.deliveries[verdict] += 1
