"""A consumer in the test's event loop, the provider's side of its topic, and payouts for the webhooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound.consumer import Consumer
from tests.support.api import Api, Caller
from tests.support.webhooks import SECRET, Message

AT = "2026-05-12T00:00:00Z"
LATER = "2026-05-12T01:00:00Z"
LATEST = "2026-05-13T00:00:00Z"


async def eventually(true: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    """Returns once it is true; TimeoutError where it never is."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def consuming(api: Api, settings: Settings) -> AsyncIterator[Health]:
    health = Health(api.ledger.pool, settings)
    consumer = Consumer(api.ledger, settings, health)
    task = asyncio.create_task(consumer.run())
    try:
        yield health
    finally:
        consumer.stop()
        await task


class Topic:
    """The provider's side of the topic."""

    def __init__(self, producer: AIOKafkaProducer, name: str) -> None:
        self._producer = producer
        self._name = name

    async def put(self, *messages: Message) -> None:
        for key, value, headers in messages:
            await self._producer.send_and_wait(self._name, value, key=key, headers=headers)


async def a_payout(api: Api, provider_id: str = "po_1", account: str = "acc_1") -> tuple[Caller, str]:
    """A payout of 400 out of 1000 that the provider knows, on an account whose deliveries can be verified."""
    merchant = await api.merchant(account, available=1000, backend="plugipay")
    await api.give_workspace(account)
    await merchant.accepted(type="addWebhookSecret", secret=SECRET)
    payout_id = (await merchant.post("/v1/payouts", {"amount": 400, "currency": "IDR"})).data["id"]
    await merchant.accepted(type="linkProviderPayout", payoutId=payout_id, providerPayoutId=provider_id)
    return merchant, payout_id


def payout(provider_id: str = "po_1", **more: Any) -> dict[str, Any]:
    return {"id": provider_id, "amount": 400, "currency": "IDR", **more}
