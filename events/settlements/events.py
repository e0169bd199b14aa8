"""Marketplaces' records about orders, items and payments."""

from __future__ import annotations

from events.event import Event
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
    keyed digest of the record.
    """

    stored_name = "settlement.observed"

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

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.counts_for))
        for reference in {self.reference, self.releases or self.reference}:
            for seller in {self.seller or "", ""}:
                read_set.settlements.add((account_id, self.channel, seller, reference))


SettlementEvent = SettlementObserved
