"""Statements: marketplaces' as they were last observed, and the ledger's own."""

from __future__ import annotations

from typing import Annotated, Any, cast

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from events.channels.observe import FIELDS
from events.channels.state import PLATFORM, SELLER
from events.instants import to_datetime
from events.statements.chain import CHANNEL as OWN
from service.http.envelope import PageMeta
from service.http.operations import Answer, ApiOperation
from service.http.paging import Listing
from service.http.parameters import CURSOR, LIMIT, choice, moment, yes_or_no
from service.http.request_context import RequestContext
from service.http.settlement_filters import SELLER as SELLER_NAME
from service.http.settlement_filters import of_seller
from service.http.visibility import account_scope
from service.ledger.api_keys import PAYOUT_READ
from service.ledger.findings import FindingDocument
from service.marketplaces.channels import CHANNELS
from service.marketplaces.consistency_checks import findings_beside
from service.platform.documents import Position, Time, one_of
from sql import query

ORIGINS = ("own", "imported")
"""Whose statements are listed: the ledger's own, or those of marketplaces."""
STATEMENT_CHANNELS = (*CHANNELS, OWN)

SOURCE = choice("source", ORIGINS, "Only the ledger's own, or only marketplaces'.")
CHANNEL = choice("channel", STATEMENT_CHANNELS, "Only of this channel; the ledger's own are of `ledger`.")
IS_PAID = yes_or_no("paid", "Only statements that are paid, or that are not.")
CREATED_AFTER = moment("createdAfter", "Only statements created later.")


class StatementTexts(TypedDict):
    """The source's own texts, in seed 001's order. The payout is without its currency."""

    statementNumber: str | None
    createdAt: str | None
    updatedAt: str | None
    openingBalance: str | None
    itemRevenue: str | None
    shipmentFee: str | None
    shipmentFeeCredit: str | None
    otherRevenueTotal: str | None
    feesTotal: str | None
    subtotal1: str | None
    refunds: str | None
    feesOnRefundsTotal: str | None
    subtotal2: str | None
    closingBalance: str | None
    guaranteeDeposit: str | None
    payout: str | None


class StatementDocument(StatementTexts):
    """A statement: the source's texts, and what the ledger reads in them."""

    channel: Annotated[str, one_of(*STATEMENT_CHANNELS)]
    seller: str | None
    source: str
    currency: str
    paid: Annotated[bool | None, Field(description="Null where the source does not say.")]
    createdInstant: Time | None
    updatedInstant: Time | None
    collects: Annotated[str, one_of(SELLER, PLATFORM)]
    reference: str | None
    previousStatement: str | None
    findings: list[FindingDocument]
    digest: str | None
    position: Position


async def list_statements(context: RequestContext) -> web.Response:
    """The last to become known first."""
    limit = context.read(LIMIT)
    channel, paid = context.read(CHANNEL), context.read(IS_PAID)
    source = context.read(SOURCE)
    after = context.read(CREATED_AFTER)
    seller = context.read(SELLER_NAME)
    access_scope = await account_scope(context)
    listing = Listing(context, "statements", access_scope, (channel, paid, after, source, *of_seller(seller)))
    rows = await context.ledger.pool.fetch(
        query("statements/page"),
        access_scope.lanes[0],
        context.account,
        channel,
        None if paid is None else paid == "true",
        to_datetime(after) if after else None,
        listing.number(),
        limit + 1,
        None if source is None else source == ORIGINS[0],
        seller,
    )
    shown = rows[:limit]
    end = [str(shown[-1]["first_position"])] if len(rows) > limit else None
    return listing.respond([statement_document(dict(row)) for row in shown], limit, end)


def statement_document(row: dict[str, Any]) -> StatementDocument:
    content: dict[str, str | None] = orjson.loads(row["content"])
    texts = cast(StatementTexts, {name[0].lower() + name[1:]: content.get(name) for name in FIELDS})
    payout = texts["payout"]
    return {
        "statementNumber": row["number"],
        "channel": row["channel"],
        "seller": row["seller"] or None,
        "source": row["source"],
        **texts,
        "payout": None if payout is None else payout.removesuffix(row["currency"]).strip(),
        "currency": row["currency"],
        "paid": row["paid"],
        "createdInstant": row["created_at"],
        "updatedInstant": row["updated_at"],
        "collects": row["collects"],
        "reference": row["reference"] or None,
        "previousStatement": row["previous"],
        "findings": [
            _finding(found)
            for found in findings_beside(
                orjson.loads(row["findings"]), content.get("OpeningBalance"), row["previous_closing"]
            )
        ],
        "digest": row["digest"] or None,
        "position": row["position"],
    }


def _finding(found: dict[str, str]) -> FindingDocument:
    return {
        "rule": found["rule"],
        "expected": found["expected"],
        "actual": found["actual"],
        "difference": found["difference"],
    }


OPERATIONS = (
    ApiOperation(
        "GET",
        "/statements",
        list_statements,
        id="listStatements",
        summary="Statements, marketplaces' and the ledger's own, the last to become known first",
        scopes=(PAYOUT_READ,),
        parameters=(SOURCE, CHANNEL, SELLER_NAME, IS_PAID, CREATED_AFTER, LIMIT, CURSOR),
        answers=(Answer(data=list[StatementDocument], meta=PageMeta),),
    ),
)
