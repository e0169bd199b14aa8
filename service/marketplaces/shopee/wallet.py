"""Rows of Shopee's wallet: releases from escrow, withdrawals, and charges that stand nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.settlements.older_names import OlderName
from service.formats.amounts import Amount, NotUnderstood, plain, read_amount
from service.formats.json_records import Record
from service.formats.times import read_epoch
from service.marketplaces.doubts import stage_of, unknown_type
from service.marketplaces.observations import Doubt, Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader, currency_of, optional, required
from service.marketplaces.shopee import names

WalletType = tuple[str, Kind, Stage, int]
"""The name, kind and stage of a kind of row, and 1 or -1 by which its amount becomes what the seller sees.

With 0, the row's own direction, or the amount's own sign, says it.
"""

# The numbers and directions are those of the API's reference. It has no other numbers: 411 to 417 and 501 to 512, which
# integrators see in live answers, are booked by their direction as what is not known here.
TYPES: Mapping[str, WalletType] = {
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
    "408": ("FSF_COST_PASSING_DEDUCT", Kind.SERVICE_FEE, Stage.RELEASED, -1),
    "409": ("PERCEPTION_VAT_TAX_DEDUCT", Kind.TAX, Stage.RELEASED, -1),
    "410": ("PERCEPTION_TURNOVER_TAX_DEDUCT", Kind.TAX, Stage.RELEASED, -1),
    "450": ("PAID_ADS_CHARGE", Kind.SERVICE_FEE, Stage.RELEASED, 0),
    "451": ("PAID_ADS_REFUND", Kind.SERVICE_FEE, Stage.RELEASED, 0),
    # The escrow of an order in two payments, of which the first comes before the order is completed.
    "452": ("FAST_ESCROW_DISBURSE", Kind.PAYOUT, Stage.RELEASED, 1),
    "458": ("FAST_ESCROW_DEDUCT", Kind.PAYOUT, Stage.RELEASED, -1),
    "459": ("FAST_ESCROW_DISBURSE_REMAIN", Kind.PAYOUT, Stage.RELEASED, 1),
    "455": ("AFFILIATE_ADS_SELLER_FEE", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
    "456": ("AFFILIATE_ADS_SELLER_FEE_REFUND", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
    "460": ("AFFILIATE_FEE_DEDUCT", Kind.AFFILIATE_FEE, Stage.RELEASED, 0),
}
_ALSO_NAMED = {"PAID_ADS": "450", "FAST_ESCROW_DISBURSEMENT": "452"}
_BY_NAME = {name: number for number, (name, *_) in TYPES.items()} | _ALSO_NAMED
_BY_ENDING = {"ADD": 1, "REFUND": 1, "MINUS": -1, "DEDUCT": -1, "CHARGE": -1}
"""The last word of a name, as documented names have it, and its direction."""
_FLOWS = {"MONEY_IN": 1, "MONEY_OUT": -1}
_STATUSES = {"completed": Stage.RELEASED, "failed": Stage.FAILED, "pending": Stage.EXPECTED, "initial": Stage.EXPECTED}
_WITHDRAWAL_IDS = ("withdrawal_id", "withdraw_id", "withdrawalId", "withdrawId")
"""One identifier: the names that the reference, its own examples and its response table have for it."""
_ROOT_IDS = ("root_withdrawal_id", "root_withdraw_id")
"""The withdrawal that several were split from. It groups them, and identifies none."""
_CASH = frozenset({Kind.WITHDRAWAL, Kind.WITHDRAWAL_RETURNED})
_OF_AN_ORDER = _CASH | {Kind.PAYOUT}
_ADJUSTS = frozenset({Kind.ADJUSTMENT, Kind.OTHER})
"""What a row that names an order is an adjustment of it by. Its fees and taxes are in its escrow amount."""


def wallet_transaction(shop: Shop, record: Record) -> SettlementLine:
    """A row of the wallet. It books money without an order, and is one of the sources of an order's adjustments."""
    value: dict[str, Any] = record.value
    name, kind, stage, sign, doubts = _meaning(required(value, "transaction_type"))
    amount = read_amount(value.get("amount"))
    flow = _FLOWS.get((optional(value, "money_flow") or "").upper(), 0)
    sign = _direction(name, amount, flow) if kind is Kind.OTHER else sign or flow
    credit = abs(amount.number) * sign if sign else amount.number
    status = optional(value, "status")
    reached, unsure = stage_of(status, _STATUSES)
    order = optional(value, "order_sn")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.WALLET,
        shop=shop,
        record=record,
        reference=_reference(value, name, kind, plain(abs(credit))),
        older_names=_older_names(value),
        currency=currency_of(value, shop),
        occurred_at=read_epoch(value.get("create_time")),
        updated_at=read_epoch(value.get("create_time")),
        level=Level.ORDER if order else Level.GLOBAL,
        stage=stage if reached is Stage.RELEASED else reached,
        order=order,
        doubts=doubts + unsure,
    )
    extra = {
        "transactionType": name,
        "status": status,
        "transactionId": optional(value, "transaction_id"),
        "rootWithdrawal": optional(value, *_ROOT_IDS),
        "refundNumber": optional(value, "refund_sn"),
        "balanceAfter": optional(value, "current_balance"),
    }
    kept = {key: each for key, each in extra.items() if each is not None}
    adjusts = kind not in _OF_AN_ORDER and (order is None or kind in _ADJUSTS)
    books = adjusts and header.stage is Stage.RELEASED
    return header.line(kind, amount, "amount", credit=credit, books=books, extra=kept, adjusts=adjusts)


def _meaning(type_name: str) -> tuple[str, Kind, Stage, int, tuple[Doubt, ...]]:
    found = TYPES.get(_BY_NAME.get(type_name.upper(), type_name))
    if found is None:
        return type_name, Kind.OTHER, Stage.RELEASED, 0, (unknown_type(type_name),)
    return *found, ()


def _direction(name: str, amount: Amount, flow: int) -> int:
    """The direction of a row of an unknown kind: its flow, else a negative amount, else the end of its name."""
    if flow > 0 and amount.number < 0:
        raise NotUnderstood(f"money_flow is MONEY_IN, and the amount is {amount.text}")
    sign = flow or (-1 if amount.number < 0 else _BY_ENDING.get(name.upper().rpartition("_")[2], 0))
    if not sign:
        raise NotUnderstood(f"transaction_type {name[:40]} is not known, and the row has no money_flow")
    return sign


def _reference(value: Mapping[str, Any], name: str, kind: Kind, amount: str) -> str:
    if kind in _CASH:
        own, root = optional(value, *_WITHDRAWAL_IDS), optional(value, *_ROOT_IDS)
        if own is not None:
            return f"withdrawal/{own}"
        if root is not None:
            return f"withdrawal/{root}/{amount}"
    return f"wallet/{required(value, 'transaction_id')}/{name}"


def _older_names(value: Mapping[str, Any]) -> tuple[OlderName, ...]:
    """A row was named by its withdrawal, first by the one that it is a part of, else by its number."""
    withdrawal, number = optional(value, "root_withdrawal_id", "withdrawal_id"), optional(value, "transaction_id")
    older = f"withdrawal/{withdrawal}" if withdrawal is not None else f"wallet/{number}" if number is not None else None
    return () if older is None else (OlderName(older),)
