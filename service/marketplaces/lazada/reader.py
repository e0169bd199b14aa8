"""Lazada: SellerCenter's and the Open Platform's payout status, transaction details, account transactions, fee report.

The siblings of SellerCenter (Zalora, Jumia, Linio, Falabella, Daraz) write the same envelope and are read by it too.
Statements are what Lazada's money is booked by: everything below them explains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from service.formats.amounts import Amount, NotUnderstood, Unrecognised, read_amount, read_payout
from service.formats.detection import CSV, JSON, XLSX, XML, detected
from service.formats.json_records import Record, Route
from service.formats.times import read_moment
from service.formats.xml_records import xml_records
from service.marketplaces.lazada.lines import FEE_REPORT, account_transaction, transaction_detail
from service.marketplaces.observations import (
    AMOUNTS,
    By,
    Cell,
    Level,
    Measure,
    Observation,
    ObservedStatement,
    Shop,
    Way,
)
from service.marketplaces.record_mapping import Around, map_json_records, map_records, required
from service.marketplaces.refusals import Failure, Retry
from service.marketplaces.report_tables import table_lines

CHANNEL = "lazada"

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

_RETRY_LATER = frozenset({"6", "429", "1000"})
_TIMESTAMP_EXPIRED = "3"
_EMPTY = "query result is empty"


class Lazada:
    """The source `lazada`."""

    name = CHANNEL
    reads = frozenset({JSON, XML, CSV, XLSX})
    pulls = True
    books_at = Level.GLOBAL
    period = "weekly"
    capabilities: Mapping[Cell, tuple[Way, ...]] = {
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(By.API, "A", "GetPayoutStatus, /finance/payout/status/get: payout"),
            Way(By.FILE, "A", "the same answers, saved"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(By.DERIVED, "A", "sum of /finance/transaction/details/get by order_no"),
            Way(By.DERIVED, "B", "sum of the fee report by order number"),
        ),
        (Measure.PAYOUT, Level.ITEM): (
            Way(By.API, "A", "/finance/transaction/details/get by orderItem_no"),
            Way(By.FILE, "B", "fee report"),
        ),
        (Measure.COMMISSION, Level.GLOBAL): (
            Way(
                By.DERIVED,
                "A",
                "sum of /finance/transaction/details/get by statement period; fees_total stands beside it",
            ),
            Way(By.DERIVED, "B", "sum of the fee report by statement number"),
        ),
        (Measure.COMMISSION, Level.ORDER): (
            Way(By.DERIVED, "A", "sum of /finance/transaction/details/get by order_no"),
            Way(By.DERIVED, "B", "sum of the fee report by order number"),
        ),
        (Measure.COMMISSION, Level.ITEM): (
            Way(By.API, "A", "/finance/transaction/details/get: fee_name"),
            Way(By.FILE, "B", "fee report"),
        ),
        (Measure.PERIOD, None): (Way(By.NOT_AVAILABLE, "A", "weekly by default; a setting overrides it"),),
    }

    def read(self, stream: BinaryIO, shop: Shop, about: Around | None = None) -> Iterator[Observation]:
        kind, whole = detected(stream)
        say = partial(_say, shop)
        if kind == JSON:
            return map_json_records(whole, ROUTES, say, about or {})
        if kind == XML:
            return map_records(xml_records(whole, "Statement"), say, about or {})
        return table_lines(whole, kind, (FEE_REPORT,), CHANNEL, shop)


def failure(answer: Any) -> Failure | None:
    """The refusal that an answer is, in either envelope; None for an answer."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("ErrorResponse")
    if isinstance(error, dict):
        found = error.get("Head")
        head: dict[str, Any] = found if isinstance(found, dict) else {}
        code = str(head.get("ErrorCode") or "")
        retry = Retry.LATER if code in _RETRY_LATER else Retry.RESIGN if code == _TIMESTAMP_EXPIRED else Retry.NEVER
        return Failure(CHANNEL, code, str(head.get("ErrorMessage") or ""), retry)
    code, message = str(answer.get("code", "0")), str(answer.get("message") or "")
    if code == "0" or _EMPTY in message.lower():
        return None
    return Failure(CHANNEL, code, message, _open_platform_retry(code, str(answer.get("type") or "")))


def _open_platform_retry(code: str, who: str) -> Retry:
    lowered = code.lower()
    if "token" in lowered:
        return Retry.AUTHORISE
    if "timestamp" in lowered:
        return Retry.RESIGN
    # ISP and SYSTEM are theirs, ISV is ours.
    if "limit" in lowered or who in ("ISP", "SYSTEM"):
        return Retry.LATER
    return Retry.NEVER


def _say(shop: Shop, record: Record, _around: Around) -> Iterator[Observation]:
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
    """A statement of SellerCenter (XML, JSON), of the Open Platform, or of Jumia's vendor API."""
    fields = {_OPEN_PLATFORM.get(name, name[:1].upper() + name[1:]): found for name, found in record.value.items()}
    source = "lazada.sellercenter" if "StatementNumber" in record.value else "lazada.payout_status"
    amounts, currency = _amounts(fields, shop)
    if currency is None:
        raise NotUnderstood("its payout has no currency: name the channel's, with --currency")
    paid, paid_text = _paid(fields.get("Paid"))
    return ObservedStatement(
        channel=CHANNEL,
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
