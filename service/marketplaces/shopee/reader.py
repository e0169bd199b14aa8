"""Shopee: escrow, wallet, cross-border payouts, billing transactions, and the income report as a file.

Cash has two stages: escrow is released into the seller's wallet, order by order, and the wallet is withdrawn to the bank.
Money is booked by order, at its escrow amount and its adjustments. Shopee's fees are positive numbers to subtract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import NotUnderstood, Unrecognised, read_amount
from service.formats.detection import CSV, JSON, XLSX, XML, detected
from service.formats.json_records import Record, Route
from service.formats.times import NEVER, read_epoch
from service.marketplaces.observations import (
    By,
    Cell,
    Kind,
    Level,
    Measure,
    Observation,
    SettlementLine,
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
from service.marketplaces.report_tables import table_lines
from service.marketplaces.shopee.reports import ADJUSTMENTS, INCOME
from service.marketplaces.shopee.wallet import wallet_transaction

CHANNEL = "shopee"

ROUTES: frozenset[Route] = frozenset(
    {
        (),
        ("response",),
        ("response", "escrow_list"),
        ("response", "transaction_list"),
        ("response", "payout_list"),
        ("response", "transactions"),
        ("response", "order_income_list"),
    }
)
PARTS: Mapping[str, tuple[Kind, int]] = {
    "cost_of_goods_sold": (Kind.ITEM_REVENUE, 1),
    "buyer_paid_shipping_fee": (Kind.SHIPPING, 1),
    "shopee_shipping_rebate": (Kind.SHIPPING_SUBSIDY, 1),
    "shipping_fee_discount_from_3pl": (Kind.SHIPPING_SUBSIDY, 1),
    "seller_lost_compensation": (Kind.ADJUSTMENT, 1),
    "commission_fee": (Kind.COMMISSION, -1),
    "service_fee": (Kind.SERVICE_FEE, -1),
    "seller_transaction_fee": (Kind.PAYMENT_FEE, -1),
    "order_ams_commission_fee": (Kind.AFFILIATE_FEE, -1),
    "seller_order_processing_fee": (Kind.SERVICE_FEE, -1),
    "campaign_fee": (Kind.SERVICE_FEE, -1),
    "fbs_fee": (Kind.SERVICE_FEE, -1),
    "voucher_from_seller": (Kind.VOUCHER, -1),
    "seller_coin_cash_back": (Kind.VOUCHER, -1),
    "actual_shipping_fee": (Kind.SHIPPING, -1),
    "reverse_shipping_fee": (Kind.SHIPPING, -1),
    "seller_return_refund": (Kind.REFUND, -1),
    "drc_adjustable_refund": (Kind.REFUND, -1),
    "escrow_tax": (Kind.TAX, -1),
    "withholding_tax": (Kind.TAX, -1),
}
"""What an escrow amount is made of. `final_shipping_fee` sums up the shipping fields, so it is none of them."""

_SAME_FEE_AGAIN = "credit_card_transaction_fee"
_ITEM_PARTS: Mapping[str, tuple[Kind, int]] = {
    "ams_commission_fee": (Kind.AFFILIATE_FEE, -1),
    "seller_order_processing_fee": (Kind.SERVICE_FEE, -1),
}
_TRANSIENT = frozenset({"error_server", "error_network", "error_inner", "error_timeout", "error_busy", "error_unknown"})


class Shopee:
    """The source `shopee`."""

    name = CHANNEL
    reads = frozenset({JSON, CSV, XLSX})
    pulls = True
    books_at = Level.ORDER
    period = "delivered_order"
    capabilities: Mapping[Cell, tuple[Way, ...]] = {
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(By.API, "B", "get_payout_info, for cross-border shops; get_wallet_transaction_list: withdrawals"),
            Way(By.FILE, "B", "income report"),
            Way(By.DERIVED, "A", "sum of orders by withdrawal, else by the local day of their release"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(By.API, "A", "get_escrow_detail: escrow_amount; get_escrow_list: payout_amount, when released"),
            Way(By.FILE, "B", "income report: Total Penghasilan"),
        ),
        (Measure.PAYOUT, Level.ITEM): (Way(By.NOT_AVAILABLE, "A", "items carry prices, no payout"),),
        (Measure.COMMISSION, Level.GLOBAL): (Way(By.DERIVED, "A", "sum of the orders' commission_fee"),),
        (Measure.COMMISSION, Level.ORDER): (
            Way(By.API, "A", "get_escrow_detail: commission_fee"),
            Way(By.FILE, "B", "income report: Biaya Administrasi"),
        ),
        (Measure.COMMISSION, Level.ITEM): (Way(By.NOT_AVAILABLE, "A", "items carry no commission"),),
        (Measure.PERIOD, None): (Way(By.API, "A", "get_escrow_list: escrow_release_time, order by order"),),
    }

    def read(self, stream: BinaryIO, shop: Shop, about: Around | None = None) -> Iterator[Observation]:
        kind, whole = detected(stream)
        if kind in (JSON, XML):
            return map_json_records(whole, ROUTES, partial(_say, shop), about or {})
        return table_lines(whole, kind, (INCOME, ADJUSTMENTS), CHANNEL, shop)


def failure(answer: Any) -> Failure | None:
    """The refusal that an answer is: an `error` that is not empty."""
    if not isinstance(answer, dict):
        return None
    code = str(answer.get("error") or "")
    if not code:
        return None
    lowered = code.lower()
    if lowered in _TRANSIENT or "rate_limit" in lowered or "too_many" in lowered:
        retry = Retry.LATER
    elif "timestamp" in lowered:
        retry = Retry.RESIGN
    elif "auth" in lowered or "token" in lowered:
        retry = Retry.AUTHORISE
    else:
        retry = Retry.NEVER
    return Failure(CHANNEL, code, str(answer.get("message") or ""), retry)


def _say(shop: Shop, record: Record, _around: Around) -> Iterator[Observation]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    # A whole answer of get_escrow_detail, an element of its batch, or the order itself.
    for name in ("response", "escrow_detail"):
        inner = value.get(name)
        if isinstance(inner, dict) and ("order_income" in inner or "escrow_detail" in inner):
            value = inner
    if isinstance(value.get("order_income"), dict):
        yield from _escrow_detail(shop, record, value)
    elif "escrow_release_time" in value or ("payout_amount" in value and "order_sn" in value):
        yield _released(shop, record)
    elif "transaction_type" in value and "amount" in value:
        yield wallet_transaction(shop, record)
    elif "payout_info" in value or "from_amount" in value:
        yield from _cross_border_payout(shop, record)
    elif "billing_transaction_type" in value or "billing_transaction_status" in value:
        yield _billing(shop, record)
    elif record.route is not None or not {"response", "request_id"}.intersection(value):
        raise Unrecognised("it is nothing of Shopee's that is read here")


def _escrow_detail(shop: Shop, record: Record, value: Mapping[str, Any]) -> Iterator[SettlementLine]:
    income: Mapping[str, Any] = value["order_income"]
    order = required(value, "order_sn")
    told = Told(
        channel=CHANNEL,
        source="shopee.escrow_detail",
        shop=shop,
        record=record,
        reference=f"order/{order}",
        currency=currency_of(income, shop),
        occurred_at=NEVER,
        level=Level.ORDER,
        stage=Stage.OWED,
        order=order,
    )
    escrow = read_amount(income.get("escrow_amount"))
    parts = parts_of(told, income, PARTS, "escrow_amount")
    if income.get("seller_transaction_fee") is None:
        # Answers of before the other name: the two are one fee.
        parts += parts_of(told, income, {_SAME_FEE_AGAIN: (Kind.PAYMENT_FEE, -1)}, "escrow_amount")
    yield from told.explained(told.line(Kind.PAYOUT, escrow, "escrow_amount", books=True), parts)
    adjusted = income.get("total_adjustment_amount")
    if adjusted is not None:
        amount = read_amount(adjusted)
        if amount.number:
            yield told.line(Kind.ADJUSTMENT, amount, "total_adjustment_amount", books=True)
    for index, item in enumerate(income.get("items") or ()):
        if isinstance(item, dict):
            number = optional(item, "model_id", "item_id") or str(index)
            if item.get("discounted_price") is not None:
                # The price of the line: what the item earned, though not what was paid for it.
                price = read_amount(item["discounted_price"])
                yield told.line(
                    Kind.ITEM_REVENUE,
                    price,
                    f"items[{index}].discounted_price",
                    part_of="cost_of_goods_sold",
                    item=number,
                )
            for part in parts_of(told, item, _ITEM_PARTS, "escrow_amount", f"items[{index}]."):
                # Of the order's own fee of that name: told again, more finely.
                name = "order_ams_commission_fee" if part.kind is Kind.AFFILIATE_FEE else "seller_order_processing_fee"
                amount = read_amount(item[part.field.partition(".")[2]])
                yield told.line(part.kind, amount, part.field, credit=part.amount, part_of=name, item=number)


def _released(shop: Shop, record: Record) -> SettlementLine:
    value: dict[str, Any] = record.value
    order = required(value, "order_sn")
    told = Told(
        channel=CHANNEL,
        source="shopee.escrow_list",
        shop=shop,
        record=record,
        reference=f"order/{order}",
        currency=currency_of(value, shop),
        occurred_at=read_epoch(value.get("escrow_release_time")),
        level=Level.ORDER,
        stage=Stage.RELEASED,
        order=order,
    )
    return told.line(Kind.PAYOUT, read_amount(value.get("payout_amount")), "payout_amount")


def _cross_border_payout(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    value: dict[str, Any] = record.value
    found = value.get("payout_info")
    info: dict[str, Any] = found if isinstance(found, dict) else value
    at = read_epoch(info.get("payout_time"))
    number = optional(value, "encrypted_payout_id") or optional(info, "encrypted_payout_id") or at.text
    told = Told(
        channel=CHANNEL,
        source="shopee.payout_info",
        shop=shop,
        record=record,
        reference=f"payout/{number}",
        currency=currency_of(info, shop, "from_currency"),
        occurred_at=at,
        level=Level.GLOBAL,
        stage=Stage.PAID,
    )
    amount = read_amount(info.get("from_amount"))
    extra = {name: info.get(name) for name in ("payout_currency", "payout_amount", "exchange_rate", "pay_service")}
    # The wallet's side: what reaches the bank has left what Shopee owes. A claw-back is the other way round.
    yield told.line(Kind.WITHDRAWAL, amount, "from_amount", credit=-amount.number, extra=extra)
    for index, adjustment in enumerate(value.get("offline_adjustment_list") or ()):
        amount = read_amount(adjustment.get("adjustment_amount"))
        kept = {name: adjustment.get(name) for name in ("order_sn", "module", "scenario", "remark")}
        yield told.line(Kind.ADJUSTMENT, amount, f"offline_adjustment_list[{index}].adjustment_amount", extra=kept)


def _billing(shop: Shop, record: Record) -> SettlementLine:
    value: dict[str, Any] = record.value
    order = optional(value, "order_sn")
    released = (optional(value, "billing_transaction_status") or "").upper() == "RELEASED"
    told = Told(
        channel=CHANNEL,
        source="shopee.billing_transaction",
        shop=shop,
        record=record,
        reference=f"billing/{order or record.place}/{optional(value, 'cost_header') or ''}",
        currency=currency_of(value, shop),
        occurred_at=NEVER,
        level=Level.ORDER if order else Level.GLOBAL,
        stage=Stage.RELEASED if released else Stage.OWED,
        order=order,
    )
    extra = {
        name: value.get(name) for name in ("billing_transaction_type", "cost_header", "scenario", "remark", "level")
    }
    return told.line(Kind.PAYOUT if order else Kind.ADJUSTMENT, read_amount(value.get("amount")), "amount", extra=extra)
