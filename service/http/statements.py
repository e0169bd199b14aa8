"""Statements: marketplaces' as they were last observed, and the ledger's own; and what each marketplace can tell."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.channels.observe import FIELDS
from events.instants import Instant, parse, to_datetime
from events.statements.chain import CHANNEL as OWN
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.visibility import Listing, account_sight, choice, wrong_cursor
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.channels import CHANNELS, availability
from sql import query

ORIGINS = ("own", "imported")
"""Whose statements are listed: the ledger's own, or those of marketplaces."""
STATEMENT_CHANNELS = (*CHANNELS, OWN)
_FINDING = ("rule", "expected", "actual", "difference")


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/statements", list_statements),
        web.get(f"{prefix}/channels", list_channels),
    ]


async def list_statements(request: web.Request) -> web.Response:
    """`?source=&channel=&paid=&createdAfter=`, the last to become known first."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    channel, paid = choice(request, "channel", STATEMENT_CHANNELS), choice(request, "paid", ("true", "false"))
    source = choice(request, "source", ORIGINS)
    after = _moment(request, "createdAfter")
    access_scope = await account_sight(context)
    listing = Listing(context, "statements", access_scope, (channel, paid, after, source))
    rows = await context.ledger.pool.fetch(
        query("statements/page"),
        access_scope.lanes[0],
        context.account,
        channel,
        None if paid is None else paid == "true",
        to_datetime(after) if after else None,
        _position(listing.place(1)),
        limit + 1,
        None if source is None else source == ORIGINS[0],
    )
    shown = rows[:limit]
    end = [str(shown[-1]["first_position"])] if len(rows) > limit else None
    return listing.answer([document(dict(row)) for row in shown], limit, end)


def _moment(request: web.Request, name: str) -> Instant | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as problem:
        raise ApiError("VALIDATION_ERROR", f"{name}: {problem}", field=name) from None


def _position(parts: list[str] | None) -> int | None:
    if parts is None:
        return None
    if not (len(parts) == 1 and parts[0].isdigit() and len(parts[0]) < 19):
        raise wrong_cursor()
    return int(parts[0])


def document(row: dict[str, Any]) -> dict[str, Any]:
    """Seed 001's names in camel case with the source's texts; the payout without its currency, which stands beside it."""
    content: dict[str, str | None] = orjson.loads(row["content"])
    texts = {name[0].lower() + name[1:]: content.get(name) for name in FIELDS}
    payout = texts["payout"]
    return {
        "statementNumber": row["number"],
        "channel": row["channel"],
        "seller": row["seller"] or None,
        "source": row["source"],
        **texts,
        "payout": None if payout is None else payout.removesuffix(row["currency"]).strip(),
        "currency": row["currency"],
        "paid": row["paid"],
        "createdInstant": row["created_at"],
        "updatedInstant": row["updated_at"],
        "collects": row["collects"],
        "reference": row["reference"] or None,
        "previousStatement": row["previous"],
        "findings": [{name: found[name] for name in _FINDING} for found in orjson.loads(row["findings"])],
        "digest": row["digest"] or None,
        "position": row["position"],
    }


async def list_channels(request: web.Request) -> web.Response:
    """Seed 000's table as it stands here: each cell with what it can be had by, and how well that is attested."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    if context.account_id is not None:
        await account_sight(context)
    cells: dict[str, list[dict[str, Any]]] = {name: [] for name in CHANNELS}
    for cell in availability():
        cells[cell.channel].append(
            {
                "measure": cell.measure.value,
                "level": cell.level.value if cell.level is not None else None,
                "available": cell.available,
                "by": cell.by.value,
                "ways": [{"by": way.by.value, "grade": way.grade, "through": way.through} for way in cell.ways],
            }
        )
    documents = [
        {
            "channel": name,
            "period": source.period,
            "booksAt": source.books_at.value,
            "reads": sorted(source.formats),
            "pulls": source.pulls,
            "cells": cells[name],
        }
        for name, source in CHANNELS.items()
    ]
    return respond(success(orjson.dumps(documents), context.request_id, context.ledger.runtime.instant()))
