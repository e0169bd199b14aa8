"""Blibli: its settlements and their order items as far as one source attests them, and its report by a mapping.

The documents show no answer, and nobody attests the report's headings: the report is read by the names that the API uses,
and whoever imports one says which heading stands for which name (`Blibli(headings={"orderNo": "No. Pesanan"})`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, BinaryIO, ClassVar

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount
from service.formats.detection import CSV, JSON, XLSX, detected
from service.formats.json_records import Record, Route
from service.formats.times import NEVER, read_epoch
from service.marketplaces.observations import (
    By,
    Cell,
    Kind,
    Level,
    Measure,
    Observation,
    ObservedStatement,
    SettlementLine,
    Shop,
    Stage,
    Way,
)
from service.marketplaces.record_mapping import Around, Told, currency_of, map_json_records, optional, required
from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.report_tables import Columns, table_lines

CHANNEL = "blibli"
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
"""What is taken from the sales. Nobody attests the sign they are written with."""

REPORT_NAMES = (
    "settlementId", "orderNo", "orderItemNo", "paymentDate", "sales", *FEES, "totalPayment",
)  # fmt: skip
"""The names that a report's headings can stand for; `totalPayment` and one of the two numbers are needed."""


@dataclass(frozen=True, slots=True)
class Blibli:
    """The source `blibli`. `headings` says under which heading a report has what; a name without one is its own."""

    headings: Mapping[str, str] | None = None
    decimal_comma: bool = True
    charges_are_positive: bool = True
    """Whether the report writes charges as positive numbers to subtract."""

    name = CHANNEL
    reads = frozenset({JSON, CSV, XLSX})
    pulls = True
    books_at = Level.GLOBAL
    period = "weekly"
    capabilities: ClassVar[Mapping[Cell, tuple[Way, ...]]] = {
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(By.API, "B", "settlements/filter: totalPayment"),
            Way(By.DERIVED, "D", "sum of the report's rows by settlement, else by payment day"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(By.FILE, "D", "report mapping: totalPayment by orderNo"),
            Way(By.DERIVED, "B", "sum of settlement order items, where they name their order"),
        ),
        (Measure.PAYOUT, Level.ITEM): (Way(By.API, "B", "settlements/{id}/orderItems: totalPayment"),),
        (Measure.COMMISSION, Level.GLOBAL): (Way(By.DERIVED, "B", "sum of the order items' commission by settlement"),),
        (Measure.COMMISSION, Level.ORDER): (
            Way(By.FILE, "D", "report mapping: commission by orderNo"),
            Way(By.DERIVED, "B", "sum of settlement order items, where they name their order"),
        ),
        (Measure.COMMISSION, Level.ITEM): (Way(By.API, "B", "settlements/{id}/orderItems: commission"),),
        (Measure.PERIOD, None): (
            Way(By.API, "B", "settlements/filter: paymentDate; sources disagree about the calendar"),
        ),
    }

    def read(self, stream: BinaryIO, shop: Shop, about: Around | None = None) -> Iterator[Observation]:
        kind, whole = detected(stream)
        here = shop if shop.currency else Shop(shop.seller, CURRENCY, shop.zone)
        if kind == JSON:
            return map_json_records(whole, ROUTES, partial(_say, here), about or {})
        return table_lines(whole, kind, self.report(), CHANNEL, here)

    def report(self) -> tuple[Columns, ...]:
        """The report's columns under this seller's headings: by order item where it has them, else by order."""
        unknown = set(self.headings or ()) - set(REPORT_NAMES)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: none of {', '.join(REPORT_NAMES)}")
        heading = {name: (self.headings or {}).get(name, name) for name in REPORT_NAMES}
        sign = -1 if self.charges_are_positive else 1
        return tuple(
            Columns(
                source="blibli.report",
                level=level,
                stage=Stage.OWED,
                reference=level.value,
                needs=(heading[identity], heading["totalPayment"]),
                total=heading["totalPayment"],
                parts={
                    heading["sales"]: (Kind.ITEM_REVENUE, 1),
                    **{heading[name]: (kind, sign) for name, kind in FEES.items()},
                },
                statement=heading["settlementId"],
                order=heading["orderNo"],
                item=heading["orderItemNo"],
                occurred_at=heading["paymentDate"],
                decimal_comma=self.decimal_comma,
                books=True,
            )
            for identity, level in (("orderItemNo", Level.ITEM), ("orderNo", Level.ORDER))
        )


def failure(answer: Any) -> Failure | None:
    """The refusal that an answer is: an `errorCode`, or `success` false."""
    if not isinstance(answer, dict):
        return None
    code = str(answer.get("errorCode") or "")
    if not code and answer.get("success") is not False:
        return None
    return Failure(CHANNEL, code or "no code", str(answer.get("errorMessage") or ""), Retry.NEVER)


def _say(shop: Shop, record: Record, around: Around) -> Iterator[Observation]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    if "orderItemNo" in value:
        yield from _order_item(shop, record, around)
    elif "settlementId" in value and "totalPayment" in value:
        yield _settlement(shop, record)
    elif record.route is not None or not {"content", "pageMetaData", "paging", "requestId"}.intersection(value):
        raise Unrecognised("it is neither a settlement nor an order item of Blibli's")


def _settlement(shop: Shop, record: Record) -> ObservedStatement:
    value: dict[str, Any] = record.value
    status = optional(value, "status")
    held = value.get("paymentHold") is True
    paid_at = read_epoch(value.get("paymentDate"))
    return ObservedStatement(
        channel=CHANNEL,
        source="blibli.settlements",
        seller=shop.seller,
        number=required(value, "settlementId"),
        currency=currency_of(value, shop),
        created_at=NEVER,
        updated_at=paid_at,
        paid=None if status is None else status.upper() == "PAID" and not held,
        paid_text=f"{status or ''} (held)" if held else status,
        place=record.place,
        raw=record.raw,
        payout=read_amount(value.get("totalPayment")),
        extra={name: each for name, each in value.items() if name not in ("settlementId", "totalPayment")},
    )


def _order_item(shop: Shop, record: Record, around: Around) -> Iterator[SettlementLine]:
    value: dict[str, Any] = record.value
    item = required(value, "orderItemNo")
    statement = optional(value, "settlementId") or optional(around, "settlementId")
    told = Told(
        channel=CHANNEL,
        source="blibli.settlement_items",
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
    parts = [] if sales is None else [told.line(Kind.ITEM_REVENUE, sales, "sales", part_of="totalPayment")]
    for name, amount in fees.items():
        if amount.number or FEES[name] is Kind.COMMISSION:
            credit = amount.number * sign if sign else -abs(amount.number)
            parts.append(told.line(FEES[name], amount, name, credit=credit + 0, part_of="totalPayment"))
    yield from told.explained(told.line(Kind.PAYOUT, total, "totalPayment"), parts)


def _sign(total: Amount, sales: Amount | None, fees: Mapping[str, Amount]) -> int:
    """The sign with which sales and charges make the total; 0 where neither does: then charges are taken away."""
    charged = sum((fee.number for fee in fees.values()), Decimal(0))
    if sales is not None and sales.number + charged == total.number:
        return 1
    if sales is not None and sales.number - charged == total.number:
        return -1
    return 0
