"""An account's balance (S2): what is in it, at a position."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from service.http.app_keys import BALANCES
from service.http.envelope import PositionMeta
from service.http.operations import Answer, ApiOperation
from service.http.parameters import MIN_POSITION, any_text, invalid
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.http.visibility import no_such_account
from service.ledger.api_keys import PAYOUT_READ
from service.platform.documents import Position

CURRENCY = any_text("currency", "Default: the account's first.")


class BalanceDocument(TypedDict):
    """What is in an account, in a currency's minor unit. `available` and `pending` may be below zero."""

    available: Annotated[int, Field(description="Can be paid out.")]
    pending: Annotated[int, Field(description="Earned, and not released.")]
    reserved: Annotated[int, Field(description="In payouts under way.")]
    held: Annotated[int, Field(description="In reserves, deposits and disputes.")]
    paidOut: Annotated[int, Field(description="In all, less what came back.")]
    currency: str
    lane: int
    position: Position


async def get_balance(context: RequestContext) -> web.Response:
    account_id = context.account
    if context.given(MIN_POSITION) is not None:
        await wait_for_position(context, await context.lane())
    found = await context.request.app[BALANCES].of(account_id)
    if found is None or found.mode != context.key.mode:
        raise no_such_account(context)
    currency = context.read(CURRENCY)
    if currency is None:
        currency = found.first_currency
    amounts = found.balances.get(currency)
    if amounts is None:
        held = ", ".join(sorted(found.balances))
        raise invalid(CURRENCY.name, f"the account does not hold {currency[:16]}: it holds {held}")
    document: BalanceDocument = {
        "available": amounts.available,
        "pending": amounts.pending,
        "reserved": amounts.reserved,
        "held": amounts.held,
        "paidOut": amounts.paid_out,
        "currency": currency,
        "lane": found.lane,
        "position": found.position,
    }
    return context.respond(document, context.meta_at(found.lane, found.position))


OPERATIONS = (
    ApiOperation(
        "GET",
        "/payouts/balance",
        get_balance,
        id="getBalance",
        summary="The balance, at a position",
        scopes=(PAYOUT_READ,),
        parameters=(CURRENCY, MIN_POSITION),
        answers=(Answer(data=BalanceDocument, meta=PositionMeta),),
    ),
)
