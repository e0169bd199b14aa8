"""TikTok Shop's transactions: of a statement, of an order's items, of the seller's balance, and those not settled yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from events.settlements.older_names import OlderName
from service.formats.amounts import read_amount
from service.formats.json_records import Record
from service.formats.times import Moment, read_epoch
from service.marketplaces.doubts import stage_of, unknown_type
from service.marketplaces.observations import Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import PageFields, RecordHeader, currency_of, optional, part_lines, required
from service.marketplaces.tiktok import names

COMMISSIONS = ("platform_commission_amount", "referral_fee_amount", "dynamic_commission_amount")
"""The fees that are a commission. All others are fees of another kind."""

_PARTS: Mapping[str, tuple[Kind, int]] = {
    "revenue_amount": (Kind.ITEM_REVENUE, 1),
    "fee_amount": (Kind.FEE, 1),
    "fee_tax_amount": (Kind.FEE, 1),
    "shipping_cost_amount": (Kind.SHIPPING, 1),
    "adjustment_amount": (Kind.ADJUSTMENT, 1),
    "reserve_amount": (Kind.RESERVE, 1),
}
_FEES: Mapping[str, tuple[Kind, int]] = {
    **dict.fromkeys(COMMISSIONS, (Kind.COMMISSION, 1)),
    "transaction_fee_amount": (Kind.PAYMENT_FEE, 1),
    "credit_card_handling_fee_amount": (Kind.PAYMENT_FEE, 1),
    "seller_paylater_handling_fee_amount": (Kind.PAYMENT_FEE, 1),
    "affiliate_commission_amount": (Kind.AFFILIATE_FEE, 1),
    "affiliate_partner_commission_amount": (Kind.AFFILIATE_FEE, 1),
    "affiliate_ads_commission_amount": (Kind.AFFILIATE_FEE, 1),
    "sfp_service_fee_amount": (Kind.SERVICE_FEE, 1),
    "mall_service_fee_amount": (Kind.SERVICE_FEE, 1),
    "voucher_xtra_service_fee_amount": (Kind.SERVICE_FEE, 1),
    "flash_sales_service_fee_amount": (Kind.SERVICE_FEE, 1),
    "fee_per_item_sold_amount": (Kind.SERVICE_FEE, 1),
    "refund_administration_fee_amount": (Kind.SERVICE_FEE, 1),
    "actual_shipping_fee_amount": (Kind.SHIPPING, 1),
    "iva_vat_amount": (Kind.TAX, 1),
    "isr_income_tax_amount": (Kind.TAX, 1),
    "pit_amount": (Kind.TAX, 1),
}
_ESTIMATES: Mapping[str, tuple[Kind, int]] = {
    "est_revenue_amount": (Kind.ITEM_REVENUE, 1),
    "est_fee_tax_amount": (Kind.FEE, 1),
    "est_shipping_cost_amount": (Kind.SHIPPING, 1),
    "est_adjustment_amount": (Kind.ADJUSTMENT, 1),
}
_MOVEMENTS: Mapping[str, tuple[Kind, int]] = {
    "WITHDRAW": (Kind.WITHDRAWAL, -1),
    "SETTLE": (Kind.PAYOUT, 0),
    "TRANSFER": (Kind.ADJUSTMENT, 0),
    "REVERSE": (Kind.WITHDRAWAL_RETURNED, 1),
}
_STATUSES = {
    **dict.fromkeys(("success", "succeeded", "completed", "paid"), Stage.PAID),
    **dict.fromkeys(("processing", "pending", "in_progress"), Stage.SENT),
    **dict.fromkeys(("failed", "rejected"), Stage.FAILED),
}
"""With `PAID` a movement is as far as its type says."""


def transaction(shop: Shop, record: Record, page_fields: PageFields) -> Iterator[SettlementLine]:
    """An order's or an adjustment's amount in a statement."""
    value: dict[str, Any] = record.value
    data = _data(page_fields)
    order = optional(value, "order_id", "adjustment_order_id", "associated_order_id")
    statement = optional(value, "statement_id") or optional(page_fields, "statement_id") or optional(data, "id")
    number, older = optional(value, "id"), list[OlderName]()
    if number is None:
        # An order is in several statements when it is returned or adjusted.
        of = required(value, "adjustment_id", "order_id")
        number = "/".join([of, optional(value, "type") or "", statement or ""])
        older = [OlderName(f"transaction/{required(value, 'order_id', 'adjustment_id')}")]
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.STATEMENT_TRANSACTIONS,
        shop=shop,
        record=record,
        reference=f"transaction/{number}",
        older_names=tuple(older),
        currency=_currency(value, data, shop),
        occurred_at=_first_time(value, "order_create_time"),
        level=Level.ORDER if order else Level.GLOBAL,
        stage=Stage.OWED,
        statement=statement,
        order=order,
    )
    yield from _explained(header, value)


def sku_transaction(shop: Shop, record: Record, page_fields: PageFields) -> Iterator[SettlementLine]:
    """An item's amount in an order's settlement."""
    value: dict[str, Any] = record.value
    data = _data(page_fields)
    order = optional(data, "order_id") or optional(page_fields, "order_id")
    item = required(value, "sku_id")
    statement = optional(value, "statement_id")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.ORDER_TRANSACTIONS,
        shop=shop,
        record=record,
        reference=f"item/{order or ''}/{item}/{statement or ''}",
        currency=_currency(value, data, shop),
        occurred_at=_first_time(data, "order_create_time"),
        level=Level.ITEM,
        stage=Stage.OWED,
        statement=statement,
        order=order,
        item=item,
    )
    yield from _explained(header, value)


def unsettled(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    """Money that TikTok expects to settle: an estimate."""
    value: dict[str, Any] = record.value
    order = optional(value, "order_id", "adjustment_order_id")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.UNSETTLED,
        shop=shop,
        record=record,
        reference=f"transaction/{required(value, 'id', 'order_id')}",
        currency=currency_of(value, shop),
        occurred_at=_first_time(value, "order_delivery_time", "order_create_time"),
        level=Level.ORDER if order else Level.GLOBAL,
        stage=Stage.EXPECTED,
        order=order,
    )
    extra = {name: value[name] for name in ("estimated_settlement", "unsettled_reason", "status") if value.get(name)}
    parts = part_lines(header, value, _ESTIMATES, "est_settlement_amount")
    amount = read_amount(value.get("est_settlement_amount"))
    yield from header.with_residual(header.line(Kind.PAYOUT, amount, "est_settlement_amount", extra=extra), parts)


def movement(shop: Shop, record: Record) -> SettlementLine:
    """A movement of the seller's balance: a settlement, a withdrawal, or money that came back."""
    value: dict[str, Any] = record.value
    type_name = required(value, "type").upper()
    # Movements of a kind that is not known are signed, as settlements and transfers are.
    kind, sign = _MOVEMENTS.get(type_name, (Kind.OTHER, 0))
    status = optional(value, "status")
    stage, doubts = stage_of(status, _STATUSES)
    if kind is Kind.OTHER:
        doubts += (unknown_type(type_name),)
    done = Stage.PAID if kind is Kind.WITHDRAWAL else Stage.RETURNED if sign == 1 else Stage.RELEASED
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.WITHDRAWALS,
        shop=shop,
        record=record,
        reference=f"withdrawal/{required(value, 'id')}",
        currency=currency_of(value, shop),
        occurred_at=read_epoch(value.get("create_time")),
        level=Level.GLOBAL,
        stage=done if stage is Stage.PAID else stage,
        doubts=doubts,
    )
    amount = read_amount(value.get("amount"))
    credit = abs(amount.number) * sign if sign else None
    return header.line(kind, amount, "amount", credit=credit, extra={"type": type_name, "status": status or ""})


def _explained(header: RecordHeader, value: Mapping[str, Any]) -> Iterator[SettlementLine]:
    total = header.line(Kind.PAYOUT, read_amount(value.get("settlement_amount")), "settlement_amount")
    yield from header.with_residual(total, part_lines(header, value, _PARTS, "settlement_amount"))
    fee = "fee_amount" if value.get("fee_amount") is not None else "fee_tax_amount"
    # Older answers have the fees side by side. Newer ones have them below the two names of the breakdown.
    yield from part_lines(header, value, _FEES, fee)
    breakdown = value.get("fee_tax_breakdown")
    for group in ("fee", "tax"):
        inner = breakdown.get(group) if isinstance(breakdown, dict) else None
        if isinstance(inner, dict):
            other = (Kind.TAX if group == "tax" else Kind.FEE, 1)
            kinds = {name: _FEES.get(name, other) for name in inner}
            yield from part_lines(header, inner, kinds, fee, f"fee_tax_breakdown.{group}.")


def _data(page_fields: PageFields) -> Mapping[str, Any]:
    found = page_fields.get("data")
    return found if isinstance(found, dict) else {}


def _currency(value: Mapping[str, Any], data: Mapping[str, Any], shop: Shop) -> str:
    return currency_of(value if value.get("currency") else data, shop)


def _first_time(value: Mapping[str, Any], *names: str) -> Moment:
    for name in names:
        if value.get(name) is not None:
            return read_epoch(value[name])
    return read_epoch(None)
