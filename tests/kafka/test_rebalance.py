"""Members of the group that come, go and die while webhooks flow: each webhook counts once, whoever took it in."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.consuming import LATER, LATEST, Topic, a_payout, consuming, eventually, payout
from tests.support.served import served
from tests.support.webhooks import SECRET, Message, message, sdk_generation

ACCOUNTS = 12


def _hooks(kind: str, at: str, turn: str) -> list[Message]:
    return [
        message(
            sdk_generation(kind, payout(f"po_{n}"), event_id=f"evt_{n}_{turn}", account=f"acc_{n}", at=at),
            key=f"acc_{n}",
        )
        for n in range(ACCOUNTS)
    ]


async def _taken(api: Api) -> int:
    return int(await api.ledger.pool.fetchval("SELECT count(DISTINCT event_id) FROM deliveries"))


async def _owners(api: Api) -> int:
    """How often a partition got another owner."""
    return int(await api.ledger.pool.fetchval("SELECT coalesce(sum(epoch), 0) FROM consumer_offsets"))


@pytest.mark.real_kafka
async def test_members_come_go_and_die_and_every_webhook_counts_once(settings: Settings, broker: str) -> None:
    at = settings.model_copy(update={"kafka_bootstrap_servers": broker, "kafka_plain_bodies": True})
    environment = {"KAFKA_BOOTSTRAP_SERVERS": broker, "PLUGIPAY_WEBHOOK_SECRET": SECRET, "DISPATCHER": "false"}
    environment |= {"KAFKA_PLAIN_BODIES": "true"}
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=True)
    await producer.start()
    topic = Topic(producer, at.kafka_webhooks_topic)
    try:
        async with serving(at) as api:
            for number in range(ACCOUNTS):
                await a_payout(api, f"po_{number}", f"acc_{number}")
            async with consuming(api, at):
                await topic.put(*_hooks("created", LATER, "made"))
                await eventually(lambda: _reached(api, ACCOUNTS))
                alone = await _owners(api)
                async with served(settings, **environment) as second:
                    # A second member: some partitions are its own now.
                    async with asyncio.timeout(60):
                        while await _owners(api) == alone:
                            await asyncio.sleep(0.1)
                    await topic.put(*_hooks("in_transit", LATER, "sent"))
                    await eventually(lambda: _reached(api, 2 * ACCOUNTS))
                    shared = await _owners(api)
                    await topic.put(*_hooks("paid", LATEST, "paid"))
                    await second.kill()
                # What it had not committed is taken in by the one that is left, once the group notices.
                await topic.put(*_hooks("paid", LATEST, "again"))
                await eventually(lambda: _reached(api, 4 * ACCOUNTS), 90)
                assert await _owners(api) > shared > alone
            rows = await api.ledger.pool.fetch("SELECT type, envelope FROM events WHERE account_id LIKE 'acc%'")
            balances = await api.ledger.pool.fetch("SELECT available, reserved, paid_out FROM balances")
    finally:
        await producer.stop()
    observed = Counter(
        orjson.loads(row["envelope"])["data"]["eventId"] for row in rows if row["type"] == "provider.observed"
    )
    assert observed == {f"evt_{n}_{turn}": 1 for n in range(ACCOUNTS) for turn in ("made", "sent", "paid", "again")}
    assert Counter(row["type"] for row in rows)["payout.paid"] == ACCOUNTS
    assert [tuple(row) for row in balances] == [(600, 0, 400)] * ACCOUNTS


async def _reached(api: Api, count: int) -> bool:
    return await _taken(api) >= count
