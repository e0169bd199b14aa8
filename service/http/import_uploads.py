"""Imports of marketplaces' files: the body is streamed to disk, and read beside other requests."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import zipfile
from collections.abc import AsyncIterator
from typing import Annotated, BinaryIO

from aiohttp import web
from typing_extensions import TypedDict

from events.channels.state import PLATFORM, SELLER
from service.formats.detection import ZIP, detect_format, zip_members
from service.formats.spreadsheets import no_workbook
from service.http.app_keys import IMPORTS, SETTINGS
from service.http.bodies import FileBody
from service.http.errors import ApiError
from service.http.imports import IMPORT_ID_SCHEMA, ImportDocument, ImportId, import_document, is_import_id
from service.http.operations import Answer, ApiOperation
from service.http.parameters import any_text, yes_or_no
from service.http.request_context import RequestContext
from service.http.uploads import FILE, chunks
from service.imports.import_jobs import File, OtherContent
from service.imports.import_records import FAILED, READING, STATES, ImportRecord, find
from service.imports.import_source import ImportRequest
from service.ledger.api_keys import COMMAND_WRITE
from service.marketplaces.channels import CHANNELS, marketplace_named
from service.marketplaces.import_source import MarketplaceOptions
from service.platform.documents import one_of

CHANNEL = any_text("channel", "Whose file it is.", {"enum": list(CHANNELS)}, required=True)
SELLER_NAME = any_text("seller", "The shop, where the account has several.")
CURRENCY = any_text("currency", "For files that name none.")
ZONE = any_text("zone", "Of times without one, such as Asia/Jakarta.")
COLLECTS = any_text("collects", "Who is paid by the marketplace, from now on.", {"enum": [SELLER, PLATFORM]})
COLUMNS = any_text("columns", "The headings of the report, where nobody attests them: orderNo=No. Pesanan;...")
TYPES = any_text("types", "The meaning of types that nobody attests: 1002=commission:-1;...")
OBSERVED_AT = any_text(
    "observedAt",
    "When the records were so: a date or time. Records with a time of their own go by that; without either, by arrival.",
)
WAIT = yes_or_no("wait", "Whether to answer with the finished report (default).")
IMPORT_ID = any_text("importId", "As Import-Id.", IMPORT_ID_SCHEMA)
IMPORT_ID_HEADER = any_text(
    "Import-Id", "A name of the sender's for this import of this content.", IMPORT_ID_SCHEMA, location="header"
)
PREFER = any_text("Prefer", "respond-async, for an answer before the file is read.", location="header")


class BegunImportDocument(TypedDict):
    """An import that is being read."""

    id: ImportId
    state: Annotated[str, one_of(*STATES)]


async def importing(app: web.Application) -> AsyncIterator[None]:
    """Lets imports run as long as the application does."""
    yield
    await app[IMPORTS].close(app[SETTINGS].drain_seconds)


async def post_import(context: RequestContext) -> web.Response:
    """Imports the body as a file of a channel. 202 before it is read, where the request does not wait for that."""
    app = context.request.app
    options = MarketplaceOptions(
        channel=context.read(CHANNEL) or "",
        seller=context.read(SELLER_NAME),
        currency=context.read(CURRENCY),
        zone=context.read(ZONE),
        collects=context.read(COLLECTS),
        columns=context.read(COLUMNS),
        types=context.read(TYPES),
        observed_at=context.read(OBSERVED_AT),
    )
    requested = ImportRequest(context.account, context.read(FILE), options)
    requested.check()
    import_id, waits = _import_id(context), _waits(context)
    with app[IMPORTS].place(context.account) as place:
        file = await _received(context, options.channel)
        try:
            key, task = await app[IMPORTS].begin(requested, context.origin(), import_id, file, place)
        except OtherContent:
            raise ApiError(
                "IDEMPOTENCY_MISMATCH",
                f"the import {import_id} is one of another content, or was asked for otherwise: choose another id",
                field=IMPORT_ID_HEADER.name,
            ) from None
    if task is not None and waits:
        # The import goes on where the caller goes away.
        await asyncio.shield(task)
    found = await find(context.ledger, key, context.key.mode)
    assert found is not None
    if found.state == READING:
        return _accepted(context, found)
    if found.state == FAILED and waits:
        error = found.error or {}
        raise ApiError(error["code"], error["message"], field=error.get("field"), headers=_location(context, found))
    return context.respond(await import_document(context, key, found))


def _accepted(context: RequestContext, found: ImportRecord) -> web.Response:
    document: BegunImportDocument = {"id": found.id, "state": found.state}
    headers = _location(context, found)
    if "respond-async" in _preferences(context):
        headers["Preference-Applied"] = "respond-async"
    return context.respond(document, status=202, headers=headers)


def _location(context: RequestContext, found: ImportRecord) -> dict[str, str]:
    return {"Location": f"{context.request.path}/{found.id}"}


def _preferences(context: RequestContext) -> set[str]:
    given = ",".join(context.request.headers.getall(PREFER.name, []))
    return {one.split(";")[0].strip().lower() for one in given.split(",")}


def _waits(context: RequestContext) -> bool:
    """Whether the answer is to be the finished report; the query goes before the header."""
    waits = context.read(WAIT)
    return waits == "true" if waits is not None else "respond-async" not in _preferences(context)


def _import_id(context: RequestContext) -> str | None:
    given = {text for text in (context.read(IMPORT_ID_HEADER), context.read(IMPORT_ID)) if text is not None}
    if len(given) > 1:
        raise ApiError("VALIDATION_ERROR", "Import-Id and importId differ", field=IMPORT_ID_HEADER.name)
    for text in given:
        if not is_import_id(text):
            raise ApiError(
                "VALIDATION_ERROR",
                "an import's id is up to 64 letters, digits, dots, colons, dashes and underscores",
                field=IMPORT_ID_HEADER.name,
            )
        return text
    return None


async def _received(context: RequestContext, channel: str) -> File:
    """The body on disk: readers go back and forth in some formats, and 100 MB do not belong into memory."""
    with contextlib.ExitStack() as unless_whole:
        stream = unless_whole.enter_context(tempfile.TemporaryFile())
        digest = context.ledger.vault.content_digest()
        size = 0
        async for chunk in chunks(context.request):
            size += len(chunk)
            await asyncio.to_thread(stream.write, chunk)
            digest.update(chunk)
        await asyncio.to_thread(_check_format, stream, channel)
        unless_whole.pop_all()
    return File(stream, size, digest.hexdigest())


def _check_format(stream: BinaryIO, channel: str) -> None:
    """400 for a file that is in no format of the channel; the stream is at its beginning afterwards."""
    if stream.tell() == 0:
        raise ApiError("VALIDATION_ERROR", "the body is to be a file, and is empty", field="body")
    stream.seek(0)
    found, _ = detect_format(stream)
    formats = marketplace_named(channel).formats
    if found not in formats:
        message = f"{channel} is read from {', '.join(sorted(formats))}, and this looks like {found}"
        if found == ZIP:
            message = f"{channel} is read from {', '.join(sorted(formats))}, and this is {_about_zip(stream)}"
        raise ApiError("VALIDATION_ERROR", message, field="body")
    stream.seek(0)


def _about_zip(stream: BinaryIO) -> str:
    stream.seek(0)
    try:
        return no_workbook(zip_members(stream))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "a zip file that is damaged, or breaks off"


OPERATIONS = (
    ApiOperation(
        "POST",
        "/settlements/imports",
        post_import,
        id="importSettlements",
        summary="Import a marketplace's file; sent again under its id, an interrupted import goes on",
        scopes=(COMMAND_WRITE,),
        parameters=(
            *(CHANNEL, FILE, SELLER_NAME, CURRENCY, ZONE, COLLECTS, COLUMNS, TYPES, OBSERVED_AT),
            *(WAIT, IMPORT_ID, IMPORT_ID_HEADER, PREFER),
        ),
        body=FileBody("application/octet-stream", "The file, in a format of the channel's.", streamed=True),
        answers=(
            Answer(data=ImportDocument),
            Answer(
                data=BegunImportDocument,
                status=202,
                description="It is being read.",
                headers={
                    "Location": "Where to ask how far it is.",
                    "Preference-Applied": "respond-async, where the request preferred that.",
                },
            ),
        ),
    ),
)
