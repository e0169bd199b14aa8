"""Tokopedia's legacy saldo history: every movement of a seller's balance, with the invoice in a free text.

Rupiah are whole, times have no zone (they are Jakarta's). Commission is no field: it is rows of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, ClassVar

from service.formats.amounts import NotUnderstood, Unrecognised, read_amount
from service.formats.detection import JSON, detected
from service.formats.json_records import Record, Route
from service.formats.times import read_moment
from service.marketplaces.observations import (
    By,
    Cell,
    Kind,
    Level,
    Measure,
    Observation,
    SettlementLine,
    Shop,
    Stage,
    Way,
)
from service.marketplaces.record_mapping import Around, Told, currency_of, map_json_records, optional, required
from service.marketplaces.refusals import Failure, Retry

CHANNEL = "tokopedia"
CURRENCY = "IDR"

ROUTES: frozenset[Route] = frozenset({(), ("data", "saldo_history")})

_INVOICE = re.compile(r"INV/[0-9A-Za-z/._-]+")
_TYPES: Mapping[str, tuple[Kind, int]] = {"1001": (Kind.PAYOUT, 1)}
"""The one type number that is attested: a sale that was disbursed to the seller."""

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
"""What a row's description or note says, and its sign to the seller where the amount has none."""


@dataclass(frozen=True, slots=True)
class Tokopedia:
    """The source `tokopedia`. `types` adds type numbers that a seller knows of to the attested one."""

    types: Mapping[str, tuple[Kind, int]] | None = None

    name = CHANNEL
    reads = frozenset({JSON})
    pulls = True
    books_at = Level.ORDER
    period = "delivered_order"
    capabilities: ClassVar[Mapping[Cell, tuple[Way, ...]]] = {
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(By.API, "B", "saldo-history: withdrawals"),
            Way(By.DERIVED, "A", "sum of rows by withdrawal, else by their local day"),
        ),
        (Measure.PAYOUT, Level.ORDER): (Way(By.API, "A", "saldo-history: amount, invoice in note"),),
        (Measure.PAYOUT, Level.ITEM): (Way(By.NOT_AVAILABLE, "A", "no row names an item"),),
        (Measure.COMMISSION, Level.GLOBAL): (Way(By.DERIVED, "B", "sum of the commission rows"),),
        (Measure.COMMISSION, Level.ORDER): (Way(By.API, "B", "saldo-history: commission rows, invoice in note"),),
        (Measure.COMMISSION, Level.ITEM): (Way(By.NOT_AVAILABLE, "A", "no row names an item"),),
        (Measure.PERIOD, None): (Way(By.DERIVED, "A", "create_time of the disbursement, order by order"),),
    }

    def read(self, stream: BinaryIO, shop: Shop, about: Around | None = None) -> Iterator[Observation]:
        _, whole = detected(stream)
        types = {**_TYPES, **(self.types or {})}
        return map_json_records(whole, ROUTES, partial(_say, shop, types), about or {})


def failure(answer: Any) -> Failure | None:
    """The refusal that an answer is: an `error_code` in its header."""
    header = answer.get("header") if isinstance(answer, dict) else None
    code = str(header.get("error_code") or "") if isinstance(header, dict) else ""
    if not isinstance(header, dict) or code in ("", "0"):
        return None
    return Failure(CHANNEL, code, str(header.get("reason") or header.get("messages") or ""), Retry.NEVER)


def _say(
    shop: Shop, types: Mapping[str, tuple[Kind, int]], record: Record, _around: Around
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
    withdrawn = kind is Kind.WITHDRAWAL
    told = Told(
        channel=CHANNEL,
        source="tokopedia.saldo_history",
        shop=shop,
        record=record,
        reference=f"deposit/{required(value, 'deposit_id')}",
        currency=shop.currency or CURRENCY if "currency" not in value else currency_of(value, shop),
        occurred_at=read_moment(value.get("create_time"), shop.zone),
        level=Level.ORDER if number else Level.GLOBAL,
        stage=Stage.RELEASED if not withdrawn else Stage.PAID if optional(value, "withdrawal_date") else Stage.SENT,
        invoice=number,
        order=number,
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
    yield told.line(kind, amount, "amount", credit=credit, books=not withdrawn, extra=kept)


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
        return Kind.ADJUSTMENT, 0
    raise NotUnderstood(
        f"type {number or 'unknown'} is not attested, and neither sign nor words tell where the money went: "
        "name the type in the channel's settings"
    )
