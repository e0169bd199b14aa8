"""What was sent to a webhook endpoint and what came of it; and sending it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

from events.canonical import INTEGER_MAX
from service.http.cursors import Cursor
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.idempotency import Data, not_found, once
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.webhook_endpoints import begin_change, document_of, owner_of, whole_number
from service.ledger.api_keys import PAYOUT_READ
from service.outgoing import endpoints
from service.platform.database import Connection
from sql import query

STATUSES = ("pending", "sending", "delivered", "failed", "abandoned")


def routes(prefix: str) -> list[web.RouteDef]:
    one = f"{prefix}/webhook-endpoints/{{endpoint_id}}"
    return [
        web.post(f"{one}/replay", replay),
        web.get(f"{one}/deliveries", list_deliveries),
        web.post(f"{one}/deliveries/{{delivery_id}}/resend", resend),
    ]


async def list_deliveries(request: web.Request) -> web.Response:
    """What was sent and what came of it, newest event first."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    owner, _ = await owner_of(context)
    endpoint_id = context.id_in_path("endpoint_id")
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    status = request.query.get("status")
    if status is not None and status not in STATUSES:
        raise ApiError("VALIDATION_ERROR", f"status is one of {', '.join(STATUSES)}", field="status")
    before = None
    if text := request.query.get("cursor"):
        cursor = Cursor.parse(text, endpoint_id)
        if cursor.filter not in (status, *STATUSES) or status not in (None, cursor.filter):
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with another status", field="cursor")
        before, status = cursor.position, cursor.filter
    async with context.ledger.pool.acquire() as connection:
        await document_of(connection, owner, endpoint_id)
        rows = await connection.fetch(
            query("outgoing/deliveries"), owner.lane, owner.account_id, endpoint_id, before, status, limit + 1
        )
    more = len(rows) > limit
    rows = rows[:limit]
    following = Cursor(endpoint_id, status, rows[-1]["position"]).text() if more else None
    return respond(
        success(
            orjson.dumps([_delivery(row) for row in rows]),
            context.request_id,
            context.ledger.runtime.instant(),
            page={"limit": limit, "hasMore": more, "nextCursor": following},
            cursor=following,
            hasMore=more,
        )
    )


def _delivery(row: Any) -> Data:
    return {
        "id": row["event_id"],
        "type": row["type"],
        "position": row["position"],
        "status": row["status"],
        "queuedAt": row["queued_at"],
        "nextAttemptAt": row["next_attempt_at"] if row["status"] == "pending" else None,
        "deliveredAt": row["delivered_at"],
        "attempts": orjson.loads(row["attempts"] or "[]"),
    }


async def resend(request: web.Request) -> web.Response:
    """Sends one delivery again at once, whatever became of it."""
    context, owner, key = await begin_change(request)
    endpoint_id, delivery_id = context.id_in_path("endpoint_id"), context.id_in_path("delivery_id")
    context.document("")

    async def work(connection: Connection) -> Data:
        endpoint = await document_of(connection, owner, endpoint_id)
        place = (owner.lane, owner.account_id, endpoint_id, _uuid(delivery_id))
        if not await connection.fetchval(query("outgoing/has_delivery"), *place):
            raise not_found("delivery", delivery_id, "deliveryId")
        if await connection.fetchval(query("outgoing/resend"), *place, context.ledger.runtime.now()) is None:
            if not endpoint["enabled"]:
                raise _switched_off()
            raise ApiError("INVALID_TRANSITION", "this delivery is being sent right now: see what becomes of it")
        return {"id": delivery_id, "status": "pending"}

    return await once(context, owner, key, ["webhook-endpoints", "resend", endpoint_id, delivery_id], work, 202)


async def replay(request: web.Request) -> web.Response:
    """Has the account's events from a position on sent again, as far as the endpoint wants them."""
    context, owner, key = await begin_change(request)
    endpoint_id = context.id_in_path("endpoint_id")
    body = context.document("fromPosition")
    from_position = whole_number(body, "fromPosition", None, 1, INTEGER_MAX)

    async def work(connection: Connection) -> Data:
        await document_of(connection, owner, endpoint_id)
        reached = await endpoints.begin_replay(connection, owner, endpoint_id, context.ledger.runtime, from_position)
        if reached is None:
            raise _switched_off()
        return await document_of(connection, owner, endpoint_id)

    return await once(context, owner, key, ["webhook-endpoints", "replay", endpoint_id, body], work, 202)


def _switched_off() -> ApiError:
    return ApiError("INVALID_TRANSITION", "this endpoint is switched off: switch it on first", field="enabled")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise not_found("delivery", text, "deliveryId") from None
