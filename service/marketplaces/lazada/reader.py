"""Reads Lazada: payout status of both APIs, transaction details, account transactions, and the fee report.

The sister sites of SellerCenter (Zalora, Jumia, Linio, Falabella, Daraz) write the same envelope, and can be read too.
Statements book Lazada's money. All other records explain it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount, read_payout
from service.formats.detection import JSON, XML, detect_format
from service.formats.json_records import Record, Route
from service.formats.times import read_moment
from service.formats.xml_records import xml_records
from service.marketplaces.lazada import names
from service.marketplaces.lazada.lines import REPORT, account_transaction, transaction_detail
from service.marketplaces.lazada.refusals import failure
from service.marketplaces.observations import AMOUNTS, Observation, ObservedStatement, Shop
from service.marketplaces.record_mapping import PageFields, map_json_records, map_records, required
from service.marketplaces.report_tables import table_lines

ROUTES: frozenset[Route] = frozenset(
    {
        (),
        ("SuccessResponse", "Body", "PayoutStatus", "Statement"),
        ("SuccessResponse", "Body", "PayoutStatus"),
        ("SuccessResponse", "Body", "Statement"),
        ("data",),
        ("data", "transactions"),
        ("transactions",),
    }
)

_OPEN_PLATFORM = {
    "opening_balance": "OpeningBalance",
    "item_revenue": "ItemRevenue",
    "shipment_fee": "ShipmentFee",
    "shipment_fee_credit": "ShipmentFeeCredit",
    "other_revenue_total": "OtherRevenueTotal",
    "fees_total": "FeesTotal",
    "subtotal1": "Subtotal1",
    "refunds": "Refunds",
    "fees_on_refunds_total": "FeesOnRefundsTotal",
    "subtotal2": "Subtotal2",
    "closing_balance": "ClosingBalance",
    "guarantee_deposit": "GuaranteeDeposit",
    "payout": "Payout",
    "statement_number": "StatementNumber",
    "created_at": "CreatedAt",
    "updated_at": "UpdatedAt",
    "paid": "Paid",
}
_KNOWN = frozenset(_OPEN_PLATFORM.values())
_PAID = {"0": False, "1": True, "false": False, "true": True}
_ENVELOPE = frozenset({"SuccessResponse", "code", "data", "request_id", "transactions", "total"})


def read(stream: BinaryIO, shop: Shop, request_fields: PageFields | None = None) -> Iterator[Observation]:
    """All that a file or an answer of Lazada's says."""
    format_name, whole = detect_format(stream)
    map_record = partial(_map_record, shop)
    if format_name == JSON:
        return map_json_records(whole, ROUTES, map_record, request_fields or {})
    if format_name == XML:
        return map_records(xml_records(whole, "Statement"), map_record, request_fields or {})
    return table_lines(whole, format_name, REPORT, names.CHANNEL, shop)


def _map_record(shop: Shop, record: Record, _page_fields: PageFields) -> Iterator[Observation]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if "StatementNumber" in value or "statement_number" in value or "statementNumber" in value:
        yield statement(shop, record)
    elif "orderItem_no" in value or "fee_name" in value:
        yield from transaction_detail(shop, record)
    elif "sub_type" in value or "pmt_reference" in value:
        yield account_transaction(shop, record)
    elif (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    elif record.route is not None or not _ENVELOPE.intersection(value):
        raise Unrecognised("it is neither a statement nor a transaction of Lazada's")


def statement(shop: Shop, record: Record) -> ObservedStatement:
    """A statement of SellerCenter (XML or JSON), of the Open Platform, or of Jumia's vendor API."""
    fields = {_OPEN_PLATFORM.get(name, name[:1].upper() + name[1:]): found for name, found in record.value.items()}
    source = names.SELLERCENTER if "StatementNumber" in record.value else names.PAYOUT_STATUS
    amounts, currency = _amounts(fields, shop)
    if currency is None:
        raise NotUnderstood("its payout has no currency: name the channel's, with --currency")
    paid, paid_text = _paid(fields.get("Paid"))
    return ObservedStatement(
        channel=names.CHANNEL,
        source=source,
        seller=shop.seller,
        number=required(fields, "StatementNumber"),
        currency=currency,
        created_at=read_moment(fields.get("CreatedAt"), shop.zone),
        updated_at=read_moment(fields.get("UpdatedAt"), shop.zone),
        paid=paid,
        paid_text=paid_text,
        place=record.place,
        raw=record.raw,
        extra={name: found for name, found in record.value.items() if _OPEN_PLATFORM.get(name, name) not in _KNOWN},
        doubts=(),
        **amounts,
    )


def _paid(found: Any) -> tuple[bool | None, str | None]:
    if found is None or found == "":
        return None, None
    text = str(found).strip().lower()
    if text not in _PAID:
        raise NotUnderstood(f"Paid is {text[:20]!r}: 0 or 1 expected")
    return _PAID[text], text


def _amounts(fields: Mapping[str, Any], shop: Shop) -> tuple[dict[str, Amount], str | None]:
    amounts: dict[str, Amount] = {}
    currency = shop.currency
    for name, attribute in AMOUNTS.items():
        found = fields.get(name)
        if found is None or found == "":
            continue
        try:
            if name != "Payout":
                amounts[attribute] = read_amount(found)
            elif isinstance(found, dict):
                amounts[attribute] = read_amount(found.get("amount"))
                currency = str(found.get("currency") or currency or "") or None
            else:
                amounts[attribute], written = read_payout(found)
                currency = written or currency
        except NotUnderstood as problem:
            raise NotUnderstood(f"{name}: {problem}") from None
    return amounts, currency
