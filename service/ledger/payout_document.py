"""A payout as the API and the webhooks of an account's endpoints show it."""

from __future__ import annotations

from typing import Any

from events.payouts.state import Payout
from service.ledger.vault import ERASED, AccountKey


def payout_document(account_id: str, payout_id: str, payout: Payout, key: AccountKey | None) -> dict[str, Any]:
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
