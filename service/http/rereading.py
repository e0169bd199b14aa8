"""Rereads of imports: a file that was imported with a mistake is read anew, as it was kept."""

from __future__ import annotations

import asyncio

from aiohttp import web
from typing_extensions import TypedDict

from service.banks.recipes import RECIPES
from service.http.app_keys import IMPORTS
from service.http.errors import ApiError
from service.http.import_uploads import COLLECTS, OBSERVED_AT, TYPES, WAIT
from service.http.imports import IMPORT_ID, ImportDocument, ImportId, found_import, import_document
from service.http.operations import Answer, ApiOperation
from service.http.parameters import any_text
from service.http.request_context import RequestContext
from service.imports.import_records import find
from service.ledger.api_keys import COMMAND_WRITE
from service.rereading.parameters import ReadingParameters
from service.rereading.reread_jobs import READING, reread_as_job

_AS_IT_WAS = "What is left out is as it was."
SELLER = any_text("seller", f"The shop. {_AS_IT_WAS}")
CURRENCY = any_text("currency", f"For files that name none. {_AS_IT_WAS}")
ZONE = any_text("zone", f"Of times without one, such as Asia/Jakarta. {_AS_IT_WAS}")
COLUMNS = any_text("columns", f"The headings of the table or report, as at its import. {_AS_IT_WAS}")
BANK_ACCOUNT = any_text("bankAccount", f"The bank account's number, for files that name none. {_AS_IT_WAS}")
FORMAT = any_text("format", f"The bank's own table. {_AS_IT_WAS}", {"enum": list(RECIPES)})
DECIMAL = any_text("decimal", f"What decimals stand behind. {_AS_IT_WAS}", {"enum": ["comma", "dot"]})
DATES = any_text("dates", f"The order of 11/09/2026. {_AS_IT_WAS}", {"enum": ["dmy", "mdy"]})


class BegunRereadDocument(TypedDict):
    """A reread that is under way: the import shows how far it is."""

    id: ImportId


async def post_reread(context: RequestContext) -> web.Response:
    """Reads an import anew, and answers with it: what changed is in `reread`. 202 where the request does not wait."""
    parameters = ReadingParameters(
        currency=context.read(CURRENCY),
        columns=context.read(COLUMNS),
        seller=context.read(SELLER),
        zone=context.read(ZONE),
        collects=context.read(COLLECTS),
        types=context.read(TYPES),
        observed_at=context.read(OBSERVED_AT),
        bank_account=context.read(BANK_ACCOUNT),
        format=context.read(FORMAT),
        decimal=context.read(DECIMAL),
        dates=context.read(DATES),
    )
    key, _ = await found_import(context)
    jobs, origin = context.request.app[IMPORTS], context.origin()
    with jobs.place(context.account) as place:
        task = await jobs.run_once(
            key, lambda: reread_as_job(context.ledger, key, parameters, origin, lambda: jobs.is_stopping), place
        )
    waits = context.read(WAIT) != "false"
    if waits:
        await asyncio.shield(task)
    found = await find(context.ledger, key, context.key.mode)
    assert found is not None, "imports stay"
    # A task that has not begun yet has kept nothing.
    state = None if found.reread is None else found.reread["state"]
    if not waits or state == READING:
        begun: BegunRereadDocument = {"id": found.id}
        return context.respond(begun, status=202, headers={"Location": context.request.path.removesuffix("/reread")})
    assert found.reread is not None, "it came to its end"
    if (error := found.reread.get("error")) is not None:
        raise ApiError(error["code"], error["message"], field=error.get("field"))
    return context.respond(await import_document(context, key, found))


OPERATIONS = (
    ApiOperation(
        "POST",
        "/settlements/imports/{import_id}/reread",
        post_reread,
        id="rereadImport",
        summary="Read an import's file anew, with what is said of it now",
        scopes=(COMMAND_WRITE,),
        parameters=(
            *(IMPORT_ID, SELLER, CURRENCY, ZONE, COLLECTS, COLUMNS, TYPES, OBSERVED_AT),
            *(BANK_ACCOUNT, FORMAT, DECIMAL, DATES, WAIT),
        ),
        answers=(
            Answer(data=ImportDocument),
            Answer(
                data=BegunRereadDocument,
                status=202,
                description="It is being read anew.",
                headers={"Location": "Where to look at it."},
            ),
        ),
    ),
)
