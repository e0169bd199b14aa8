"""A ledger with webhooks on, a merchant, and a clock that can be moved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.abc import AbstractResolver

from service.outgoing.fan_out_worker import FanOutWorker
from service.outgoing.sender import Sender
from service.platform.settings import Settings
from tests.service.outgoing.receiver import Receiver
from tests.support.api import Api, Caller
from tests.support.waiting import until

PATH = "/v1/webhook-endpoints"
NUMBER, HOLDER = "8830441276", "Siti Rahmawati"
BANK = {"bankCode": "bca", "bankName": "BCA", "bankAccountNumber": NUMBER, "bankAccountHolder": HOLDER}


@dataclass
class Clock:
    """The real time, moved ahead by a test."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class Stage:
    api: Api
    settings: Settings
    clock: Clock
    receiver: Receiver

    async def merchant(self, account: str = "acc_1", available: int = 10_000) -> Caller:
        merchant = await self.api.merchant(account, available=available, bank=False)
        assert (await merchant.patch("/v1/payouts/bank-account", BANK)).status == 200
        return merchant

    async def endpoint(
        self, caller: Caller, path: str = "/hook", *events: str, url: str | None = None
    ) -> dict[str, Any]:
        """An endpoint that is switched on, with its secret."""
        body = {"url": url or self.receiver.url(path), "events": list(events) or ["*"]}
        made = await caller.post(PATH, body)
        assert made.status == 201, made.raw
        on = await caller.patch(f"{PATH}/{made.data['id']}", {"enabled": True})
        assert on.data["enabled"] is True, on.raw
        document = made.data
        assert isinstance(document, dict)
        return document

    async def deliveries(self, caller: Caller, endpoint_id: str, query: str = "") -> list[dict[str, Any]]:
        answer = await caller.get(f"{PATH}/{endpoint_id}/deliveries{query}")
        assert answer.status == 200, answer.raw
        found = answer.data
        assert isinstance(found, list)
        return found

    async def until_deliveries(self, caller: Caller, endpoint_id: str, *statuses: str) -> list[dict[str, Any]]:
        """Returns once the deliveries, oldest event first, have these statuses."""

        async def so() -> bool:
            found = [delivery["status"] for delivery in await self.deliveries(caller, endpoint_id)]
            return found[::-1] == list(statuses)

        await until(so, f"deliveries are {statuses}")
        return (await self.deliveries(caller, endpoint_id))[::-1]

    async def first_attempt(self, caller: Caller, endpoint_id: str) -> dict[str, Any]:
        """The first attempt at the endpoint's only delivery."""

        async def noted() -> bool:
            return any(delivery["attempts"] for delivery in await self.deliveries(caller, endpoint_id))

        await until(noted, "an attempt is noted")
        [delivery] = await self.deliveries(caller, endpoint_id)
        attempt = delivery["attempts"][0]
        assert isinstance(attempt, dict)
        return attempt

    async def fanned_out(self) -> None:
        """Returns once every event so far has been fanned out."""
        position = await self.api.position()

        async def there() -> bool:
            reached = await self.api.ledger.pool.fetchval(
                "SELECT position FROM checkpoints WHERE projection = 'webhooks'"
            )
            return bool(reached is not None and reached >= position)

        await until(there, "the log is fanned out")


async def payout(merchant: Caller, amount: int = 400) -> str:
    answer = await merchant.post("/v1/payouts", {"amount": amount, "currency": "IDR", "note": "April"})
    assert answer.status == 201, answer.raw
    return str(answer.data["id"])


async def revenue(merchant: Caller, *references: str) -> None:
    for reference in references:
        await merchant.accepted(type="recordRevenue", amount=5, currency="IDR", reference=reference)


@contextlib.asynccontextmanager
async def sending(
    stage: Stage, senders: int = 1, *, settings: Settings | None = None, resolver: AbstractResolver | None = None
) -> AsyncIterator[list[Sender]]:
    """Fan-out and senders, running; what is under way is finished at the end."""
    at = settings or stage.settings
    running = [Sender(stage.api.ledger, at, resolver=resolver) for _ in range(senders)]
    fan_outs = [FanOutWorker(stage.api.ledger, at, sender) for sender in running]
    parts: list[Sender | FanOutWorker] = [*fan_outs, *running]
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield running
    finally:
        for part in parts:
            part.stop()
        await asyncio.gather(*tasks)
