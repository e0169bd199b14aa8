"""An account's webhook endpoints: the URLs that its own events are sent to (docs/outgoing.md)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from service.http.app_keys import SETTINGS
from service.http.bodies import JsonBody
from service.http.errors import ApiError, from_refusal
from service.http.idempotency import not_found, once
from service.http.operations import Answer, ApiOperation
from service.http.parameters import IDEMPOTENCY, id_in_path
from service.http.request_context import RequestContext
from service.http.visibility import visible_account
from service.http.webhook_endpoint_fields import (
    DeletedDocument,
    NewWebhookEndpoint,
    Rotation,
    WebhookEndpointChange,
    WebhookEndpointDocument,
    WebhookEndpointWithSecretDocument,
    endpoint_document,
    read_description,
    read_patterns,
    read_url,
    read_whole_number,
)
from service.ledger.api_keys import PAYOUT_READ, PAYOUT_WRITE
from service.ledger.commands import Erased
from service.ledger.vault import AccountKey, Vault
from service.outgoing import endpoints, event_names
from service.outgoing.endpoints import Owner
from service.platform.database import Connection
from sql import query

ENDPOINT_ID = id_in_path("endpoint_id", "The endpoint's id.")


async def owner_of(context: RequestContext) -> tuple[Owner, AccountKey | None]:
    """The account that the request is about, and its key; 404 where the caller cannot see it."""
    lane, profile = await visible_account(context)
    return Owner(lane, context.account), profile.key


async def owner_and_key_of(context: RequestContext) -> tuple[Owner, AccountKey]:
    """The same, for a change: 410 where the key was destroyed."""
    owner, key = await owner_of(context)
    if key is None:
        raise from_refusal(Erased())
    return owner, key


async def find_endpoint(
    connection: Connection, owner: Owner, vault: Vault, endpoint_id: str
) -> WebhookEndpointDocument:
    """The endpoint; 404 where the account has none of this id."""
    rows = await endpoints.find(connection, owner, vault, endpoint_id)
    if not rows:
        raise not_found("webhook endpoint", endpoint_id, "endpointId")
    return endpoint_document(owner, rows[0])


async def list_endpoints(context: RequestContext) -> web.Response:
    owner, _ = await owner_of(context)
    vault = context.ledger.vault
    async with context.ledger.pool.acquire() as connection:
        documents = [endpoint_document(owner, row) for row in await endpoints.find(connection, owner, vault)]
    return context.respond(documents)


async def get_endpoint(context: RequestContext) -> web.Response:
    owner, _ = await owner_of(context)
    async with context.ledger.pool.acquire() as connection:
        document = await find_endpoint(connection, owner, context.ledger.vault, context.id_in_path(ENDPOINT_ID))
    return context.respond(document)


async def create(context: RequestContext) -> web.Response:
    """A new endpoint, switched off. Its secret is in this answer, and in no other."""
    owner, key = await owner_and_key_of(context)
    body, settings = context.document(), context.request.app[SETTINGS]
    url = read_url(body.get("url"), settings)
    patterns = read_patterns(body.get("events", [event_names.EVERYTHING]))
    about = read_description(body.get("description"))
    vault, runtime = context.ledger.vault, context.ledger.runtime

    async def work(connection: Connection) -> WebhookEndpointWithSecretDocument:
        added = await endpoints.add(connection, owner, key, vault, runtime, url, patterns, about)
        if added is None:
            message = f"an account has at most {endpoints.ENDPOINTS_MAX} webhook endpoints: delete one first"
            raise ApiError("VALIDATION_ERROR", message)
        return {**await find_endpoint(connection, owner, vault, added[0]), "secret": added[1]}

    return await once(context, owner, key, ["webhook-endpoints", "create", body], work, 201)


async def change(context: RequestContext) -> web.Response:
    """Changes what is named; `enabled` switches it on or off."""
    owner, key = await owner_and_key_of(context)
    endpoint_id = context.id_in_path(ENDPOINT_ID)
    body, settings = context.document(), context.request.app[SETTINGS]
    vault, runtime = context.ledger.vault, context.ledger.runtime
    changes: dict[str, Any] = {}
    if "url" in body:
        changes["url"] = read_url(body["url"], settings)
    if "events" in body:
        changes["patterns"] = read_patterns(body["events"])
    if "description" in body:
        changes["description"] = read_description(body["description"])
    enabled = body.get("enabled")
    if "enabled" in body and not isinstance(enabled, bool):
        raise ApiError("VALIDATION_ERROR", "enabled is true or false", field="enabled")

    async def work(connection: Connection) -> WebhookEndpointDocument:
        if not await endpoints.change(connection, owner, vault, runtime, endpoint_id, changes):
            raise not_found("webhook endpoint", endpoint_id, "endpointId")
        if isinstance(enabled, bool):
            await endpoints.switch(connection, owner, vault, runtime, endpoint_id, on=enabled)
        return await find_endpoint(connection, owner, vault, endpoint_id)

    return await once(context, owner, key, ["webhook-endpoints", "change", endpoint_id, body], work)


async def remove(context: RequestContext) -> web.Response:
    owner, key = await owner_and_key_of(context)
    endpoint_id = context.id_in_path(ENDPOINT_ID)

    async def work(connection: Connection) -> DeletedDocument:
        gone = await connection.fetchval(query("outgoing/remove_endpoint"), owner.lane, owner.account_id, endpoint_id)
        if gone is None:
            raise not_found("webhook endpoint", endpoint_id, "endpointId")
        return {"id": endpoint_id, "deleted": True}

    return await once(context, owner, key, ["webhook-endpoints", "remove", endpoint_id], work)


async def rotate_secret(context: RequestContext) -> web.Response:
    """A new secret, shown this once; the ones before it sign beside it for `overlapSeconds`."""
    owner, key = await owner_and_key_of(context)
    endpoint_id = context.id_in_path(ENDPOINT_ID)
    body, vault = context.document(), context.ledger.vault
    overlap = read_whole_number(body, "overlapSeconds", endpoints.OVERLAP_SECONDS, 0, endpoints.OVERLAP_SECONDS_MAX)

    async def work(connection: Connection) -> WebhookEndpointWithSecretDocument:
        await find_endpoint(connection, owner, vault, endpoint_id)
        secret = await endpoints.rotate(connection, owner, endpoint_id, key, context.ledger.runtime, overlap)
        return {**await find_endpoint(connection, owner, vault, endpoint_id), "secret": secret}

    return await once(context, owner, key, ["webhook-endpoints", "rotate", endpoint_id, body], work)


_CHANGE = (ENDPOINT_ID, *IDEMPOTENCY)

OPERATIONS = (
    ApiOperation(
        "GET",
        "/webhook-endpoints",
        list_endpoints,
        id="listWebhookEndpoints",
        summary="The account's webhook endpoints",
        scopes=(PAYOUT_READ,),
        answers=(Answer(data=list[WebhookEndpointDocument]),),
    ),
    ApiOperation(
        "POST",
        "/webhook-endpoints",
        create,
        id="addWebhookEndpoint",
        summary="Add a webhook endpoint, switched off",
        scopes=(PAYOUT_WRITE,),
        parameters=IDEMPOTENCY,
        body=JsonBody(NewWebhookEndpoint),
        answers=(Answer(data=WebhookEndpointWithSecretDocument, status=201),),
    ),
    ApiOperation(
        "GET",
        "/webhook-endpoints/{endpoint_id}",
        get_endpoint,
        id="getWebhookEndpoint",
        summary="One webhook endpoint",
        scopes=(PAYOUT_READ,),
        parameters=(ENDPOINT_ID,),
        answers=(Answer(data=WebhookEndpointDocument),),
    ),
    ApiOperation(
        "PATCH",
        "/webhook-endpoints/{endpoint_id}",
        change,
        id="changeWebhookEndpoint",
        summary="Change a webhook endpoint, or switch it on or off",
        scopes=(PAYOUT_WRITE,),
        parameters=_CHANGE,
        body=JsonBody(WebhookEndpointChange),
        answers=(Answer(data=WebhookEndpointDocument),),
    ),
    ApiOperation(
        "DELETE",
        "/webhook-endpoints/{endpoint_id}",
        remove,
        id="removeWebhookEndpoint",
        summary="Delete a webhook endpoint",
        scopes=(PAYOUT_WRITE,),
        parameters=_CHANGE,
        answers=(Answer(data=DeletedDocument),),
    ),
    ApiOperation(
        "POST",
        "/webhook-endpoints/{endpoint_id}/rotate-secret",
        rotate_secret,
        id="rotateWebhookSecret",
        summary="Rotate a webhook endpoint's secret",
        scopes=(PAYOUT_WRITE,),
        parameters=_CHANGE,
        body=JsonBody(Rotation),
        answers=(Answer(data=WebhookEndpointWithSecretDocument),),
    ),
)
