"""Reconciliation: what was expected against what was paid, as JSON and as CSV."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web

from events.currency import is_known
from projections.reconciliation import ItemState
from service.formats.amounts import NotAnAmount, read_amount
from service.http.app_keys import RECONCILIATION_CACHE
from service.http.cursors import wrong_cursor
from service.http.envelope import CSV, JSON, PageMeta
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import (
    CURSOR,
    LIMIT,
    MIN_POSITION,
    TEXT,
    Parameter,
    choice,
    choice_with_default,
    day,
    invalid,
    text_of,
)
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext, stream_headers
from service.http.visibility import visible_account
from service.ledger.access_scope import AccessScope
from service.ledger.api_keys import PAYOUT_READ
from service.reconciliation.claims import KINDS, ORDER, WITHDRAWAL
from service.reconciliation.reading import ReconciliationPage, RowPlace, reconciliation
from service.reconciliation.row_document import ReconciliationRowDocument
from service.reconciliation.rows import ALL, COLUMNS, OPEN, ReconciliationRow, RowFilter, csv_line, csv_row

NEXT_CURSOR = "Next-Cursor"
STATES = (OPEN, ALL, *(state.value for state in ItemState))
_NAMES = {ORDER: 2, WITHDRAWAL: 3}
"""How many names say where a row of a kind stands; the others have a number."""
_TEXT_MAX = 200
_LINES_AT_ONCE = 500
_CHUNK = 1 << 18


def _word(name: str, description: str) -> Parameter[str | None]:
    message = f"{name} is 1 to {_TEXT_MAX} printable ASCII characters without spaces"
    return text_of(
        name, description, _TEXT_MAX, lambda text: text.isascii() and text.isprintable() and " " not in text, message
    )


def _parse_currency(text: str) -> str:
    if not is_known(text):
        raise invalid("currency", "currency is an ISO 4217 code, such as IDR")
    return text


def _parse_amount(text: str) -> Decimal:
    try:
        return read_amount(text).number
    except NotAnAmount:
        raise invalid("amount", "amount is a decimal number in major units, such as 3962.41") from None


STATE = choice_with_default("state", STATES, "Only rows in this state.", OPEN)
KIND = choice("kind", KINDS, "Only rows of this kind.")
CHANNEL = _word("channel", "Only of this channel.")
CURRENCY: Parameter[str | None] = Parameter("currency", "Only in this currency.", TEXT, _parse_currency, None)
SINCE = day("from", "Of this day or later.")
UNTIL = day("to", "Of this day or earlier.")
REFERENCE = _word("reference", "A bank's reference, a statement's number, a payout's id, or a word of a remittance.")
AMOUNT: Parameter[Decimal | None] = Parameter(
    "amount", "Expected or paid, in major units, whichever its sign.", TEXT, _parse_amount, None
)
FORMAT = choice("format", ("json", "csv"), "As CSV, as Accept: text/csv does; without a limit, all rows.")


async def list_rows(context: RequestContext) -> web.StreamResponse:
    """The open differences, if no state is named; as CSV all rows, if no limit is."""
    wanted = _filter(context)
    as_csv = _wants_csv(context)
    limit = context.read(LIMIT)
    lane, profile = await visible_account(context)
    await wait_for_position(context, lane, "settlements")
    filters = (
        *(wanted.state, wanted.kind, wanted.channel, wanted.currency, context.given(SINCE), context.given(UNTIL)),
        *(wanted.reference, context.given(AMOUNT)),
    )
    listing = Listing(context, "reconciliation", AccessScope((lane,), (profile.mode,), context.account), filters)
    whole = as_csv and context.given(LIMIT) is None
    page = ReconciliationPage(_place(listing), None if whole else limit + 1)
    cache = context.request.app[RECONCILIATION_CACHE]
    rows = reconciliation(context.ledger, lane, context.account, profile.key, wanted, page, cache)
    async with contextlib.aclosing(rows):
        if whole:
            return await _whole_csv(context.request, rows)
        shown = []
        async for row in rows:
            shown.append(row)
            if len(shown) > limit:
                break
    documents = [row.document for row in shown[:limit]]
    last = shown[limit - 1].item if len(shown) > limit else None
    end = (last.kind, _encoded(last.place)) if last else None
    if not as_csv:
        return listing.respond(documents, limit, end)
    text = csv_line(list(COLUMNS)) + "".join(csv_row(document) for document in documents)
    cursor = listing.cursor(end)
    return web.Response(text=text, content_type=CSV, headers={} if cursor is None else {NEXT_CURSOR: cursor})


async def _whole_csv(request: web.Request, rows: AsyncGenerator[ReconciliationRow, None]) -> web.StreamResponse:
    """All rows as a file. They are gathered on disk first: a slow reader is not to keep the database waiting."""
    with tempfile.TemporaryFile() as gathered:
        lines = [csv_line(list(COLUMNS))]
        async for row in rows:
            lines.append(csv_row(row.document))
            if len(lines) == _LINES_AT_ONCE:
                await asyncio.to_thread(gathered.write, "".join(lines).encode())
                lines = []
        await asyncio.to_thread(gathered.write, "".join(lines).encode())
        await rows.aclose()
        await asyncio.to_thread(gathered.seek, 0)
        response = web.StreamResponse(headers=stream_headers(request, CSV))
        await response.prepare(request)
        while chunk := await asyncio.to_thread(gathered.read, _CHUNK):
            await response.write(chunk)
    return response


def _filter(context: RequestContext) -> RowFilter:
    # The currency is read first, as it always was: the first that is wrong is the one that the answer names.
    currency = context.read(CURRENCY)
    return RowFilter(
        state=context.read(STATE),
        kind=context.read(KIND),
        channel=context.read(CHANNEL),
        currency=currency,
        since=context.read(SINCE),
        until=context.read(UNTIL),
        reference=context.read(REFERENCE),
        amount=context.read(AMOUNT),
    )


def _wants_csv(context: RequestContext) -> bool:
    form = context.read(FORMAT)
    return form == "csv" or (form is None and CSV in context.request.headers.get("Accept", ""))


def _place(listing: Listing) -> RowPlace | None:
    parts = listing.place(2)
    if parts is None:
        return None
    if len(parts) != 2 or parts[0] not in KINDS:
        raise wrong_cursor()
    try:
        place = orjson.loads(base64.urlsafe_b64decode(parts[1]))
    except (binascii.Error, ValueError):
        raise wrong_cursor() from None
    names = _NAMES.get(parts[0], 0)
    match place:
        case [int(number)] if not names and 0 <= number < 2**62:
            return parts[0], [int(number)]
        case [str(), *_] if len(place) == names and all(_is_name(each) for each in place):
            return parts[0], place
    raise wrong_cursor()


def _is_name(part: Any) -> bool:
    return isinstance(part, str) and "\x00" not in part


def _encoded(place: Sequence[str | int]) -> str:
    """A place as a cursor keeps it: without spaces, and in ASCII."""
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).decode()


OPERATIONS = (
    ApiOperation(
        "GET",
        "/reconciliation",
        list_rows,
        id="listReconciliation",
        summary="Expected against paid: the open differences, if no state is named",
        scopes=(PAYOUT_READ,),
        parameters=(
            *(STATE, KIND, CHANNEL, CURRENCY, SINCE, UNTIL, REFERENCE, AMOUNT, FORMAT),
            *(MIN_POSITION, LIMIT, CURSOR),
        ),
        answers=(
            Answer(
                data=list[ReconciliationRowDocument],
                meta=PageMeta,
                media_types=(JSON, CSV),
                headers={NEXT_CURSOR: "Of a page of CSV: where the next one begins."},
            ),
        ),
    ),
)
