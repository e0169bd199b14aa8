"""What a source says, before anybody books it: statements, settlement lines, and what nobody can read.

A reader adds nothing and loses nothing: amounts keep their text, fields it does not know stay in `extra`, and `raw` is
the record as it stood. `raw` may hold a bank account (Lazada's payee, TikTok's payment, a Tokopedia note): it is sealed
before it is stored, and `extra` leaves such fields out.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO, Protocol

from events.values import value
from service.formats.amounts import Amount
from service.formats.times import Moment
from service.formats.unreadable import Unreadable

DEFAULT_ZONE = "Asia/Jakarta"


class Level(enum.StrEnum):
    """How finely a source tells of money: seed 000's three levels."""

    GLOBAL = "global"
    ORDER = "order"
    ITEM = "item"


class Kind(enum.StrEnum):
    """What a settlement line is for. `PAYOUT` is a record's total, which the other lines of the record explain."""

    PAYOUT = "payout"
    ITEM_REVENUE = "item_revenue"
    OTHER_REVENUE = "other_revenue"
    COMMISSION = "commission"
    PAYMENT_FEE = "payment_fee"
    SERVICE_FEE = "service_fee"
    AFFILIATE_FEE = "affiliate_fee"
    FEE = "fee"
    SHIPPING = "shipping"
    SHIPPING_SUBSIDY = "shipping_subsidy"
    VOUCHER = "voucher"
    TAX = "tax"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    RESERVE = "reserve"
    ADVANCE = "advance"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    WITHDRAWAL_RETURNED = "withdrawal_returned"
    RESIDUAL = "residual"


class Stage(enum.StrEnum):
    """How far the money of a line has come."""

    EXPECTED = "expected"
    """An estimate: the channel may still change it."""
    OWED = "owed"
    RELEASED = "released"
    """Out of escrow, in the seller's wallet with the channel."""
    SENT = "sent"
    """Under way to the bank."""
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class By(enum.StrEnum):
    """Through what a cell of seed 000's table is available."""

    API = "api"
    FILE = "file"
    DERIVED = "derived"
    NOT_AVAILABLE = "not_available"


class Measure(enum.StrEnum):
    PAYOUT = "payout"
    COMMISSION = "commission"
    PERIOD = "period"


@value
class Way:
    """One way to a cell: by what, how well attested (A official or live, B one source, C disputed, D ours), and which."""

    by: By
    grade: str
    through: str


Cell = tuple[Measure, Level | None]
"""A row of seed 000's table; the period has no level."""


@value
class Shop:
    """Whose records are read, and what they leave out: the currency where none is written, the zone of bare times."""

    seller: str | None = None
    currency: str | None = None
    zone: str = DEFAULT_ZONE


AMOUNTS: Mapping[str, str] = {
    "OpeningBalance": "opening_balance",
    "ItemRevenue": "item_revenue",
    "ShipmentFee": "shipment_fee",
    "ShipmentFeeCredit": "shipment_fee_credit",
    "OtherRevenueTotal": "other_revenue_total",
    "FeesTotal": "fees_total",
    "Subtotal1": "subtotal1",
    "Refunds": "refunds",
    "FeesOnRefundsTotal": "fees_on_refunds_total",
    "Subtotal2": "subtotal2",
    "ClosingBalance": "closing_balance",
    "GuaranteeDeposit": "guarantee_deposit",
    "Payout": "payout",
}
"""Seed 001's amounts in its order, and our names for them."""


@dataclasses.dataclass(frozen=True, slots=True)
class ObservedStatement:
    """One statement, as a source had it at one time. An amount that the source does not give is None, never zero."""

    channel: str
    source: str
    """Which call or report told: `lazada.sellercenter`, `tiktok.statements`."""
    seller: str | None
    number: str
    currency: str
    created_at: Moment
    updated_at: Moment
    paid: bool | None
    paid_text: str | None
    """`0`, `1`, `PROCESSING`: the source's own word."""
    place: str
    raw: bytes = dataclasses.field(repr=False)
    opening_balance: Amount | None = None
    item_revenue: Amount | None = None
    shipment_fee: Amount | None = None
    shipment_fee_credit: Amount | None = None
    other_revenue_total: Amount | None = None
    fees_total: Amount | None = None
    subtotal1: Amount | None = None
    refunds: Amount | None = None
    fees_on_refunds_total: Amount | None = None
    subtotal2: Amount | None = None
    closing_balance: Amount | None = None
    guarantee_deposit: Amount | None = None
    payout: Amount | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the record as it stood, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def content(self) -> dict[str, str | None]:
        """Every field of seed 001 as the source's text, by its name there: what makes two observations equal."""
        texts: dict[str, str | None] = {
            "StatementNumber": self.number,
            "CreatedAt": self.created_at.text,
            "UpdatedAt": self.updated_at.text,
        }
        for name, attribute in AMOUNTS.items():
            amount: Amount | None = getattr(self, attribute)
            texts[name] = None if amount is None else amount.text
        texts["Paid"] = self.paid_text
        return texts


@dataclasses.dataclass(frozen=True, slots=True)
class SettlementLine:
    """One amount that a source tells of an order, an item or a payment.

    `reference` names the money within the channel (`order/2602170GS576N1`): records with one reference tell of the same
    money again, and its amount is the sum of the `books` lines of the record that is newest. A record has a line of its
    total (`part_of` None) and, where the source says more, lines that explain it (`part_of` is the total's field). The
    parts of a total add up to it: what they leave unexplained is a `residual` line.
    """

    channel: str
    source: str
    seller: str | None
    level: Level
    kind: Kind
    stage: Stage
    reference: str
    amount: Decimal
    """In major units; positive raises what the channel owes the seller. A withdrawal to the bank is negative."""
    text: str
    """The source's own amount, with its own sign."""
    field: str
    """The source's own name for it."""
    currency: str
    occurred_at: Moment
    books: bool
    """Whether the channel's money is booked by this line; all others explain money that is booked elsewhere."""
    place: str
    raw: bytes = dataclasses.field(repr=False)
    part_of: str | None = None
    statement: str | None = None
    invoice: str | None = None
    order: str | None = None
    item: str | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """What stays the same when the same data comes again."""
        return (self.channel, self.source, self.reference, self.stage, self.item or "", self.field)


Observation = ObservedStatement | SettlementLine | Unreadable


class RecordSource(Protocol):
    """One marketplace: what it can tell, and how its files and answers are read."""

    @property
    def name(self) -> str:
        """The channel's name in commands, files and addresses."""

    @property
    def reads(self) -> frozenset[str]:
        """Of `json` (JSON and JSON lines), `xml`, `csv`, `xlsx`."""

    @property
    def pulls(self) -> bool:
        """Whether `service.marketplaces.pulls` can ask it."""

    @property
    def books_at(self) -> Level:
        """The level at which its money is booked."""

    @property
    def period(self) -> str:
        """When it pays, by default: `weekly`, or `delivered_order`."""

    @property
    def capabilities(self) -> Mapping[Cell, tuple[Way, ...]]:
        """Seed 000's table: every cell, with the ways to it, the best first."""

    def read(self, stream: BinaryIO, shop: Shop, about: Mapping[str, Any] | None = None) -> Iterator[Observation]:
        """Everything that a file or an answer says, one after the other, in memory that does not grow with it.

        `about` is what only the request said, such as the settlement that was asked for.
        """


def amounts_of(statement: ObservedStatement) -> dict[str, Amount | None]:
    """The amounts by seed 001's names."""
    return {name: getattr(statement, attribute) for name, attribute in AMOUNTS.items()}
