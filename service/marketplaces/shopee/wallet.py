"""Rows of Shopee's wallet: releases from escrow, withdrawals, and charges that stand nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.formats.amounts import NotUnderstood, read_amount
from service.formats.json_records import Record
from service.formats.times import read_epoch
from service.marketplaces.observations import Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader, currency_of, optional, required
from service.marketplaces.shopee import names

TYPES: Mapping[str, tuple[str, Kind, Stage, int]] = {
    "101": ("ESCROW_VERIFIED_ADD", Kind.PAYOUT, Stage.RELEASED, 1),
    "102": ("ESCROW_VERIFIED_MINUS", Kind.PAYOUT, Stage.RELEASED, -1),
    "201": ("WITHDRAWAL_CREATED", Kind.WITHDRAWAL, Stage.SENT, -1),
    "202": ("WITHDRAWAL_COMPLETED", Kind.WITHDRAWAL, Stage.PAID, -1),
    "203": ("WITHDRAWAL_CANCELLED", Kind.WITHDRAWAL_RETURNED, Stage.CANCELLED, 1),
    "401": ("ADJUSTMENT_ADD", Kind.ADJUSTMENT, Stage.RELEASED, 1),
    "402": ("ADJUSTMENT_MINUS", Kind.ADJUSTMENT, Stage.RELEASED, -1),
    "404": ("FBS_ADJUSTMENT_ADD", Kind.ADJUSTMENT, Stage.RELEASED, 1),
    "405": ("FBS_ADJUSTMENT_MINUS", Kind.ADJUSTMENT, Stage.RELEASED, -1),
    "406": ("ADJUSTMENT_CENTER_ADD", Kind.ADJUSTMENT, Stage.RELEASED, 1),
    "407": ("ADJUSTMENT_CENTER_DEDUCT", Kind.ADJUSTMENT, Stage.RELEASED, -1),
    "450": ("PAID_ADS_CHARGE", Kind.SERVICE_FEE, Stage.RELEASED, 0),
    "451": ("PAID_ADS_REFUND", Kind.SERVICE_FEE, Stage.RELEASED, 0),
    "452": ("FAST_ESCROW_DISBURSE", Kind.ADVANCE, Stage.RELEASED, 0),
    "458": ("FAST_ESCROW_DISBURSE_REMAIN", Kind.ADVANCE, Stage.RELEASED, 0),
    "459": ("FAST_ESCROW_DEDUCT", Kind.ADVANCE, Stage.RELEASED, 0),
    "455": ("AFFILIATE_ADS_SELLER_FEE", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
    "456": ("AFFILIATE_ADS_SELLER_FEE_REFUND", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
    "460": ("AFFILIATE_FEE_DEDUCT", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
}
"""Each number's name, kind and stage, and 1 or -1 by which its amount becomes what the seller sees.

With 0, the row's `money_flow` or the amount's own sign says it.
"""

_BY_NAME = {name: number for number, (name, *_) in TYPES.items()}
_FLOWS = {"MONEY_IN": 1, "MONEY_OUT": -1}
_REPORTED_BY_ORDERS = frozenset({Kind.PAYOUT, Kind.WITHDRAWAL, Kind.WITHDRAWAL_RETURNED, Kind.ADVANCE})


def wallet_transaction(shop: Shop, record: Record) -> SettlementLine:
    """A row of the wallet. It books only what belongs to no order: the escrow details of the orders book the rest."""
    value: dict[str, Any] = record.value
    number = required(value, "transaction_type")
    found = TYPES.get(_BY_NAME.get(number, number))
    if found is None:
        raise NotUnderstood(f"transaction_type {number[:40]} is none that Shopee documents")
    name, kind, stage, sign = found
    amount = read_amount(value.get("amount"))
    sign = sign or _FLOWS.get(optional(value, "money_flow") or "", 0)
    order = optional(value, "order_sn")
    withdrawal = optional(value, "root_withdrawal_id", "withdrawal_id")
    status = (optional(value, "status") or "COMPLETED").upper()
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.WALLET,
        shop=shop,
        record=record,
        reference=f"withdrawal/{withdrawal}" if withdrawal else f"wallet/{required(value, 'transaction_id')}",
        currency=currency_of(value, shop),
        occurred_at=read_epoch(value.get("create_time")),
        level=Level.ORDER if order else Level.GLOBAL,
        stage=Stage.FAILED if status == "FAILED" else stage if status == "COMPLETED" else Stage.EXPECTED,
        order=order,
    )
    extra = {
        "transactionType": name,
        "status": status,
        "transactionId": optional(value, "transaction_id"),
        "refundNumber": optional(value, "refund_sn"),
        "balanceAfter": optional(value, "current_balance"),
    }
    kept = {key: each for key, each in extra.items() if each is not None}
    books = kind not in _REPORTED_BY_ORDERS and order is None and header.stage is Stage.RELEASED
    credit = abs(amount.number) * sign if sign else None
    return header.line(kind, amount, "amount", credit=credit, books=books, extra=kept)
