"""`GET /metrics`: counts and gauges in the text format of Prometheus. No account is ever a label."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import asyncpg
from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from yarl import URL

from service.http.operations import Answer, OpenOperation
from service.ledger.cases import KINDS
from service.ledger.ledger import Ledger
from service.ledger.vault import GRANTING
from service.platform.circuit_breaker import BreakerState
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.plugipay.inbound.stored_deliveries import VERDICTS
from sql import query

_FRESH_SECONDS = 5.0
_READ_SECONDS = 5.0

Gauges = Mapping[str, Mapping[str, float]]
"""From the database: name -> label -> value."""


async def serve(request: web.Request) -> web.Response:
    text = await request.app[METRICS].text()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


OPERATIONS = (
    OpenOperation(
        "GET",
        "/metrics",
        serve,
        id="getMetrics",
        summary="Metrics, in the text format of Prometheus",
        answers=(Answer(data=str, enveloped=False, media_types=("text/plain",)),),
    ),
)


class Metrics:
    """Counts of this process, and gauges of the whole ledger. Gauges are read together, and reused for some seconds."""

    def __init__(self, ledger: Ledger, health: Health, collectors: Sequence[Collector]) -> None:
        self._ledger = ledger
        self._health = health
        self._gauges: Gauges | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._registry = CollectorRegistry(auto_describe=False)
        ledger.counters.register(self._registry, VERDICTS, (table.name for table in GRANTING))
        for collector in (*collectors, self):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    async def text(self) -> bytes:
        async with self._reading:
            if self._ledger.runtime.monotonic() - self._read_at > _FRESH_SECONDS:
                self._gauges = await self._read()
                self._read_at = self._ledger.runtime.monotonic()
        return generate_latest(self._registry)

    async def _read(self) -> Gauges | None:
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        try:
            rows = await self._ledger.pool.fetch(
                query("metrics/gauges"), self._ledger.lanes, self._ledger.runtime.now(), timeout=_READ_SECONDS
            )
        except (*OUTAGES, asyncpg.PostgresError):
            return None
        for row in rows:
            found[row["name"]][row["label"]] = row["value"]
        return found

    def collect(self) -> Iterator[Metric]:
        """The gauges. Called by the registry, for each text."""
        parts = {name: float(part.ok) for name, part in self._health.parts.items()}
        yield _gauge("part_ok", "Whether a part that the service stands on is well.", "part", parts)
        yield _gauge("provider_breaker_open", "Whether calls to the provider are held back.", "host", self._breakers())
        turned_away = GaugeMetricFamily(
            "payout_ledger_provider_accounts_turned_away", "Accounts whose credentials the provider rejects."
        )
        turned_away.add_metric([], float(len(self._health.turned_away)))
        yield turned_away
        up = GaugeMetricFamily("payout_ledger_database_up", "Whether the database answered when it was asked last.")
        up.add_metric([], float(self._gauges is not None))
        yield up
        if self._gauges is not None:
            yield from _of_ledger(self._gauges, self._ledger.lanes)

    def _breakers(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for base_url, breaker in self._health.breakers.items():
            host = URL(base_url).host_port_subcomponent or base_url
            found[host] = max(found.get(host, 0.0), float(breaker.state is not BreakerState.CLOSED))
        return found


METRICS = web.AppKey("metrics", Metrics)


def _of_ledger(gauges: Gauges, lanes: Sequence[int]) -> Iterator[Metric]:
    def of(name: str, labels: Sequence[str]) -> Mapping[str, float]:
        return dict.fromkeys(labels, 0.0) | dict(gauges.get(name, {}))

    numbers = [str(lane) for lane in lanes]
    yield _gauge("lane_position", "The last position of a lane.", "lane", of("position", numbers))
    yield _gauge("deliveries_parked", "Deliveries that wait for a person.", "lane", of("parked", numbers))
    yield _gauge("cases_open", "Cases that stand open.", "kind", of("cases", KINDS))
    yield _gauge(
        "provider_payouts_open",
        "Payouts through the provider that have not ended.",
        "status",
        of("payouts", ("pending", "in_transit")),
    )
    for name, text in (
        ("submissions_unanswered", "Payouts given to the provider of which it has not said that it has them."),
        ("payouts_unsubmitted", "Payouts that are yet to be given to the provider."),
        ("payout_unsubmitted_age_seconds", "How long the oldest of those has waited; 0 where none does."),
    ):
        metric = GaugeMetricFamily(f"payout_ledger_{name}", text)
        metric.add_metric([], of(name, [""])[""])
        yield metric


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(f"payout_ledger_{name}", text, labels=[label])
    for value, number in values.items():
        metric.add_metric([value], number)
    return metric
