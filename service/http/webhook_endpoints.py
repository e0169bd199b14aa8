"""The webhook endpoints of an account: where it wants to hear of its own events (docs/outgoing.md)."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.canonical import check_content
from service.http.app_keys import SETTINGS
from service.http.envelope import respond, success
from service.http.errors import ApiError, from_refusal
from service.http.idempotency import Data, not_found, once
from service.http.request_context import RequestContext
from service.ledger.account_profile import read_profile
from service.ledger.api_keys import PAYOUT_READ, PAYOUT_WRITE
from service.ledger.commands import Erased
from service.ledger.vault import AccountKey
from service.outgoing import address_guard, endpoints, event_names
from service.outgoing.endpoints import Owner
from service.platform.database import Connection
from sql import query

"""Says which URLs an endpoint may have."""

DESCRIPTION_MAX = 200


def routes(prefix: str) -> list[web.RouteDef]:
    base = f"{prefix}/webhook-endpoints"
    one = f"{base}/{{endpoint_id}}"
    return [
        web.get(base, list_endpoints),
        web.post(base, create),
        web.get(one, get_endpoint),
        web.patch(one, change),
        web.delete(one, remove),
        web.post(f"{one}/rotate-secret", rotate_secret),
    ]


async def owner_of(context: RequestContext) -> tuple[Owner, AccountKey | None]:
    """The account that the caller may speak for, and its key; 404 where the caller cannot see it."""
    lane = await context.lane()
    profile = await read_profile(context.ledger, lane, context.account)
    if profile is None or profile.mode != context.key.mode:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    return Owner(lane, context.account), profile.key


async def begin_change(request: web.Request) -> tuple[RequestContext, Owner, AccountKey]:
    context = await RequestContext.begin(request, PAYOUT_WRITE)
    owner, key = await owner_of(context)
    if key is None:
        raise from_refusal(Erased())
    return context, owner, key


async def document_of(connection: Connection, owner: Owner, endpoint_id: str) -> Data:
    """The endpoint; 404 where the account has none of this id."""
    rows = await endpoints.find(connection, owner, endpoint_id)
    if not rows:
        raise not_found("webhook endpoint", endpoint_id, "endpointId")
    return _endpoint(owner, rows[0])


def _endpoint(owner: Owner, row: dict[str, Any]) -> Data:
    replayed = None
    if row["replay_from"] is not None:
        replayed = {"fromPosition": row["replay_from"], "toPosition": row["replay_to"], "done": not row["replaying"]}
    return {
        "id": row["endpoint_id"],
        "accountId": owner.account_id,
        "url": row["url"],
        "events": row["patterns"],
        "description": row["description"],
        "enabled": row["enabled"],
        "disabledReason": row["disabled_reason"],
        "afterPosition": row["after_position"],
        "failures": row["failures"],
        "failingSince": row["failing_since"],
        "replay": replayed,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


async def list_endpoints(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    owner, _ = await owner_of(context)
    async with context.ledger.pool.acquire() as connection:
        documents = [_endpoint(owner, row) for row in await endpoints.find(connection, owner)]
    return respond(success(orjson.dumps(documents), context.request_id, context.ledger.runtime.instant()))


async def get_endpoint(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    owner, _ = await owner_of(context)
    async with context.ledger.pool.acquire() as connection:
        document = await document_of(connection, owner, context.id_in_path("endpoint_id"))
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


async def create(request: web.Request) -> web.Response:
    """A new endpoint, switched off. Its secret is in this answer, and in no other."""
    context, owner, key = await begin_change(request)
    body = context.document("url", "events", "description")
    url = _url(request, body.get("url"))
    patterns = _patterns(body.get("events", [event_names.EVERYTHING]))
    about = _description(body.get("description"))

    async def work(connection: Connection) -> Data:
        added = await endpoints.add(connection, owner, key, context.ledger.runtime, url, patterns, about)
        if added is None:
            message = f"an account has at most {endpoints.ENDPOINTS_MAX} webhook endpoints: delete one first"
            raise ApiError("VALIDATION_ERROR", message)
        return {**await document_of(connection, owner, added[0]), "secret": added[1]}

    return await once(context, owner, key, ["webhook-endpoints", "create", body], work, 201)


async def change(request: web.Request) -> web.Response:
    """Changes what is named; `enabled` switches it on or off."""
    context, owner, key = await begin_change(request)
    endpoint_id = context.id_in_path("endpoint_id")
    body = context.document("url", "events", "description", "enabled")
    url = _url(request, body["url"]) if "url" in body else None
    patterns = _patterns(body["events"]) if "events" in body else None
    about = _description(body.get("description"))
    enabled = body.get("enabled")
    if "enabled" in body and not isinstance(enabled, bool):
        raise ApiError("VALIDATION_ERROR", "enabled is true or false", field="enabled")

    async def work(connection: Connection) -> Data:
        await document_of(connection, owner, endpoint_id)
        await connection.execute(
            query("outgoing/change_endpoint"),
            owner.lane,
            owner.account_id,
            endpoint_id,
            url,
            patterns,
            "description" in body,
            about,
            context.ledger.runtime.now(),
        )
        if isinstance(enabled, bool):
            await endpoints.switch(connection, owner, endpoint_id, context.ledger.runtime, on=enabled)
        return await document_of(connection, owner, endpoint_id)

    return await once(context, owner, key, ["webhook-endpoints", "change", endpoint_id, body], work)


async def remove(request: web.Request) -> web.Response:
    context, owner, key = await begin_change(request)
    endpoint_id = context.id_in_path("endpoint_id")

    async def work(connection: Connection) -> Data:
        gone = await connection.fetchval(query("outgoing/remove_endpoint"), owner.lane, owner.account_id, endpoint_id)
        if gone is None:
            raise not_found("webhook endpoint", endpoint_id, "endpointId")
        return {"id": endpoint_id, "deleted": True}

    return await once(context, owner, key, ["webhook-endpoints", "remove", endpoint_id], work)


async def rotate_secret(request: web.Request) -> web.Response:
    """A new secret, shown this once; the ones before it sign beside it for `overlapSeconds`."""
    context, owner, key = await begin_change(request)
    endpoint_id = context.id_in_path("endpoint_id")
    body = context.document("overlapSeconds")
    overlap = whole_number(body, "overlapSeconds", endpoints.OVERLAP_SECONDS, 0, endpoints.OVERLAP_SECONDS_MAX)

    async def work(connection: Connection) -> Data:
        await document_of(connection, owner, endpoint_id)
        secret = await endpoints.rotate(connection, owner, endpoint_id, key, context.ledger.runtime, overlap)
        return {**await document_of(connection, owner, endpoint_id), "secret": secret}

    return await once(context, owner, key, ["webhook-endpoints", "rotate", endpoint_id, body], work)


def _url(request: web.Request, text: Any) -> str:
    if not isinstance(text, str):
        raise ApiError("VALIDATION_ERROR", "url is to be a text", field="url")
    wrong = address_guard.url_problem(text, request.app[SETTINGS])
    if wrong is not None:
        raise ApiError("VALIDATION_ERROR", f"url: {wrong}", field="url")
    return text


def _patterns(given: Any) -> list[str]:
    if not isinstance(given, list) or not 1 <= len(given) <= event_names.PATTERNS_MAX:
        raise ApiError(
            "VALIDATION_ERROR", f"events is a list of 1 to {event_names.PATTERNS_MAX} patterns", field="events"
        )
    for index, pattern in enumerate(given):
        wrong = event_names.pattern_problem(pattern) if isinstance(pattern, str) else "a pattern is a text"
        if wrong is not None:
            raise ApiError("VALIDATION_ERROR", f"events[{index}]: {wrong}", field=f"events[{index}]")
    return given


def _description(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > DESCRIPTION_MAX:
        message = f"description is a text of at most {DESCRIPTION_MAX} characters"
        raise ApiError("VALIDATION_ERROR", message, field="description")
    try:
        check_content(given)
    except ValueError as problem:
        raise ApiError("VALIDATION_ERROR", f"description: {problem}", field="description") from None
    return given


def whole_number(body: dict[str, Any], name: str, default: int | None, least: int, most: int) -> int:
    number = body.get(name, default)
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ApiError("VALIDATION_ERROR", f"{name} is a whole number from {least} to {most}", field=name)
    return number
