"""Revenue, refunds, fees, adjustments, reserves and disputes."""

from __future__ import annotations

from events.instants import Instant
from events.values import value


@value
class RevenueRecorded:
    """Money was earned for an order and is not released yet: it adds to pending."""

    amount: int
    currency: str
    reference: str
    channel: str | None = None
    expected_at: Instant | None = None


@value
class RevenueSettled:
    """An order's money was released, wholly or in part: pending becomes available.

    `completes`: nothing of the order is pending any more.
    """

    amount: int
    currency: str
    reference: str
    completes: bool | None = None


@value
class RefundRecorded:
    """A buyer got money back: from the order's pending first, the rest from available.

    Of an order that is or was disputed, `from_held` is what had been held for the same money; what is missing of
    `amount` had left with a dispute already.
    """

    amount: int
    currency: str
    reference: str
    from_pending: int
    from_available: int
    reason: str | None = None
    from_held: int | None = None


@value
class FeeCharged:
    """A fee was taken from available."""

    amount: int
    currency: str
    reference: str
    kind: str


@value
class BalanceAdjusted:
    """Somebody corrected available by a signed amount, and said why."""

    amount: int
    currency: str
    reason: str


@value
class ReserveHeld:
    """Money was set aside: available becomes held."""

    reserve_id: str
    amount: int
    currency: str
    reason: str
    until: Instant | None = None


@value
class ReserveReleased:
    """Held money came back, wholly or in part: held becomes available."""

    reserve_id: str
    amount: int
    currency: str


@value
class DisputeOpened:
    """A buyer disputes an order: its money is held, from its pending first and the rest from available.

    `amount` is what is disputed. Less than that is held where refunds or other disputes have taken it already.
    """

    dispute_id: str
    amount: int
    currency: str
    reference: str
    reason: str
    from_pending: int
    from_available: int


@value
class DisputeResolved:
    """A dispute ended, `won` or `lost`, and its order's held money with it.

    Lost: `from_held` has left, as a refund of that order, with `from_pending` and `from_available` where what was held
    did not suffice. What is given back goes `to_pending` and `to_available`.
    """

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
