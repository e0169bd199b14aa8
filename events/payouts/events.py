"""What happened in a payout's life."""

from __future__ import annotations

from events.event import Event
from events.read_set import ReadSet
from events.values import Data, value


@value
class PayoutRequested(Event):
    """Money is promised to the merchant's bank: available becomes reserved.

    The bank account is the snapshot of that moment; number and holder are *sealed*.
    """

    stored_name = "payout.requested"
    sealed = ("bankAccountNumber", "bankAccountHolder")

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
class PayoutAdopted(Event):
    """The provider made a payout that the ledger had not asked for: available becomes reserved, below zero if need be.

    Where it went is not known: the bank fields are the fixed text `unknown`.
    """

    stored_name = "payout.adopted"

    payout_id: str
    provider_payout_id: str
    amount: int
    currency: str


@value
class PayoutSubmissionStarted(Event):
    """The payout is about to be given to the provider, under an idempotency key made of its id and the attempt.

    From here on it may be on its way: only the provider can cancel it.
    """

    stored_name = "payout.submission_started"

    payout_id: str
    attempt: int

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutSubmissionUnknown(Event):
    """The provider did not answer: whether it has the payout is not known, and the money stays reserved."""

    stored_name = "payout.submission_unknown"

    payout_id: str
    reason: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutProviderLinked(Event):
    """The provider knows this payout under this id. What it had said under that id before now counts for the payout."""

    stored_name = "payout.provider_linked"

    payout_id: str
    provider_payout_id: str
    statements: list[Data] | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutCancelAsked(Event):
    """The provider is to be asked to cancel; the money stays reserved until it says yes."""

    stored_name = "payout.cancel_asked"

    payout_id: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutCancelRefused(Event):
    """The provider did not cancel, and said why: the payout goes its way."""

    stored_name = "payout.cancel_refused"

    payout_id: str
    reason: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutReopened(Event):
    """What was given back turned out to be on its way or gone after all: available becomes reserved again."""

    stored_name = "payout.reopened"

    payout_id: str
    amount: int
    currency: str


@value
class PayoutAmountCorrected(Event):
    """Somebody took the provider at its word about how much it is: what is less became available again.

    The difference came from where the payout's money is; it is negative where the provider moved more than asked.
    """

    stored_name = "payout.amount_corrected"

    payout_id: str
    amount: int
    currency: str
    from_reserved: int
    from_paid_out: int

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutInTransit(Event):
    """The money is on its way; still reserved. It may be told after the end was: then only the stamp is new."""

    stored_name = "payout.in_transit"

    payout_id: str
    reference: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutPaid(Event):
    """The bank has the money: reserved becomes paid out."""

    stored_name = "payout.paid"

    payout_id: str
    amount: int
    currency: str
    reference: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutFailed(Event):
    """The money did not go: reserved becomes available again."""

    stored_name = "payout.failed"

    payout_id: str
    amount: int
    currency: str
    failure_reason: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutCancelled(Event):
    """The payout was called off before it left: reserved becomes available again."""

    stored_name = "payout.cancelled"

    payout_id: str
    amount: int
    currency: str

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutReturned(Event):
    """The bank sent the money back after it was paid: paid out becomes available again."""

    stored_name = "payout.returned"

    payout_id: str
    amount: int
    currency: str
    reason: str
    reference: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


@value
class PayoutNoteChanged(Event):
    """The note of a pending payout was corrected, or removed: it is null then."""

    stored_name = "payout.note_changed"

    payout_id: str
    note: str | None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.payouts.add((account_id, self.payout_id))


PayoutEvent = (
    PayoutRequested
    | PayoutAdopted
    | PayoutSubmissionStarted
    | PayoutSubmissionUnknown
    | PayoutProviderLinked
    | PayoutCancelAsked
    | PayoutCancelRefused
    | PayoutReopened
    | PayoutAmountCorrected
    | PayoutInTransit
    | PayoutPaid
    | PayoutFailed
    | PayoutCancelled
    | PayoutReturned
    | PayoutNoteChanged
)
