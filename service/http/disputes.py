"""Disputes of an account's orders, and what is held because of them."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.disputes.state import DISPUTE_OPEN, LOST, WON
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.visibility import Listing, account_sight, choice, wrong_cursor
from service.ledger.access_scope import AccessScope
from service.ledger.api_keys import PAYOUT_READ
from sql import query

STATUSES = (DISPUTE_OPEN, WON, LOST)
_REFERENCE_MAX = 200


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/disputes", list_disputes),
        web.get(f"{prefix}/disputes/{{dispute_id}}", get_dispute),
    ]


async def list_disputes(request: web.Request) -> web.Response:
    """`?status=&reference=`, newest first."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    status, reference = choice(request, "status", STATUSES), request.query.get("reference")
    if reference is not None and not (0 < len(reference) <= _REFERENCE_MAX and "\0" not in reference):
        raise ApiError("VALIDATION_ERROR", "reference is an order's, of 1 to 200 characters", field="reference")
    access_scope = await account_sight(context)
    # A reference may hold blanks, which separate the parts of a cursor.
    listing = Listing(context, "disputes", access_scope, (status, reference.encode().hex() if reference else None))
    before = _position(listing.place(1))
    rows = await _read(context, access_scope, status, reference, before, None, limit + 1)
    end = [str(rows[limit - 1]["position"])] if len(rows) > limit else None
    return listing.answer([_document(context.account, row) for row in rows[:limit]], limit, end)


async def get_dispute(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    dispute_id = context.id_in_path("dispute_id")
    rows = await _read(context, await account_sight(context), None, None, None, dispute_id, 1)
    if not rows:
        raise ApiError("NOT_FOUND", f"there is no dispute {dispute_id}", field="disputeId")
    document = _document(context.account, rows[0])
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


async def _read(context: RequestContext, access_scope: AccessScope, *filters: Any) -> list[dict[str, Any]]:
    rows = await context.ledger.pool.fetch(query("disputes/page"), access_scope.lanes[0], context.account, *filters)
    return [dict(row) for row in rows]


def _position(parts: list[str] | None) -> int | None:
    if parts is None:
        return None
    if not (len(parts) == 1 and parts[0].isdigit() and len(parts[0]) < 19):
        raise wrong_cursor()
    return int(parts[0])


def _document(account_id: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["dispute_id"],
        "accountId": account_id,
        "reference": row["reference"],
        "currency": row["currency"],
        "amount": row["amount"],
        "status": row["status"],
        "reason": row["reason"],
        "openedAt": row["opened_at"],
        "resolvedAt": row["resolved_at"],
        "resolution": row["resolution"],
        "orderHeld": row["order_held"],
        "position": row["position"],
    }
