"""Plugipay's payout: its fields, its document, and its transitions.

pending ──> in_transit ──> paid          pending ──> cancelled
pending ──> failed         in_transit ──> failed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED = "pending", "in_transit", "paid", "failed", "cancelled"
STATUSES = (PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED)

TRANSITIONS = frozenset(
    {(PENDING, IN_TRANSIT), (IN_TRANSIT, PAID), (PENDING, CANCELLED), (PENDING, FAILED), (IN_TRANSIT, FAILED)}
)

CURRENCIES = ("IDR", "USD")

MANUAL, DISBURSED = "manual", "xendit_disbursement"


@dataclass(slots=True)
class Bank:
    """A bank account. A payout has the one of its request."""

    code: str | None = None
    name: str | None = None
    number: str | None = None
    holder: str | None = None

    @property
    def configured(self) -> bool:
        return None not in (self.name, self.number, self.holder)

    def document(self) -> dict[str, Any]:
        return {
            "bankCode": self.code,
            "bankName": self.name,
            "bankAccountNumber": self.number,
            "bankAccountHolder": self.holder,
        }


@dataclass(slots=True)
class Payout:
    """`number` counts all payouts from 1; `requested` is false where the provider made it by itself."""

    number: int
    id: str
    account_id: str
    amount: int
    currency: str
    method: str
    bank: Bank
    created_at: str
    updated_at: str
    note: str | None = None
    requested: bool = True
    status: str = PENDING
    reference: str | None = None
    failure_reason: str | None = None
    ledger_transaction_id: str | None = None
    processed_at: str | None = None
    completed_at: str | None = None

    def document(self) -> dict[str, Any]:
        """The payout object of Plugipay's API."""
        return {
            "id": self.id,
            "accountId": self.account_id,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "method": self.method,
            **self.bank.document(),
            "note": self.note,
            "reference": self.reference,
            "failureReason": self.failure_reason,
            "ledgerTransactionId": self.ledger_transaction_id,
            "processedAt": self.processed_at,
            "completedAt": self.completed_at,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


def stamp(moment: datetime, after: str | None = None) -> str:
    """The time in milliseconds, and later than `after`: the events of a payout have increasing times."""
    if after is not None:
        moment = max(moment, datetime.fromisoformat(after) + timedelta(milliseconds=1))
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
