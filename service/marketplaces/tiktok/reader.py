"""TikTok Shop, and Tokopedia since the merge: statements, their transactions, payments, withdrawals, expected money.

Amounts are text, fees are negative, and a missing amount is null. Money is booked by statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount
from service.formats.detection import JSON, detected
from service.formats.json_records import Record, Route
from service.formats.times import read_epoch
from service.marketplaces.observations import (
    By,
    Cell,
    Kind,
    Level,
    Measure,
    Observation,
    ObservedStatement,
    Shop,
    Stage,
    Way,
)
from service.marketplaces.record_mapping import (
    Around,
    Told,
    currency_of,
    map_json_records,
    optional,
    parts_of,
    required,
)
from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.tiktok.lines import movement, sku_transaction, transaction, unsettled

CHANNEL = "tiktok"

_STATEMENTS: Route = ("data", "statements")
_HELD = frozenset({("data", "transactions"), ("data", "statement_transactions"), ("data", "sku_transactions")})
"""What these records belong to stands beside them."""
ROUTES: frozenset[Route] = _HELD | {(), _STATEMENTS, ("data", "payments"), ("data", "withdrawals")}

_STATEMENT_AMOUNTS = {"settlement_amount": "payout", "revenue_amount": "item_revenue", "fee_amount": "fees_total"}
_STATEMENT_PARTS: Mapping[str, tuple[Kind, int]] = {
    "revenue_amount": (Kind.ITEM_REVENUE, 1),
    "fee_amount": (Kind.FEE, 1),
    "shipping_cost_amount": (Kind.SHIPPING, 1),
    "adjustment_amount": (Kind.ADJUSTMENT, 1),
}
_PAID = {"PAID": True, "PROCESSING": False, "FAILED": False}
_PAYMENT_EXTRA = frozenset({"status", "exchange_rate", "settlement_amount", "reserve_amount"})
"""Not the bank account."""
_TOKEN_CODES = range(105000, 106000)


class TikTok:
    """The source `tiktok`."""

    name = CHANNEL
    reads = frozenset({JSON})
    pulls = True
    books_at = Level.GLOBAL
    period = "delivered_order"
    capabilities: Mapping[Cell, tuple[Way, ...]] = {
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(By.API, "A", "statements: settlement_amount; payments, withdrawals"),
            Way(By.FILE, "A", "the same answers, saved"),
        ),
        (Measure.PAYOUT, Level.ORDER): (Way(By.API, "A", "statement_transactions: settlement_amount"),),
        (Measure.PAYOUT, Level.ITEM): (Way(By.API, "B", "order statement_transactions: sku settlement_amount"),),
        (Measure.COMMISSION, Level.GLOBAL): (
            Way(By.DERIVED, "A", "sum of platform_commission_amount by statement; fee_amount stands beside it"),
        ),
        (Measure.COMMISSION, Level.ORDER): (
            Way(By.API, "A", "statement_transactions: platform_commission_amount, referral_fee_amount"),
        ),
        (Measure.COMMISSION, Level.ITEM): (
            Way(By.API, "B", "order statement_transactions: fee_tax_breakdown of each sku"),
        ),
        (Measure.PERIOD, None): (Way(By.API, "A", "statement_time of each statement"),),
    }

    def read(self, stream: BinaryIO, shop: Shop, about: Around | None = None) -> Iterator[Observation]:
        _, whole = detected(stream)
        return map_json_records(whole, ROUTES, partial(_say, shop), about or {}, _HELD)


def failure(answer: Any) -> Failure | None:
    """The refusal that an answer is: a `code` other than 0."""
    code = answer.get("code") if isinstance(answer, dict) else None
    if code is None or str(code) == "0":
        return None
    text = str(code)
    token = text.isdigit() and int(text) in _TOKEN_CODES
    retry = Retry.AUTHORISE if token else Retry.NEVER
    return Failure(CHANNEL, text, str(answer.get("message") or ""), retry)


def _say(shop: Shop, record: Record, around: Around) -> Iterator[Observation]:
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
        yield from sku_transaction(shop, record, around)
    elif "paid_time" in value or "payment_amount_before_exchange" in value or isinstance(value.get("amount"), dict):
        yield from _payment(shop, record)
    elif "settlement_amount" in value and "type" in value:
        yield from transaction(shop, record, around)
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
    if status is not None and status not in _PAID:
        raise NotUnderstood(f"payment_status is {status[:20]!r}: PROCESSING, PAID or FAILED expected")
    amounts: dict[str, Amount] = {
        ours: read_amount(value[theirs]) for theirs, ours in _STATEMENT_AMOUNTS.items() if value.get(theirs) is not None
    }
    if "payout" not in amounts:
        raise NotUnderstood("it has no settlement_amount")
    yield ObservedStatement(
        channel=CHANNEL,
        source="tiktok.statements",
        seller=shop.seller,
        number=number,
        currency=currency,
        created_at=at,
        updated_at=at,
        paid=None if status is None else _PAID[status],
        paid_text=status,
        place=record.place,
        raw=record.raw,
        extra={name: each for name, each in value.items() if name not in _STATEMENT_AMOUNTS},
        **amounts,
    )
    stage = {"PAID": Stage.PAID, "FAILED": Stage.FAILED}.get(status or "", Stage.OWED)
    told = Told(
        CHANNEL, "tiktok.statements", shop, record, f"statement/{number}", currency, at, Level.GLOBAL, stage, number
    )
    parts = parts_of(told, value, _STATEMENT_PARTS, "settlement_amount")
    yield from told.explained(told.line(Kind.PAYOUT, amounts["payout"], "settlement_amount"), parts)


def _payment(shop: Shop, record: Record) -> Iterator[Observation]:
    value: dict[str, Any] = record.value
    paid_at = read_epoch(value.get("paid_time"))
    status = optional(value, "status") or ""
    money = value.get("amount")
    if not isinstance(money, dict):
        raise NotUnderstood("its amount is not one of {value, currency}")
    told = Told(
        channel=CHANNEL,
        source="tiktok.payments",
        shop=shop,
        record=record,
        reference=f"payment/{required(value, 'id')}",
        currency=currency_of(money, shop),
        occurred_at=paid_at if paid_at.instant else read_epoch(value.get("create_time")),
        level=Level.GLOBAL,
        stage={"PAID": Stage.PAID, "FAILED": Stage.FAILED}.get(status, Stage.SENT),
    )
    amount = read_amount(money.get("value"))
    extra = {name: each for name, each in value.items() if name in _PAYMENT_EXTRA}
    yield told.line(Kind.WITHDRAWAL, amount, "amount.value", credit=-amount.number, extra=extra)
