"""What arrived from the provider and what became of it; and what a person does with what was parked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import ValidationError

from events.instants import Instant
from service.http.app_keys import SETTINGS
from service.http.command_execution import answer_or_refuse, request_fingerprint
from service.http.envelope import respond, success
from service.http.errors import ApiError, from_validation
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.visibility import Listing, choice, sight_of, wrong_cursor
from service.ledger.api_keys import AUDIT, OPERATOR, PAYOUT_READ
from service.plugipay.inbound import stored_deliveries
from service.plugipay.inbound.stored_deliveries import VERDICTS, StoredDelivery, body_document
from service.plugipay.quarantine import quarantine
from service.plugipay.quarantine.quarantine import REASON, ResolveRequest


def routes(prefix: str) -> list[web.RouteDef]:
    base = f"{prefix}/deliveries"
    return [
        web.get(base, list_deliveries),
        web.get(f"{base}/{{delivery_id}}", get_delivery),
        web.post(f"{base}/{{delivery_id}}/replay", replay),
        web.post(f"{base}/{{delivery_id}}/dismiss", dismiss),
    ]


async def list_deliveries(request: web.Request) -> web.Response:
    """`?verdict=&waiting=true&accountId=`, newest first, without their bodies."""
    context = await RequestContext.begin(request, OPERATOR, AUDIT)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    verdict, waiting = choice(request, "verdict", VERDICTS), choice(request, "waiting", ("true", "false"))
    access_scope = await sight_of(context)
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
    return listing.answer([one.document() for one in shown], limit, end)


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


async def get_delivery(request: web.Request) -> web.Response:
    """One delivery; with `?body=true` also what arrived, which may name somebody's bank account."""
    context = await RequestContext.begin(request, OPERATOR, AUDIT)
    with_body = choice(request, "body", ("true", "false")) == "true"
    if with_body:
        context.require(PAYOUT_READ)
    stored = await _find(context)
    document = stored.document()
    if with_body:
        document |= body_document(stored.unsealed(context.ledger.vault))
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


async def _find(context: RequestContext) -> StoredDelivery:
    text = context.id_in_path("delivery_id")
    access_scope = await sight_of(context)
    delivery_id = _uuid(text)
    stored = await stored_deliveries.find(context.ledger, access_scope, delivery_id) if delivery_id else None
    if stored is None:
        raise ApiError("NOT_FOUND", f"there is no delivery {text}", field="deliveryId")
    return stored


async def replay(request: web.Request) -> web.Response:
    """Takes a parked delivery in as if it came now; 409 says why where that cannot be."""
    context = await RequestContext.begin(request, OPERATOR)
    body = context.document("")
    wish = _wish(context, await _find(context), "replay", body)
    return answer_or_refuse(await quarantine.replay(context.ledger, request.app[SETTINGS], wish))


async def dismiss(request: web.Request) -> web.Response:
    """Says that a parked delivery will not be taken in, and why."""
    context = await RequestContext.begin(request, OPERATOR)
    body = context.document("reason")
    stored = await _find(context)
    try:
        reason = REASON.validate_python(body.get("reason"))
    except ValidationError as problem:
        raise from_validation(problem, "reason") from None
    return answer_or_refuse(await quarantine.dismiss(context.ledger, _wish(context, stored, "dismiss", body), reason))


def _wish(context: RequestContext, stored: StoredDelivery, kind: str, body: dict[str, Any]) -> ResolveRequest:
    def render(document: dict[str, Any], at: Instant) -> bytes:
        return success(orjson.dumps(document), context.request_id, at, lane=stored.lane)

    same = request_fingerprint(f"{kind}Delivery", stored.account_id, [stored.delivery_id, body])
    return ResolveRequest(stored, context.origin(), same, render, context.idempotency_key())
