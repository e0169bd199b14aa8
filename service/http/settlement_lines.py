"""The lines that settlements are made of: what each source says, line by line."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from service.http.cursors import wrong_cursor
from service.http.envelope import PageMeta
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import CURSOR, LIMIT, MIN_POSITION
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.http.settlement_filters import (
    CHANNEL,
    INVOICE,
    ITEM,
    ORDER,
    SELLER,
    STATEMENT,
    ChannelAmount,
    amount_text,
    decoded_parts,
    encoded,
    of_seller,
)
from service.http.visibility import account_scope
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Kind, Level, Stage
from service.platform.database import read_snapshot
from service.platform.documents import Position, Time, one_of
from sql import query


class SettlementLineDocument(TypedDict):
    """One amount that a source names."""

    channel: Annotated[str, one_of(*CHANNELS)]
    source: str
    reference: Annotated[str, Field(description="The money, within the channel: what tells of it again has it too.")]
    line: Annotated[int, Field(ge=1)]
    level: Annotated[str, one_of(*Level)]
    kind: Annotated[str, one_of(*Kind)]
    stage: Annotated[str, one_of(*Stage)]
    amount: ChannelAmount | None
    currency: str
    field: Annotated[str, Field(description="The source's own name for it.")]
    text: Annotated[str, Field(description="The source's own amount, with its own sign.")]
    partOf: str | None
    statement: str | None
    invoice: str | None
    order: str | None
    item: str | None
    occurredAt: Time | None
    books: Annotated[bool, Field(description="Whether money is booked by its record.")]
    counts: Annotated[bool, Field(description="Whether totals are made of it.")]
    seller: str | None
    position: Position


async def list_lines(context: RequestContext) -> web.Response:
    """What each source says, and which of it counts."""
    limit = context.read(LIMIT)
    channel = context.read(CHANNEL)
    texts = [context.read(name) for name in (ORDER, STATEMENT, INVOICE, ITEM)]
    seller = context.read(SELLER)
    access_scope = await account_scope(context)
    await wait_for_position(context, access_scope.lanes[0], "settlements")
    filters = (channel, *map(encoded, texts), *of_seller(seller))
    listing = Listing(context, "settlement lines", access_scope, filters)
    behind = decoded_parts(listing.place(5))
    place: tuple[Any, ...] = ("", "", "", "", 0) if behind is None else (*behind[:4], _number(behind[4]))
    async with read_snapshot(context.ledger.pool) as connection:
        found = await connection.fetch(
            query("settlements/lines"),
            access_scope.lanes[0],
            context.account,
            channel,
            *texts,
            *place,
            limit + 1,
            seller,
        )
    end = None
    if len(found) > limit:
        last = found[limit - 1]
        end = [encoded(str(last[name])) or "" for name in ("channel", "seller", "reference", "source", "line")]
    return listing.respond([_line(dict(row)) for row in found[:limit]], limit, end)


def _line(row: dict[str, Any]) -> SettlementLineDocument:
    return {
        "channel": row["channel"],
        "source": row["source"],
        "reference": row["reference"],
        "line": row["line"],
        "level": row["level"],
        "kind": row["kind"],
        "stage": row["stage"],
        "amount": amount_text(row["amount"]),
        "currency": row["currency"],
        "field": row["field"],
        "text": row["text"],
        "partOf": row["part_of"],
        "statement": row["statement"],
        "invoice": row["invoice"],
        "order": row["order_id"],
        "item": row["item"],
        "occurredAt": row["occurred_at"],
        "books": row["books"],
        "counts": row["counts"],
        "seller": row["seller"] or None,
        "position": row["position"],
    }


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise wrong_cursor()
    return int(text)


OPERATIONS = (
    ApiOperation(
        "GET",
        "/settlements/lines",
        list_lines,
        id="listSettlementLines",
        summary="Settlement lines: each amount that a source names",
        scopes=(PAYOUT_READ,),
        parameters=(CHANNEL, ORDER, STATEMENT, INVOICE, ITEM, SELLER, MIN_POSITION, LIMIT, CURSOR),
        answers=(Answer(data=list[SettlementLineDocument], meta=PageMeta),),
    ),
)
