"""A payout's life, and the policies by which payouts leave."""

from __future__ import annotations

from events.facts.data import Data
from events.instants import Instant
from events.values import value


@value
class PayoutRequested:
    """Money is promised to the merchant's bank: available becomes reserved.

    The bank account is the snapshot of that moment; number and holder are *sealed*.
    """

    payout_id: str
    amount: int
    currency: str
    backend: str
    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    note: str | None = None


@value
class PayoutAdopted:
    """The provider made a payout that the ledger had not asked for: available becomes reserved, below zero if need be.

    Where it went is not known: the bank fields are the fixed text `unknown`.
    """

    payout_id: str
    provider_payout_id: str
    amount: int
    currency: str


@value
class PayoutSubmissionStarted:
    """The payout is about to be given to the provider, under an idempotency key made of its id and the attempt.

    From here on it may be on its way: only the provider can cancel it.
    """

    payout_id: str
    attempt: int


@value
class PayoutSubmissionUnknown:
    """The provider did not answer: whether it has the payout is not known, and the money stays reserved."""

    payout_id: str
    reason: str


@value
class PayoutProviderLinked:
    """The provider knows this payout under this id. What it had said under that id before now counts for the payout."""

    payout_id: str
    provider_payout_id: str
    statements: list[Data] | None = None


@value
class PayoutCancelAsked:
    """The provider is to be asked to cancel; the money stays reserved until it says yes."""

    payout_id: str


@value
class PayoutCancelRefused:
    """The provider did not cancel, and said why: the payout goes its way."""

    payout_id: str
    reason: str


@value
class PayoutReopened:
    """What was given back turned out to be on its way or gone after all: available becomes reserved again."""

    payout_id: str
    amount: int
    currency: str


@value
class PayoutAmountCorrected:
    """Somebody took the provider at its word about how much it is: what is less became available again.

    The difference came from where the payout's money is; it is negative where the provider moved more than asked.
    """

    payout_id: str
    amount: int
    currency: str
    from_reserved: int
    from_paid_out: int


@value
class PayoutInTransit:
    """The money is on its way; still reserved. It may be told after the end was: then only the stamp is new."""

    payout_id: str
    reference: str | None = None


@value
class PayoutPaid:
    """The bank has the money: reserved becomes paid out."""

    payout_id: str
    amount: int
    currency: str
    reference: str | None = None


@value
class PayoutFailed:
    """The money did not go: reserved becomes available again."""

    payout_id: str
    amount: int
    currency: str
    failure_reason: str


@value
class PayoutCancelled:
    """The payout was called off before it left: reserved becomes available again."""

    payout_id: str
    amount: int
    currency: str


@value
class PayoutReturned:
    """The bank sent the money back after it was paid: paid out becomes available again."""

    payout_id: str
    amount: int
    currency: str
    reason: str
    reference: str | None = None


@value
class PayoutPolicySet:
    """How payouts in a currency are made from now on: the least amount, when, and whether by themselves.

    `schedule`: `off`, `daily`, `weekly` or `monthly`. Cutoff and payment are at `time` in `zone`; `country` is whose
    banks' holidays count. `reserve` is what payouts that are made by themselves leave. `next_cutoff` is when money is
    set apart for the first time, where payouts are made by themselves.
    """

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
class PayoutCycleCut:
    """A cutoff passed: what was available then is what may be paid on the pay date, and no more.

    The amount may be negative. Another cutoff with the same pay date takes the place of the one before.
    """

    currency: str
    cutoff: Instant
    pay_date: str
    pay_at: Instant
    amount: int
    next_cutoff: Instant


@value
class PayoutCycleEnded:
    """A pay date came: its payout was requested, or it was not, and `outcome` is why.

    `amount` is what there was to pay. `outcome` is `requested` or the code of a refusal.
    """

    currency: str
    pay_date: str
    cutoff: Instant
    outcome: str
    amount: int
    payout_id: str | None = None
    reason: str | None = None
