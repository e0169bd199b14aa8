"""The payouts API (S2): payouts, the bank account they go to, and the balance they come from."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
from aiohttp import web

from events.accounts.commands import SetBankAccount
from events.command import Command
from events.payouts.commands import CancelPayout, MarkFailed, MarkInTransit, MarkPaid, RequestPayout
from events.payouts.state import PAYOUT_STATUSES
from projections.inline import PAYOUTS
from service.http.app_keys import BALANCES, LEDGER
from service.http.command_execution import execute_command, read_command
from service.http.cursors import Cursor
from service.http.envelope import respond, success
from service.http.errors import ApiError
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.ledger.account_profile import Profile, read_profile
from service.ledger.api_keys import OPERATOR, PAYOUT_READ, PAYOUT_WRITE
from service.ledger.commands import Accepted
from service.ledger.payout_document import payout_document, unsealed
from service.platform.database import Pool
from sql import query

PAGE_DEFAULT = 50
PAGE_MAX = 100

_BANK_FIELDS = ("bankCode", "bankName", "bankAccountNumber", "bankAccountHolder")


def routes(prefix: str) -> list[web.RouteDef]:
    base = f"{prefix}/payouts"
    return [
        web.get(base, list_payouts),
        web.post(base, create),
        web.get(f"{base}/bank-account", get_bank_account),
        web.patch(f"{base}/bank-account", set_bank_account),
        web.get(f"{base}/balance", balance),
        web.get(f"{base}/{{payout_id}}", get_payout),
        web.post(f"{base}/{{payout_id}}/cancel", cancel),
        web.post(f"{base}/{{payout_id}}/mark-in-transit", mark_in_transit),
        web.post(f"{base}/{{payout_id}}/mark-paid", mark_paid),
        web.post(f"{base}/{{payout_id}}/mark-failed", mark_failed),
    ]


async def create(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_WRITE)
    body = context.document("amount", "currency", "note", *_BANK_FIELDS)
    command = read_command(RequestPayout, accountId=context.account, **body)
    return await execute_command(context, command, body, _created_payout, status=201)


def _created_payout(accepted: Accepted) -> dict[str, Any]:
    assert accepted.created_id is not None
    return _payout_of(accepted.created_id, accepted)


def _payout_of(payout_id: str, accepted: Accepted) -> dict[str, Any]:
    return payout_document(accepted.state.account_id, payout_id, accepted.state.payouts[payout_id], accepted.key)


async def _change(request: web.Request, scope: str, model: type[Command], *known: str) -> web.Response:
    context = await RequestContext.begin(request, scope)
    body = context.document(*(known or ("",)))
    payout_id = context.id_in_path("payout_id")
    command = read_command(model, accountId=context.account, payoutId=payout_id, **body)
    return await execute_command(context, command, [payout_id, body], partial(_payout_of, payout_id))


async def cancel(request: web.Request) -> web.Response:
    return await _change(request, PAYOUT_WRITE, CancelPayout)


async def mark_in_transit(request: web.Request) -> web.Response:
    return await _change(request, OPERATOR, MarkInTransit, "reference")


async def mark_paid(request: web.Request) -> web.Response:
    return await _change(request, OPERATOR, MarkPaid, "reference")


async def mark_failed(request: web.Request) -> web.Response:
    return await _change(request, OPERATOR, MarkFailed, "failureReason")


async def _profile(context: RequestContext) -> tuple[int, Profile]:
    """The account, at the position that the caller asked for or later."""
    lane = await context.lane()
    await wait_for_position(context, lane)
    profile = await read_profile(context.ledger, lane, context.account)
    if profile is None or profile.mode != context.key.mode:
        raise ApiError("NOT_FOUND", f"there is no account {context.account}")
    return lane, profile


async def get_payout(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    lane, profile = await _profile(context)
    payout_id = context.id_in_path("payout_id")
    rows = await context.ledger.pool.fetch(query("payouts/page"), lane, context.account, None, None, 1, payout_id)
    if not rows:
        raise ApiError("NOT_FOUND", f"there is no payout {payout_id}", field="payoutId")
    document = payout_document(context.account, payout_id, PAYOUTS.value_of_json(rows[0]["payout"]), profile.key)
    return respond(
        success(orjson.dumps(document), context.request_id, _now(context), lane=lane, position=profile.position)
    )


async def list_payouts(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    limit = read_limit(request, PAGE_DEFAULT, PAGE_MAX)
    status = request.query.get("status")
    if status is not None and status not in PAYOUT_STATUSES:
        raise ApiError("VALIDATION_ERROR", f"status is one of {', '.join(PAYOUT_STATUSES)}", field="status")
    before = None
    if text := request.query.get("cursor"):
        cursor = Cursor.parse(text, context.account)
        if cursor.filter not in (status, *PAYOUT_STATUSES) or status not in (None, cursor.filter):
            raise ApiError("VALIDATION_ERROR", "this cursor belongs to a list with another status", field="cursor")
        before, status = cursor.position, cursor.filter
    lane, profile = await _profile(context)
    rows = await _page(context.ledger.pool, lane, context.account, before, status, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    documents = [
        payout_document(context.account, row["payout_id"], PAYOUTS.value_of_json(row["payout"]), profile.key)
        for row in rows
    ]
    cursor_next = Cursor(context.account, status, rows[-1]["position"]).text() if more else None
    return respond(
        success(
            orjson.dumps(documents),
            context.request_id,
            _now(context),
            page={"limit": limit, "hasMore": more, "nextCursor": cursor_next},
            cursor=cursor_next,
            hasMore=more,
            lane=lane,
            position=profile.position,
        )
    )


async def _page(pool: Pool, lane: int, account: str, before: int | None, status: str | None, limit: int) -> list[Any]:
    return await pool.fetch(query("payouts/page"), lane, account, before, status, limit, None)


def read_limit(request: web.Request, default: int, most: int) -> int:
    text = request.query.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise ApiError("VALIDATION_ERROR", f"limit is a whole number from 1 to {most}", field="limit")
    return int(text)


async def get_bank_account(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    lane, profile = await _profile(context)
    bank = profile.bank_account
    known = bank is not None and profile.key is not None
    document = {
        "accountId": context.account,
        "configured": bank is not None,
        "bankAccountKnown": known,
        "bankCode": bank.bank_code if bank else None,
        "bankName": bank.bank_name if bank else None,
        "bankAccountNumber": unsealed(profile.key, "bankAccountNumber", bank.bank_account_number) if bank else None,
        "bankAccountHolder": unsealed(profile.key, "bankAccountHolder", bank.bank_account_holder) if bank else None,
    }
    return respond(
        success(orjson.dumps(document), context.request_id, _now(context), lane=lane, position=profile.position)
    )


async def set_bank_account(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_WRITE)
    body = context.document(*_BANK_FIELDS)
    command = read_command(SetBankAccount, accountId=context.account, **body)
    return await execute_command(context, command, body, _bank_account_now)


def _bank_account_now(accepted: Accepted) -> dict[str, Any]:
    bank = accepted.state.bank_account
    assert bank is not None
    return {
        "accountId": accepted.state.account_id,
        "configured": True,
        "bankAccountKnown": True,
        "bankCode": bank.bank_code,
        "bankName": bank.bank_name,
        "bankAccountNumber": accepted.key.unseal("bankAccountNumber", bank.bank_account_number),
        "bankAccountHolder": accepted.key.unseal("bankAccountHolder", bank.bank_account_holder),
    }


async def balance(request: web.Request) -> web.Response:
    context = await RequestContext.begin(request, PAYOUT_READ)
    account_id = context.account
    if "minPosition" in request.query:
        await wait_for_position(context, await context.lane())
    found = await request.app[BALANCES].of(account_id)
    if found is None or found.mode != context.key.mode:
        raise ApiError("NOT_FOUND", f"there is no account {account_id}")
    currency = request.query.get("currency", found.first_currency)
    amounts = found.balances.get(currency)
    if amounts is None:
        held = ", ".join(sorted(found.balances))
        raise ApiError(
            "VALIDATION_ERROR", f"the account does not hold {currency[:16]}: it holds {held}", field="currency"
        )
    document = {
        "available": amounts.available,
        "pending": amounts.pending,
        "reserved": amounts.reserved,
        "held": amounts.held,
        "paidOut": amounts.paid_out,
        "currency": currency,
        "lane": found.lane,
        "position": found.position,
    }
    return respond(
        success(orjson.dumps(document), context.request_id, _now(context), lane=found.lane, position=found.position)
    )


def _now(context: RequestContext) -> str:
    return context.request.app[LEDGER].runtime.instant()
