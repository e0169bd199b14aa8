"""Lazada's settlement lines: the charges of items, the movements of the seller's balance, and the fee report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from events.settlements.older_names import OlderName
from service.formats.amounts import Amount, NotUnderstood, plain, read_amount
from service.formats.json_records import Record
from service.formats.times import read_moment
from service.marketplaces.doubts import stage_of, unknown_type
from service.marketplaces.lazada import names
from service.marketplaces.observations import Doubt, Kind, Level, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import RecordHeader, currency_of, optional, required
from service.marketplaces.report_columns import Movement, ReportColumns
from service.marketplaces.report_tables import ReportFile

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
    ("penyesuaian", Kind.ADJUSTMENT),
    ("fee", Kind.FEE),
    ("biaya", Kind.FEE),
)
"""A word in a fee's name, and the kind that it means. The first match counts, the vague words last."""

_TAXES = ("VAT_in_amount", "WHT_amount")
_PERSONAL = frozenset({"payee_account"})

_PAID = {"paid": Stage.PAID, "not paid": Stage.OWED, "unpaid": Stage.OWED, "": Stage.OWED}
"""Whether the statement of a charge is paid. Older answers leave it out."""
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
_BY_TYPE = {"deposit": 1, "withdrawal": -1, "payment": -1}
"""The direction of a movement of an unknown kind, by its `type`."""
_NAMED_BY_NUMBER = frozenset({Kind.WITHDRAWAL, Kind.PAYOUT})
"""Movements that nothing else shares a number with."""


def kind_of(*names: str | None) -> Kind:
    """The kind of a charge by its name, else by its type, else one that is not known here."""
    for words in (_WORDS, _VAGUE_WORDS):
        for name in names:
            lowered = (name or "").lower()
            for word, kind in words:
                if word in lowered:
                    return kind
    return Kind.OTHER


def transaction_detail(shop: Shop, record: Record) -> Iterator[SettlementLine]:
    """One charge or credit of an item. It names the period of its statement, and not the statement's number.

    A charge, its reversal and its tax may share a number: what tells them apart is what they are for, when and how much.
    """
    value: dict[str, Any] = record.value
    name, type_name = optional(value, "fee_name"), optional(value, "transaction_type")
    amount, at = _field(value, "amount"), read_moment(value.get("transaction_date"), shop.zone)
    kind = kind_of(name, type_name)
    stage, doubts = stage_of(optional(value, "paid_status"), _PAID)
    if kind is Kind.OTHER:
        doubts += (unknown_type(name or type_name or ""),)
    identity = (
        required(value, "transaction_number"),
        optional(value, "orderItem_no") or optional(value, "order_no"),
        name or type_name,
        at.instant or at.text,
        plain(amount.number.normalize()),
    )
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.TRANSACTION_DETAILS,
        shop=shop,
        record=record,
        reference="/".join(["transaction", *(each or "" for each in identity)]),
        older_names=(
            OlderName("/".join(["transaction", identity[0], optional(value, "orderItem_no") or "", name or ""])),
        ),
        currency=currency_of(value, shop),
        occurred_at=at,
        level=Level.ITEM
        if optional(value, "orderItem_no")
        else Level.ORDER
        if optional(value, "order_no")
        else Level.GLOBAL,
        stage=stage,
        order=optional(value, "order_no"),
        item=optional(value, "orderItem_no"),
        doubts=doubts,
    )
    extra = {
        "statementPeriod": optional(value, "statement"),
        "feeName": name,
        "transactionType": type_name,
        "paymentReference": optional(value, "payment_ref_id"),
        "sellerSku": optional(value, "seller_sku"),
        "comment": optional(value, "comment"),
    }
    kept = {key: found for key, found in extra.items() if found is not None}
    yield header.line(kind, amount, "amount", extra=kept)
    for tax in _TAXES:
        if value.get(tax) not in (None, ""):
            amount = _field(value, tax)
            if amount.number:
                yield header.line(Kind.TAX, amount, tax, part_of="amount")


def account_transaction(shop: Shop, record: Record) -> SettlementLine:
    """A movement of the seller's balance: a settlement, a withdrawal to the bank, or a payment that came back."""
    value: dict[str, Any] = record.value
    sub_type = (optional(value, "sub_type", "sub_transaction_type") or "").lower()
    amount, number = _field(value, "amount"), required(value, "transaction_number")
    kind, stage, sign = _SUB_TYPES.get(sub_type, (Kind.OTHER, Stage.RELEASED, 0))
    doubts: tuple[Doubt, ...] = ()
    if kind is Kind.OTHER:
        doubts = (unknown_type(sub_type),)
        sign = _BY_TYPE.get((optional(value, "type", "transaction_type") or "").lower(), 0)
        if not sign and amount.number >= 0:
            raise NotUnderstood(
                f"its sub_type {sub_type[:40]!r} is not known, and neither its type nor its sign says where the money went"
            )
        sign = -1 if amount.number < 0 else sign
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.ACCOUNT_TRANSACTIONS,
        shop=shop,
        record=record,
        # A payment that comes back may have the number of the payment.
        reference=f"account/{number}/{sub_type}" if kind not in _NAMED_BY_NUMBER else f"account/{number}",
        older_names=(OlderName(f"account/{number}"),) if kind not in _NAMED_BY_NUMBER else (),
        currency=currency_of(value, shop),
        occurred_at=read_moment(value.get("transaction_time"), shop.zone),
        level=Level.GLOBAL,
        stage=stage,
        doubts=doubts,
    )
    extra = {name: each for name, each in value.items() if name not in _PERSONAL}
    return header.line(kind, amount, "amount", credit=abs(amount.number) * sign if sign else None, extra=extra)


def _field(value: Mapping[str, Any], name: str) -> Amount:
    try:
        return read_amount(value.get(name))
    except NotUnderstood as problem:
        raise NotUnderstood(f"{name}: {problem}") from None


def charge(name: str | None) -> Movement:
    """The meaning of a fee's name in the report."""
    kind = kind_of(name)
    return Movement(kind, known=kind is not Kind.OTHER)


FEE_REPORT = ReportColumns(
    source=names.FEE_REPORT,
    level=Level.ITEM,
    stage=Stage.OWED,
    reference="fee",
    needs=("Nama Biaya", "Jumlah (Termasuk Pajak)"),
    amount="Jumlah (Termasuk Pajak)",
    kind_name="Nama Biaya",
    means=charge,
    statement="Nomor Laporan",
    order="Nomor Pesanan",
    item="ID Pesanan",
    occurred_at="Tanggal Transaksi",
)
"""Seller Center's fee report with its Indonesian headings: one charge a row, signed as the seller sees it."""

REPORT = ReportFile((FEE_REPORT,))
