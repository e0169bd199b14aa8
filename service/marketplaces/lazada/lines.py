"""Lazada's settlement lines: item-level charges, the bank-side view, and the fee report that Seller Center offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.formats.amounts import Amount, NotUnderstood, read_amount
from service.formats.json_records import Record
from service.formats.times import read_moment
from service.marketplaces.observations import Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import Told, currency_of, optional, required
from service.marketplaces.report_tables import Columns

CHANNEL = "lazada"

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
"""What a fee's name has to contain; the first match counts."""

_TAXES = ("VAT_in_amount", "WHT_amount")
_PERSONAL = frozenset({"payee_account"})

_PAID = {"paid": Stage.PAID, "not paid": Stage.OWED}
_BANK_SIDE: Mapping[str, tuple[Kind, Stage, int]] = {
    "settlement": (Kind.PAYOUT, Stage.RELEASED, 0),
    "failed payment": (Kind.WITHDRAWAL_RETURNED, Stage.FAILED, 1),
    "returned payment": (Kind.WITHDRAWAL_RETURNED, Stage.RETURNED, 1),
    "auto withdrawal": (Kind.WITHDRAWAL, Stage.SENT, -1),
    "manual withdrawal": (Kind.WITHDRAWAL, Stage.SENT, -1),
    "sponsored solutions top-up": (Kind.SERVICE_FEE, Stage.PAID, -1),
}
"""What each means, and the sign it has to the seller: documents show none. A settlement may be negative itself."""


def kind_of(*names: str | None) -> Kind:
    """The kind of a charge by its name, then by its type; an adjustment where neither says."""
    for words in (_WORDS, _VAGUE_WORDS):
        for name in names:
            lowered = (name or "").lower()
            for word, kind in words:
                if word in lowered:
                    return kind
    return Kind.ADJUSTMENT


def transaction_detail(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    """One charge or credit of an item. Its link to a statement is a period, not a number."""
    value: dict[str, Any] = record.value
    name = optional(value, "fee_name")
    told = Told(
        channel=CHANNEL,
        source="lazada.transaction_details",
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
    yield told.line(kind_of(name, optional(value, "transaction_type")), _field(value, "amount"), "amount", extra=kept)
    for tax in _TAXES:
        if value.get(tax) not in (None, ""):
            amount = _field(value, tax)
            if amount.number:
                yield told.line(Kind.TAX, amount, tax, part_of="amount")


def account_transaction(shop: Shop, record: Record) -> SettlementLine:
    """A movement of the seller's balance or bank account: settlements in, withdrawals out, payments that came back."""
    value: dict[str, Any] = record.value
    sub_type = (optional(value, "sub_type", "sub_transaction_type") or "").lower()
    found = _BANK_SIDE.get(sub_type)
    if found is None:
        raise NotUnderstood(f"its sub_type {sub_type[:40]!r} is none that Lazada documents")
    kind, stage, sign = found
    told = Told(
        channel=CHANNEL,
        source="lazada.account_transactions",
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
    return told.line(kind, amount, "amount", credit=abs(amount.number) * sign if sign else None, extra=extra)


def _field(value: Mapping[str, Any], name: str) -> Amount:
    try:
        return read_amount(value.get(name))
    except NotUnderstood as problem:
        raise NotUnderstood(f"{name}: {problem}") from None


FEE_REPORT = Columns(
    source="lazada.fee_report",
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
"""Seller Center's fee report in its Indonesian headings, one charge a row, signed as the seller sees it."""
