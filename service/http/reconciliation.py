"""Expected against paid over HTTP, as JSON and as CSV; banks' statements taken in, and their entries shown."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web

from events.currency import is_known
from projections.reconciliation import ItemState
from service.banks.import_source import BankOptions, read_columns
from service.banks.tables import Layout
from service.formats.amounts import NotAnAmount, read_amount
from service.http.app_keys import IMPORTS, RECONCILIATION_CACHE
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.http.uploads import file_name, receive
from service.http.visibility import Listing, choice, wrong_cursor
from service.imports.import_request import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.access_scope import AccessScope
from service.ledger.account_profile import Profile, read_profile
from service.ledger.api_keys import COMMAND_WRITE, PAYOUT_READ
from service.ledger.vault import ERASED
from service.reconciliation.claims import KINDS, ORDER, WITHDRAWAL
from service.reconciliation.reading import ReconciliationPage, RowPlace, reconciliation
from service.reconciliation.rows import ALL, COLUMNS, OPEN, ReconciliationRow, RowFilter, csv_line, csv_row
from sql import query

CSV = "text/csv"
STATES = (OPEN, ALL, *(state.value for state in ItemState))
_NAMES = {ORDER: 2, WITHDRAWAL: 3}
"""How many names say where a row of a kind stands; the others have a number."""
_REFERENCE_MAX = 200
_LINES_AT_ONCE = 500
_CHUNK = 1 << 18


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/reconciliation", list_rows),
        web.get(f"{prefix}/bank-entries/{{entry_id}}", get_entry),
        web.post(f"{prefix}/bank-statements", post_bank_statement),
    ]


async def list_rows(request: web.Request) -> web.StreamResponse:
    """`?state=&kind=&channel=&currency=&from=&to=&reference=&amount=`: the open differences, if no state is named."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    wish = _filter(request)
    as_csv = _wants_csv(request)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    lane, profile = await _account(context)
    await wait_for_position(context, lane, "settlements")
    filters = (
        *(wish.state, wish.kind, wish.channel, wish.currency, request.query.get("from"), request.query.get("to")),
        *(wish.reference, request.query.get("amount")),
    )
    listing = Listing(context, "reconciliation", AccessScope((lane,), (profile.mode,), context.account), filters)
    whole = as_csv and "limit" not in request.query
    page = ReconciliationPage(_place(listing), None if whole else limit + 1)
    rows = reconciliation(
        context.ledger, lane, context.account, profile.key, wish, page, request.app[RECONCILIATION_CACHE]
    )
    async with contextlib.aclosing(rows):
        if whole:
            return await _whole_csv(request, rows)
        shown = []
        async for row in rows:
            shown.append(row)
            if len(shown) > limit:
                break
    documents = [row.document for row in shown[:limit]]
    last = shown[limit - 1].item if len(shown) > limit else None
    answer = listing.answer(documents, limit, (last.kind, _kept(last.place)) if last else None)
    if not as_csv:
        return answer
    text = csv_line(list(COLUMNS)) + "".join(csv_row(document) for document in documents)
    cursor = orjson.loads(answer.body if isinstance(answer.body, bytes) else b"{}")["meta"]["cursor"]
    headers = {"Next-Cursor": cursor} if cursor else {}
    return web.Response(text=text, content_type=CSV, headers=headers)


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
        response = web.StreamResponse(headers={"Content-Type": f"{CSV}; charset=utf-8"})
        await response.prepare(request)
        while chunk := await asyncio.to_thread(gathered.read, _CHUNK):
            await response.write(chunk)
    return response


def _filter(request: web.Request) -> RowFilter:
    currency = request.query.get("currency")
    if currency is not None and not is_known(currency):
        raise ApiError("VALIDATION_ERROR", "currency is an ISO 4217 code, such as IDR", field="currency")
    return RowFilter(
        state=choice(request, "state", STATES) or OPEN,
        kind=choice(request, "kind", KINDS),
        channel=_word(request, "channel"),
        currency=currency,
        since=_day(request, "from"),
        until=_day(request, "to"),
        reference=_word(request, "reference"),
        amount=_amount(request),
    )


def _word(request: web.Request, name: str) -> str | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not (0 < len(text) <= _REFERENCE_MAX and text.isascii() and text.isprintable() and " " not in text):
        message = f"{name} is 1 to {_REFERENCE_MAX} printable ASCII characters without spaces"
        raise ApiError("VALIDATION_ERROR", message, field=name)
    return text


def _day(request: web.Request, name: str) -> date | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        # Other forms of ISO 8601 are longer or shorter.
        return date.fromisoformat(text if len(text) == len("2026-11-09") else "")
    except ValueError:
        raise ApiError("VALIDATION_ERROR", f"{name} is a day, such as 2026-11-09", field=name) from None


def _amount(request: web.Request) -> Decimal | None:
    text = request.query.get("amount")
    if text is None:
        return None
    try:
        return read_amount(text).number
    except NotAnAmount:
        message = "amount is a decimal number in major units, such as 3962.41"
        raise ApiError("VALIDATION_ERROR", message, field="amount") from None


def _wants_csv(request: web.Request) -> bool:
    form = choice(request, "format", ("json", "csv"))
    return form == "csv" or (form is None and CSV in request.headers.get("Accept", ""))


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


def _kept(place: Sequence[str | int]) -> str:
    """A place as a cursor keeps it: without spaces, and in ASCII."""
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).decode()


async def _account(context: RequestContext) -> tuple[int, Profile]:
    lane = await context.lane()
    profile = await read_profile(context.ledger, lane, context.account)
    if profile is None or profile.mode != context.key.mode:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    return lane, profile


async def get_entry(request: web.Request) -> web.Response:
    """A bank entry with the text that the bank wrote, and all that was said of what it is for."""
    context = await RequestContext.begin(request, PAYOUT_READ)
    entry_id = context.id_in_path("entry_id")
    lane, profile = await _account(context)
    row = await context.ledger.pool.fetchrow(query("reconciliation/bank_entry"), lane, context.account, entry_id)
    if row is None:
        raise ApiError("NOT_FOUND", f"there is no bank entry {entry_id}", field="entryId")
    matches = await context.ledger.pool.fetch(query("reconciliation/matches_of_entry"), lane, context.account, entry_id)

    def unsealed(name: str) -> str | None:
        if row[name] is None:
            return None
        return profile.key.unseal(name, row[name]) if profile.key is not None else ERASED

    document = {
        "id": row["entry_id"],
        "accountId": context.account,
        "bankAccount": row["bank_account"],
        "currency": row["currency"],
        "amount": row["amount"],
        "claimed": row["claimed"],
        "bookedOn": row["booked_on"],
        "valueOn": row["value_on"],
        "reference": row["reference"],
        "references": row["references"],
        "remittance": unsealed("remittance"),
        "counterparty": unsealed("counterparty"),
        "reversal": row["reversal"],
        "source": row["source"],
        "findings": orjson.loads(row["findings"]),
        "position": row["position"],
        "matches": [_match(dict(match)) for match in matches],
    }
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


def _match(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["match_id"],
        "targets": orjson.loads(row["targets"]),
        "reason": row["reason"],
        "madeBy": row["made_by"],
        "madeAt": row["made_at"],
        "unmadeAt": row["unmade_at"],
        "unmadeBy": row["unmade_by"],
        "unmadeReason": row["unmade_reason"],
    }


async def post_bank_statement(request: web.Request) -> web.Response:
    """Takes the body in as a bank's statement: camt.053, or a table whose columns may be named."""
    context = await RequestContext.begin_streamed(request, COMMAND_WRITE)
    origin = request.query
    order = choice(request, "dates", ("dmy", "mdy"))
    layout = Layout(read_columns(origin.get("columns", "")), origin.get("decimal"), month_first=order == "mdy")
    options = BankOptions(origin.get("bankAccount"), origin.get("currency"), layout)
    requested = ImportRequest(context.account, file_name(request), options)
    requested.check()
    async with request.app[IMPORTS].slot():
        with tempfile.TemporaryFile() as stream:
            await receive(request, stream)
            found = await import_file(context.ledger, requested, stream, context.origin())
    return respond(success(orjson.dumps(found.document()), context.request_id, context.ledger.runtime.instant()))
