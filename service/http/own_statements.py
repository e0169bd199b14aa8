"""One statement, and for the ledger's own what it is made of: each event with the field that it counts in, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web

from events.chain import envelope_from
from events.codec import event_of
from events.statements.chain import CHANNEL
from events.statements.events import StatementClosed
from projections.own_statements import amount_text
from projections.statement_fields import StatementLine, lines
from service.http.cursors import Cursor
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import read_limit
from service.http.request_context import REQUEST_ID, RequestContext
from service.http.statements import STATEMENT_CHANNELS, document
from service.http.visibility import account_sight, choice, wrong_cursor
from service.ledger.access_scope import AccessScope
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.booking import TEXT_MAX
from service.platform.database import OUTAGES
from service.workers.statement_closer import read_account
from sql import query

LINES_DEFAULT, LINES_MAX = 100, 1000
_CSV_ROWS = 500
_COLUMNS = ("position", "type", "effectiveAt", "recordedAt", "reference", "field", "within", "amount", "currency")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def routes(prefix: str) -> list[web.RouteDef]:
    return [web.get(f"{prefix}/statements/{{statement_number}}", get_statement)]


async def get_statement(request: web.Request) -> web.StreamResponse:
    """`?lines=true` adds what an own statement is made of, `&format=csv` gives nothing but that."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    wanted = choice(request, "lines", ("true", "false")) == "true"
    as_csv = choice(request, "format", ("json", "csv")) == "csv"
    limit = read_limit(request, LINES_DEFAULT, LINES_MAX)
    channel = choice(request, "channel", STATEMENT_CHANNELS)
    access_scope = await account_sight(context)
    row = await _find(context, access_scope, channel)
    found = document(row)
    own = await _closed(context, access_scope, row["position"]) if row["source"] == CHANNEL else None
    if own is not None:
        found |= _period(own, context.ledger.exponents[own.currency])
    now = context.ledger.runtime.instant()
    if not wanted:
        if as_csv:
            raise ApiError("VALIDATION_ERROR", "CSV is of a statement's lines: ask for lines=true", field="format")
        return respond(success(orjson.dumps(found), context.request_id, now))
    if own is None:
        raise ApiError(
            "VALIDATION_ERROR",
            "only the ledger's own statements are made of its events: leave lines out",
            field="lines",
        )
    if as_csv:
        return await _csv(request, context, access_scope, own)
    shown, end = await _page(context, access_scope, own, limit)
    cursor = Cursor(context.account, f"lines {own.number}", end).text() if end is not None else None
    return respond(
        success(
            orjson.dumps({**found, "lines": [_line(line, own, context) for line in shown]}),
            context.request_id,
            now,
            page={"limit": limit, "hasMore": end is not None, "nextCursor": cursor},
            cursor=cursor,
            hasMore=end is not None,
        )
    )


async def _find(context: RequestContext, access_scope: AccessScope, channel: str | None) -> dict[str, Any]:
    number = context.request.match_info["statement_number"]
    nothing = ApiError("NOT_FOUND", "there is no statement of this number", field="statementNumber")
    if len(number) > TEXT_MAX or not number.isprintable():
        raise nothing
    rows = await context.ledger.pool.fetch(
        query("statements/find"), access_scope.lanes[0], context.account, number, channel, 2
    )
    if not rows:
        raise nothing
    if len(rows) > 1:
        raise ApiError("VALIDATION_ERROR", "more than one statement has this number: name its channel", field="channel")
    return dict(rows[0])


async def _closed(context: RequestContext, access_scope: AccessScope, position: int) -> StatementClosed:
    """The event that closed an own statement."""
    row = await context.ledger.pool.fetchrow(query("events/read_after"), access_scope.lanes[0], position - 1, 1)
    assert row is not None, "a statement's row names its event"
    event = event_of(envelope_from(orjson.loads(row["envelope"])))
    assert isinstance(event, StatementClosed)
    return event


def _period(own: StatementClosed, exponent: int) -> dict[str, Any]:
    return {
        "cycle": own.cycle,
        "zone": own.zone,
        "startsAt": own.starts_at,
        "endsAt": own.ends_at,
        "afterPosition": own.after_position,
        "throughPosition": own.through_position,
        "guaranteeDepositChange": amount_text(own.held - own.held_before, exponent),
    }


async def _lines(
    context: RequestContext, access_scope: AccessScope, own: StatementClosed, after_version: int
) -> AsyncIterator[list[StatementLine]]:
    """The lines of each event that has some."""
    lane = access_scope.lanes[0]
    async for envelope in read_account(context.ledger, lane, context.account, after_version, own.through_position):
        found = list(lines(envelope, event_of(envelope), own.currency))
        if found:
            yield found


async def _page(
    context: RequestContext, access_scope: AccessScope, own: StatementClosed, limit: int
) -> tuple[list[StatementLine], int | None]:
    """At least so many lines, up to the end of an event; and that event's version, if there are more."""
    after = own.after_version
    text = context.request.query.get("cursor")
    if text:
        cursor = Cursor.parse(text, context.account)
        if cursor.filter != f"lines {own.number}":
            raise wrong_cursor()
        after = max(after, cursor.position)
    shown: list[StatementLine] = []
    async for found in _lines(context, access_scope, own, after):
        if len(shown) >= limit:
            return shown, shown[-1].version
        shown += found
    return shown, None


def _line(line: StatementLine, own: StatementClosed, context: RequestContext) -> dict[str, Any]:
    return {
        "position": line.position,
        "type": line.type,
        "effectiveAt": line.effective_at,
        "recordedAt": line.recorded_at,
        "reference": line.reference,
        "field": _camel(line.field),
        "within": _camel(line.within) if line.within is not None else None,
        "amount": amount_text(line.amount, context.ledger.exponents[own.currency]),
        "currency": own.currency,
    }


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


async def _csv(
    request: web.Request, context: RequestContext, access_scope: AccessScope, own: StatementClosed
) -> web.StreamResponse:
    """All lines, however many, a few at a time."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/csv; charset=utf-8", "X-Request-Id": request[REQUEST_ID]}
    )
    await response.prepare(request)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    rows = 0
    try:
        async for found in _lines(context, access_scope, own, own.after_version):
            for line in found:
                cells = _line(line, own, context)
                writer.writerow([_cell(name, cells[name]) for name in _COLUMNS])
                rows += 1
            if rows >= _CSV_ROWS:
                await response.write(buffer.getvalue().encode())
                buffer.seek(0)
                buffer.truncate()
                rows = 0
        await response.write(buffer.getvalue().encode())
        await response.write_eof()
    except OUTAGES:
        # The status is out already: a body that breaks off is the only way left to say that it is not whole.
        response.force_close()
        if request.transport is not None:
            request.transport.abort()
    return response


def _cell(name: str, found: object) -> str:
    """A spreadsheet would run a reference that looks like a formula."""
    text = "" if found is None else str(found)
    return f"'{text}" if name == "reference" and text.startswith(_FORMULA) else text
