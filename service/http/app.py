"""The HTTP application around a ledger that is running."""

from __future__ import annotations

from aiohttp import web

from service.http import (
    accounts,
    cases,
    commands,
    deliveries,
    disputes,
    imports,
    metrics,
    openapi,
    own_statements,
    payout_schedule,
    payouts,
    probes,
    reconciliation,
    sellercenter,
    settlements,
    statements,
    webhook_deliveries,
    webhook_endpoints,
    webhooks,
)
from service.http.app_keys import (
    BALANCES,
    HEALTH,
    IMPORTS,
    KEYS,
    LEDGER,
    RECEIVER,
    RECONCILIATION_CACHE,
    REQUESTS,
    RUNTIME,
    SETTINGS,
    WORKSPACES,
)
from service.http.balance_reader import BalanceReader
from service.http.error_middleware import error_middleware
from service.http.request_metrics import RequestMetrics
from service.imports.import_jobs import ImportJobs
from service.ledger.api_keys import KeyRing
from service.ledger.ledger import Ledger
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound.receiver import Receiver
from service.plugipay.inbound.workspaces import Workspaces
from service.reconciliation.reconciliation_cache import ReconciliationCache

PREFIXES = ("/v1", "/api/v1")
"""S2 writes /v1, its SDKs send /api/v1."""


def build_app(ledger: Ledger, health: Health, settings: Settings) -> web.Application:
    """All routes. What the handlers need is handed in; closing it is the caller's business."""
    app = web.Application(middlewares=[error_middleware], client_max_size=settings.body_bytes_max)
    app[LEDGER] = ledger
    app[RUNTIME] = ledger.runtime
    app[KEYS] = KeyRing(ledger.pool, ledger.vault, ledger.runtime)
    app[BALANCES] = BalanceReader(ledger.pool, ledger.runtime)
    app[HEALTH] = health
    app[SETTINGS] = settings
    app[REQUESTS] = RequestMetrics()
    app[metrics.METRICS] = metrics.Metrics(ledger, health, app[REQUESTS])
    app[RECEIVER] = Receiver(ledger, settings, health)
    app[IMPORTS] = ImportJobs(ledger, settings.imports_max)
    app[WORKSPACES] = Workspaces(settings)
    app[RECONCILIATION_CACHE] = ReconciliationCache()
    app.cleanup_ctx.append(webhooks.receiving)
    app.cleanup_ctx.append(imports.importing)
    app.add_routes(probes.routes())
    app.add_routes(metrics.routes())
    app.add_routes(openapi.routes())
    app.add_routes(webhooks.routes())
    app.add_routes(sellercenter.routes())
    for prefix in PREFIXES:
        # Before a payout's own path, which would take `schedule` for an id.
        app.add_routes(payout_schedule.routes(prefix))
        app.add_routes(payouts.routes(prefix))
        app.add_routes(commands.routes(prefix))
        app.add_routes(accounts.routes(prefix))
        app.add_routes(cases.routes(prefix))
        app.add_routes(deliveries.routes(prefix))
        app.add_routes(disputes.routes(prefix))
        app.add_routes(statements.routes(prefix))
        app.add_routes(settlements.routes(prefix))
        app.add_routes(own_statements.routes(prefix))
        app.add_routes(imports.routes(prefix))
        app.add_routes(reconciliation.routes(prefix))
        app.add_routes(webhook_endpoints.routes(prefix))
        app.add_routes(webhook_deliveries.routes(prefix))
    return app
