"""Reads Shopee: escrow, wallet, cross-border payouts, billing transactions, and the income report.

Money moves in two stages: each order is released from escrow into the seller's wallet, and the wallet is withdrawn to the
bank. Orders book it, with their escrow amount; their adjustments are money of their own. Fees are positive numbers to
subtract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any, BinaryIO

from events.canonical import canonical
from events.settlements.older_names import OlderName
from service.formats.amounts import Amount, NotUnderstood, Unrecognised, plain, read_amount
from service.formats.detection import JSON, XML, detect_format
from service.formats.json_records import Record, Route
from service.formats.times import NEVER, read_epoch
from service.marketplaces.doubts import stage_of
from service.marketplaces.observations import Kind, Level, Observation, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import (
    PageFields,
    RecordHeader,
    currency_of,
    map_json_records,
    optional,
    part_lines,
    required,
)
from service.marketplaces.report_tables import table_lines
from service.marketplaces.shopee import names
from service.marketplaces.shopee.refusals import failure
from service.marketplaces.shopee.reports import REPORT
from service.marketplaces.shopee.wallet import wallet_transaction

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
    "escrow_tax": (Kind.TAX, -1),
    "withholding_tax": (Kind.TAX, -1),
}
"""The parts of an escrow amount. `final_shipping_fee` is none of them: it is the sum of the other shipping fields."""
REFUNDS: Mapping[str, tuple[Kind, int]] = dict.fromkeys(
    ("seller_return_refund", "drc_adjustable_refund"), (Kind.REFUND, 1)
)
"""What went back to the buyer. Documents show positive numbers to subtract, and live answers negative ones to add."""

_BILLED = {"released": Stage.RELEASED, "to_release": Stage.OWED}
_OLD_TRANSACTION_FEE = "credit_card_transaction_fee"
"""The name of `seller_transaction_fee` in older answers."""
_ITEM_PARTS: Mapping[str, tuple[Kind, int]] = {
    "ams_commission_fee": (Kind.AFFILIATE_FEE, -1),
    "seller_order_processing_fee": (Kind.SERVICE_FEE, -1),
}


def read(stream: BinaryIO, shop: Shop, request_fields: PageFields | None = None) -> Iterator[Observation]:
    """All that a file or an answer of Shopee's says."""
    format_name, whole = detect_format(stream)
    if format_name in (JSON, XML):
        return map_json_records(whole, ROUTES, partial(_map_record, shop, Counter()), request_fields or {})
    return table_lines(whole, format_name, REPORT, names.CHANNEL, shop)


def _map_record(shop: Shop, billed: Counter[str], record: Record, _page_fields: PageFields) -> Iterator[Observation]:
    """`billed` counts the billing transactions of the file by what they say."""
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    # A whole answer of get_escrow_detail, an element of a batch of them, or the order itself.
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
        yield _billing(shop, billed, record)
    elif record.route is not None or not {"response", "request_id"}.intersection(value):
        raise Unrecognised("it is nothing of Shopee's that is read here")


def _escrow_detail(shop: Shop, record: Record, value: Mapping[str, Any]) -> Iterator[SettlementLine]:
    income: Mapping[str, Any] = value["order_income"]
    order = required(value, "order_sn")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.ESCROW_DETAIL,
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
    parts = part_lines(header, income, PARTS, "escrow_amount")
    if income.get("seller_transaction_fee") is None:
        parts += part_lines(header, income, {_OLD_TRANSACTION_FEE: (Kind.PAYMENT_FEE, -1)}, "escrow_amount")
    parts += _refunds(part_lines(header, income, REFUNDS, "escrow_amount"), escrow, parts)
    adjustments = list(_listed_adjustments(header, income))
    found = income.get("total_adjustment_amount")
    total = None if found is None else read_amount(found)
    adjusted = None if total is None else total.number
    if adjustments and (total is None or total.number == sum(each.amount for each in adjustments)):
        # It lists them all, each with its own time.
        adjusted = Decimal(0)
    yield from header.with_residual(
        header.line(Kind.PAYOUT, escrow, "escrow_amount", books=True, adjusted=adjusted), parts
    )
    if total is not None and total.number:
        yield header.line(Kind.ADJUSTMENT, total, "total_adjustment_amount", books=True)
    for index, item in enumerate(income.get("items") or ()):
        if isinstance(item, dict):
            number = optional(item, "model_id", "item_id") or str(index)
            if item.get("discounted_price") is not None:
                # The price that the item was sold for, and not what is paid out for it.
                price = read_amount(item["discounted_price"])
                yield header.line(
                    Kind.ITEM_REVENUE,
                    price,
                    f"items[{index}].discounted_price",
                    part_of="cost_of_goods_sold",
                    item=number,
                )
            for part in part_lines(header, item, _ITEM_PARTS, "escrow_amount", f"items[{index}]."):
                # A part of the order's fee of that name.
                name = "order_ams_commission_fee" if part.kind is Kind.AFFILIATE_FEE else "seller_order_processing_fee"
                amount = read_amount(item[part.field.partition(".")[2]])
                yield header.line(part.kind, amount, part.field, credit=part.amount, part_of=name, item=number)
    yield from adjustments


def _listed_adjustments(header: RecordHeader, income: Mapping[str, Any]) -> Iterator[SettlementLine]:
    """The adjustments that the order lists, each as a record of its own. Equal ones are as many as there are."""
    found, equal = income.get("order_adjustment"), Counter[str]()
    for index, value in enumerate(found if isinstance(found, list) else ()):
        if not isinstance(value, dict):
            continue
        amount, at = read_amount(value.get("amount")), read_epoch(value.get("date"))
        currency = currency_of(value, header.shop) if value.get("currency") else header.currency
        reason = optional(value, "adjustment_reason", "reason")
        # Its reason is a text for people, which may be worded otherwise next time.
        said = [currency, at.instant or at.text, plain(amount.number.normalize())]
        content = sha256(canonical(said)).hexdigest()[:16]
        equal[content] += 1
        place = f"/{equal[content]}" if equal[content] > 1 else ""
        own = replace(
            header, reference=f"adjustment/{header.order}/{content}{place}", occurred_at=at, currency=currency
        )
        extra = {"feeName": reason} if reason is not None else {}
        field = f"order_adjustment[{index}].amount"
        if amount.number:
            yield own.line(Kind.ADJUSTMENT, amount, field, books=True, extra=extra, adjusts=True)


def _refunds(refunds: list[SettlementLine], escrow: Amount, parts: Sequence[SettlementLine]) -> list[SettlementLine]:
    """Refunds with the sign with which the record adds up. Where it does with neither, they are taken from the seller."""
    left = escrow.number - sum((part.amount for part in parts), Decimal(0))
    written = sum((refund.amount for refund in refunds), Decimal(0))
    if left == written:
        return refunds
    turned = left == -written
    return [replace(each, amount=-each.amount if turned else -abs(each.amount)) for each in refunds]


def _released(shop: Shop, record: Record) -> SettlementLine:
    value: dict[str, Any] = record.value
    order = required(value, "order_sn")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.ESCROW_LIST,
        shop=shop,
        record=record,
        reference=f"order/{order}",
        currency=currency_of(value, shop),
        occurred_at=read_epoch(value.get("escrow_release_time")),
        level=Level.ORDER,
        stage=Stage.RELEASED,
        order=order,
    )
    return header.line(Kind.PAYOUT, read_amount(value.get("payout_amount")), "payout_amount")


def _cross_border_payout(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    value: dict[str, Any] = record.value
    found = value.get("payout_info")
    info: dict[str, Any] = found if isinstance(found, dict) else value
    at = read_epoch(info.get("payout_time"))
    amount = read_amount(info.get("from_amount"))
    # get_payout_detail names no identifier: two payouts of one second differ in their amounts.
    number = optional(value, "encrypted_payout_id") or optional(info, "encrypted_payout_id")
    older = () if number else (OlderName(f"payout/{at.text}"),)
    number = number or f"{at.text}/{plain(amount.number.normalize())}"
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.PAYOUT_INFO,
        shop=shop,
        record=record,
        reference=f"payout/{number}",
        older_names=older,
        currency=currency_of(info, shop, "from_currency"),
        occurred_at=at,
        level=Level.GLOBAL,
        stage=Stage.PAID,
    )
    extra = {name: info.get(name) for name in ("payout_currency", "payout_amount", "exchange_rate", "pay_service")}
    paid = [each for each in value.get("escrow_list") or () if isinstance(each, dict)]
    pays = [f"order/{order}" for each in paid if (order := optional(each, "order_sn")) is not None]
    # What reaches the bank is no longer owed. A negative amount is taken back from the seller.
    yield header.line(Kind.WITHDRAWAL, amount, "from_amount", credit=-amount.number, extra=extra, pays=pays)
    for index, adjustment in enumerate(value.get("offline_adjustment_list") or ()):
        amount = read_amount(adjustment.get("adjustment_amount"))
        kept = {name: adjustment.get(name) for name in ("order_sn", "module", "scenario", "remark")}
        yield header.line(Kind.ADJUSTMENT, amount, f"offline_adjustment_list[{index}].adjustment_amount", extra=kept)
    yield from _paid_orders(header, paid)


def _paid_orders(payout: RecordHeader, paid: Sequence[Mapping[str, Any]]) -> Iterator[SettlementLine]:
    """The orders whose escrow a payout pays, each as a record of its own: what is paid was let go of, then or before."""
    for index, value in enumerate(paid):
        order, found = optional(value, "order_sn"), value.get("escrow_amount")
        amount = None if order is None or found is None else read_amount(found)
        # What is taken back in a payout was let go of in an earlier one.
        if amount is not None and amount.number > 0:
            header = replace(
                payout,
                reference=f"{payout.reference}/{order}",
                currency=currency_of(value, payout.shop) if value.get("currency") else payout.currency,
                level=Level.ORDER,
                stage=Stage.RELEASED,
                order=order,
                older_names=(),
            )
            yield header.line(Kind.PAYOUT, amount, f"escrow_list[{index}].escrow_amount")


def _billing(shop: Shop, billed: Counter[str], record: Record) -> SettlementLine:
    value: dict[str, Any] = record.value
    order = optional(value, "order_sn")
    stage, doubts = stage_of(optional(value, "billing_transaction_status"), _BILLED)
    amount = read_amount(value.get("amount"))
    # The call names no identifier: a row is what it says and how many equal ones came before. One that is released
    # later stays the same.
    said = [
        optional(value, name) for name in ("billing_transaction_type", "cost_header", "scenario", "remark", "level")
    ]
    content = sha256(canonical([order, *said, plain(amount.number.normalize())])).hexdigest()[:16]
    billed[content] += 1
    place = f"/{billed[content]}" if billed[content] > 1 else ""
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.BILLING_TRANSACTION,
        shop=shop,
        record=record,
        reference=f"billing/{order or ''}/{content}{place}",
        older_names=(OlderName(f"billing/{order or record.place}/{optional(value, 'cost_header') or ''}"),),
        currency=currency_of(value, shop),
        occurred_at=NEVER,
        level=Level.ORDER if order else Level.GLOBAL,
        stage=stage,
        order=order,
        doubts=doubts,
    )
    extra = {
        name: value.get(name) for name in ("billing_transaction_type", "cost_header", "scenario", "remark", "level")
    }
    return header.line(Kind.PAYOUT if order else Kind.ADJUSTMENT, amount, "amount", extra=extra)
