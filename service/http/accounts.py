"""Accounts, and the log as a feed."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.accounts.state import LIVE
from service.http.cursors import Cursor
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import read_limit
from service.http.request_context import RequestContext
from service.ledger.api_keys import AUDIT, COMMAND_WRITE, PAYOUT_READ
from sql import query

FEED_MAX = 1000


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/accounts", list_accounts),
        web.get(f"{prefix}/accounts/{{account_id}}", get_account),
        web.get(f"{prefix}/events", feed),
    ]


async def list_accounts(request: web.Request) -> web.Response:
    """The accounts that the key may see, by id: a platform's all of its mode, an account's its own."""
    context = await RequestContext.begin(request, PAYOUT_READ, COMMAND_WRITE, AUDIT)
    limit = read_limit(request, 50, 100)
    after = ""
    if text := request.query.get("cursor"):
        after = Cursor.parse(text, "accounts").filter or ""
    rows = await context.ledger.pool.fetch(
        query("accounts/page"), context.key.mode, after, limit + 1, context.account_id
    )
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = Cursor("accounts", rows[-1]["account_id"], 1).text() if more else None
    documents = [_document(dict(row)) for row in rows]
    return respond(
        success(
            orjson.dumps(documents),
            context.request_id,
            context.ledger.runtime.instant(),
            page={"limit": limit, "hasMore": more, "nextCursor": cursor},
            cursor=cursor,
            hasMore=more,
        )
    )


async def get_account(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ, COMMAND_WRITE, AUDIT)
    document = _document(await _find(context, context.id_in_path("account_id")))
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


async def _find(context: RequestContext, account_id: str) -> dict[str, Any]:
    """The account, where the key may see it; 404 otherwise."""
    row = None
    if context.account_id in (None, account_id):
        row = await context.ledger.pool.fetchrow(query("accounts/page"), context.key.mode, "", 1, account_id)
    if row is None:
        raise ApiError("NOT_FOUND", f"there is no account {account_id}", field="accountId")
    return dict(row)


def _document(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["account_id"],
        "mode": row["mode"],
        "backend": row["backend"],
        "status": row["status"],
        "currencies": row["currencies"],
        "openedAt": row["opened_at"],
        "version": row["version"],
        "lane": row["lane"],
    }


async def feed(request: web.Request) -> web.Response:
    """The log in order: `?lane=&after=&limit=`. Ask again with the last position; nothing is ever skipped.

    A platform key reads whole lanes, an account's key its own events.
    """
    context = await RequestContext.begin(request, AUDIT)
    limit = read_limit(request, 100, FEED_MAX)
    after = _number(request, "after", 0)
    if context.account_id is not None:
        lane = (await _find(context, context.account_id))["lane"]
        rows = await context.ledger.pool.fetch(
            query("events/read_account_after"), lane, after, limit + 1, context.account_id
        )
    else:
        if context.key.mode != LIVE:
            raise ApiError("FORBIDDEN", "a lane holds live accounts too: read it with a live key")
        lane = _number(request, "lane", 1)
        if lane not in context.ledger.lanes:
            raise ApiError(
                "VALIDATION_ERROR",
                f"there is no lane {lane}: this ledger has {len(context.ledger.lanes)}",
                field="lane",
            )
        rows = await context.ledger.pool.fetch(query("events/read_after"), lane, after, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    events = b",".join(
        b'{"lane":%d,"position":%d,"digest":"%b","event":%b}'
        % (lane, row["position"], row["digest"].hex().encode(), row["envelope"].encode())
        for row in rows
    )
    reached = rows[-1]["position"] if rows else after
    return respond(
        success(
            b"[%b]" % events,
            context.request_id,
            context.ledger.runtime.instant(),
            hasMore=more,
            after=reached,
            lane=lane,
        )
    )


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ApiError("VALIDATION_ERROR", f"{name} is a whole number", field=name)
    return int(text)
