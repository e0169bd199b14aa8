"""The HTTP application around a ledger that is running."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from service.http import import_uploads, metrics, openapi, webhooks
from service.http.app_keys import (
    HEALTH,
    IMPORTS,
    KEYS,
    LEDGER,
    RECEIVER,
    RECONCILIATION_CACHE,
    RUNTIME,
    SETTINGS,
    WORKSPACES,
)
from service.http.balance import BALANCES, BalanceReader
from service.http.catalog import OPERATIONS, SUBJECTS
from service.http.connections import CONNECTIONS, BoundedRunner, Connections
from service.http.middleware import (
    BODIES,
    DEADLINES,
    RATE_LIMITS,
    REQUESTS,
    Deadlines,
    RateLimits,
    ReceivedBodies,
    RequestMetrics,
    middleware,
)
from service.http.operations import API_PREFIXES
from service.imports.import_jobs import ImportJobs, PlacesMax
from service.ledger.api_keys import KeyRing
from service.ledger.ledger import Ledger
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound.receiver import Receiver
from service.plugipay.inbound.workspaces import Workspaces
from service.reconciliation.reconciliation_cache import ReconciliationCache

_LINGERING_SECONDS = 1.0


def build_app(ledger: Ledger, health: Health, settings: Settings) -> web.Application:
    """All routes. What the handlers need is handed in; closing it is the caller's business."""
    requests = RequestMetrics()
    limits = RateLimits(settings, ledger.runtime.monotonic)
    app = web.Application(
        middlewares=[middleware(ledger.runtime, settings, requests, limits)], client_max_size=settings.body_bytes_max
    )
    app[LEDGER] = ledger
    app[RUNTIME] = ledger.runtime
    app[KEYS] = KeyRing(ledger.pool, ledger.vault, ledger.runtime)
    app[BALANCES] = BalanceReader(ledger.pool, ledger.runtime)
    app[HEALTH] = health
    health.watch = ledger.watch
    app[SETTINGS] = settings
    app[REQUESTS] = requests
    app[RATE_LIMITS] = limits
    app[DEADLINES] = Deadlines()
    app[BODIES] = ReceivedBodies(settings.bodies_bytes_max)
    app[CONNECTIONS] = Connections(settings)
    app[metrics.METRICS] = metrics.Metrics(ledger, health, (requests, limits, app[CONNECTIONS]))
    app[openapi.DOCUMENT] = openapi.document_bytes(SUBJECTS)
    app[RECEIVER] = Receiver(ledger, settings, health)
    app[IMPORTS] = ImportJobs(
        ledger, PlacesMax(settings.imports_account_max, settings.uploads_max, settings.imports_max)
    )
    app[WORKSPACES] = Workspaces(settings)
    app[RECONCILIATION_CACHE] = ReconciliationCache()
    app.cleanup_ctx.append(webhooks.receiving)
    app.cleanup_ctx.append(import_uploads.importing)
    app.add_routes(_routes())
    return app


def app_runner(app: web.Application) -> BoundedRunner:
    """What serves the application. Bodies come as they were sent: `service/http/body_encoding.py` decodes them."""
    settings = app[SETTINGS]
    return BoundedRunner(
        app,
        access_log=None,
        shutdown_timeout=settings.drain_seconds,
        # Counted from the connection, and from each answer: so it bounds also how long the next headers may take.
        keepalive_timeout=settings.keep_alive_seconds,
        auto_decompress=False,
        # What is left of a refused request's body is not waited for.
        lingering_time=_LINGERING_SECONDS,
    )


def _routes() -> Iterator[web.RouteDef]:
    """Each prefix for itself: aiohttp makes one resource of the operations of a path where they stand together."""
    for prefix in ("", *API_PREFIXES):
        for operation in OPERATIONS:
            if prefix in operation.prefixes:
                yield web.route(operation.method, prefix + operation.path, operation.serve)
