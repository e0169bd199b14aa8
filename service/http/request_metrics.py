"""How many requests were answered, how, and how fast.

Every request passes here. Series are looked up once and kept: `labels()` costs more than counting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""

UNMATCHED = "unmatched"
"""Stands for every path and method that is not served: a caller cannot make up labels."""


@dataclass(slots=True)
class _RouteSeries:
    """Of one route: the duration of its requests, and the number of answers by their status."""

    method: str
    route: str
    seconds: Histogram
    answers: dict[int, Counter] = field(default_factory=dict)


class RequestMetrics:
    """By route. What is served under two prefixes is two routes."""

    def __init__(self) -> None:
        self._requests = Counter(
            "payout_ledger_http_requests", "Requests answered.", ["method", "route", "status"], registry=None
        )
        self._seconds = Histogram(
            "payout_ledger_http_request_seconds",
            "How long requests took.",
            ["method", "route"],
            registry=None,
            buckets=BOUNDS,
        )
        self._series: dict[web.AbstractRoute | None, _RouteSeries] = {}

    def register(self, registry: CollectorRegistry) -> None:
        registry.register(self._requests)
        registry.register(self._seconds)

    def add(self, request: web.Request, status: int, seconds: float) -> None:
        route = request.match_info.route
        series = self._series.get(route)
        if series is None:
            # aiohttp makes a new route for each 404 and 405: those must not be kept.
            series = self._series_of(route if route.resource is not None else None)
        answers = series.answers.get(status)
        if answers is None:
            answers = self._requests.labels(series.method, series.route, status)
            series.answers[status] = answers
        answers.inc()
        series.seconds.observe(seconds)

    def _series_of(self, route: web.AbstractRoute | None) -> _RouteSeries:
        if route not in self._series:
            method, name = "", UNMATCHED
            if route is not None and route.resource is not None:
                method, name = route.method, route.resource.canonical
            self._series[route] = _RouteSeries(method, name, self._seconds.labels(method, name))
        return self._series[route]
