"""Commands as they come in over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from events.commands import AnyCommand

WIRE: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)

BODIES: dict[str, dict[str, Any]] = {
    "openAccount": {"currency": "IDR", "backend": "plugipay"},
    "setBackend": {"backend": "manual"},
    "freezeAccount": {"reason": "fraud check"},
    "unfreezeAccount": {"reason": "cleared"},
    "closeAccount": {"reason": "left us"},
    "setBankAccount": {
        "bankCode": "bca",
        "bankName": "Bank Central Asia",
        "bankAccountNumber": "1234567890",
        "bankAccountHolder": "Siti Rahma",
    },
    "setProvider": {"workspaceId": "ws_1", "keyId": "pk_1", "secret": "sk_live_secret", "baseUrl": "https://p.example"},
    "addWebhookSecret": {"secret": "whsec_secret"},
    "retireWebhookSecret": {"secretId": "whs_1"},
    "recordRevenue": {
        "amount": 1000,
        "currency": "IDR",
        "reference": "o-1",
        "channel": "lazada",
        "expectedAt": "2026-05-20T00:00:00.000000Z",
    },
    "settleRevenue": {"amount": 1000, "currency": "IDR", "reference": "o-1"},
    "recordRefund": {"amount": 1000, "currency": "IDR", "reference": "o-1", "reason": "wrong size"},
    "chargeFee": {"amount": 1000, "currency": "IDR", "reference": "inv-1", "kind": "platform"},
    "adjust": {"amount": -1000, "currency": "IDR", "reason": "miscounted"},
    "holdReserve": {"amount": 1000, "currency": "IDR", "reason": "dispute", "until": "2026-06-01T00:00:00.000000Z"},
    "releaseReserve": {"reserveId": "rsv_1", "amount": 1000},
    "requestPayout": {
        "amount": 1000,
        "currency": "IDR",
        "note": "April revenue",
        "bankCode": "bca",
        "bankName": "Bank Central Asia",
        "bankAccountNumber": "1234567890",
        "bankAccountHolder": "Siti Rahma",
    },
    "cancelPayout": {"payoutId": "pout_1"},
    "markInTransit": {"payoutId": "pout_1", "reference": "trf-1"},
    "markPaid": {"payoutId": "pout_1", "reference": "trf-1"},
    "markFailed": {"payoutId": "pout_1", "failureReason": "wrong number"},
    "recordBankReturn": {"payoutId": "pout_1", "reason": "account closed", "reference": "trf-1"},
    "linkProviderPayout": {"payoutId": "pout_1", "providerPayoutId": "po_1"},
    "resubmitPayout": {"payoutId": "pout_1", "reason": "the provider has no trace of it"},
    "closeCase": {"caseId": "case_1", "reason": "the bank confirmed it", "apply": True},
    "setChannel": {
        "channel": "lazada",
        "collects": "platform",
        "seller": "EG100RT",
        "currency": "EUR",
        "zone": "Asia/Jakarta",
    },
    "setStatementCycle": {"cycle": "weekly", "zone": "Asia/Jakarta", "weekStartsOn": "sunday"},
    "setTolerance": {"currency": "IDR", "tolerance": "250.50"},
    "setSettlementTerms": {
        "channel": "lazada",
        "period": "weekly",
        "dueAfterDays": 7,
        "dueAfterBusinessDays": 5,
        "country": "MY",
    },
    "makeMatch": {
        "entryId": "ben_1",
        "targets": [
            {"kind": "statement", "id": "S-1", "channel": "lazada", "seller": "EG100RT", "amount": 700},
            {"kind": "payout", "id": "pout_1", "channel": None, "seller": None, "amount": 300},
        ],
        "reason": "the bank's reference is cut off",
    },
    "unmakeMatch": {"matchId": "mat_1", "reason": "it was for another shop"},
    "setPayoutPolicy": {
        "currency": "IDR",
        "schedule": "weekly",
        "cutoff": {"day": "thursday", "time": "17:00"},
        "payDay": "monday",
        "automatic": True,
        "minimum": 5000000,
        "reserve": 1000,
        "zone": "Asia/Jakarta",
        "country": "ID",
    },
    "openDispute": {
        "reference": "o-1",
        "amount": 1000,
        "currency": "IDR",
        "reason": "not received",
        "disputeId": "dsp_1",
    },
    "resolveDispute": {"disputeId": "dsp_1", "outcome": "won", "reason": "it was delivered"},
}
"""Every command with all of its own fields, as decisions D spells them."""


def body(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "accountId": "acc_1", **BODIES[kind], **fields}


def refused_fields(document: dict[str, Any]) -> set[str]:
    """The last part of each complaint's place, having been refused."""
    with pytest.raises(ValidationError) as caught:
        WIRE.validate_python(document)
    return {str(error["loc"][-1]) for error in caught.value.errors()}
