"""Imports of files: how far each is, its unreadable records, and what reading it anew came to."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NotRequired, cast

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.instants import to_datetime
from service.banks.booking import PROVIDER as BANK
from service.http.cursors import wrong_cursor
from service.http.envelope import PageMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import CURSOR, LIMIT, PathParameter, choice
from service.http.request_context import RequestContext
from service.http.visibility import account_scope
from service.imports.import_records import STATES, ImportKey, ImportRecord, find, page, problems_of
from service.imports.import_source import PROBLEMS_MAX, Problem
from service.imports.receipt import ReceiptDocument
from service.ledger.api_keys import COMMAND_WRITE, PAYOUT_READ
from service.marketplaces.channels import CHANNELS
from service.platform.documents import Count, Time, one_of
from service.rereading.receipt import RereadDocument

_READERS = (PAYOUT_READ, COMMAND_WRITE)

ID_PATTERN = "[A-Za-z0-9._:-]{1,64}"
IMPORT_ID_SCHEMA = {"type": "string", "pattern": f"^{ID_PATTERN}$"}

IMPORT_ID = PathParameter("import_id", "The import's id.", IMPORT_ID_SCHEMA)
STATE = choice("state", STATES, "Only imports in this state.")

_IMPORT_ID = re.compile(ID_PATTERN, re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

ImportId = Annotated[str, Field(json_schema_extra={"pattern": f"^{ID_PATTERN}$"})]


class ImportProblemDocument(TypedDict):
    """An unreadable record. It is stored as the delivery of this id."""

    place: str
    reason: str
    deliveryId: str


class ImportErrorDocument(TypedDict):
    """Why an import failed."""

    code: str
    message: str
    field: NotRequired[str]


class ImportProgressDocument(TypedDict):
    id: ImportId
    channel: Annotated[str, one_of(*CHANNELS, BANK)]
    file: str
    state: Annotated[str, one_of(*STATES)]
    bytes: Annotated[Count, Field(description="Read so far.")]
    bytesTotal: Count
    read: Annotated[Count, Field(description="Records that were read.")]
    new: Count
    changed: Count
    unchanged: Count
    lines: Count
    unreadable: Count
    receipt: Annotated[ReceiptDocument | None, Field(description="Null of an import from before there were receipts.")]


class ImportRereadDocument(TypedDict):
    """The last time that the file was read anew."""

    state: Annotated[str, one_of(*STATES)]
    startedAt: Time
    endedAt: NotRequired[Time]
    receipt: NotRequired[RereadDocument]
    error: NotRequired[ImportErrorDocument]


class ImportOutcomeDocument(TypedDict):
    reread: ImportRereadDocument | None
    error: ImportErrorDocument | None
    startedAt: Time
    updatedAt: Time
    endedAt: Time | None


class ListedImportDocument(ImportProgressDocument, ImportOutcomeDocument):
    """An import, and how far it is."""


class ImportDocument(ListedImportDocument):
    """An import with the first of its problems."""

    problems: Annotated[list[ImportProblemDocument], Field(max_length=PROBLEMS_MAX)]


def is_import_id(text: str) -> bool:
    return _IMPORT_ID.fullmatch(text) is not None


async def get_import(context: RequestContext) -> web.Response:
    """How far an import is, with the first of its unreadable records."""
    place, found = await found_import(context)
    return context.respond(await import_document(context, place, found))


async def import_document(context: RequestContext, place: ImportKey, found: ImportRecord) -> ImportDocument:
    problems = [_problem(each) for each in await problems_of(context.ledger, place)]
    return {**_progress(found), "problems": problems, **_outcome(found)}


def _progress(found: ImportRecord) -> ImportProgressDocument:
    return {
        "id": found.id,
        "channel": found.channel,
        "file": found.request["name"],
        "state": found.state,
        "bytes": found.bytes,
        "bytesTotal": found.bytes_total,
        "read": found.counts["read"],
        "new": found.counts["new"],
        "changed": found.counts["changed"],
        "unchanged": found.counts["unchanged"],
        "lines": found.counts["lines"],
        "unreadable": found.counts["unreadable"],
        "receipt": None if found.receipt is None else found.receipt.document(),
    }


def _outcome(found: ImportRecord) -> ImportOutcomeDocument:
    return {
        "reread": cast(ImportRereadDocument | None, found.reread),
        "error": cast(ImportErrorDocument | None, found.error),
        "startedAt": found.started_at,
        "updatedAt": found.updated_at,
        "endedAt": found.ended_at,
    }


def _problem(problem: Problem) -> ImportProblemDocument:
    assert problem.delivery_id is not None, "unreadable records are deliveries"
    return {"place": problem.place, "reason": problem.reason, "deliveryId": problem.delivery_id}


async def found_import(context: RequestContext) -> tuple[ImportKey, ImportRecord]:
    import_id = context.id_in_path(IMPORT_ID)
    # Where nothing of a file could be read, its account may not have been opened.
    key = ImportKey(await context.ledger.lane_of(context.account), context.account, import_id)
    found = await find(context.ledger, key, context.key.mode)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no import {import_id}", field=IMPORT_ID.documented_name)
    return key, found


async def list_imports(context: RequestContext) -> web.Response:
    """Newest first, without their problems."""
    limit = context.read(LIMIT)
    state = context.read(STATE)
    access_scope = await account_scope(context)
    listing = Listing(context, "imports", access_scope, (state,))
    before = _before(listing.place(2))
    found = await page(
        context.ledger,
        access_scope.lanes[0],
        context.account,
        context.key.mode,
        state=state,
        before=before,
        limit=limit + 1,
    )
    shown = found[:limit]
    end = None
    if len(found) > limit:
        end = (str((to_datetime(shown[-1].started_at) - _EPOCH) // _MICROSECOND), shown[-1].id)
    documents: list[ListedImportDocument] = [{**_progress(each), **_outcome(each)} for each in shown]
    return listing.respond(documents, limit, end)


def _before(parts: list[str] | None) -> tuple[datetime, str] | None:
    if parts is None:
        return None
    if not (len(parts) == 2 and parts[0].isdigit() and len(parts[0]) < 17 and is_import_id(parts[1])):
        raise wrong_cursor()
    return _EPOCH + int(parts[0]) * _MICROSECOND, parts[1]


async def list_problems(context: RequestContext) -> web.Response:
    """All unreadable records of an import, in the order of the file."""
    limit = context.read(LIMIT)
    place, _ = await found_import(context)
    listing = Listing(context, "problems", await account_scope(context), (place[2],))
    behind = listing.number()
    found = await problems_of(context.ledger, place, -1 if behind is None else behind, limit + 1)
    shown = found[:limit]
    end = (str(shown[-1].number),) if len(found) > limit else None
    return listing.respond([_problem(each) for each in shown], limit, end)


OPERATIONS = (
    ApiOperation(
        "GET",
        "/settlements/imports",
        list_imports,
        id="listImports",
        summary="An account's imports, newest first",
        scopes=_READERS,
        parameters=(STATE, LIMIT, CURSOR),
        answers=(Answer(data=list[ListedImportDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "GET",
        "/settlements/imports/{import_id}",
        get_import,
        id="getImport",
        summary="How far an import is",
        scopes=_READERS,
        parameters=(IMPORT_ID,),
        answers=(Answer(data=ImportDocument),),
    ),
    ApiOperation(
        "GET",
        "/settlements/imports/{import_id}/problems",
        list_problems,
        id="listImportProblems",
        summary="Unreadable records of an import, in the order of the file",
        scopes=_READERS,
        parameters=(IMPORT_ID, LIMIT, CURSOR),
        answers=(Answer(data=list[ImportProblemDocument], meta=PageMeta),),
    ),
)
