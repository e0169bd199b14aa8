"""A consumer killed at every step from the broker to the committed offsets: nothing is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter

import orjson
import pytest

from service.platform.settings import Settings
from tests.support.api import Api
from tests.support.consuming import LATER, LATEST, Topic, a_payout, consuming, eventually, payout
from tests.support.killed import CODE, STEPS
from tests.support.webhooks import message, sdk_generation

PAYOUTS = 6


async def _killed_at(step: str, settings: Settings) -> None:
    secret = settings.plugipay_webhook_secret
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.killed",
        step,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "MASTER_KEY": settings.master_key.get_secret_value(),
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers or "",
            "KAFKA_WEBHOOKS_TOPIC": settings.kafka_webhooks_topic,
            "KAFKA_GROUP": settings.kafka_group,
            "KAFKA_SESSION_TIMEOUT_SECONDS": str(settings.kafka_session_timeout_seconds),
            "KAFKA_PLAIN_BODIES": "true",
            "PLUGIPAY_WEBHOOK_SECRET": secret.get_secret_value() if secret else "",
        },
    )
    async with asyncio.timeout(90):
        _, log = await process.communicate()
    assert process.returncode == CODE, log.decode()[-2000:]


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at(step: str, served: Api, kafka_settings: Settings, topic: Topic) -> None:
    webhooks = []
    for number in range(PAYOUTS):
        account, theirs = f"acc_{number}", payout(f"po_{number}")
        await a_payout(served, theirs["id"], account)
        sent = sdk_generation("in_transit", theirs, event_id=f"evt_{number}_sent", account=account, at=LATER)
        paid = sdk_generation("paid", theirs, event_id=f"evt_{number}_paid", account=account, at=LATEST)
        # Each one twice, the newer one first.
        webhooks += [message(body, key=account) for body in (paid, sent, paid, sent)]
    await topic.put(*webhooks)
    await _killed_at(step, kafka_settings)

    async def all_paid() -> bool:
        paid = await served.ledger.pool.fetchval("SELECT count(*) FROM payouts WHERE status = 'paid'")
        stored = await served.ledger.pool.fetchval("SELECT count(DISTINCT origin) FROM deliveries")
        return (paid, stored) == (PAYOUTS, len(webhooks))

    async with consuming(served, kafka_settings):
        await eventually(all_paid)
    rows = await served.ledger.pool.fetch("SELECT type, envelope FROM events WHERE account_id LIKE 'acc%'")
    observed = Counter(
        orjson.loads(row["envelope"])["data"]["eventId"] for row in rows if row["type"] == "provider.observed"
    )
    assert observed == Counter({f"evt_{n}_{what}": 1 for n in range(PAYOUTS) for what in ("sent", "paid")})
    assert Counter(row["type"] for row in rows)["payout.paid"] == PAYOUTS
    balances = await served.ledger.pool.fetch("SELECT available, reserved, paid_out FROM balances")
    assert [tuple(row) for row in balances] == [(600, 0, 400)] * PAYOUTS
