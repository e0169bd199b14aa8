"""Disputes: opened and resolved."""

from __future__ import annotations

from events.event import Event
from events.read_set import ReadSet
from events.values import value


@value
class DisputeOpened(Event):
    """A buyer disputes an order: its money is held, from its pending first and the rest from available.

    `amount` is what is disputed. Less than that is held where refunds or other disputes have taken it already.
    """

    stored_name = "dispute.opened"

    dispute_id: str
    amount: int
    currency: str
    reference: str
    reason: str
    from_pending: int
    from_available: int

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.reference))


@value
class DisputeResolved(Event):
    """A dispute ended, `won` or `lost`, and its order's held money with it.

    Lost: `from_held` has left, as a refund of that order, with `from_pending` and `from_available` where what was held
    did not suffice. What is given back goes `to_pending` and `to_available`.
    """

    stored_name = "dispute.resolved"

    dispute_id: str
    amount: int
    currency: str
    reference: str
    outcome: str
    reason: str
    from_held: int
    from_pending: int
    from_available: int
    to_pending: int
    to_available: int

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.disputes.add((account_id, self.dispute_id))


DisputeEvent = DisputeOpened | DisputeResolved
