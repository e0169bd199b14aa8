"""Cases: contradictions between the ledger and the provider that a person has to look at and close."""

from __future__ import annotations

from aiohttp import web

from events.envelope import SYSTEM_ACCOUNT
from events.instants import parse
from events.provider.commands import CloseCase
from service.http.bodies import command_body
from service.http.command_execution import execute_command, read_command
from service.http.cursors import wrong_cursor
from service.http.envelope import PageMeta, WriteMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import ACCOUNT_ID, CURSOR, IDEMPOTENCY, LIMIT, choice, id_in_path
from service.http.request_context import RequestContext
from service.http.visibility import access_scope_of
from service.ledger import cases
from service.ledger.api_keys import AUDIT, OPERATOR, PAYOUT_READ
from service.ledger.cases import CaseDocument
from service.ledger.commands import Accepted

CASE_ID = id_in_path("case_id", "The case's id.")
STATUS = choice("status", cases.STATES, "Only cases in this state.")
KIND = choice("kind", cases.KINDS, "Only cases of this kind.")

CLOSING = command_body("Closing", CloseCase, in_path="case_id")

_READERS = (PAYOUT_READ, OPERATOR, AUDIT)


async def list_cases(context: RequestContext) -> web.Response:
    limit = context.read(LIMIT)
    status, kind = context.read(STATUS), context.read(KIND)
    access_scope = await access_scope_of(context)
    listing = Listing(context, "cases", access_scope, (status, kind))
    after = _place(listing.place(3))
    found = await cases.page(context.ledger, access_scope, status=status, kind=kind, after=after, limit=limit + 1)
    shown = found[:limit]
    end = None
    if len(found) > limit:
        last = shown[-1]
        end = (last.recorded_at, str(last.lane), str(last.case.position))
    return listing.respond([each.document() for each in shown], limit, end)


def _place(parts: list[str] | None) -> cases.Place | None:
    if parts is None:
        return None
    try:
        recorded_at, lane, position = parse(parts[0]), int(parts[1]), int(parts[2])
    except (ValueError, IndexError):
        raise wrong_cursor() from None
    if not (0 < lane < 2**31 and 0 < position < 2**62):
        raise wrong_cursor()
    return cases.Place(recorded_at, lane, position)


async def get_case(context: RequestContext) -> web.Response:
    return context.respond((await _find(context)).document())


async def _find(context: RequestContext) -> cases.FoundCase:
    case_id = context.id_in_path(CASE_ID)
    found = await cases.find(context.ledger, await access_scope_of(context), case_id)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no case {case_id}", field="caseId")
    return found


async def close(context: RequestContext) -> web.Response:
    """Closes a case; with `apply`, what the provider said is applied first."""
    body = context.document()
    found = await _find(context)
    command = read_command(CloseCase, accountId=found.account_id, caseId=found.case_id, **body)
    if command.apply and found.account_id == SYSTEM_ACCOUNT:
        raise ApiError("INVALID_TRANSITION", "nobody knows whose payout this is: there is no account to apply it to")

    def closed(accepted: Accepted) -> CaseDocument:
        case = accepted.state.cases[found.case_id]
        return cases.case_document(found.account_id, found.case_id, case, accepted.lane)

    return await execute_command(context, command, [found.case_id, body], closed, stream=(found.lane, found.mode))


OPERATIONS = (
    ApiOperation(
        "GET",
        "/cases",
        list_cases,
        id="listCases",
        summary="Cases, newest first",
        scopes=_READERS,
        parameters=(STATUS, KIND, ACCOUNT_ID, LIMIT, CURSOR),
        answers=(Answer(data=list[CaseDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "GET",
        "/cases/{case_id}",
        get_case,
        id="getCase",
        summary="One case, with what the ledger had and what it was told",
        scopes=_READERS,
        parameters=(CASE_ID, ACCOUNT_ID),
        answers=(Answer(data=CaseDocument),),
    ),
    ApiOperation(
        "POST",
        "/cases/{case_id}/close",
        close,
        id="closeCase",
        summary="Close a case; with `apply`, what the provider said is applied first",
        scopes=(OPERATOR,),
        parameters=(CASE_ID, ACCOUNT_ID, *IDEMPOTENCY),
        body=CLOSING,
        answers=(Answer(data=CaseDocument, meta=WriteMeta),),
    ),
)
