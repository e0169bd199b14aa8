"""Every operation that asks for a key, with a request to try it; and the routes of an application. The scopes of an
operation are its own: tests/service/http/test_scopes.py says again what the dangerous ones have to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.http.app import build_app
from service.http.catalog import OPERATIONS
from service.http.operations import API_PREFIXES, ApiOperation
from service.platform.health import Health
from service.platform.settings import Settings
from tests.support.api import Api


@dataclass(frozen=True)
class Route:
    """An operation under each prefix; `{payout_id}`, `{account_id}` and the like stand for an id."""

    id: str
    method: str
    path: str
    scopes: frozenset[str]
    body: Any = None
    query: str = ""
    """What has to be asked for with it."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


COMMAND = {"type": "recordRevenue", "amount": 1, "currency": "IDR", "reference": "o-77"}

BODIES: dict[str, Any] = {
    "requestPayout": {"amount": 1, "currency": "IDR"},
    "setBankAccount": {"bankName": "BCA", "bankAccountNumber": "111", "bankAccountHolder": "A"},
    "cancelPayout": {},
    "changePayoutNote": {"note": "May revenue"},
    "markPayoutInTransit": {},
    "markPayoutPaid": {},
    "markPayoutFailed": {"failureReason": "x"},
    "executeCommands": {"commands": [COMMAND]},
    "closeCase": {"reason": "looked at it", "apply": False},
    "replayDelivery": {},
    "dismissDelivery": {"reason": "looked at it"},
    "addWebhookEndpoint": {"url": "https://example.com/hook"},
    "changeWebhookEndpoint": {"enabled": True},
    "rotateWebhookSecret": {"overlapSeconds": 60},
    "replayToWebhookEndpoint": {"fromPosition": 1},
    "resendWebhookDelivery": {},
    "removeWebhookEndpoint": None,
    "importSettlements": {"code": "0", "data": []},
    "importBankStatement": "no table",
    "rereadImport": None,
}
"""By operation, for each that changes something."""

QUERIES = {"importSettlements": "?channel=lazada", "importBankStatement": "?bankAccount=1&currency=IDR"}

ROUTES = tuple(
    Route(
        operation.id,
        operation.method,
        operation.path,
        frozenset(operation.scopes),
        BODIES[operation.id] if operation.method != "GET" else None,
        QUERIES.get(operation.id, ""),
    )
    # What removes something comes last: others are tried with it before.
    for operation in sorted(OPERATIONS, key=lambda each: each.method == "DELETE")
    if isinstance(operation, ApiOperation)
)


def served(api: Api, settings: Settings) -> set[tuple[str, str]]:
    """Method and path of all that the application routes, but for HEAD."""
    app = build_app(api.ledger, Health(api.ledger.pool, settings), settings)
    found = set()
    for route in app.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            found.add((route.method, route.resource.canonical))
    return found


def listed() -> set[tuple[str, str]]:
    """The same of `ROUTES`, under each prefix."""
    return {(route.method, prefix + route.path) for prefix in API_PREFIXES for route in ROUTES}
