"""What marketplaces pay and take, by statement, order and item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.instants import Instant, to_datetime
from service.formats.amounts import NotUnderstood, read_payout
from service.http.cursors import wrong_cursor
from service.http.envelope import PageMeta
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import CURSOR, LIMIT, MIN_POSITION, choice_with_default, invalid, moment
from service.http.read_your_writes import wait_for_position
from service.http.request_context import RequestContext
from service.http.settlement_filters import (
    CHANNEL,
    INVOICE,
    ORDER,
    SELLER,
    STATEMENT,
    ChannelAmount,
    amount_text,
    decoded_parts,
    encoded,
    of_seller,
)
from service.http.statements import STATEMENT_CHANNELS
from service.http.visibility import account_scope
from service.ledger.api_keys import PAYOUT_READ
from service.marketplaces.channel_totals import TotalsPlace, TotalsQuery, WrongPlace, channel_totals, place_of
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Level, Stage
from service.platform.database import read_snapshot
from service.platform.documents import MajorUnits, Position, Time, one_of
from sql import query

REPORTED, DERIVED, NOT_AVAILABLE = "reported", "derived", "not_available"
By = Annotated[str, one_of(REPORTED, DERIVED, NOT_AVAILABLE)]

BY_STATEMENT, BY_WITHDRAWAL, BY_DAY, UNRELEASED = "statement", "withdrawal", "release_day", "unreleased"

LEVEL = choice_with_default("level", tuple(Level), "How finely.", Level.ORDER.value)
FROM = moment("from", "Only what was released, or made, then or later.")
BEFORE = moment("before", "Only what was released, or made, before.")


class FeesDocument(TypedDict):
    commissionFee: ChannelAmount | None
    commissionBy: By
    feesTotal: ChannelAmount | None


class SettlementDocument(FeesDocument):
    """What an order, an item or one of a statement's records comes to."""

    channel: Annotated[str, one_of(*CHANNELS)]
    level: Annotated[str, one_of(*Level)]
    statement: str | None
    invoice: str | None
    order: str | None
    item: str | None
    currency: str
    payoutAmount: ChannelAmount | None
    payoutBy: By
    releasedAmount: ChannelAmount | None
    releasedAt: Time | None
    stage: Annotated[str, one_of(*Stage)]
    seller: str | None
    source: str
    position: Position


class ResidualDocument(TypedDict):
    """What two amounts that should be equal differ by."""

    name: str
    amount: MajorUnits | None


class GlobalSettlementDocument(FeesDocument):
    """What a statement, a withdrawal or a local day comes to: a marketplace's, or a statement of the ledger's own."""

    channel: Annotated[str, one_of(*STATEMENT_CHANNELS)]
    level: Annotated[str, one_of(Level.GLOBAL)]
    groupedBy: Annotated[str, one_of(BY_STATEMENT, BY_WITHDRAWAL, BY_DAY, UNRELEASED)]
    key: Annotated[str, Field(description="The statement, withdrawal or local day.")]
    statement: str | None
    currency: str
    payoutAmount: ChannelAmount | None
    payoutBy: By
    withdrawn: ChannelAmount | None
    residual: ResidualDocument | None
    at: Time | None
    stage: Annotated[str | None, one_of(*Stage, None)]
    seller: str | None
    source: str
    position: Position


async def list_settlements(context: RequestContext) -> web.Response:
    """By channel, and then by statement, order or item."""
    limit = context.read(LIMIT)
    level = context.read(LEVEL)
    channel = context.read(CHANNEL)
    order, statement, invoice, seller = (context.read(name) for name in (ORDER, STATEMENT, INVOICE, SELLER))
    since, before = _datetime(context.read(FROM)), _datetime(context.read(BEFORE))
    access_scope = await account_scope(context)
    lane = access_scope.lanes[0]
    await wait_for_position(context, lane, "settlements")
    texts = (order, statement, invoice, context.given(FROM), context.given(BEFORE))
    shown = (level, channel, *map(encoded, texts), *of_seller(seller))
    listing = Listing(context, "settlements", access_scope, shown)
    if level == Level.GLOBAL:
        if order is not None or invoice is not None:
            raise invalid(LEVEL.name, "statements are found by statement, not by order or invoice")
        behind = decoded_parts(listing.place(4))
        totals = TotalsQuery(channel, statement, since, before, seller)
        try:
            async with read_snapshot(context.ledger.pool) as connection:
                found = await channel_totals(
                    connection, lane, context.account, totals, None if behind is None else _four(behind), limit + 1
                )
        except WrongPlace:
            raise wrong_cursor() from None
        documents: list[SettlementDocument | GlobalSettlementDocument] = [_global(row) for row in found[:limit]]
        place: tuple[str, ...] | None = place_of(found[limit - 1]) if len(found) > limit else None
    else:
        after = decoded_parts(listing.place(2)) or ("", "")
        filters = (level, channel, order, statement, invoice, since, before)
        async with read_snapshot(context.ledger.pool) as connection:
            parameters = (*filters, *after, limit + 1, seller)
            rows = await connection.fetch(query("settlements/page"), lane, context.account, *parameters)
        documents = [_total(dict(row), level) for row in rows[:limit]]
        place = (rows[limit - 1]["channel"], rows[limit - 1]["key"]) if len(rows) > limit else None
    return listing.respond(documents, limit, None if place is None else [encoded(part) or "" for part in place])


def _total(row: dict[str, Any], level: str) -> SettlementDocument:
    payout = row["payout"]
    by = NOT_AVAILABLE if payout is None else DERIVED if row["derived"] else REPORTED
    return {
        "channel": row["channel"],
        "level": level,
        "statement": row["statement"],
        "invoice": row["invoice"],
        "order": row["order_id"],
        "item": row["item"],
        "currency": row["currency"],
        "payoutAmount": amount_text(payout),
        "payoutBy": by,
        **_fees(row, DERIVED if row["derived"] else REPORTED),
        "releasedAmount": amount_text(row["released"]),
        "releasedAt": row["released_at"],
        "stage": row["stage"],
        "seller": row["seller"] or None,
        "source": row["source"],
        "position": row["position"],
    }


def _fees(row: Mapping[str, Any], by: str, reported: Decimal | None = None) -> FeesDocument:
    """What was taken. `reported` is the statement's own sum of its fees, where no line says them."""
    return {
        "commissionFee": amount_text(row["commission"]),
        "commissionBy": NOT_AVAILABLE if row["commission"] is None else by,
        "feesTotal": amount_text(reported if row["fees"] is None else row["fees"]),
    }


def _global(row: dict[str, Any]) -> GlobalSettlementDocument:
    """A statement with what its lines come to, or what a sum of orders comes to; what differs is named."""
    reported, derived, withdrawn = _reported(row["reported"]), row["payout"], row["withdrawn"]
    payout, by = (reported, REPORTED) if reported is not None else (derived, DERIVED)
    residual: ResidualDocument | None = None
    if reported is not None and derived is not None and reported != derived:
        residual = {"name": "statement less its lines", "amount": amount_text(reported - derived)}
    elif withdrawn is not None and derived is not None and withdrawn != derived:
        residual = {"name": "withdrawal less its orders", "amount": amount_text(withdrawn - derived)}
    key: str = row["key"]
    kind = (
        "statement"
        if row["statement"] is not None
        else "release_day"
        if key.startswith("day/")
        else key.split("/", maxsplit=1)[0]
    )
    return {
        "channel": row["channel"],
        "level": Level.GLOBAL.value,
        "groupedBy": kind if kind in ("statement", "release_day", "unreleased") else "withdrawal",
        "key": key.removeprefix("day/"),
        "statement": row["statement"],
        "currency": row["currency"],
        "payoutAmount": amount_text(payout),
        "payoutBy": NOT_AVAILABLE if payout is None else by,
        **_fees(row, DERIVED, _charged(row.get("fees_reported"))),
        "withdrawn": amount_text(withdrawn),
        "residual": residual,
        "at": row["at"],
        "stage": row["stage"],
        "seller": row["seller"] or None,
        "source": row["source"],
        "position": row["position"],
    }


def _reported(text: str | None) -> Decimal | None:
    """A statement's payout without its currency; None where it says none, or nothing that is a number."""
    if text is None:
        return None
    try:
        return read_payout(text)[0].number
    except NotUnderstood:
        return None


def _charged(text: str | None) -> Decimal | None:
    """A statement's sum of fees, as what lowers what the seller is owed: versions of the API write it with both signs."""
    amount = _reported(text)
    return None if amount is None else -abs(amount) + 0


def _four(parts: tuple[str, ...]) -> TotalsPlace:
    if len(parts) != 4:
        raise wrong_cursor()
    return (parts[0], parts[1], parts[2], parts[3])


def _datetime(instant: Instant | None) -> datetime | None:
    return None if instant is None else to_datetime(instant)


OPERATIONS = (
    ApiOperation(
        "GET",
        "/settlements",
        list_settlements,
        id="listSettlements",
        summary="What statements, orders or items come to: payout, commission and fees",
        scopes=(PAYOUT_READ,),
        parameters=(LEVEL, FROM, BEFORE, CHANNEL, ORDER, STATEMENT, INVOICE, SELLER, MIN_POSITION, LIMIT, CURSOR),
        answers=(Answer(data=list[SettlementDocument | GlobalSettlementDocument], meta=PageMeta),),
    ),
)
