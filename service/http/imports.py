"""Marketplaces' files taken in: streamed onto the disk, read beside the requests, and listed with how far each is."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import orjson
from aiohttp import web

from events.instants import to_datetime
from service.formats.detection import detect_format
from service.http.app_keys import IMPORTS, SETTINGS
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.uploads import chunks, file_name
from service.http.visibility import Listing, choice, wrong_cursor
from service.imports.import_jobs import File, OtherContent
from service.imports.import_records import FAILED, READING, STATES, ImportKey, ImportRecord, find, page, problems_of
from service.imports.import_request import ImportRequest
from service.ledger.access_scope import of_account
from service.ledger.api_keys import COMMAND_WRITE, PAYOUT_READ
from service.marketplaces.channels import marketplace_named
from service.marketplaces.import_source import MarketplaceOptions

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def routes(prefix: str) -> list[web.RouteDef]:
    base = f"{prefix}/settlements/imports"
    return [
        web.post(base, post_import),
        web.get(base, list_imports),
        web.get(f"{base}/{{import_id}}", get_import),
        web.get(f"{base}/{{import_id}}/problems", list_problems),
    ]


async def importing(app: web.Application) -> AsyncIterator[None]:
    """Lets imports run as long as the application does."""
    yield
    await app[IMPORTS].close(app[SETTINGS].drain_seconds)


async def post_import(request: web.Request) -> web.Response:
    """Takes the body in as a file of `?channel=`; `?wait=false` or `Prefer: respond-async` answers before it is read."""
    context = await RequestContext.begin_streamed(request, COMMAND_WRITE)
    origin = request.query
    options = MarketplaceOptions(
        channel=origin.get("channel", ""),
        seller=origin.get("seller"),
        currency=origin.get("currency"),
        zone=origin.get("zone"),
        collects=origin.get("collects"),
    )
    requested = ImportRequest(context.account, file_name(request), options)
    requested.check()
    import_id, waits = _import_id(request), _waits(request)
    async with request.app[IMPORTS].slot():
        file = await _received(request, context, options.channel)
        try:
            key, task = await request.app[IMPORTS].begin(requested, context.origin(), import_id, file)
        except OtherContent:
            raise ApiError(
                "IDEMPOTENCY_MISMATCH",
                f"the import {import_id} is one of another content, or was asked for otherwise: choose another id",
                field="Import-Id",
            ) from None
    if task is not None and waits:
        # Whoever goes away meanwhile does not end it.
        await asyncio.shield(task)
    found = await find(context.ledger, key, context.key.mode)
    assert found is not None
    if found.state == READING:
        return _accepted(request, context, found)
    if found.state == FAILED and waits:
        error = found.error or {}
        raise ApiError(error["code"], error["message"], field=error.get("field"), headers=_location(request, found))
    return await _answer(context, key, found)


def _accepted(request: web.Request, context: RequestContext, found: ImportRecord) -> web.Response:
    body = success(
        orjson.dumps({"id": found.id, "state": found.state}), context.request_id, context.ledger.runtime.instant()
    )
    headers = _location(request, found)
    if "respond-async" in _preferences(request):
        headers["Preference-Applied"] = "respond-async"
    return respond(body, 202, headers)


def _location(request: web.Request, found: ImportRecord) -> dict[str, str]:
    return {"Location": f"{request.path}/{found.id}"}


def _preferences(request: web.Request) -> set[str]:
    given = ",".join(request.headers.getall("Prefer", []))
    return {one.split(";")[0].strip().lower() for one in given.split(",")}


def _waits(request: web.Request) -> bool:
    """Whether the answer is to be the finished report; the query goes before the header."""
    origin = choice(request, "wait", ("true", "false"))
    return origin == "true" if origin is not None else "respond-async" not in _preferences(request)


def _import_id(request: web.Request) -> str | None:
    given = {text for text in (request.headers.get("Import-Id"), request.query.get("importId")) if text is not None}
    if len(given) > 1:
        raise ApiError("VALIDATION_ERROR", "Import-Id and importId differ", field="Import-Id")
    for text in given:
        if _ID.fullmatch(text) is None:
            raise ApiError(
                "VALIDATION_ERROR",
                "an import's id is up to 64 letters, digits, dots, colons, dashes and underscores",
                field="Import-Id",
            )
        return text
    return None


async def _received(request: web.Request, context: RequestContext, channel: str) -> File:
    """The body on disk: readers go back and forth in some formats, and 100 MB do not belong into memory."""
    with contextlib.ExitStack() as unless_whole:
        stream = unless_whole.enter_context(tempfile.TemporaryFile())
        digest = context.ledger.vault.content_digest()
        size = 0
        async for chunk in chunks(request):
            size += len(chunk)
            await asyncio.to_thread(stream.write, chunk)
            digest.update(chunk)
        await asyncio.to_thread(_checked_format, stream, channel)
        unless_whole.pop_all()
    return File(stream, size, digest.hexdigest())


def _checked_format(stream: BinaryIO, channel: str) -> None:
    """400 for what nobody could read a word of; the stream is at its beginning then."""
    if stream.tell() == 0:
        raise ApiError("VALIDATION_ERROR", "the body is to be a file, and is empty", field="body")
    stream.seek(0)
    found, _ = detect_format(stream)
    formats = marketplace_named(channel).formats
    if found not in formats:
        message = f"{channel} is read from {', '.join(sorted(formats))}, and this looks like {found}"
        raise ApiError("VALIDATION_ERROR", message, field="body")
    stream.seek(0)


async def get_import(request: web.Request) -> web.Response:
    """How far an import is, with the first of what nobody could read."""
    context = await RequestContext.begin(request, PAYOUT_READ, COMMAND_WRITE)
    key, found = await _found(context)
    return await _answer(context, key, found)


async def _answer(context: RequestContext, key: ImportKey, found: ImportRecord) -> web.Response:
    document = found.document(await problems_of(context.ledger, key))
    return respond(success(orjson.dumps(document), context.request_id, context.ledger.runtime.instant()))


async def _found(context: RequestContext) -> tuple[ImportKey, ImportRecord]:
    import_id = context.id_in_path("import_id")
    # Its account may never have come to be, where nothing of a file could be read.
    key = ImportKey(await context.ledger.lane_of(context.account), context.account, import_id)
    found = await find(context.ledger, key, context.key.mode)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no import {import_id}", field="importId")
    return key, found


async def list_imports(request: web.Request) -> web.Response:
    """`?state=`, newest first, without their problems."""
    context = await RequestContext.begin(request, PAYOUT_READ, COMMAND_WRITE)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    state = choice(request, "state", STATES)
    access_scope = await of_account(context.ledger, context.key.mode, context.account)
    if access_scope is None:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    listing = Listing(context, "imports", access_scope, (state,))
    found = await page(
        context.ledger, access_scope.lanes[0], context.account, context.key.mode,
        state=state, before=_before(listing.place(2)), limit=limit + 1,
    )  # fmt: skip
    shown = found[:limit]
    end = None
    if len(found) > limit:
        end = (str((to_datetime(shown[-1].started_at) - _EPOCH) // _MICROSECOND), shown[-1].id)
    return listing.answer([each.document() for each in shown], limit, end)


def _before(parts: list[str] | None) -> tuple[datetime, str] | None:
    if parts is None:
        return None
    if not (len(parts) == 2 and parts[0].isdigit() and len(parts[0]) < 17 and _ID.fullmatch(parts[1])):
        raise wrong_cursor()
    return _EPOCH + int(parts[0]) * _MICROSECOND, parts[1]


async def list_problems(request: web.Request) -> web.Response:
    """All that nobody could read of an import, in the order of the file."""
    context = await RequestContext.begin(request, PAYOUT_READ, COMMAND_WRITE)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    key, _ = await _found(context)
    access_scope = await of_account(context.ledger, context.key.mode, context.account)
    if access_scope is None:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    listing = Listing(context, "problems", access_scope, (key.import_id,))
    parts = listing.place(1)
    if parts is not None and not (parts[0].isdigit() and len(parts[0]) < 19):
        raise wrong_cursor()
    found = await problems_of(context.ledger, key, int(parts[0]) if parts else -1, limit + 1)
    shown = found[:limit]
    end = (str(shown[-1].number),) if len(found) > limit else None
    return listing.answer([each.document() for each in shown], limit, end)
