"""Disputes of an account's orders, and what is held because of them."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.disputes.state import DISPUTE_OPEN, LOST, WON
from service.http.envelope import PageMeta
from service.http.errors import ApiError
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import CURSOR, LIMIT, choice, id_in_path, text_of
from service.http.request_context import RequestContext
from service.http.visibility import account_scope
from service.ledger.access_scope import AccessScope
from service.ledger.api_keys import PAYOUT_READ
from service.platform.documents import MinorUnits, Position, Time, one_of
from sql import query

STATUSES = (DISPUTE_OPEN, WON, LOST)

DISPUTE_ID = id_in_path("dispute_id", "The dispute's id.")
STATUS = choice("status", STATUSES, "Only disputes in this status.")
REFERENCE = text_of(
    "reference",
    "Only of this order.",
    200,
    lambda text: "\0" not in text,
    "reference is an order's, of 1 to 200 characters",
)


class DisputeDocument(TypedDict):
    """A buyer's dispute of an order, for which money is held until it is resolved."""

    id: str
    accountId: str
    reference: str
    currency: str
    amount: MinorUnits
    status: Annotated[str, one_of(*STATUSES)]
    reason: str
    openedAt: Time
    resolvedAt: Time | None
    resolution: str | None
    orderHeld: Annotated[int, Field(description="What is held of the order, for all its disputes.")]
    position: Position


async def list_disputes(context: RequestContext) -> web.Response:
    limit = context.read(LIMIT)
    status, reference = context.read(STATUS), context.read(REFERENCE)
    access_scope = await account_scope(context)
    # A reference may hold blanks, which separate the parts of a cursor.
    listing = Listing(context, "disputes", access_scope, (status, reference.encode().hex() if reference else None))
    rows = await _read(context, access_scope, status, reference, listing.number(), None, limit + 1)
    end = [str(rows[limit - 1]["position"])] if len(rows) > limit else None
    return listing.respond([_document(context.account, row) for row in rows[:limit]], limit, end)


async def get_dispute(context: RequestContext) -> web.Response:
    dispute_id = context.id_in_path(DISPUTE_ID)
    rows = await _read(context, await account_scope(context), None, None, None, dispute_id, 1)
    if not rows:
        raise ApiError("NOT_FOUND", f"there is no dispute {dispute_id}", field="disputeId")
    return context.respond(_document(context.account, rows[0]))


async def _read(context: RequestContext, access_scope: AccessScope, *filters: Any) -> list[dict[str, Any]]:
    rows = await context.ledger.pool.fetch(query("disputes/page"), access_scope.lanes[0], context.account, *filters)
    return [dict(row) for row in rows]


def _document(account_id: str, row: dict[str, Any]) -> DisputeDocument:
    return {
        "id": row["dispute_id"],
        "accountId": account_id,
        "reference": row["reference"],
        "currency": row["currency"],
        "amount": row["amount"],
        "status": row["status"],
        "reason": row["reason"],
        "openedAt": row["opened_at"],
        "resolvedAt": row["resolved_at"],
        "resolution": row["resolution"],
        "orderHeld": row["order_held"],
        "position": row["position"],
    }


OPERATIONS = (
    ApiOperation(
        "GET",
        "/disputes",
        list_disputes,
        id="listDisputes",
        summary="Disputes, newest first",
        scopes=(PAYOUT_READ,),
        parameters=(STATUS, REFERENCE, LIMIT, CURSOR),
        answers=(Answer(data=list[DisputeDocument], meta=PageMeta),),
    ),
    ApiOperation(
        "GET",
        "/disputes/{dispute_id}",
        get_dispute,
        id="getDispute",
        summary="One dispute",
        scopes=(PAYOUT_READ,),
        parameters=(DISPUTE_ID,),
        answers=(Answer(data=DisputeDocument),),
    ),
)
