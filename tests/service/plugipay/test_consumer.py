"""Webhooks from Kafka: each has its effect once, in any order, and none is lost."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from events.catalog import AnyEvent
from events.provider import observe
from events.provider.observation import Observation
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound import delivery_unit
from tests.support.api import Api
from tests.support.consuming import AT, LATER, LATEST, Topic, a_payout, consuming, eventually, payout
from tests.support.webhooks import docs_generation, message, sdk_generation, signature

PARTITIONS = 4
"""Of a topic that a broker of the tests makes."""


def initiated(event_id: str = "evt_1", at: str = AT) -> bytes:
    return docs_generation("initiated", payout(), event_id=event_id, workspace="ws_acc_1", at=at)


def paid(event_id: str = "evt_2", at: str = LATER, **more: Any) -> bytes:
    return sdk_generation("paid", payout(reference="TRX-9", **more), event_id=event_id, account="acc_1", at=at)


async def verdicts(api: Api) -> list[str]:
    rows = await api.ledger.pool.fetch("SELECT verdict FROM deliveries ORDER BY recorded_at, delivery_id")
    return [row["verdict"] for row in rows]


async def test_webhooks_of_both_generations_move_a_payout_and_a_repetition_changes_nothing(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)

    async def status() -> str:
        return str((await merchant.get(f"/v1/payouts/{payout_id}")).data["status"])

    async with consuming(served, kafka_settings) as health:
        await eventually(lambda: connected(health))
        await topic.put(message(initiated()))
        await eventually(lambda: equals(status, "in_transit"))
        await topic.put(message(paid()))
        await eventually(lambda: equals(status, "paid"))
        position = await served.position()
        await topic.put(message(paid()), message(initiated()), message(paid()))
        await eventually(lambda: counted(served, 5))
    assert await verdicts(served) == ["accepted", "accepted", "duplicate", "duplicate", "duplicate"]
    assert await served.position() == position, "a duplicate made an event"
    document = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (document["status"], document["reference"]) == ("paid", "TRX-9")
    assert (document["inTransitAt"], document["paidAt"]) == (
        "2026-05-12T00:00:00.000000Z",
        "2026-05-12T01:00:00.000000Z",
    )
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["reserved"], balance["paidOut"]) == (600, 0, 400)


async def test_out_of_order_and_twice_ends_in_the_same_state(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    await topic.put(message(paid()), message(initiated()), message(initiated()), message(paid()))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 4))
    document = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (document["status"], document["inTransitAt"], document["paidAt"]) == (
        "paid",
        "2026-05-12T00:00:00.000000Z",
        "2026-05-12T01:00:00.000000Z",
    )
    assert (await merchant.get("/v1/payouts/balance")).data["paidOut"] == 400


async def test_a_return_after_paid_gives_the_money_back_and_an_older_failure_does_not(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    stale = docs_generation("failed", payout(failureReason="old"), event_id="evt_3", workspace="ws_acc_1", at=AT)
    newer = docs_generation("failed", payout(failureReason="closed"), event_id="evt_4", workspace="ws_acc_1", at=LATEST)
    async with consuming(served, kafka_settings):
        await topic.put(message(paid()), message(stale))
        await eventually(lambda: counted(served, 2))
        assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
        await topic.put(message(newer))
        await eventually(lambda: counted(served, 3))
    document = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (document["status"], document["failureReason"]) == ("failed", "closed")
    assert document["returnedAt"] == "2026-05-13T00:00:00.000000Z"
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 1000


async def test_what_is_rejected_or_cannot_be_read_is_stored_and_blocks_nothing(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    body = paid()
    unknown_type = sdk_generation("teleported", payout(), event_id="evt_7", account="acc_1", at=AT)
    unknown_account = sdk_generation("paid", payout(), event_id="evt_8", account="acc_nobody", at=AT)
    await topic.put(
        message(body, header=signature(body, secret="whsec_of_somebody_else")),
        message(body, header=signature(body, at=time.time() - 301)),
        message(body, received_at=time.time() + 3600),
        (b"acc_1", body, [("plugipay-signature", signature(body).encode())]),
        message(b"\x00 not json"),
        message(unknown_account),
        message(unknown_type),
        message(paid("evt_9")),
    )
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 8))
    rows = await served.ledger.pool.fetch("SELECT account_id, event_id, verdict, reason FROM deliveries")
    rejected = {(row["account_id"], row["reason"]) for row in rows if row["verdict"] == "rejected"}
    assert {account for account, _ in rejected} == {"acc_1", "system"}
    reasons = " | ".join(reason for _, reason in rejected)
    for part in ("matches none", "more than 300 s", "not JSON", "no secret is known"):
        assert part in reasons
    parked = sorted(row["reason"] for row in rows if row["verdict"] == "parked")
    assert [any(part in reason for part in ("future", "no received-at")) for reason in parked] == [True, True]
    waiting = await served.ledger.pool.fetch("SELECT reason FROM parked_deliveries WHERE ended_at IS NULL")
    assert sorted(row["reason"] for row in waiting) == parked
    assert {row["event_id"] for row in rows if row["verdict"] == "accepted"} == {"evt_7", "evt_9"}
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
    observed = await served.ledger.pool.fetch("SELECT envelope FROM events WHERE type = 'provider.observed'")
    assert sorted('"verdict":"ignored"' in row["envelope"] for row in observed) == [False, True]


async def test_what_our_own_receiver_did_not_seal_waits_for_a_person_where_it_is_not_allowed(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    """A webhook that was caught, written to the topic again with the time that it had then."""
    merchant, payout_id = await a_payout(served)
    assert Settings.model_fields["kafka_plain_bodies"].default is None
    by_default = kafka_settings.model_copy(update={"kafka_plain_bodies": None})
    an_hour_ago = time.time() - 3600
    await topic.put(message(paid(), header=signature(paid(), at=an_hour_ago), received_at=an_hour_ago))
    async with consuming(served, by_default):
        await eventually(lambda: counted(served, 1))
    [row] = await served.ledger.pool.fetch("SELECT verdict, reason FROM deliveries")
    assert row["verdict"] == "parked"
    assert "KAFKA_PLAIN_BODIES" in row["reason"]
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] != "paid"


async def test_a_payout_that_nobody_requested_is_adopted_and_taken_from_the_balance(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, _ = await a_payout(served)
    body = sdk_generation("paid", payout("po_strange"), event_id="evt_5", account="acc_1", at=AT)
    async with consuming(served, kafka_settings):
        await topic.put(message(body))
        await eventually(lambda: counted(served, 1))
    [row] = await served.ledger.pool.fetch("SELECT envelope FROM events WHERE type = 'provider.observed'")
    assert '"verdict":"adopted"' in row["envelope"]
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["reserved"], balance["paidOut"]) == (200, 400, 400)


async def test_offsets_move_with_the_events_so_a_new_consumer_goes_on_where_postgres_says(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    merchant, payout_id = await a_payout(served)
    await topic.put(message(initiated()))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 1))
    assert await served.ledger.pool.fetchval("SELECT sum(next_offset) FROM consumer_offsets") == 1
    # A group that Kafka does not know: only Postgres has the offsets.
    other = kafka_settings.model_copy(update={"kafka_group": f"{kafka_settings.kafka_group}.other"})
    await topic.put(message(paid()))
    async with consuming(served, other):
        await eventually(lambda: counted(served, 2))
    assert await verdicts(served) == ["accepted", "accepted"], "the first was read again"
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


async def test_a_consumer_that_was_fenced_off_writes_nothing(
    served: Api, kafka_settings: Settings, topic: Topic
) -> None:
    """Another member has been assigned the partition; this one has read a batch and does not know it yet."""
    merchant, payout_id = await a_payout(served)
    async with consuming(served, kafka_settings) as health:
        await eventually(lambda: connected(health))
        await eventually(lambda: assigned(served))
        owner = await asyncpg.connect(kafka_settings.migrate_database_url)
        await owner.execute("UPDATE consumer_offsets SET epoch = epoch + 1")
        bumped = await owner.fetchval("SELECT max(epoch) FROM consumer_offsets")
        await topic.put(message(paid()))
        # Its append is refused; it reads its offsets again (which raises the epoch again), and ingests the message once.
        await eventually(lambda: counted(served, 1))
        assert await owner.fetchval("SELECT max(epoch) FROM consumer_offsets") > bumped
        await owner.close()
    assert await verdicts(served) == ["accepted"]
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


async def test_what_was_received_is_sealed(served: Api, kafka_settings: Settings, topic: Topic) -> None:
    await a_payout(served)
    body = paid(bankAccountNumber="9988776655")
    async with consuming(served, kafka_settings):
        await topic.put(message(body))
        await eventually(lambda: counted(served, 1))
    row = await served.ledger.pool.fetchrow("SELECT raw, account_id FROM deliveries")
    key_row = await served.ledger.pool.fetchrow(
        "SELECT generation, wrapped FROM account_keys WHERE account_id = 'acc_1'"
    )
    assert row is not None

    assert b"9988776655" not in row["raw"]
    assert key_row is not None
    key = served.ledger.vault.account_key("acc_1", key_row["generation"], key_row["wrapped"])
    assert key.unseal_bytes("delivery", row["raw"]) == body, "byte for byte"


async def equals(value: Callable[[], Awaitable[str]], wanted: str) -> bool:
    return await value() == wanted


async def connected(health: Health) -> bool:
    return "broker" in health.parts and health.parts["broker"].ok


async def assigned(api: Api) -> bool:
    """Whether every partition of the topic has been assigned."""
    return int(await api.ledger.pool.fetchval("SELECT count(*) FROM consumer_offsets")) == PARTITIONS


async def counted(api: Api, deliveries: int) -> bool:
    return int(await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries")) >= deliveries


async def test_headers_that_make_no_sense_block_nothing(served: Api, kafka_settings: Settings, topic: Topic) -> None:
    """A time after the year 9999, and bytes that Postgres does not accept as text."""
    merchant, payout_id = await a_payout(served)
    body = paid()
    signed = ("plugipay-signature", signature(body).encode())
    await topic.put(
        (b"acc_1", body, [signed, ("received-at", b"999999999999999")]),
        (b"acc_1", body, [("plugipay-signature", b"t=1,v1=\x00\xff" * 900), ("received-at", b"1750000000000")]),
        message(body),
    )
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3))
    assert sorted(await verdicts(served)) == ["accepted", "parked", "rejected"]
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"


async def test_a_delivery_that_our_code_fails_on_is_parked_and_the_others_are_ingested(
    served: Api, kafka_settings: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant, payout_id = await a_payout(served)
    real_observe = observe.observe

    def failing_observe(observation: Observation, *rest: Any) -> Sequence[AnyEvent]:
        if observation.event_id == "evt_poison":
            raise ZeroDivisionError("an account number stands here: 0000000099")
        return real_observe(observation, *rest)

    monkeypatch.setattr(delivery_unit, "observe", failing_observe)
    await topic.put(message(initiated()), message(paid("evt_poison")), message(paid("evt_9")))
    async with consuming(served, kafka_settings):
        await eventually(lambda: counted(served, 3))
    rows = await served.ledger.pool.fetch("SELECT event_id, verdict, reason FROM deliveries")
    assert {(row["event_id"], row["verdict"]) for row in rows} == {
        ("evt_1", "accepted"),
        ("evt_poison", "parked"),
        ("evt_9", "accepted"),
    }
    reason = next(row["reason"] for row in rows if row["verdict"] == "parked")
    assert "ZeroDivisionError" in reason
    assert "0000000099" not in reason
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["status"] == "paid"
    # It is not read again: the partition's offset is behind it.
    before = await served.ledger.pool.fetchval("SELECT count(*) FROM deliveries")
    async with consuming(served, kafka_settings):
        await topic.put(message(paid("evt_10")))
        await eventually(lambda: counted(served, before + 1))
    assert await served.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == before + 1
