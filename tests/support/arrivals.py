"""Deliveries ingested as the consumer does it, without a broker."""

from __future__ import annotations

import time

from events.provider.observation import Observation
from events.provider.reports import ReportedStatus
from service.ledger.ledger import Ledger
from service.platform.settings import Settings
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, read_received_at
from service.plugipay.inbound.delivery_unit import Delivery
from service.plugipay.inbound.ingest import ingest
from service.plugipay.outbound.follow_up import record_responses
from tests.support.api import Api, Caller
from tests.support.webhooks import SECRET, docs_generation, signature

AT = "2026-05-12T00:00:00Z"


async def provider_payout(
    api: Api, account: str = "acc_1", provider_id: str = "po_1", *, workspace: bool = True
) -> tuple[Caller, str]:
    """A payout of 400 out of 1000 that the provider knows, on an account whose webhooks can be verified."""
    merchant = await api.merchant(account, available=1000, backend="plugipay")
    if workspace:
        await api.give_workspace(account)
    await merchant.accepted(type="addWebhookSecret", secret=SECRET)
    payout_id = (await merchant.post("/v1/payouts", {"amount": 400, "currency": "IDR"})).data["id"]
    await merchant.accepted(type="linkProviderPayout", payoutId=payout_id, providerPayoutId=provider_id)
    return merchant, str(payout_id)


def paid(
    event_id: str = "evt_1", *, workspace: str = "ws_acc_1", amount: int = 400, provider_id: str = "po_1"
) -> bytes:
    payout = {"id": provider_id, "amount": amount, "currency": "IDR", "reference": "TRX-9"}
    return docs_generation("paid", payout, event_id=event_id, workspace=workspace, at=AT)


async def arrive(
    ledger: Ledger,
    settings: Settings,
    body: bytes,
    *,
    header: str | None = None,
    received_at: str | None = None,
    quarantine_reason: str | None = None,
) -> tuple[str, str]:
    """One message of the topic, by default signed and received now. Returns its delivery's id and verdict."""
    text = str(int(time.time() * 1000)) if received_at is None else received_at
    when, wrong = read_received_at(text, ledger.runtime.now())
    arrived = ArrivedWebhook(
        body, (signature(body) if header is None else header,), when, "test/0/0", quarantine_reason or wrong
    )
    router = DeliveryRouter(ledger, settings)
    claimed_ids = [] if isinstance(arrived.parsed, str) else [arrived.parsed.claimed_id]
    lane, delivery = router.route(arrived, await router.read_routes(claimed_ids))
    [verdict] = await ingest(ledger, lane, [delivery])
    return await newest(ledger), verdict


async def newest(ledger: Ledger) -> str:
    found = await ledger.pool.fetchval("SELECT delivery_id::text FROM deliveries ORDER BY delivery_id DESC LIMIT 1")
    assert isinstance(found, str)
    return found


async def park(ledger: Ledger, account: str, reason: str = "a person has to look") -> str:
    """A parked delivery of an account that can never be ingested."""
    lane = await ledger.lane_of(account) if account != "system" else 1
    await ingest(ledger, lane, [Delivery(account, b"\x00 no JSON", None, None, "test/0/1", quarantine_reason=reason)])
    return await newest(ledger)


async def open_case(ledger: Ledger, account: str, payout_id: str, event_id: str = "evt_case") -> str:
    """A case about a payout that is paid by hand: the provider reports it."""
    observation = Observation(
        "plugipay", event_id, "payout.paid", ReportedStatus.PAID, AT, f"po_{event_id}", 7, "IDR", "TRX-1"
    )
    await record_responses(ledger, await ledger.lane_of(account), account, [(observation, (payout_id,))])
    found = await ledger.pool.fetchval(
        "SELECT case_id FROM cases WHERE account_id = $1 AND payout_id = $2", account, payout_id
    )
    assert isinstance(found, str)
    return found
