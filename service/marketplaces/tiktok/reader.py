"""Reads TikTok Shop: statements, their transactions, payments, withdrawals and estimates.

Amounts are text, fees are negative, and a missing amount is null. Statements book the money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount
from service.formats.detection import JSON, XML, detect_format
from service.formats.json_records import Record, Route
from service.formats.times import read_epoch
from service.marketplaces.doubts import stage_of
from service.marketplaces.observations import Kind, Level, Observation, ObservedStatement, Shop, Stage
from service.marketplaces.record_mapping import (
    PageFields,
    RecordHeader,
    currency_of,
    map_json_records,
    optional,
    part_lines,
    required,
)
from service.marketplaces.repeated_references import tell_apart
from service.marketplaces.report_tables import table_lines
from service.marketplaces.tiktok import names
from service.marketplaces.tiktok.lines import movement, sku_transaction, transaction, unsettled
from service.marketplaces.tiktok.refusals import failure
from service.marketplaces.tiktok.reports import income_file

_STATEMENTS: Route = ("data", "statements")
_DEFERRED = frozenset({("data", "transactions"), ("data", "statement_transactions"), ("data", "sku_transactions")})
"""The fields beside these records say what they belong to."""
ROUTES: frozenset[Route] = _DEFERRED | {(), _STATEMENTS, ("data", "payments"), ("data", "withdrawals")}

_STATEMENT_AMOUNTS = {"settlement_amount": "payout", "revenue_amount": "item_revenue", "fee_amount": "fees_total"}
_STATEMENT_PARTS: Mapping[str, tuple[Kind, int]] = {
    "revenue_amount": (Kind.ITEM_REVENUE, 1),
    "fee_amount": (Kind.FEE, 1),
    "shipping_cost_amount": (Kind.SHIPPING, 1),
    "adjustment_amount": (Kind.ADJUSTMENT, 1),
}
_STATEMENT_STAGES = {"paid": Stage.PAID, "processing": Stage.OWED, "failed": Stage.FAILED}
_PAYMENT_STAGES = {"paid": Stage.PAID, "processing": Stage.SENT, "failed": Stage.FAILED}
_PAYMENT_EXTRA = frozenset({"status", "exchange_rate", "settlement_amount", "reserve_amount"})
"""The fields that are kept. The bank account is none of them."""


REPORT = income_file(names.INCOME_REPORT, names.WITHDRAWAL_RECORDS, books=False)
"""The statements book the money of its orders."""


def read(stream: BinaryIO, shop: Shop, request_fields: PageFields | None = None) -> Iterator[Observation]:
    """All that a file or an answer of TikTok Shop's says."""
    format_name, whole = detect_format(stream)
    if format_name not in (JSON, XML):
        return table_lines(whole, format_name, REPORT, names.CHANNEL, shop)
    found = map_json_records(whole, ROUTES, partial(_map_record, shop), request_fields or {}, _DEFERRED)
    return tell_apart(found, {names.ORDER_TRANSACTIONS, names.STATEMENT_TRANSACTIONS}, ())


def _map_record(shop: Shop, record: Record, page_fields: PageFields) -> Iterator[Observation]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if record.route is None and (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    if "statement_time" in value:
        yield from _statement(shop, record)
    elif "est_settlement_amount" in value or "est_revenue_amount" in value:
        yield from unsettled(shop, record)
    elif "sku_id" in value:
        yield from sku_transaction(shop, record, page_fields)
    elif "paid_time" in value or "payment_amount_before_exchange" in value or isinstance(value.get("amount"), dict):
        yield from _payment(shop, record)
    elif "settlement_amount" in value and "type" in value:
        yield from transaction(shop, record, page_fields)
    elif "amount" in value and "type" in value:
        yield movement(shop, record)
    elif record.route is not None or not {"data", "code"}.intersection(value):
        raise Unrecognised("it is nothing of TikTok Shop's that is read here")


def _statement(shop: Shop, record: Record) -> Iterator[Observation]:
    value: dict[str, Any] = record.value
    number = required(value, "id")
    currency = currency_of(value, shop)
    at = read_epoch(value.get("statement_time"))
    status = optional(value, "payment_status")
    stage, doubts = stage_of(status, _STATEMENT_STAGES)
    amounts: dict[str, Amount] = {
        ours: read_amount(value[theirs]) for theirs, ours in _STATEMENT_AMOUNTS.items() if value.get(theirs) is not None
    }
    if "payout" not in amounts:
        raise NotUnderstood("it has no settlement_amount")
    yield ObservedStatement(
        channel=names.CHANNEL,
        source=names.STATEMENTS,
        seller=shop.seller,
        number=number,
        currency=currency,
        created_at=at,
        updated_at=at,
        paid=None if doubts else stage is Stage.PAID,
        paid_text=status,
        place=record.place,
        raw=record.raw,
        extra={name: each for name, each in value.items() if name not in _STATEMENT_AMOUNTS},
        doubts=doubts,
        **amounts,
    )
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.STATEMENTS,
        shop=shop,
        record=record,
        reference=f"statement/{number}",
        currency=currency,
        occurred_at=at,
        level=Level.GLOBAL,
        stage=stage,
        statement=number,
        doubts=doubts,
    )
    parts = part_lines(header, value, _STATEMENT_PARTS, "settlement_amount")
    yield from header.with_residual(header.line(Kind.PAYOUT, amounts["payout"], "settlement_amount"), parts)


def _payment(shop: Shop, record: Record) -> Iterator[Observation]:
    value: dict[str, Any] = record.value
    paid_at = read_epoch(value.get("paid_time"))
    stage, doubts = stage_of(optional(value, "status"), _PAYMENT_STAGES)
    money = value.get("amount")
    if not isinstance(money, dict):
        raise NotUnderstood("its amount is not one of {value, currency}")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.PAYMENTS,
        shop=shop,
        record=record,
        reference=f"payment/{required(value, 'id')}",
        currency=currency_of(money, shop),
        occurred_at=paid_at if paid_at.instant else read_epoch(value.get("create_time")),
        level=Level.GLOBAL,
        stage=stage,
        doubts=doubts,
    )
    amount = read_amount(money.get("value"))
    extra = {name: each for name, each in value.items() if name in _PAYMENT_EXTRA}
    yield header.line(Kind.WITHDRAWAL, amount, "amount.value", credit=-amount.number, extra=extra)
