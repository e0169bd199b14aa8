"""Lazada's settlement lines: the charges of items, the movements of the seller's balance, and the fee report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.formats.amounts import Amount, NotUnderstood, read_amount
from service.formats.json_records import Record
from service.formats.times import read_moment
from service.marketplaces.lazada import names
from service.marketplaces.observations import Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader, currency_of, optional, required
from service.marketplaces.report_tables import Columns

_WORDS: tuple[tuple[str, Kind], ...] = (
    ("affiliate", Kind.AFFILIATE_FEE),
    ("commission", Kind.COMMISSION),
    ("komisi", Kind.COMMISSION),
    ("payment fee", Kind.PAYMENT_FEE),
    ("biaya pembayaran", Kind.PAYMENT_FEE),
    ("subsid", Kind.SHIPPING_SUBSIDY),
    ("shipping", Kind.SHIPPING),
    ("pengiriman", Kind.SHIPPING),
    ("ongkos kirim", Kind.SHIPPING),
    ("voucher", Kind.VOUCHER),
    ("bonus", Kind.VOUCHER),
    ("lazcoins", Kind.VOUCHER),
    ("reversal", Kind.REFUND),
    ("refund", Kind.REFUND),
    ("item price", Kind.ITEM_REVENUE),
    ("harga barang", Kind.ITEM_REVENUE),
    ("tax", Kind.TAX),
    ("vat", Kind.TAX),
    ("wht", Kind.TAX),
    ("guarantee", Kind.DEPOSIT),
)
_VAGUE_WORDS: tuple[tuple[str, Kind], ...] = (
    ("adjust", Kind.ADJUSTMENT),
    ("fee", Kind.FEE),
    ("biaya", Kind.FEE),
)
"""A word in a fee's name, and the kind that it means. The first match counts, the vague words last."""

_TAXES = ("VAT_in_amount", "WHT_amount")
_PERSONAL = frozenset({"payee_account"})

_PAID = {"paid": Stage.PAID, "not paid": Stage.OWED}
_SUB_TYPES: Mapping[str, tuple[Kind, Stage, int]] = {
    "settlement": (Kind.PAYOUT, Stage.RELEASED, 0),
    "failed payment": (Kind.WITHDRAWAL_RETURNED, Stage.FAILED, 1),
    "returned payment": (Kind.WITHDRAWAL_RETURNED, Stage.RETURNED, 1),
    "auto withdrawal": (Kind.WITHDRAWAL, Stage.SENT, -1),
    "manual withdrawal": (Kind.WITHDRAWAL, Stage.SENT, -1),
    "sponsored solutions top-up": (Kind.SERVICE_FEE, Stage.PAID, -1),
}
"""Each one's kind and stage, and 1 or -1 by which its amount becomes what the seller sees. Documents show no sign.

With 0 the amount keeps its own sign: a settlement may be negative.
"""


def kind_of(*names: str | None) -> Kind:
    """The kind of a charge by its name, else by its type, else an adjustment."""
    for words in (_WORDS, _VAGUE_WORDS):
        for name in names:
            lowered = (name or "").lower()
            for word, kind in words:
                if word in lowered:
                    return kind
    return Kind.ADJUSTMENT


def transaction_detail(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    """One charge or credit of an item. It names the period of its statement, and not the statement's number."""
    value: dict[str, Any] = record.value
    name = optional(value, "fee_name")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.TRANSACTION_DETAILS,
        shop=shop,
        record=record,
        reference=f"transaction/{required(value, 'transaction_number')}/{optional(value, 'orderItem_no') or ''}/{name or ''}",
        currency=currency_of(value, shop),
        occurred_at=read_moment(value.get("transaction_date"), shop.zone),
        level=Level.ITEM
        if optional(value, "orderItem_no")
        else Level.ORDER
        if optional(value, "order_no")
        else Level.GLOBAL,
        stage=_PAID.get((optional(value, "paid_status") or "").lower(), Stage.OWED),
        order=optional(value, "order_no"),
        item=optional(value, "orderItem_no"),
    )
    extra = {
        "statementPeriod": optional(value, "statement"),
        "feeName": name,
        "transactionType": optional(value, "transaction_type"),
        "paymentReference": optional(value, "payment_ref_id"),
        "sellerSku": optional(value, "seller_sku"),
        "comment": optional(value, "comment"),
    }
    kept = {key: found for key, found in extra.items() if found is not None}
    yield header.line(kind_of(name, optional(value, "transaction_type")), _field(value, "amount"), "amount", extra=kept)
    for tax in _TAXES:
        if value.get(tax) not in (None, ""):
            amount = _field(value, tax)
            if amount.number:
                yield header.line(Kind.TAX, amount, tax, part_of="amount")


def account_transaction(shop: Shop, record: Record) -> SettlementLine:
    """A movement of the seller's balance: a settlement, a withdrawal to the bank, or a payment that came back."""
    value: dict[str, Any] = record.value
    sub_type = (optional(value, "sub_type", "sub_transaction_type") or "").lower()
    found = _SUB_TYPES.get(sub_type)
    if found is None:
        raise NotUnderstood(f"its sub_type {sub_type[:40]!r} is none that Lazada documents")
    kind, stage, sign = found
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.ACCOUNT_TRANSACTIONS,
        shop=shop,
        record=record,
        reference=f"account/{required(value, 'transaction_number')}",
        currency=currency_of(value, shop),
        occurred_at=read_moment(value.get("transaction_time"), shop.zone),
        level=Level.GLOBAL,
        stage=stage,
    )
    extra = {name: each for name, each in value.items() if name not in _PERSONAL}
    amount = _field(value, "amount")
    return header.line(kind, amount, "amount", credit=abs(amount.number) * sign if sign else None, extra=extra)


def _field(value: Mapping[str, Any], name: str) -> Amount:
    try:
        return read_amount(value.get(name))
    except NotUnderstood as problem:
        raise NotUnderstood(f"{name}: {problem}") from None


FEE_REPORT = Columns(
    source=names.FEE_REPORT,
    level=Level.ITEM,
    stage=Stage.OWED,
    reference="fee",
    needs=("Nama Biaya", "Jumlah (Termasuk Pajak)"),
    amount="Jumlah (Termasuk Pajak)",
    kind_name="Nama Biaya",
    kind_of=kind_of,
    statement="Nomor Laporan",
    order="Nomor Pesanan",
    item="ID Pesanan",
    occurred_at="Tanggal Transaksi",
)
"""Seller Center's fee report with its Indonesian headings: one charge a row, signed as the seller sees it."""
