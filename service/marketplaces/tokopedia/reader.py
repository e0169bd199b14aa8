"""Reads Tokopedia's old saldo history: every movement of a seller's balance, with the invoice in its note.

Amounts are whole rupiah. Times have no zone: they are Jakarta's. Commissions are rows of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from events.settlements.older_names import OlderName
from service.formats.amounts import NotUnderstood, Unrecognised, read_amount
from service.formats.detection import JSON, XML, detect_format
from service.formats.json_records import Record, Route
from service.formats.times import read_moment
from service.marketplaces.doubts import unknown_type
from service.marketplaces.observations import Kind, Level, Observation, SettlementLine, Shop, Stage
from service.marketplaces.record_mapping import (
    PageFields,
    RecordHeader,
    currency_of,
    map_json_records,
    optional,
    required,
)
from service.marketplaces.repeated_references import tell_apart
from service.marketplaces.report_tables import table_lines
from service.marketplaces.shop_settings import read_types
from service.marketplaces.tokopedia import names
from service.marketplaces.tokopedia.refusals import failure
from service.marketplaces.tokopedia.reports import REPORT

CURRENCY = "IDR"

ROUTES: frozenset[Route] = frozenset({(), ("data", "saldo_history")})

_INVOICE = re.compile(r"INV/[0-9A-Za-z/._-]+")
_TYPES: Mapping[str, tuple[Kind, int]] = {"1001": (Kind.PAYOUT, 1)}
"""The only attested type number: a sale that was disbursed to the seller."""

_WORDS: tuple[tuple[str, Kind, int], ...] = (
    ("withdraw", Kind.WITHDRAWAL, -1),
    ("penarikan", Kind.WITHDRAWAL, -1),
    ("commission", Kind.COMMISSION, -1),
    ("komisi", Kind.COMMISSION, -1),
    ("service fee", Kind.SERVICE_FEE, -1),
    ("biaya layanan", Kind.SERVICE_FEE, -1),
    ("shipping", Kind.SHIPPING, -1),
    ("ongkos kirim", Kind.SHIPPING, -1),
    ("transaksi penjualan berhasil", Kind.PAYOUT, 1),
)
"""A word in a row's description or note, the kind that it means, and 1 or -1 by which a positive amount becomes what
the seller sees."""


@dataclass(frozen=True, slots=True)
class TokopediaReader:
    """Reads a seller's records. `types` adds to the attested type number those that the seller knows."""

    types: Mapping[str, tuple[Kind, int]] | None = None

    def read(self, stream: BinaryIO, shop: Shop, request_fields: PageFields | None = None) -> Iterator[Observation]:
        """All that a file or an answer of Tokopedia's says."""
        format_name, whole = detect_format(stream)
        if format_name not in (JSON, XML):
            return table_lines(whole, format_name, REPORT, names.CHANNEL, shop)
        types = {**_TYPES, **(self.types or {}), **read_types(shop.types)}
        found = map_json_records(whole, ROUTES, partial(_map_record, shop, types), request_fields or {})
        return tell_apart(found, {names.SALDO_HISTORY}, ())


def _map_record(
    shop: Shop, types: Mapping[str, tuple[Kind, int]], record: Record, _page_fields: PageFields
) -> Iterator[SettlementLine]:
    value = record.value
    if not isinstance(value, dict):
        raise NotUnderstood("it is not an object")
    if (refused := failure(value)) is not None:
        raise NotUnderstood(str(refused))
    if "deposit_id" not in value:
        if record.route is not None or not {"header", "data"}.intersection(value):
            raise Unrecognised("it is no row of a saldo history")
        return
    note = str(value.get("note") or "")
    amount = read_amount(value.get("amount"))
    kind, sign = _meaning(types, value, note, negative=amount.number < 0)
    invoice = _INVOICE.search(note)
    number = invoice.group() if invoice else None
    type_name = optional(value, "Type", "type") or ""
    withdrawn = kind is Kind.WITHDRAWAL
    header = RecordHeader(
        channel=names.CHANNEL,
        source=names.SALDO_HISTORY,
        shop=shop,
        record=record,
        reference=_reference(value, kind),
        older_names=(OlderName(f"deposit/{required(value, 'deposit_id')}"),) if kind is not Kind.PAYOUT else (),
        currency=shop.currency or CURRENCY if "currency" not in value else currency_of(value, shop),
        occurred_at=read_moment(value.get("create_time"), shop.zone),
        level=Level.ORDER if number else Level.GLOBAL,
        stage=Stage.RELEASED if not withdrawn else Stage.PAID if optional(value, "withdrawal_date") else Stage.SENT,
        invoice=number,
        order=number,
        doubts=(unknown_type(type_name),) if kind is Kind.OTHER else (),
    )
    extra: dict[str, Any] = {
        "type": optional(value, "Type", "type"),
        "typeDescription": optional(value, "type_description"),
        "class": optional(value, "class"),
        "withdrawalDate": optional(value, "withdrawal_date"),
        "balanceAfter": str(value["saldo"]) if value.get("saldo") is not None else None,
    }
    kept = {name: each for name, each in extra.items() if each is not None}
    credit = abs(amount.number) * sign if sign else None
    yield header.line(kind, amount, "amount", credit=credit, books=not withdrawn, extra=kept)


def _reference(value: Mapping[str, Any], kind: Kind) -> str:
    """What names the row's money: the sale's number, which its charges may share."""
    own = f"deposit/{required(value, 'deposit_id')}"
    return own if kind is Kind.PAYOUT else f"{own}/{optional(value, 'Type', 'type') or ''}/{kind.value}"


def _meaning(
    types: Mapping[str, tuple[Kind, int]], value: Mapping[str, Any], note: str, *, negative: bool
) -> tuple[Kind, int]:
    number = optional(value, "Type", "type") or ""
    if number in types:
        return types[number]
    description = f"{value.get('type_description') or ''} {note}".lower()
    for word, kind, sign in _WORDS:
        if word in description:
            return kind, 0 if negative else sign
    if negative:
        return Kind.OTHER, 0
    raise NotUnderstood(
        f"type {number or 'unknown'} is not attested, and neither sign nor words tell where the money went: "
        "say what it means with types, such as 1002=commission:-1"
    )
