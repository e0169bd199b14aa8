"""A ledger in which everything has happened at least once that moves money."""

from __future__ import annotations

from tests.support.api import Api, Caller

MONEY = {"currency": "IDR"}


async def live(api: Api, account: str = "acc_1") -> Caller:
    """Every movement of money, in two currencies, with a balance below zero at the end of one."""
    merchant = await api.merchant(account, available=10_000, pending=700)
    await merchant.accepted(type="recordRevenue", amount=900, currency="USD", reference="usd-1", channel="shop")
    await merchant.accepted(type="settleRevenue", amount=400, currency="USD", reference="usd-1")
    await merchant.accepted(type="recordRefund", amount=800, reference="order-2", reason="wrong size", **MONEY)
    await merchant.accepted(type="chargeFee", amount=30, reference="inv-1", kind="platform", **MONEY)
    await merchant.accepted(type="adjust", amount=-7, reason="miscounted", **MONEY)
    await merchant.accepted(type="adjust", amount=3, reason="miscounted the other way", **MONEY)
    held = await merchant.accepted(type="holdReserve", amount=500, reason="dispute", **MONEY)
    await merchant.accepted(type="releaseReserve", reserveId=held["id"], amount=200)
    ids = [(await merchant.accepted(type="requestPayout", amount=1000 + n, **MONEY))["id"] for n in range(5)]
    await merchant.accepted(type="cancelPayout", payoutId=ids[0])
    for payout_id in ids[1:4]:
        await merchant.accepted(type="markInTransit", payoutId=payout_id, reference="TRX-1")
    await merchant.accepted(type="markFailed", payoutId=ids[1], failureReason="wrong number")
    await merchant.accepted(type="markPaid", payoutId=ids[2])
    await merchant.accepted(type="markPaid", payoutId=ids[3])
    await merchant.accepted(type="recordBankReturn", payoutId=ids[3], reason="account closed")
    await merchant.accepted(type="chargeFee", amount=500, currency="USD", reference="inv-2", kind="platform")
    await merchant.accepted(type="addWebhookSecret", secret="whsec_0000")
    await merchant.accepted(type="setProvider", workspaceId="ws_1", keyId="pk_1", secret="sk_live_0000")
    return merchant
