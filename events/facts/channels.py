"""What marketplaces say that they owe and pay."""

from __future__ import annotations

from events.facts.data import Data
from events.instants import Instant
from events.values import value


@value
class ChannelSet:
    """How a marketplace pays this account: who collects the money, and what its records leave out.

    `collects`: `seller` (the marketplace pays the seller's own bank) or `platform` (it pays us).
    """

    channel: str
    collects: str
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None


@value
class SettlementTermsSet:
    """When a channel is held to pay this account, where that is not the channel's usual way.

    `period`: `weekly` (its statements cover Monday to Sunday) or `statement` (each counts from its own day). What is due,
    is due so many days, or business days of the country's banks, after that. `channel` is `payout` for our own payouts.
    """

    channel: str
    period: str | None = None
    due_after_days: int | None = None
    due_after_business_days: int | None = None
    country: str | None = None


@value
class StatementObserved:
    """A marketplace's statement stood like this when it was looked at.

    `content` has the fields of the statement as the source's texts, null where it gives none; `findings` what its
    figures say against each other and against the ledger. `payout` and `deposit` are what was booked by, in minor
    units rounded toward zero; `digest` is the keyed digest of the record; `previous` the statement before this one.
    """

    channel: str
    number: str
    source: str
    currency: str
    content: Data
    findings: list[Data]
    digest: str
    collects: str
    reference: str
    seller: str | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    paid: bool | None = None
    payout: int | None = None
    deposit: int | None = None
    previous: str | None = None


@value
class SettlementObserved:
    """A marketplace's record about one amount of money stood like this when it was looked at.

    `reference` names the money within the channel: records with one reference tell of the same money, each source in
    its own words. `lines` are the record's amounts as the source wrote them and with their sign to the seller; `amount`
    is what was booked by, in minor units rounded toward zero, null where the record only explains. `releases` is the
    reference whose money the channel has let go of, by this record; `counts_for` the order that the money counts for.
    `totals` says whether the totals of orders and items are made of it: a view of the cash side is not. `digest` is the
    keyed digest of the record.
    """

    channel: str
    source: str
    reference: str
    currency: str
    stage: str
    lines: list[Data]
    findings: list[Data]
    digest: str
    collects: str
    counts_for: str
    totals: bool
    seller: str | None = None
    order: str | None = None
    invoice: str | None = None
    statement: str | None = None
    occurred_at: Instant | None = None
    amount: int | None = None
    releases: str | None = None


@value
class ChannelMoneyBooked:
    """What a marketplace said moved money: signed changes, from and to what marketplaces still owe.

    `reference` is the order that the change counts for; `number` and `seller` name the statement that says so, where
    one did. `completes`: it was paid, and nothing of the order is pending any more. `refunded`: of an order in dispute, so
    much went back to the buyer; what leaves is less where the dispute has taken it already. What a dispute of the order
    held moves as `held`.
    """

    channel: str
    reference: str
    currency: str
    pending: int
    available: int
    held: int
    paid_out: int
    number: str | None = None
    seller: str | None = None
    completes: bool | None = None
    refunded: int | None = None
