"""Cases: what a person has to look at, with both facts side by side; and closing them."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from events.chain import SYSTEM_ACCOUNT
from events.instants import parse
from events.provider.commands import CloseCase
from service.http.command_execution import execute_command, read_command
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.payouts import PAGE_DEFAULT, PAGE_MAX, read_limit
from service.http.request_context import RequestContext
from service.http.visibility import Listing, choice, sight_of, wrong_cursor
from service.ledger import cases
from service.ledger.api_keys import AUDIT, OPERATOR, PAYOUT_READ
from service.ledger.commands import Accepted


def routes(prefix: str) -> list[web.RouteDef]:
    return [
        web.get(f"{prefix}/cases", list_cases),
        web.get(f"{prefix}/cases/{{case_id}}", get_case),
        web.post(f"{prefix}/cases/{{case_id}}/close", close),
    ]


async def list_cases(request: web.Request) -> web.Response:
    """`?status=&kind=&accountId=`, newest first."""
    context = await RequestContext.begin(request, PAYOUT_READ, OPERATOR, AUDIT)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    status, kind = choice(request, "status", cases.STATES), choice(request, "kind", cases.KINDS)
    access_scope = await sight_of(context)
    listing = Listing(context, "cases", access_scope, (status, kind))
    after = _place(listing.place(3))
    found = await cases.page(context.ledger, access_scope, status=status, kind=kind, after=after, limit=limit + 1)
    shown = found[:limit]
    end = None
    if len(found) > limit:
        last = shown[-1]
        end = (last.recorded_at, str(last.lane), str(last.case.position))
    return listing.answer([one.document() for one in shown], limit, end)


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


async def get_case(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ, OPERATOR, AUDIT)
    found = await _find(context)
    return respond(success(orjson.dumps(found.document()), context.request_id, context.ledger.runtime.instant()))


async def _find(context: RequestContext) -> cases.FoundCase:
    case_id = context.id_in_path("case_id")
    found = await cases.find(context.ledger, await sight_of(context), case_id)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no case {case_id}", field="caseId")
    return found


async def close(request: web.Request) -> web.Response:
    """Says what became of it; with `apply`, takes the provider at its word first."""
    context = await RequestContext.begin(request, OPERATOR)
    body = context.document("reason", "apply")
    found = await _find(context)
    command = read_command(CloseCase, accountId=found.account_id, caseId=found.case_id, **body)
    if command.apply and found.account_id == SYSTEM_ACCOUNT:
        raise ApiError("INVALID_TRANSITION", "nobody knows whose payout this is: there is no account to apply it to")

    def closed(accepted: Accepted) -> dict[str, Any]:
        case = accepted.state.cases[found.case_id]
        return cases.case_document(found.account_id, found.case_id, case, accepted.lane)

    return await execute_command(context, command, [found.case_id, body], closed, stream=(found.lane, found.mode))
