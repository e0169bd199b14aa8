"""Deliveries from the provider; those in quarantine are replayed or dismissed here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import ValidationError

from events.command import Reason
from events.instants import Instant
from service.http.app_keys import SETTINGS
from service.http.bodies import BodyModel, JsonBody
from service.http.command_execution import answer_or_refuse, request_fingerprint
from service.http.cursors import wrong_cursor
from service.http.envelope import LaneMeta, PageMeta
from service.http.errors import ApiError, from_validation
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import ACCOUNT_ID, CURSOR, IDEMPOTENCY, LIMIT, choice, id_in_path, yes_or_no
from service.http.request_context import RequestContext, success
from service.http.visibility import access_scope_of
from service.ledger.api_keys import AUDIT, OPERATOR, PAYOUT_READ
from service.plugipay.inbound import stored_deliveries
from service.plugipay.inbound.stored_deliveries import (
    VERDICTS,
    DeliveryDocument,
    DeliveryWithBodyDocument,
    ResolvedDeliveryDocument,
    StoredDelivery,
    body_document,
)
from service.plugipay.quarantine import quarantine
from service.plugipay.quarantine.quarantine import REASON, ResolveRequest

DELIVERY_ID = id_in_path("delivery_id", "The delivery's id.")
VERDICT = choice("verdict", VERDICTS, "Only deliveries with this verdict.")
WAITING = yes_or_no("waiting", "true: only those that wait for a person.")
BODY = yes_or_no("body", "true: with what arrived, which needs the scope payout:read too.")

_READERS = (OPERATOR, AUDIT)


class Dismissal(BodyModel):
    """Why a delivery in quarantine is dismissed."""

    reason: Reason


async def list_deliveries(context: RequestContext) -> web.Response:
    """Newest first, without their bodies."""
    limit = context.read(LIMIT)
    verdict, waiting = context.read(VERDICT), context.read(WAITING)
    access_scope = await access_scope_of(context)
    listing = Listing(context, "deliveries", access_scope, (verdict, waiting))
    place = listing.place(1)
    before = _uuid(place[0]) if place else None
    if place and before is None:
        raise wrong_cursor()
    found = await stored_deliveries.page(
        context.ledger, access_scope, verdict=verdict, waiting=waiting == "true", before=before, limit=limit + 1
    )
    shown = found[:limit]
    end = (shown[-1].delivery_id,) if len(found) > limit else None
    return listing.respond([each.document() for each in shown], limit, end)


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


async def get_delivery(context: RequestContext) -> web.Response:
    """One delivery; with `?body=true` also what arrived, which may name somebody's bank account."""
    with_body = context.read(BODY) == "true"
    if with_body:
        context.require(PAYOUT_READ)
    stored = await _find(context)
    document = stored.document()
    if with_body:
        body = body_document(stored.unsealed(context.ledger.vault))
        whole: DeliveryWithBodyDocument = {**document, **body}
        return context.respond(whole)
    return context.respond(document)


async def _find(context: RequestContext) -> StoredDelivery:
    text = context.id_in_path(DELIVERY_ID)
    access_scope = await access_scope_of(context)
    delivery_id = _uuid(text)
    stored = await stored_deliveries.find(context.ledger, access_scope, delivery_id) if delivery_id else None
    if stored is None:
        raise ApiError("NOT_FOUND", f"there is no delivery {text}", field="deliveryId")
    return stored


async def replay(context: RequestContext) -> web.Response:
    """Ingests a delivery in quarantine as if it arrived now; 409 says why that is not possible."""
    body = context.document()
    request = _resolve_request(context, await _find(context), "replay", body)
    return answer_or_refuse(await quarantine.replay(context.ledger, context.request.app[SETTINGS], request))


async def dismiss(context: RequestContext) -> web.Response:
    """Ends a delivery's quarantine without ingesting it, and records why."""
    body = context.document()
    stored = await _find(context)
    try:
        reason = REASON.validate_python(body.get("reason"))
    except ValidationError as problem:
        raise from_validation(problem, "reason") from None
    request = _resolve_request(context, stored, "dismiss", body)
    return answer_or_refuse(await quarantine.dismiss(context.ledger, request, reason))


def _resolve_request(
    context: RequestContext, stored: StoredDelivery, kind: str, body: dict[str, Any]
) -> ResolveRequest:
    def render(document: ResolvedDeliveryDocument, at: Instant) -> bytes:
        meta: LaneMeta = {"requestId": context.request_id, "timestamp": at, "lane": stored.lane}
        return success(orjson.dumps(document), meta)

    fingerprint = request_fingerprint(f"{kind}Delivery", stored.account_id, [stored.delivery_id, body])
    return ResolveRequest(stored, context.origin(), fingerprint, render, context.idempotency_key())


OPERATIONS = (
    ApiOperation(
        "GET",
        "/deliveries",
        list_deliveries,
        id="listDeliveries",
        summary="Deliveries from the provider, newest first",
        scopes=_READERS,
        parameters=(VERDICT, WAITING, ACCOUNT_ID, LIMIT, CURSOR),
        answers=(Answer(data=list[DeliveryDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "GET",
        "/deliveries/{delivery_id}",
        get_delivery,
        id="getDelivery",
        summary="One delivery",
        scopes=_READERS,
        parameters=(DELIVERY_ID, BODY, ACCOUNT_ID),
        answers=(Answer(data=DeliveryDocument | DeliveryWithBodyDocument),),
    ),
    ApiOperation(
        "POST",
        "/deliveries/{delivery_id}/replay",
        replay,
        id="replayDelivery",
        summary="Replay a delivery that is in quarantine",
        scopes=(OPERATOR,),
        parameters=(DELIVERY_ID, ACCOUNT_ID, *IDEMPOTENCY),
        answers=(Answer(data=ResolvedDeliveryDocument, meta=LaneMeta),),
    ),
    ApiOperation(
        "POST",
        "/deliveries/{delivery_id}/dismiss",
        dismiss,
        id="dismissDelivery",
        summary="Dismiss a delivery that is in quarantine",
        scopes=(OPERATOR,),
        parameters=(DELIVERY_ID, ACCOUNT_ID, *IDEMPOTENCY),
        body=JsonBody(Dismissal),
        answers=(Answer(data=ResolvedDeliveryDocument, meta=LaneMeta),),
    ),
)
