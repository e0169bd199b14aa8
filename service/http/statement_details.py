"""One statement. Of the ledger's own also its lines: each event with the field that it counts in, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from events.envelope import envelope_from, event_of
from events.statements.chain import CHANNEL as OWN
from events.statements.events import StatementClosed
from events.statements.periods import CYCLES
from projections.own_statements import amount_text
from projections.statement_fields import StatementLine, lines
from service.http.cursors import Cursor, wrong_cursor
from service.http.envelope import CSV, JSON, Meta, PageMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import page_meta
from service.http.parameters import CURSOR, LONG_LIMIT, PathParameter, choice, invalid, yes_or_no
from service.http.request_context import RequestContext, stream_headers
from service.http.settlement_filters import SELLER
from service.http.statements import STATEMENT_CHANNELS, StatementDocument, statement_document
from service.http.visibility import account_scope
from service.ledger.access_scope import AccessScope
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.booking import TEXT_MAX
from service.platform.database import OUTAGES
from service.platform.documents import MajorUnits, Position, Time, one_of
from service.workers.statement_closer import read_account
from sql import query

_CSV_ROWS = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

STATEMENT_NUMBER = PathParameter(
    "statement_number", "The statement's number.", {"type": "string", "maxLength": TEXT_MAX}
)
WITH_LINES = yes_or_no("lines", "true: with the events that it is made of; only of the ledger's own.")
FORMAT = choice("format", ("json", "csv"), "`csv` gives all lines and nothing else.")
CHANNEL = choice("channel", STATEMENT_CHANNELS, "Whose statement, where several channels have one of this number.")


class StatementLineDocument(TypedDict):
    """An event with the field of the statement that it counts in."""

    position: Position
    type: str
    effectiveAt: Time
    recordedAt: Time
    reference: str | None
    field: str
    within: Annotated[str | None, Field(description="The part of that field that it counts in as well.")]
    amount: Annotated[MajorUnits, Field(description="In the direction of its field.")]
    currency: str


_COLUMNS = tuple(StatementLineDocument.__annotations__)
"""Of CSV: the fields of a line, in their order."""


class StatementPeriodDocument(TypedDict):
    """The period of a statement of the ledger's own."""

    cycle: Annotated[str, one_of(*CYCLES)]
    zone: str
    startsAt: Time
    endsAt: Time
    afterPosition: int
    throughPosition: int
    guaranteeDepositChange: MajorUnits


class OwnStatementDocument(StatementDocument, StatementPeriodDocument):
    """A statement of the ledger's own."""


class OwnStatementWithLinesDocument(OwnStatementDocument):
    """A statement of the ledger's own, with what it is made of."""

    lines: list[StatementLineDocument]


OneStatement = TypeAliasType("OneStatement", StatementDocument | OwnStatementDocument | OwnStatementWithLinesDocument)


async def get_statement(context: RequestContext) -> web.StreamResponse:
    """`?lines=true` adds what an own statement is made of, `&format=csv` gives nothing but that."""
    with_lines = context.read(WITH_LINES) == "true"
    as_csv = context.read(FORMAT) == "csv"
    limit = context.read(LONG_LIMIT)
    channel = context.read(CHANNEL)
    access_scope = await account_scope(context)
    row = await _find(context, access_scope, channel, context.read(SELLER))
    if as_csv and not with_lines:
        raise invalid(FORMAT.name, "CSV is of a statement's lines: ask for lines=true")
    document = statement_document(row)
    if row["source"] != OWN:
        if with_lines:
            raise invalid(WITH_LINES.name, "only the ledger's own statements are made of its events: leave lines out")
        return context.respond(document)
    own = await _closed(context, access_scope, row["position"])
    own_document: OwnStatementDocument = {**document, **_period(own, context.ledger.exponents[own.currency])}
    if not with_lines:
        return context.respond(own_document)
    if as_csv:
        return await _csv(context, access_scope, own)
    shown, end = await _page(context, access_scope, own, limit)
    cursor = Cursor(context.account, f"lines {own.number}", end).text() if end is not None else None
    with_its_lines: OwnStatementWithLinesDocument = {
        **own_document,
        "lines": [_line(line, own, context) for line in shown],
    }
    return context.respond(with_its_lines, page_meta(context, limit, cursor))


async def _find(
    context: RequestContext, access_scope: AccessScope, channel: str | None, seller: str | None
) -> dict[str, Any]:
    number = context.request.match_info[STATEMENT_NUMBER.name]
    nothing = ApiError("NOT_FOUND", "there is no statement of this number", field=STATEMENT_NUMBER.documented_name)
    if len(number) > TEXT_MAX or not number.isprintable():
        raise nothing
    rows = await context.ledger.pool.fetch(
        query("statements/find"), access_scope.lanes[0], context.account, number, channel, seller, 100
    )
    if not rows:
        raise nothing
    if len({row["channel"] for row in rows}) > 1:
        raise invalid(CHANNEL.name, "more than one statement has this number: name its channel")
    if len(rows) > 1:
        raise invalid(SELLER.name, "several sellers have a statement of this number: name the seller")
    return dict(rows[0])


async def _closed(context: RequestContext, access_scope: AccessScope, position: int) -> StatementClosed:
    """The event that closed an own statement."""
    row = await context.ledger.pool.fetchrow(query("events/read_after"), access_scope.lanes[0], position - 1, 1)
    assert row is not None, "a statement's row names its event"
    event = event_of(envelope_from(orjson.loads(row["envelope"])))
    assert isinstance(event, StatementClosed)
    return event


def _period(own: StatementClosed, exponent: int) -> StatementPeriodDocument:
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
    if text := context.read(CURSOR):
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


def _line(line: StatementLine, own: StatementClosed, context: RequestContext) -> StatementLineDocument:
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


async def _csv(context: RequestContext, access_scope: AccessScope, own: StatementClosed) -> web.StreamResponse:
    """All lines, however many, a few at a time."""
    request = context.request
    response = web.StreamResponse(headers=stream_headers(request, CSV))
    await response.prepare(request)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    rows = 0
    try:
        async for found in _lines(context, access_scope, own, own.after_version):
            for line in found:
                cells: Mapping[str, object] = _line(line, own, context)
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


OPERATIONS = (
    ApiOperation(
        "GET",
        "/statements/{statement_number}",
        get_statement,
        id="getStatement",
        summary="One statement; of the ledger's own, on request, every event with the field that it counts in",
        scopes=(PAYOUT_READ,),
        parameters=(STATEMENT_NUMBER, CHANNEL, SELLER, WITH_LINES, FORMAT, LONG_LIMIT, CURSOR),
        answers=(Answer(data=OneStatement, meta=Meta | PageMeta, media_types=(JSON, CSV)),),
    ),
)
