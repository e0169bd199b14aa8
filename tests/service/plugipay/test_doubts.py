"""Webhooks that nobody can act on, over HTTP and from Kafka: stored, no money moves, and a case that a person sees."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.ledger.api_keys import OPERATOR
from service.platform.settings import Settings
from tests.support.api import Api, Caller
from tests.support.consuming import AT, LATER, Topic, a_payout, consuming, eventually, payout
from tests.support.webhooks import docs_generation, message, sdk_generation, signature

Deliver = Callable[[bytes], Awaitable[None]]


def paid(event_id: str = "evt_1", at: str = AT, **more: Any) -> bytes:
    return sdk_generation("paid", payout(**more), event_id=event_id, account="acc_1", at=at)


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def over_http(api: Api, *bodies: bytes) -> None:
    for body in bodies:
        headers = {"X-Plugipay-Signature": signature(body)}
        async with api.session.post(f"{api.base}/webhooks/plugipay", data=body, headers=headers) as response:
            assert response.status == 200, await response.text()


async def taken_in(api: Api, settings: Settings, topic: Topic, transport: str, *bodies: bytes) -> None:
    before = await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries")

    async def all_stored() -> bool:
        return bool(await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == before + len(bodies))

    async with consuming(api, settings):
        if transport == "http":
            # The receiver writes them to the topic, too.
            await over_http(api, *bodies)
        else:
            await topic.put(*(message(body) for body in bodies))
        await eventually(all_stored)


async def money(merchant: Caller) -> dict[str, Any]:
    found = (await merchant.get("/v1/payouts/balance")).data
    return {name: amount for name, amount in found.items() if name != "position"}


@pytest.mark.parametrize("transport", ["http", "kafka"])
@pytest.mark.parametrize(
    ("kind", "bodies", "status"),
    [
        ("status_differs", lambda: [paid(status="failed")], "pending"),
        ("status_differs", lambda: [docs_generation("failed", payout(status="PAID"), event_id="e", workspace="ws_acc_1", at=AT)], "pending"),
        ("event_id_reused", lambda: [paid(), paid(amount=400, reference="TRX-2")], "paid"),
        ("event_id_reused", lambda: [paid(), sdk_generation("failed", payout(), event_id="evt_1", account="acc_1", at=LATER)], "paid"),
        ("event_id_reused", lambda: [paid(status="paid"), paid(status="failed")], "paid"),
        ("unknown_event_type", lambda: [docs_generation("completed", payout(), event_id="e", workspace="ws_acc_1", at=AT)], "pending"),
        ("unknown_event_type", lambda: [sdk_generation("renewed", payout(status="failed"), event_id="e", account="acc_1", at=AT)], "pending"),
        ("dated_ahead", lambda: [paid(at=ahead(400))], "pending"),
        ("amount_differs", lambda: [paid(amount="four hundred")], "pending"),
        ("amount_differs", lambda: [paid(amount=400.5)], "pending"),
    ],
)  # fmt: skip
async def test_it_opens_a_case_and_moves_nothing(
    served: Api,
    kafka_settings: Settings,
    topic: Topic,
    transport: str,
    kind: str,
    bodies: Callable[[], list[bytes]],
    status: str,
) -> None:
    merchant, payout_id = await a_payout(served)
    before = await money(merchant)
    sent = bodies()
    await taken_in(served, kafka_settings, topic, transport, *sent)
    operator = await served.caller(account="acc_1", scopes=[OPERATOR])
    (case,) = (await operator.get("/v1/cases")).data
    assert (case["kind"], case["payoutId"], case["status"]) == (kind, payout_id, "open")
    shown = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert shown["status"] == status
    if status == "pending":
        assert await money(merchant) == before
    if kind == "amount_differs":
        assert case["amount"] is None
        assert "0 IDR" not in case["said"]
    # The same again is the same: nothing more is opened or appended.
    position = await served.position()
    await taken_in(served, kafka_settings, topic, transport, *sent)
    assert await served.position() == position


async def test_what_is_dated_within_the_skew_is_taken_at_its_word(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    await taken_in(served, kafka_settings, topic, "http", paid(at=ahead(200)))
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


async def test_what_comes_later_is_applied_though_something_dated_ahead_came_before(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    failed = sdk_generation("failed", payout(), event_id="evt_f", account="acc_1", at=ahead(10**6))
    await taken_in(served, kafka_settings, topic, "http", failed, paid())
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


@pytest.mark.parametrize("transport", ["http", "kafka"])
async def test_a_key_that_stands_twice_is_refused_and_moves_nothing(
    served: Api, kafka_settings: Settings, topic: Topic, transport: str
) -> None:
    merchant, payout_id = await a_payout(served)
    body = paid()[:-1] + b', "type": "plugipay.payout.failed.v1"}'
    assert json.loads(body)["type"] == "plugipay.payout.failed.v1"
    await taken_in(served, kafka_settings, topic, transport, body)
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "pending"
    (row,) = await served.ledger.pool.fetch("SELECT verdict, reason FROM deliveries")
    assert (row["verdict"], row["reason"]) == ("rejected", "the key 'type' is there twice in one object")
    async with served.session.post(
        f"{served.base}/webhooks/plugipay", data=body, headers={"X-Plugipay-Signature": signature(body, secret="x")}
    ) as response:
        assert response.status == 400
        assert "twice in one object" in await response.text()


async def test_a_record_without_a_signature_is_parked_and_names_the_headers_that_it_has(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    body, at = paid("evt_2"), str(int(time.time() * 1000)).encode()
    await topic.put(
        (b"acc_1", body, [("Plugipay-Sign", signature(body).encode()), ("Received-At", at)]),
        (b"acc_1", body, [("X_PLUGIPAY_SIGNATURE", signature(body).encode()), ("RECEIVED_AT", at)]),
        (b"acc_1", body, [("Plugipay-Signature", b"t=1,v1=00"), ("plugipay-signature", signature(body).encode()), ("x-received-at", at)]),
    )  # fmt: skip

    async def three() -> bool:
        return bool(await served.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 3)

    async with consuming(served, kafka_settings):
        await eventually(three)
    rows = await served.ledger.pool.fetch("SELECT verdict, reason FROM deliveries ORDER BY origin, verdict")
    assert sorted((row["verdict"], row["reason"]) for row in rows) == [
        ("accepted", None),
        ("duplicate", None),
        ("parked", "no plugipay-signature header: its headers are Plugipay-Sign, Received-At"),
    ]
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
