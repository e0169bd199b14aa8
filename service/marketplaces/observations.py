"""What a source writes, before the ledger ingests it: statements, settlement lines, and unreadable records.

A reader adds nothing and loses nothing: amounts keep their text, fields that are not known stay in `extra`, and `raw` is
the record as it stood. `raw` may hold a bank account, so it is sealed before it is stored, and `extra` leaves such
fields out.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from events.settlements.older_names import OlderName
from events.values import value
from service.formats.amounts import Amount
from service.formats.file_remarks import Remark
from service.formats.times import NEVER, Moment
from service.formats.unreadable import Unreadable

DEFAULT_ZONE = "Asia/Jakarta"


class Level(enum.StrEnum):
    """What an amount is for: a whole statement or withdrawal (`global`), an order, or an item of an order."""

    GLOBAL = "global"
    ORDER = "order"
    ITEM = "item"


class Kind(enum.StrEnum):
    """The purpose of a settlement line. `PAYOUT` is a record's total, which its other lines explain."""

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
    OTHER = "other"
    """Money that moved for a reason that is not known here."""
    RESIDUAL = "residual"


class Stage(enum.StrEnum):
    """Where the money of a line is."""

    EXPECTED = "expected"
    """An estimate, which the channel may still change."""
    OWED = "owed"
    RELEASED = "released"
    """Out of escrow: in the seller's wallet at the channel."""
    SENT = "sent"
    """On the way to the bank."""
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@value
class Doubt:
    """What a reader could not be sure of in a record that it read. It becomes a finding of the record's event."""

    rule: str
    expected: str
    actual: str


@value
class Shop:
    """Whose records are read, with the currency of those that name none and the zone of times without one.

    What the seller says of the files is in the texts of the channel's setting.
    """

    seller: str | None = None
    currency: str | None = None
    zone: str = DEFAULT_ZONE
    columns: str | None = None
    """The headings of the seller's report, by their names (`shop_settings.read_columns`)."""
    types: str | None = None
    """The meaning of types that nobody attests (`shop_settings.read_types`)."""


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
"""The amounts of a statement by their public names, in the public order, with our names for them."""


@value
class ObservedStatement:
    """One statement, as a source had it at one time. Amounts are in major units; one that is not given is None."""

    channel: str
    source: str
    """The call or report that it comes from: the channel's name, a dot, and the source's own name."""
    seller: str | None
    number: str
    currency: str
    created_at: Moment
    updated_at: Moment
    paid: bool | None
    paid_text: str | None
    """The source's own word: `0`, `1`, `PROCESSING`."""
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
    doubts: tuple[Doubt, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of `raw`, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def content(self) -> dict[str, str | None]:
        """Every public field as the source's text. Two observations with equal content are equal."""
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


@value
class SettlementLine:
    """One amount that a source reports about an order, an item or a payment.

    `reference` names the money within the channel (`order/2602170GS576N1`). Records with one reference are about the same
    money, whose amount is the sum of the `books` lines of the newest record. A record has a line for its total
    (`part_of` is None) and, where the source gives them, lines for the parts of the total (`part_of` is the total's
    field). Parts add up to their total: what they leave unexplained is a `residual` line.
    """

    channel: str
    source: str
    seller: str | None
    level: Level
    kind: Kind
    stage: Stage
    reference: str
    amount: Decimal
    """In major units. Positive is what raises the channel's debt to the seller; a withdrawal to the bank is negative."""
    text: str
    """The source's own amount, with its own sign."""
    field: str
    """The source's own name of the amount."""
    currency: str
    occurred_at: Moment
    books: bool
    """Whether this line books money. All others explain money that is booked by another line or a statement."""
    place: str
    raw: bytes = dataclasses.field(repr=False)
    part_of: str | None = None
    statement: str | None = None
    invoice: str | None = None
    order: str | None = None
    item: str | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    sheet: str = ""
    """The sheet of a workbook: the group that the sheet's total row adds up."""
    doubts: tuple[Doubt, ...] = ()
    """Of the whole record."""
    pays: tuple[str, ...] = ()
    """The references of the money that this payment pays, where the source says so: `order/2602170GS576N1`."""
    updated_at: Moment = NEVER
    """The source's own time of what the record says (`update_time`, a wallet row's own time), where it has one."""
    adjusts: str | None = None
    """The reference of the order's money that this adjusts: `order/2602170GS576N1`. It is money of its own beside it, of
    which other sources may tell as well. Of no order, the day and amount: `movement/2026-05-01/-70`."""
    occurred_on: str | None = None
    """Of such a line: its day where the seller is, as other sources tell it too."""
    adjusted: Decimal | None = None
    """Of an order's total: what its adjustments come to that the source does not list, where it says what all come to."""
    older_names: tuple[OlderName, ...] = ()
    """The references that its record may be known by since an older release."""

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """Equal for the same data of two imports."""
        return (self.channel, self.source, self.reference, self.stage, self.item or "", self.field)


Observation = ObservedStatement | SettlementLine | Unreadable | Remark
