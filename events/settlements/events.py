"""Marketplaces' records about orders, items and payments."""

from __future__ import annotations

from events.event import Event, only_new_optional_fields
from events.instants import Instant
from events.read_set import ReadSet
from events.values import Data, value


@value
class SettlementObserved(Event):
    """A marketplace's record about one amount of money stood like this when it was looked at.

    `reference` names the money within the channel: records with one reference tell of the same money, each source in
    its own words. `lines` are the record's amounts as the source wrote them and with their sign to the seller; `amount`
    is what was booked by, in minor units rounded toward zero, null where the record only explains. `releases` is the
    reference whose money the channel has let go of, by this record; `counts_for` the order that the money counts for.
    `totals` says whether the totals of orders and items are made of it: a view of the cash side is not. `digest` is the
    keyed digest of the record. `pays` are the references of the money that this payment pays, where the source says so.

    An adjustment of an order says in `adjusts` whose money it adjusts, and a movement of no order its day and amount, as
    other sources tell of them as well; and in `occurred_on` its day where the seller is.
    An order's own record may say in `adjusted` what those of its adjustments come to that it does not list as records of
    their own: then `amount` is without its adjustments. Without it, as older releases wrote it, `amount` is with them.
    Where the record only explains, none of it counts.
    `adjustments` says how these stand after the record: what they are `worth`; the `rows` that tell of them (`row`: source
    and reference), each with whether it was let go of, null where another row tells of the same; and what of them is
    `notListed` by any; in minor units, of which a major unit has `decimals` decimals. With `letGo`, all of them were let
    go of with the order.
    """

    stored_name = "settlement.observed"
    schema_version = 3
    upcasters = {1: only_new_optional_fields, 2: only_new_optional_fields}

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
    pays: list[str] | None = None
    updated_at: Instant | None = None
    observed_at: Instant | None = None
    observed_by: str | None = None
    adjusts: str | None = None
    occurred_on: str | None = None
    adjusted: int | None = None
    adjustments: Data | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.counts_for))
        for reference in {self.reference, self.releases or self.reference, self.adjusts or self.reference}:
            for seller in {self.seller or "", ""}:
                read_set.settlements.add((account_id, self.channel, seller, reference))


@value
class SettlementWithdrawn(Event):
    """What a record said of one amount of money was read wrongly, and counts no more: the record is read anew.

    `content` is what it said, as `events.observations` tells contents apart, and `digest` the keyed digest of the record.
    `is_all` says whether its source says nothing else of the money. `releases` is the reference whose release it told;
    `currency` and `counts_for` are those of the money. A record of an adjustment says in `adjusts` whose money it adjusted;
    `adjustments` says how those of the order stand without it, as in `SettlementObserved`.
    """

    stored_name = "settlement.withdrawn"

    channel: str
    source: str
    reference: str
    content: str
    digest: str
    currency: str
    counts_for: str
    reason: str
    is_all: bool
    seller: str | None = None
    releases: str | None = None
    adjusts: str | None = None
    adjustments: Data | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.counts_for))
        for reference in {self.reference, self.releases or self.reference, self.adjusts or self.reference}:
            for seller in {self.seller or "", ""}:
                read_set.settlements.add((account_id, self.channel, seller, reference))


SettlementEvent = SettlementObserved | SettlementWithdrawn
