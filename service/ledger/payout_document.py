"""A payout as the API and the webhooks of an account's endpoints show it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from events.accounts.state import MANUAL, PLUGIPAY
from events.payouts.state import ACCEPTED, PAYOUT_STATUSES, STARTED, UNKNOWN, Payout
from service.ledger.cases import KINDS
from service.ledger.vault import ERASED, AccountKey
from service.platform.documents import MinorUnits, Time, one_of


class PayoutDocument(TypedDict):
    """A payout. Of a payout that the bank sent back, `returnedAt` says when, and its status is `failed`."""

    id: str
    accountId: str
    amount: MinorUnits
    currency: str
    status: Annotated[str, one_of(*PAYOUT_STATUSES)]
    backend: Annotated[str, one_of(MANUAL, PLUGIPAY)]
    bankCode: str | None
    bankName: str
    bankAccountNumber: str
    bankAccountHolder: str
    bankAccountKnown: Annotated[bool, Field(description="False once the account's personal data was erased.")]
    reference: str | None
    providerPayoutId: str | None
    failureReason: str | None
    note: str | None
    requestedAt: Time
    inTransitAt: Time | None
    paidAt: Time | None
    failedAt: Time | None
    cancelledAt: Time | None
    returnedAt: Time | None
    submission: Annotated[
        str | None,
        one_of(STARTED, ACCEPTED, UNKNOWN, None),
        Field(description="How far its submission to the provider is; null before it began."),
    ]
    cancelRequestedAt: Time | None
    cases: Annotated[
        tuple[Annotated[str, one_of(*KINDS)], ...], Field(description="The kinds of its cases that are open.")
    ]


def payout_document(account_id: str, payout_id: str, payout: Payout, key: AccountKey | None) -> PayoutDocument:
    """S2's payout object, and beside it how it stands with the provider, and what a person has to look at."""
    return {
        "id": payout_id,
        "accountId": account_id,
        "amount": payout.amount,
        "currency": payout.currency,
        "status": payout.status,
        "backend": payout.backend,
        "bankCode": payout.bank_code,
        "bankName": payout.bank_name,
        "bankAccountNumber": unsealed(key, "bankAccountNumber", payout.bank_account_number),
        "bankAccountHolder": unsealed(key, "bankAccountHolder", payout.bank_account_holder),
        "bankAccountKnown": key is not None,
        "reference": payout.reference,
        "providerPayoutId": payout.provider_payout_id,
        "failureReason": payout.failure_reason,
        "note": payout.note,
        "requestedAt": payout.requested_at,
        "inTransitAt": payout.in_transit_at,
        "paidAt": payout.paid_at,
        "failedAt": payout.failed_at,
        "cancelledAt": payout.cancelled_at,
        "returnedAt": payout.returned_at,
        "submission": payout.submission,
        "cancelRequestedAt": payout.cancel_asked_at,
        "cases": payout.contradictions,
    }


def unsealed(key: AccountKey | None, field: str, sealed: str) -> str:
    return key.unseal(field, sealed) if key is not None else ERASED
