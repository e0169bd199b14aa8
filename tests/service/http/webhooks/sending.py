"""Webhooks on their way in: what is sent, what the broker has of it, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from service.platform.health import Health
from service.platform.runtime import REAL, Runtime
from service.platform.settings import Settings
from service.plugipay.inbound.consumer import Consumer
from tests.support.api import Answer, Api, Caller
from tests.support.waiting import until
from tests.support.webhooks import SECRET, docs_generation, sdk_generation, signature

PATH = "/webhooks/plugipay"
AT, LATER = "2026-05-12T00:00:00Z", "2026-05-12T01:00:00Z"
HEADERS = ("X-Plugipay-Signature", "Plugipay-Signature")


class Clock:
    """A monotonic clock that can be moved on; the loop's own goes its way."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.runtime: Runtime = dataclasses.replace(REAL, monotonic=lambda: time.monotonic() + self.ahead)


async def post(api: Api, body: bytes, header: str | None = None, name: str = HEADERS[0]) -> Answer:
    given = {name: signature(body) if header is None else header}
    async with api.session.post(api.base + PATH, data=body, headers=given) as response:
        return Answer(response.status, await response.read(), await response.json(), response.headers)


async def an_account(api: Api, account: str = "acc_1", secret: str = SECRET) -> tuple[Caller, str]:
    """An account in Plugipay mode with one webhook secret; and that secret's id."""
    merchant = await api.merchant(account, available=1000, backend="plugipay")
    await api.give_workspace(account)
    return merchant, (await merchant.accepted(type="addWebhookSecret", secret=secret))["id"]


async def a_payout(merchant: Caller) -> str:
    payout_id = str((await merchant.post("/v1/payouts", {"amount": 400, "currency": "IDR"})).data["id"])
    await merchant.accepted(type="linkProviderPayout", payoutId=payout_id, providerPayoutId="po_1")
    return payout_id


def payout(**more: Any) -> dict[str, Any]:
    return {"id": "po_1", "amount": 400, "currency": "IDR", "bankAccountNumber": "9988776655", **more}


def initiated(event_id: str = "evt_1") -> bytes:
    return docs_generation("initiated", payout(), event_id=event_id, workspace="ws_acc_1", at=AT)


def paid(event_id: str = "evt_2", account: str = "acc_1") -> bytes:
    return sdk_generation("paid", payout(reference="TRX-9"), event_id=event_id, account=account, at=LATER)


@contextlib.asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, fetch_max_wait_ms=100)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(settings.kafka_webhooks_topic)
        partitions = [
            TopicPartition(settings.kafka_webhooks_topic, number)
            for number in sorted(consumer.partitions_for_topic(settings.kafka_webhooks_topic) or ())
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()


async def on_the_topic(settings: Settings) -> list[ConsumerRecord]:
    """All records that the broker has."""
    async with reading(settings) as (consumer, partitions):
        wanted = sum((await consumer.end_offsets(partitions)).values())
        records: list[ConsumerRecord] = []
        async with asyncio.timeout(20):
            while len(records) < wanted:
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records += found
        return records


@contextlib.asynccontextmanager
async def consuming(api: Api, settings: Settings) -> AsyncIterator[None]:
    consumer = Consumer(api.ledger, settings, Health(api.ledger.pool, settings))
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        consumer.stop()
        await task


async def deliveries(api: Api) -> list[tuple[str, str, str | None]]:
    rows = await api.ledger.pool.fetch(
        "SELECT account_id, verdict, reason FROM deliveries ORDER BY recorded_at, delivery_id"
    )
    return [(row["account_id"], row["verdict"], row["reason"]) for row in rows]


async def until_taken_in(api: Api, count: int) -> list[tuple[str, str, str | None]]:
    async def taken_in() -> bool:
        return len(await deliveries(api)) >= count

    await until(taken_in, f"{count} deliveries are in the log", 30)
    return await deliveries(api)


async def part(api: Api, name: str) -> dict[str, Any]:
    async with api.session.get(f"{api.base}/readyz") as response:
        found = (await response.json())["parts"][name]
        assert isinstance(found, dict)
        return found


def forged(body: bytes) -> str:
    return signature(body, secret="whsec_of_somebody_else")
