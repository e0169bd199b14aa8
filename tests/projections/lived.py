"""A ledger in which everything has happened at least once that moves money."""

from __future__ import annotations

import io

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from events.provider.observation import Observation
from events.provider.reports import ReportedStatus
from service.banks.import_source import BankOptions
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from service.plugipay.outbound.follow_up import record_responses
from tests.service.marketplaces.samples import sample
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
    await _disputes(merchant)
    await merchant.accepted(type="chargeFee", amount=500, currency="USD", reference="inv-2", kind="platform")
    await merchant.accepted(type="addWebhookSecret", secret="whsec_0000")
    await api.give_workspace(account)
    await _through_the_provider(api, merchant, account)
    await merchant.accepted(type="setChannel", channel="lazada", collects="platform", zone="Asia/Jakarta")
    await statements(api, account)
    await a_bank(api, merchant, account)
    return merchant


async def _disputes(merchant: Caller) -> None:
    """One of each outcome, one that stands open, and a refund of a disputed sale; and a policy."""
    await merchant.accepted(type="recordRevenue", amount=400, reference="order-3", **MONEY)
    for name, amount in (("won", 50), ("lost", 60), ("open", 300)):
        dispute = {"reference": "order-3", "amount": amount, "reason": "not received", "disputeId": f"dsp_{name}"}
        await merchant.accepted(type="openDispute", **dispute, **MONEY)
    for outcome in ("won", "lost"):
        await merchant.accepted(type="resolveDispute", disputeId=f"dsp_{outcome}", outcome=outcome, reason="decided")
    await merchant.accepted(type="recordRefund", amount=100, reference="order-3", **MONEY)
    await merchant.accepted(
        type="setPayoutPolicy", schedule="daily", cutoff={"time": "17:00"}, automatic=True, minimum=1, **MONEY
    )


async def _through_the_provider(api: Api, merchant: Caller, account: str) -> None:
    """Payouts of which the provider told: paid, taken back, adopted, and one with a case that stands open."""
    await merchant.accepted(type="setBackend", backend="plugipay")
    ids = [
        (await merchant.accepted(type="requestPayout", amount=10 + n, bankCode="bca", **MONEY))["id"] for n in range(3)
    ]
    told = [
        said(ReportedStatus.PAID, "2026-05-03T00:00:00.000000Z", "evt_1", f"po_{account}_1", 10),
        said(ReportedStatus.FAILED, "2026-05-02T00:00:00.000000Z", "evt_2", f"po_{account}_1", 10),
        said(ReportedStatus.PAID, "2026-05-03T00:00:00.000000Z", "evt_3", f"po_{account}_2", 99),
        said(ReportedStatus.IN_TRANSIT, "2026-05-03T00:00:00.000000Z", "evt_4", f"po_{account}_3", 50),
    ]
    mentions = [(ids[0],), (ids[0],), (ids[1],), ()]
    lane = await api.ledger.lane_of(account)
    await record_responses(api.ledger, lane, account, list(zip(told, mentions, strict=True)))


def said(says: ReportedStatus, at: str, event_id: str, provider_payout_id: str, amount: int) -> Observation:
    return Observation("plugipay", event_id, f"payout.{says.value}", says, at, provider_payout_id, amount, "IDR")


async def a_bank(api: Api, merchant: Caller, account: str) -> None:
    """A bank's statement with three entries: one matched, one matched no more."""
    table = (
        b"date,amount,description,reference\n2026-05-03,10.00,Siti,R-1\n2026-05-03,-5.00,x,R-2\n2026-05-03,1.00,x,\n"
    )
    origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
    request = ImportRequest(account, "may.csv", BankOptions("111", "IDR"))
    await import_file(api.ledger, request, io.BytesIO(table), origin)
    entries = await api.ledger.pool.fetch(
        "SELECT entry_id FROM bank_entries WHERE account_id = $1 ORDER BY position", account
    )
    targets = [{"kind": "other", "id": "interest"}]
    made = [
        await merchant.accepted(type="makeMatch", entryId=entry["entry_id"], targets=targets, reason="seen")
        for entry in entries[:2]
    ]
    await merchant.accepted(type="unmakeMatch", matchId=made[1]["id"], reason="mistaken")


async def statements(api: Api, account: str) -> None:
    """Two statements that are owed, one of which is paid later."""
    unpaid = sample("lazada-get-payout-status.xml")
    for content in (unpaid, unpaid.replace(b"<Paid>0</Paid>", b"<Paid>1</Paid>", 1)):
        origin = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
        request = ImportRequest(account, "statements.xml", MarketplaceOptions("lazada"))
        await import_file(api.ledger, request, io.BytesIO(content), origin)
    escrow = io.BytesIO(sample("shopee-escrow-detail.json"))
    request = ImportRequest(account, "escrow.json", MarketplaceOptions("shopee", currency="SGD"))
    await import_file(api.ledger, request, escrow, origin)
