"""A payout's life."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from events.command import (
    NO_NUL,
    Amount,
    BankAccountHolder,
    BankAccountNumber,
    BankCode,
    BankName,
    Command,
    Currency,
    Identifier,
    ProviderId,
    Reason,
    Reference,
)
from events.read_set import ReadSet

Note = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]


class RequestPayout(Command):
    """Ask for available money to be paid out. Bank fields override the configured account one by one."""

    type: Literal["requestPayout"] = "requestPayout"
    scope = "payout:write"
    effect = "money"
    sealed = ("bank_account_number", "bank_account_holder")
    example = {
        "amount": 1000,
        "currency": "IDR",
        "note": "April revenue",
        "bankCode": "bca",
        "bankName": "Bank Central Asia",
        "bankAccountNumber": "1234567890",
        "bankAccountHolder": "Siti Rahma",
    }
    amount: Amount
    currency: Currency
    note: Note | None = None
    bank_code: BankCode | None = None
    bank_name: BankName | None = None
    bank_account_number: BankAccountNumber | None = None
    bank_account_holder: BankAccountHolder | None = None


class CancelPayout(Command):
    """Call a pending payout off: the money is available at once."""

    type: Literal["cancelPayout"] = "cancelPayout"
    scope = "payout:write"
    effect = "money"
    example = {"payoutId": "pout_1"}
    payout_id: Identifier

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class MarkInTransit(Command):
    """An operator sent the money (manual payouts only)."""

    type: Literal["markInTransit"] = "markInTransit"
    scope = "operator"
    effect = "money"
    example = {"payoutId": "pout_1", "reference": "trf-1"}
    payout_id: Identifier
    reference: Reference | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class MarkPaid(Command):
    """An operator saw the money arrive (manual payouts only)."""

    type: Literal["markPaid"] = "markPaid"
    scope = "operator"
    effect = "money"
    example = {"payoutId": "pout_1", "reference": "trf-1"}
    payout_id: Identifier
    reference: Reference | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class MarkFailed(Command):
    """An operator saw the payout fail (manual payouts only): the money is available again."""

    type: Literal["markFailed"] = "markFailed"
    scope = "operator"
    effect = "money"
    example = {"payoutId": "pout_1", "failureReason": "wrong number"}
    payout_id: Identifier
    failure_reason: Reason

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class RecordBankReturn(Command):
    """The bank sent a paid payout back: the money is available again, the payout shows as failed."""

    type: Literal["recordBankReturn"] = "recordBankReturn"
    scope = "operator"
    effect = "money"
    also_when_closed = True
    example = {"payoutId": "pout_1", "reason": "account closed", "reference": "trf-1"}
    payout_id: Identifier
    reason: Reason
    reference: Reference | None = None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class LinkProviderPayout(Command):
    """Record the id under which the provider knows a payout."""

    type: Literal["linkProviderPayout"] = "linkProviderPayout"
    scope = "operator"
    effect = "money"
    example = {"payoutId": "pout_1", "providerPayoutId": "po_1"}
    payout_id: Identifier
    provider_payout_id: ProviderId

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))
        read_set.provider_payouts.add((self.account_id, self.provider_payout_id))


class ResubmitPayout(Command):
    """Give a payout to the provider once more, under a new key. Only after somebody made sure that it has none of it.

    Its case says why: `submission_unknown`, or `unknown_to_provider`. It is closed.
    """

    type: Literal["resubmitPayout"] = "resubmitPayout"
    scope = "operator"
    effect = "money"
    example = {"payoutId": "pout_1", "reason": "the provider has no trace of it"}
    payout_id: Identifier
    reason: Reason

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


class ChangeNote(Command):
    """Correct the note of a pending payout, or remove it with `null`, before anybody else has it."""

    type: Literal["changeNote"] = "changeNote"
    scope = "payout:write"
    effect = "settings"
    example = {"payoutId": "pout_1", "note": "April and May revenue"}
    payout_id: Identifier
    note: Note | None

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.payouts.add((self.account_id, self.payout_id))


PayoutCommand = (
    RequestPayout
    | CancelPayout
    | MarkInTransit
    | MarkPaid
    | MarkFailed
    | RecordBankReturn
    | LinkProviderPayout
    | ResubmitPayout
    | ChangeNote
)
