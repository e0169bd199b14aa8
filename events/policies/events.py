"""Payout policies, and the cycles that follow from them."""

from __future__ import annotations

from events.event import Event
from events.instants import Instant
from events.values import value


@value
class PayoutPolicySet(Event):
    """How payouts in a currency are made from now on: the least amount, when, and whether by themselves.

    `schedule`: `off`, `daily`, `weekly` or `monthly`. Cutoff and payment are at `time` in `zone`; `country` is whose
    banks' holidays count. `reserve` is what payouts that are made by themselves leave. `next_cutoff` is when money is
    set apart for the first time, where payouts are made by themselves.
    """

    stored_name = "payout_policy.set"

    currency: str
    schedule: str
    time: str
    automatic: bool
    minimum: int
    reserve: int
    zone: str
    cutoff_day: str | int | None = None
    pay_day: str | int | None = None
    country: str | None = None
    next_cutoff: Instant | None = None


@value
class PayoutCycleCut(Event):
    """A cutoff passed: what was available then is what may be paid on the pay date, and no more.

    The amount may be negative. Another cutoff with the same pay date takes the place of the one before.
    """

    stored_name = "payout_cycle.cut"

    currency: str
    cutoff: Instant
    pay_date: str
    pay_at: Instant
    amount: int
    next_cutoff: Instant


@value
class PayoutCycleEnded(Event):
    """A pay date came: its payout was requested, or it was not, and `outcome` is why.

    `amount` is what there was to pay. `outcome` is `requested` or the code of a refusal.
    """

    stored_name = "payout_cycle.ended"

    currency: str
    pay_date: str
    cutoff: Instant
    outcome: str
    amount: int
    payout_id: str | None = None
    reason: str | None = None


PolicyEvent = PayoutPolicySet | PayoutCycleCut | PayoutCycleEnded
