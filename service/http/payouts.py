"""The payouts API (S2): payouts are requested, cancelled, marked and listed."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from events.command import Command
from events.payouts.commands import CancelPayout, ChangeNote, MarkFailed, MarkInTransit, MarkPaid, RequestPayout
from events.payouts.state import PAYOUT_STATUSES
from projections.inline import PAYOUTS
from service.http.bodies import command_body
from service.http.command_execution import execute_command, read_command
from service.http.cursors import Cursor
from service.http.envelope import PositionMeta, PositionPageMeta, WriteMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import page_meta
from service.http.parameters import CURSOR, IDEMPOTENCY, LIMIT, MIN_POSITION, choice, id_in_path
from service.http.read_your_writes import account_at_position
from service.http.request_context import RequestContext
from service.ledger.api_keys import OPERATOR, PAYOUT_READ, PAYOUT_WRITE
from service.ledger.commands import Accepted
from service.ledger.payout_document import PayoutDocument, payout_document
from service.platform.database import Pool
from sql import query

PAYOUT_ID = id_in_path("payout_id", "The payout's id.")
STATUS = choice("status", PAYOUT_STATUSES, "Only payouts in this status.")

NEW_PAYOUT = command_body("NewPayout", RequestPayout)
NOTE = command_body("PayoutNote", ChangeNote, in_path="payout_id")
TRANSFER = command_body("Transfer", MarkPaid, in_path="payout_id")
FAILURE = command_body("Failure", MarkFailed, in_path="payout_id")


async def create(context: RequestContext) -> web.Response:
    body = context.document()
    command = read_command(RequestPayout, accountId=context.account, **body)
    return await execute_command(context, command, body, _created_payout, status=201)


def _created_payout(accepted: Accepted) -> PayoutDocument:
    assert accepted.created_id is not None
    return _payout_of(accepted.created_id, accepted)


def _payout_of(payout_id: str, accepted: Accepted) -> PayoutDocument:
    return payout_document(accepted.state.account_id, payout_id, accepted.state.payouts[payout_id], accepted.key)


async def _change(context: RequestContext, model: type[Command]) -> web.Response:
    body = context.document()
    payout_id = context.id_in_path(PAYOUT_ID)
    command = read_command(model, accountId=context.account, payoutId=payout_id, **body)
    return await execute_command(context, command, [payout_id, body], partial(_payout_of, payout_id))


async def change_note(context: RequestContext) -> web.Response:
    return await _change(context, ChangeNote)


async def cancel(context: RequestContext) -> web.Response:
    return await _change(context, CancelPayout)


async def mark_in_transit(context: RequestContext) -> web.Response:
    return await _change(context, MarkInTransit)


async def mark_paid(context: RequestContext) -> web.Response:
    return await _change(context, MarkPaid)


async def mark_failed(context: RequestContext) -> web.Response:
    return await _change(context, MarkFailed)


async def get_payout(context: RequestContext) -> web.Response:
    lane, profile = await account_at_position(context)
    payout_id = context.id_in_path(PAYOUT_ID)
    rows = await _page(context.ledger.pool, lane, context.account, None, None, 1, payout_id)
    if not rows:
        raise ApiError("NOT_FOUND", f"there is no payout {payout_id}", field="payoutId")
    document = payout_document(context.account, payout_id, PAYOUTS.value_of_json(rows[0]["payout"]), profile.key)
    return context.respond(document, context.meta_at(lane, profile.position))


async def list_payouts(context: RequestContext) -> web.Response:
    limit = context.read(LIMIT)
    status = context.read(STATUS)
    before = None
    if text := context.read(CURSOR):
        cursor = Cursor.parse(text, context.account)
        if cursor.filter not in (status, *PAYOUT_STATUSES) or status not in (None, cursor.filter):
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with another status", field="cursor")
        before, status = cursor.position, cursor.filter
    lane, profile = await account_at_position(context)
    rows = await _page(context.ledger.pool, lane, context.account, before, status, limit + 1)
    shown = rows[:limit]
    documents = [
        payout_document(context.account, row["payout_id"], PAYOUTS.value_of_json(row["payout"]), profile.key)
        for row in shown
    ]
    cursor_next = Cursor(context.account, status, shown[-1]["position"]).text() if len(rows) > limit else None
    meta: PositionPageMeta = {
        **page_meta(context, limit, cursor_next),
        "lane": lane,
        "position": profile.position,
    }
    return context.respond(documents, meta)


async def _page(
    pool: Pool,
    lane: int,
    account: str,
    before: int | None,
    status: str | None,
    limit: int,
    payout_id: str | None = None,
) -> list[Any]:
    return await pool.fetch(query("payouts/page"), lane, account, before, status, limit, payout_id)


_CHANGED = (Answer(data=PayoutDocument, meta=WriteMeta),)

OPERATIONS = (
    ApiOperation(
        "GET",
        "/payouts",
        list_payouts,
        id="listPayouts",
        summary="Payouts, newest first",
        scopes=(PAYOUT_READ,),
        parameters=(STATUS, LIMIT, CURSOR, MIN_POSITION),
        answers=(Answer(data=list[PayoutDocument], meta=PositionPageMeta),),
    ),
    ApiOperation(
        "POST",
        "/payouts",
        create,
        id="requestPayout",
        summary="Request a payout",
        scopes=(PAYOUT_WRITE,),
        parameters=IDEMPOTENCY,
        body=NEW_PAYOUT,
        answers=(Answer(data=PayoutDocument, meta=WriteMeta, status=201),),
    ),
    ApiOperation(
        "GET",
        "/payouts/{payout_id}",
        get_payout,
        id="getPayout",
        summary="One payout",
        scopes=(PAYOUT_READ,),
        parameters=(PAYOUT_ID, MIN_POSITION),
        answers=(Answer(data=PayoutDocument, meta=PositionMeta),),
    ),
    ApiOperation(
        "PATCH",
        "/payouts/{payout_id}",
        change_note,
        id="changePayoutNote",
        summary="Correct the note of a pending payout",
        scopes=(PAYOUT_WRITE,),
        parameters=(PAYOUT_ID, *IDEMPOTENCY),
        body=NOTE,
        answers=_CHANGED,
    ),
    ApiOperation(
        "POST",
        "/payouts/{payout_id}/cancel",
        cancel,
        id="cancelPayout",
        summary="Cancel a pending payout, or ask the provider to",
        scopes=(PAYOUT_WRITE,),
        parameters=(PAYOUT_ID, *IDEMPOTENCY),
        answers=_CHANGED,
    ),
    ApiOperation(
        "POST",
        "/payouts/{payout_id}/mark-in-transit",
        mark_in_transit,
        id="markPayoutInTransit",
        summary="Mark a manual payout as sent",
        scopes=(OPERATOR,),
        parameters=(PAYOUT_ID, *IDEMPOTENCY),
        body=TRANSFER,
        answers=_CHANGED,
    ),
    ApiOperation(
        "POST",
        "/payouts/{payout_id}/mark-paid",
        mark_paid,
        id="markPayoutPaid",
        summary="Mark a manual payout as paid",
        scopes=(OPERATOR,),
        parameters=(PAYOUT_ID, *IDEMPOTENCY),
        body=TRANSFER,
        answers=_CHANGED,
    ),
    ApiOperation(
        "POST",
        "/payouts/{payout_id}/mark-failed",
        mark_failed,
        id="markPayoutFailed",
        summary="Mark a manual payout as failed",
        scopes=(OPERATOR,),
        parameters=(PAYOUT_ID, *IDEMPOTENCY),
        body=FAILURE,
        answers=_CHANGED,
    ),
)
