"""Deliveries to webhook endpoints: listed, sent again, and replayed from a position on."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.canonical import INTEGER_MAX
from service.http.bodies import JsonBody
from service.http.cursors import Cursor
from service.http.envelope import PageMeta
from service.http.errors import ApiError
from service.http.idempotency import not_found, once
from service.http.operations import Answer, ApiOperation
from service.http.paging import page_meta
from service.http.parameters import CURSOR, IDEMPOTENCY, LIMIT, choice, id_in_path
from service.http.request_context import RequestContext
from service.http.webhook_endpoint_fields import Replay, WebhookEndpointDocument, read_whole_number
from service.http.webhook_endpoints import ENDPOINT_ID, find_endpoint, owner_and_key_of, owner_of
from service.ledger.api_keys import PAYOUT_READ, PAYOUT_WRITE
from service.outgoing import endpoints
from service.platform.database import Connection
from service.platform.documents import Count, Position, Time, one_of
from sql import query

STATUSES = ("pending", "sending", "delivered", "failed", "abandoned")

DELIVERY_ID = id_in_path("delivery_id", "The delivery's id.")
STATUS = choice("status", STATUSES, "Only deliveries in this status.")


class WebhookAttemptDocument(TypedDict):
    """One try. Without an answer `status` is null, and `problem` says why."""

    attempt: Count
    at: Time
    milliseconds: Count
    status: int | None
    problem: str | None


class WebhookDeliveryDocument(TypedDict):
    """An event on its way to an endpoint, with all attempts."""

    id: Annotated[str, Field(description="The event's id, which every attempt has as `webhook-id`.")]
    type: str
    position: Position
    status: Annotated[str, one_of(*STATUSES)]
    queuedAt: Time
    nextAttemptAt: Time | None
    deliveredAt: Time | None
    attempts: list[WebhookAttemptDocument]


class ResentDocument(TypedDict):
    id: str
    status: Annotated[str, one_of("pending")]


async def list_deliveries(context: RequestContext) -> web.Response:
    """Newest event first."""
    owner, _ = await owner_of(context)
    endpoint_id = context.id_in_path(ENDPOINT_ID)
    limit = context.read(LIMIT)
    status = context.read(STATUS)
    before = None
    if text := context.read(CURSOR):
        cursor = Cursor.parse(text, endpoint_id)
        if cursor.filter not in (status, *STATUSES) or status not in (None, cursor.filter):
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with another status", field="cursor")
        before, status = cursor.position, cursor.filter
    async with context.ledger.pool.acquire() as connection:
        await find_endpoint(connection, owner, context.ledger.vault, endpoint_id)
        rows = await connection.fetch(
            query("outgoing/deliveries"), owner.lane, owner.account_id, endpoint_id, before, status, limit + 1
        )
    shown = rows[:limit]
    cursor_next = Cursor(endpoint_id, status, shown[-1]["position"]).text() if len(rows) > limit else None
    return context.respond([_delivery(row) for row in shown], page_meta(context, limit, cursor_next))


def _delivery(row: Any) -> WebhookDeliveryDocument:
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


async def resend(context: RequestContext) -> web.Response:
    """Sends one delivery again at once, whatever became of it."""
    owner, key = await owner_and_key_of(context)
    endpoint_id, delivery_id = context.id_in_path(ENDPOINT_ID), context.id_in_path(DELIVERY_ID)
    context.document()

    async def work(connection: Connection) -> ResentDocument:
        endpoint = await find_endpoint(connection, owner, context.ledger.vault, endpoint_id)
        place = (owner.lane, owner.account_id, endpoint_id, _uuid(delivery_id))
        if not await connection.fetchval(query("outgoing/has_delivery"), *place):
            raise not_found("delivery", delivery_id, "deliveryId")
        if await connection.fetchval(query("outgoing/resend"), *place, context.ledger.runtime.now()) is None:
            if not endpoint["enabled"]:
                raise _switched_off()
            raise ApiError("INVALID_TRANSITION", "this delivery is being sent right now: see what becomes of it")
        return {"id": delivery_id, "status": "pending"}

    return await once(context, owner, key, ["webhook-endpoints", "resend", endpoint_id, delivery_id], work, 202)


async def replay(context: RequestContext) -> web.Response:
    """Has the account's events from a position on sent again, as far as the endpoint wants them."""
    owner, key = await owner_and_key_of(context)
    endpoint_id = context.id_in_path(ENDPOINT_ID)
    body = context.document()
    from_position = read_whole_number(body, "fromPosition", None, 1, INTEGER_MAX)

    async def work(connection: Connection) -> WebhookEndpointDocument:
        await find_endpoint(connection, owner, context.ledger.vault, endpoint_id)
        reached = await endpoints.begin_replay(connection, owner, endpoint_id, context.ledger.runtime, from_position)
        if reached is None:
            raise _switched_off()
        return await find_endpoint(connection, owner, context.ledger.vault, endpoint_id)

    return await once(context, owner, key, ["webhook-endpoints", "replay", endpoint_id, body], work, 202)


def _switched_off() -> ApiError:
    return ApiError("INVALID_TRANSITION", "this endpoint is switched off: switch it on first", field="enabled")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise not_found("delivery", text, "deliveryId") from None


OPERATIONS = (
    ApiOperation(
        "POST",
        "/webhook-endpoints/{endpoint_id}/replay",
        replay,
        id="replayToWebhookEndpoint",
        summary="Replay the account's events to an endpoint, from a position on",
        scopes=(PAYOUT_WRITE,),
        parameters=(ENDPOINT_ID, *IDEMPOTENCY),
        body=JsonBody(Replay),
        answers=(Answer(data=WebhookEndpointDocument, status=202),),
    ),
    ApiOperation(
        "GET",
        "/webhook-endpoints/{endpoint_id}/deliveries",
        list_deliveries,
        id="listWebhookDeliveries",
        summary="Deliveries to an endpoint, newest event first",
        scopes=(PAYOUT_READ,),
        parameters=(ENDPOINT_ID, STATUS, LIMIT, CURSOR),
        answers=(Answer(data=list[WebhookDeliveryDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "POST",
        "/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend",
        resend,
        id="resendWebhookDelivery",
        summary="Send a delivery again",
        scopes=(PAYOUT_WRITE,),
        parameters=(ENDPOINT_ID, DELIVERY_ID, *IDEMPOTENCY),
        answers=(Answer(data=ResentDocument, status=202),),
    ),
)
