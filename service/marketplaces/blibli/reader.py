"""Reads Blibli: settlements and their order items as far as one source attests them, and the report by a mapping.

No document shows an answer, and no source attests the report's headings. So the report is read by the names of the API,
and its importer says which heading has which name (`columns`: `orderNo=No. Pesanan`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount
from service.formats.detection import JSON, detect_format
from service.formats.json_records import Record, Route
from service.formats.times import NEVER, read_epoch
from service.marketplaces.blibli import names
from service.marketplaces.blibli.refusals import failure
from service.marketplaces.doubts import unknown_status
from service.marketplaces.observations import (
    Kind,
    Level,
    Observation,
    ObservedStatement,
    SettlementLine,
    Shop,
    Stage,
)
from service.marketplaces.record_mapping import (
    PageFields,
    RecordHeader,
    currency_of,
    map_json_records,
    optional,
    required,
)
from service.marketplaces.repeated_references import tell_apart
from service.marketplaces.report_columns import ReportColumns
from service.marketplaces.report_tables import ReportFile, table_lines
from service.marketplaces.shop_settings import read_columns

CURRENCY = "IDR"

ROUTES: frozenset[Route] = frozenset({(), ("content",), ("content", "orderItems")})

FEES: Mapping[str, Kind] = {
    "commission": Kind.COMMISSION,
    "transactionFee": Kind.PAYMENT_FEE,
    "paymentFeeBySeller": Kind.PAYMENT_FEE,
    "pph23": Kind.TAX,
    "sellerPromo": Kind.VOUCHER,
    "sellerShipping": Kind.SHIPPING,
}
"""The charges that are taken from the sales. No source attests their sign."""

_PAID = {"PAID": True, "UNPAID": False, "PENDING": False, "PROCESSING": False, "OPEN": False}
"""Whether a settlement of this status is paid. Only `PAID` is attested; of any other word nothing is known."""

REPORT_NAMES = (
    "settlementId", "orderNo", "orderItemNo", "paymentDate", "sales", *FEES, "totalPayment",
)  # fmt: skip
"""The names that headings of a report can have. `totalPayment`, and `orderNo` or `orderItemNo`, are required."""


@dataclass(frozen=True, slots=True)
class BlibliReader:
    """Reads a seller's records. `headings` has the heading of each name; a name without one is its own heading."""

    headings: Mapping[str, str] | None = None

    def read(self, stream: BinaryIO, shop: Shop, request_fields: PageFields | None = None) -> Iterator[Observation]:
        """All that a file or an answer of Blibli's says."""
        format_name, whole = detect_format(stream)
        shop = shop if shop.currency else replace(shop, currency=CURRENCY)
        if format_name == JSON:
            found = map_json_records(whole, ROUTES, partial(_map_record, shop), request_fields or {})
            return tell_apart(found, {names.SETTLEMENT_ITEMS}, ())
        headings = {**(self.headings or {}), **read_columns(shop.columns, REPORT_NAMES)}
        return table_lines(whole, format_name, ReportFile(BlibliReader(headings).report()), names.CHANNEL, shop)

    def report(self) -> tuple[ReportColumns, ...]:
        """The columns of the report with this seller's headings: one of order items, one of orders.

        ValueError for a heading of an unknown name.
        """
        unknown = set(self.headings or ()) - set(REPORT_NAMES)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: none of {', '.join(REPORT_NAMES)}")
        heading = {name: (self.headings or {}).get(name, name) for name in REPORT_NAMES}
        return tuple(
            ReportColumns(
                source=names.REPORT,
                level=level,
                stage=Stage.OWED,
                reference=level.value,
                needs=(heading[identity], heading["totalPayment"]),
                total=heading["totalPayment"],
                # As in answers of the API, nobody attests the sign of the charges.
                parts={heading["sales"]: (Kind.ITEM_REVENUE, 1), **{heading[name]: (FEES[name], 0) for name in FEES}},
                statement=heading["settlementId"],
                order=heading["orderNo"],
                item=heading["orderItemNo"],
                occurred_at=heading["paymentDate"],
                books=True,
                identified=level is Level.ITEM,
            )
            for identity, level in (("orderItemNo", Level.ITEM), ("orderNo", Level.ORDER))
        )


def _map_record(shop: Shop, record: Record, page_fields: PageFields) -> Iterator[Observation]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    if "orderItemNo" in value:
        yield from _order_item(shop, record, page_fields)
    elif "settlementId" in value and "totalPayment" in value:
        yield _settlement(shop, record)
    elif record.route is not None or not {"content", "pageMetaData", "paging", "requestId"}.intersection(value):
        raise Unrecognised("it is neither a settlement nor an order item of Blibli's")


def _settlement(shop: Shop, record: Record) -> ObservedStatement:
    value: dict[str, Any] = record.value
    status = optional(value, "status")
    held = value.get("paymentHold") is True
    paid = None if status is None else _PAID.get(status.upper())
    paid_at = read_epoch(value.get("paymentDate"))
    return ObservedStatement(
        channel=names.CHANNEL,
        source=names.SETTLEMENTS,
        seller=shop.seller,
        number=required(value, "settlementId"),
        currency=currency_of(value, shop),
        created_at=NEVER,
        updated_at=paid_at,
        paid=False if held and paid else paid,
        paid_text=f"{status or ''} (held)" if held else status,
        place=record.place,
        raw=record.raw,
        payout=read_amount(value.get("totalPayment")),
        extra={name: each for name, each in value.items() if name not in ("settlementId", "totalPayment")},
        doubts=() if paid is not None else (unknown_status(status, ", ".join(_PAID)),),
    )


def _order_item(shop: Shop, record: Record, page_fields: PageFields) -> Iterator[SettlementLine]:
    value: dict[str, Any] = record.value
    item = required(value, "orderItemNo")
    statement = optional(value, "settlementId") or optional(page_fields, "settlementId")
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.SETTLEMENT_ITEMS,
        shop=shop,
        record=record,
        reference=f"item/{statement or ''}/{item}",
        currency=currency_of(value, shop),
        occurred_at=NEVER,
        level=Level.ITEM,
        stage=Stage.OWED,
        statement=statement,
        order=optional(value, "orderNo", "orderId"),
        item=item,
    )
    total = read_amount(value.get("totalPayment"))
    sales = None if value.get("sales") is None else read_amount(value["sales"])
    fees = {name: read_amount(value[name]) for name in FEES if value.get(name) is not None}
    sign = _sign(total, sales, fees)
    parts = [] if sales is None else [header.line(Kind.ITEM_REVENUE, sales, "sales", part_of="totalPayment")]
    for name, amount in fees.items():
        if amount.number or FEES[name] is Kind.COMMISSION:
            # Where neither sign adds up, a charge is still taken from the seller.
            credit = amount.number * sign if sign else -abs(amount.number)
            parts.append(header.line(FEES[name], amount, name, credit=credit + 0, part_of="totalPayment"))
    yield from header.with_residual(header.line(Kind.PAYOUT, total, "totalPayment"), parts)


def _sign(total: Amount, sales: Amount | None, fees: Mapping[str, Amount]) -> int:
    """The sign of the charges with which sales and charges add up to the total; 0 where they do with neither sign."""
    charged = sum((fee.number for fee in fees.values()), Decimal(0))
    if sales is not None and sales.number + charged == total.number:
        return 1
    if sales is not None and sales.number - charged == total.number:
        return -1
    return 0
