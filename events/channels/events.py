"""How marketplaces pay, and what their statements say."""

from __future__ import annotations

from events.event import Event, only_new_optional_fields
from events.instants import Instant
from events.read_set import ReadSet
from events.values import Data, value


@value
class ChannelSet(Event):
    """How a marketplace pays this account: who collects the money, and what its records leave out.

    `collects`: `seller` (the marketplace pays the seller's own bank) or `platform` (it pays us). `columns` names the
    headings of its reports, and `types` the meaning of its types, as the seller wrote them.
    """

    stored_name = "channel.set"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}

    channel: str
    collects: str
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None
    columns: str | None = None
    types: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.channels.add((account_id, self.channel))


@value
class SettlementTermsSet(Event):
    """When a channel is held to pay this account, where that is not the channel's usual way.

    `period`: `weekly` (its statements cover Monday to Sunday) or `statement` (each counts from its own day). What is due,
    is due so many days, or business days of the country's banks, after that. `channel` is `payout` for our own payouts.
    """

    stored_name = "channel.settlement_terms_set"

    channel: str
    period: str | None = None
    due_after_days: int | None = None
    due_after_business_days: int | None = None
    country: str | None = None


@value
class StatementObserved(Event):
    """A marketplace's statement stood like this when it was looked at.

    `content` has the fields of the statement as the source's texts, null where it gives none; `findings` what its
    figures say against each other and against the ledger. `payout` and `deposit` are what was booked by, in minor
    units rounded toward zero; `digest` is the keyed digest of the record; `previous` the statement before this one that
    was known by then. `observed_at` is the time when it was looked at, of which `observed_by` tells how it is known
    (`events.observations`). Events without it are of older releases.
    """

    stored_name = "statement.observed"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}

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
    observed_at: Instant | None = None
    observed_by: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.statements.add((account_id, self.channel, self.seller or "", self.number, self.currency, ""))
        read_set.orders.add((account_id, self.currency, self.reference))


@value
class StatementWithdrawn(Event):
    """What was said of a marketplace's statement was read wrongly, and counts no more: its records are read anew.

    `digest` is the keyed digest of the record that is read anew. What other records say of it is observed again.
    """

    stored_name = "statement.withdrawn"

    channel: str
    number: str
    currency: str
    digest: str
    reason: str
    seller: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.statements.add((account_id, self.channel, self.seller or "", self.number, self.currency, ""))


@value
class ChannelMoneyBooked(Event):
    """What a marketplace said moved money: signed changes, from and to what marketplaces still owe.

    `reference` is the order that the change counts for; `number` and `seller` name the statement that says so, where
    one did. `completes`: it was paid, and nothing of the order is pending any more. `refunded`: of an order in dispute, so
    much went back to the buyer; what leaves is less where the dispute has taken it already. What a dispute of the order
    held moves as `held`. `owed` is the change of what the channel took back beyond what it had paid.
    `happened_at` is when it happened, where that is not when its record says: then the event's effective time is that.
    """

    stored_name = "channel.money_booked"
    schema_version = 4
    upcasters = {1: only_new_optional_fields, 2: only_new_optional_fields, 3: only_new_optional_fields}

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
    owed: int | None = None
    happened_at: Instant | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.reference))
        read_set.channels.add((account_id, self.channel))
        if self.number is not None:
            read_set.statements.add((account_id, self.channel, self.seller or "", self.number, self.currency, ""))


ChannelEvent = ChannelSet | SettlementTermsSet | StatementObserved | StatementWithdrawn | ChannelMoneyBooked
