"""Every operation of the API, and which of the scopes it needs one of. The tests see to it that none is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.http.app import PREFIXES, build_app
from service.platform.health import Health
from service.platform.settings import Settings
from tests.support.api import Api

READERS = frozenset({"payout:read", "command:write", "audit"})
FOLLOWERS = frozenset({"payout:read", "command:write"})
LOOKERS = frozenset({"payout:read", "operator", "audit"})


@dataclass(frozen=True)
class Route:
    """An operation under each prefix; `{payout_id}`, `{account_id}` and the like stand for an id."""

    method: str
    path: str
    scopes: frozenset[str]
    body: Any = None
    query: str = ""
    """What has to be asked for with it."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


READ, WRITE, OPERATE = frozenset({"payout:read"}), frozenset({"payout:write"}), frozenset({"operator"})
BANK = {"bankName": "BCA", "bankAccountNumber": "111", "bankAccountHolder": "A"}
COMMAND = {"type": "recordRevenue", "amount": 1, "currency": "IDR", "reference": "o-77"}

ROUTES = (
    Route("GET", "/payouts", READ),
    Route("POST", "/payouts", WRITE, {"amount": 1, "currency": "IDR"}),
    Route("GET", "/payouts/bank-account", READ),
    Route("PATCH", "/payouts/bank-account", WRITE, BANK),
    Route("GET", "/payouts/balance", READ),
    Route("GET", "/payouts/schedule", READ),
    Route("GET", "/payouts/{payout_id}", READ),
    Route("POST", "/payouts/{payout_id}/cancel", WRITE, {}),
    Route("POST", "/payouts/{payout_id}/mark-in-transit", OPERATE, {}),
    Route("POST", "/payouts/{payout_id}/mark-paid", OPERATE, {}),
    Route("POST", "/payouts/{payout_id}/mark-failed", OPERATE, {"failureReason": "x"}),
    Route("POST", "/commands", frozenset({"command:write"}), {"commands": [COMMAND]}),
    Route("GET", "/accounts", READERS),
    Route("GET", "/accounts/{account_id}", READERS),
    Route("GET", "/events", frozenset({"audit"})),
    Route("GET", "/cases", LOOKERS),
    Route("GET", "/cases/{case_id}", LOOKERS),
    Route("POST", "/cases/{case_id}/close", OPERATE, {"reason": "looked at it", "apply": False}),
    Route("GET", "/deliveries", LOOKERS - {"payout:read"}),
    Route("GET", "/deliveries/{delivery_id}", LOOKERS - {"payout:read"}),
    Route("POST", "/deliveries/{delivery_id}/replay", OPERATE, {}),
    Route("POST", "/deliveries/{delivery_id}/dismiss", OPERATE, {"reason": "looked at it"}),
    Route("GET", "/webhook-endpoints", READ),
    Route("POST", "/webhook-endpoints", WRITE, {"url": "https://example.com/hook"}),
    Route("GET", "/webhook-endpoints/{endpoint_id}", READ),
    Route("PATCH", "/webhook-endpoints/{endpoint_id}", WRITE, {"enabled": True}),
    Route("POST", "/webhook-endpoints/{endpoint_id}/rotate-secret", WRITE, {"overlapSeconds": 60}),
    Route("POST", "/webhook-endpoints/{endpoint_id}/replay", WRITE, {"fromPosition": 1}),
    Route("GET", "/webhook-endpoints/{endpoint_id}/deliveries", READ),
    Route("POST", "/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend", WRITE, {}),
    Route("DELETE", "/webhook-endpoints/{endpoint_id}", WRITE),
    Route("GET", "/statements", READ),
    Route("GET", "/statements/{statement_number}", READ),
    Route("GET", "/channels", READ),
    Route("GET", "/settlements", READ),
    Route("GET", "/settlements/lines", READ),
    Route("GET", "/disputes", READ),
    Route("GET", "/disputes/{dispute_id}", READ),
    Route("POST", "/settlements/imports", frozenset({"command:write"}), {"code": "0", "data": []}, "?channel=lazada"),
    Route("GET", "/settlements/imports", FOLLOWERS),
    Route("GET", "/settlements/imports/{import_id}", FOLLOWERS),
    Route("GET", "/settlements/imports/{import_id}/problems", FOLLOWERS),
    Route("GET", "/reconciliation", READ),
    Route("GET", "/bank-entries/{entry_id}", READ),
    Route("POST", "/bank-statements", frozenset({"command:write"}), "no table", "?bankAccount=1&currency=IDR"),
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
    return {(route.method, prefix + route.path) for prefix in PREFIXES for route in ROUTES}
