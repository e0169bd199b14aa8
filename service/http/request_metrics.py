"""How many requests were answered, how, and how fast. It stands in every request's way: a few dictionary look-ups."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""

UNMATCHED = "unmatched"
"""Stands for every path and method that is not served: a caller cannot make up labels."""


@dataclass(slots=True)
class Timing:
    """Of one route: how many answers by their status, and how many of them took how long."""

    statuses: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestMetrics:
    """By route. What is served under two prefixes is two routes."""

    __slots__ = ("_timings",)

    def __init__(self) -> None:
        self._timings: dict[web.AbstractRoute | None, Timing] = {}

    def add(self, request: web.Request, status: int, seconds: float) -> None:
        route = request.match_info.route
        timing = self._timings.get(route)
        if timing is None:
            # What answers 404 and 405 is made anew for each request: it must not be kept.
            timing = self._timings.setdefault(route if route.resource is not None else None, Timing())
        timing.statuses[status] += 1
        timing.buckets[bisect_left(BOUNDS, seconds)] += 1
        timing.seconds += seconds

    def timings(self) -> Iterator[tuple[str, str, Timing]]:
        """Method, route and what is known of it."""
        for route, timing in self._timings.items():
            yield *_names(route), timing


def _names(route: web.AbstractRoute | None) -> tuple[str, str]:
    if route is None or route.resource is None:
        return "", UNMATCHED
    return route.method, route.resource.canonical
