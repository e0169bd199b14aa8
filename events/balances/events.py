"""Revenue, refunds, fees, adjustments and reserves."""

from __future__ import annotations

from events.event import Event, only_new_optional_fields
from events.instants import Instant
from events.read_set import ReadSet
from events.values import value


@value
class RevenueRecorded(Event):
    """Money was earned for an order and is not released yet: it adds to pending."""

    stored_name = "revenue.recorded"

    amount: int
    currency: str
    reference: str
    channel: str | None = None
    expected_at: Instant | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.reference))


@value
class RevenueSettled(Event):
    """An order's money was released, wholly or in part: pending becomes available.

    `completes`: nothing of the order is pending any more.
    """

    stored_name = "revenue.settled"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}

    amount: int
    currency: str
    reference: str
    completes: bool | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.reference))


@value
class RefundRecorded(Event):
    """A buyer got money back: from the order's pending first, the rest from available.

    Of an order that is or was disputed, `from_held` is what had been held for the same money; what is missing of
    `amount` had left with a dispute already.
    """

    stored_name = "refund.recorded"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}

    amount: int
    currency: str
    reference: str
    from_pending: int
    from_available: int
    reason: str | None = None
    from_held: int | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.orders.add((account_id, self.currency, self.reference))


@value
class FeeCharged(Event):
    """A fee was taken from available."""

    stored_name = "fee.charged"

    amount: int
    currency: str
    reference: str
    kind: str


@value
class BalanceAdjusted(Event):
    """Somebody corrected available by a signed amount, and said why."""

    stored_name = "balance.adjusted"

    amount: int
    currency: str
    reason: str


@value
class ReserveHeld(Event):
    """Money was set aside: available becomes held."""

    stored_name = "reserve.held"

    reserve_id: str
    amount: int
    currency: str
    reason: str
    until: Instant | None = None


@value
class ReserveReleased(Event):
    """Held money came back, wholly or in part: held becomes available."""

    stored_name = "reserve.released"

    reserve_id: str
    amount: int
    currency: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.reserves.add((account_id, self.reserve_id))


BalanceEvent = (
    RevenueRecorded | RevenueSettled | RefundRecorded | FeeCharged | BalanceAdjusted | ReserveHeld | ReserveReleased
)
