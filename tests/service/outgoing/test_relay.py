"""The topic `payouts.events`: every event, in order for each account, at least once, and nothing that is sealed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from structlog.testing import capture_logs

from events.balances.commands import RecordRevenue
from events.envelope import Envelope
from events.redaction import public_data
from projections.journal import Journal
from projections.runner import read_events, rebuild
from service.ledger.replay import rebuild_inline
from service.outgoing import cloudevents
from service.outgoing import relay as relays
from service.outgoing.relay import PART, Relay
from service.platform.health import Health
from service.platform.settings import Settings
from simulator.servers.kafka import start_broker
from tests.projections.lived import live
from tests.service.outgoing.stage import BANK, HOLDER, NUMBER
from tests.support.api import Api, serving
from tests.support.own import execute
from tests.support.tables import as_owner
from tests.support.waiting import until


@dataclass
class Topic:
    """What stands on the topic, read anew each time."""

    servers: str
    name: str

    async def records(self) -> list[Any]:
        """All records, each partition's in its order."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.servers, enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer._client._wait_on_metadata(self.name)
            numbers = sorted(consumer.partitions_for_topic(self.name))
            partitions = [TopicPartition(self.name, number) for number in numbers]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[Any] = []
            for partition in partitions:
                while await consumer.position(partition) < ends[partition]:
                    found.append(await consumer.getone(partition))
            return found
        finally:
            await consumer.stop()

    async def events(self) -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in await self.records()]


@pytest_asyncio.fixture
async def at(settings: Settings, broker: str) -> Settings:
    # A topic of the test's own.
    name = settings.kafka_webhooks_topic.replace("plugipay.webhooks", "payouts.events")
    return settings.model_copy(update={"kafka_bootstrap_servers": broker, "kafka_events_topic": name})


@pytest_asyncio.fixture
async def api(at: Settings) -> AsyncIterator[Api]:
    async with serving(at) as running:
        yield running


@pytest_asyncio.fixture
async def topic(at: Settings) -> Topic:
    return Topic(str(at.kafka_bootstrap_servers), at.kafka_events_topic)


@contextlib.asynccontextmanager
async def relaying(api: Api, at: Settings, count: int = 1) -> AsyncIterator[Health]:
    health = Health(api.ledger.pool, at)
    running = [Relay(api.ledger, at, health) for _ in range(count)]
    tasks = [asyncio.create_task(one.run()) for one in running]
    try:
        yield health
    finally:
        for one in running:
            one.stop()
        await asyncio.gather(*tasks)


async def relayed(api: Api, at: Settings, position: int | None = None, lane: int = 1) -> None:
    """Returns once the lane's checkpoint is at its head."""
    wanted = position if position is not None else await api.position(lane)

    async def there() -> bool:
        reached = await api.ledger.pool.fetchval(
            "SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2",
            lane,
            f"relay:{at.kafka_events_topic}",
        )
        return bool(reached == wanted)

    await until(there, f"lane {lane} is relayed up to {wanted}")


async def log_of(api: Api) -> list[dict[str, Any]]:
    rows = await api.ledger.pool.fetch("SELECT envelope FROM events ORDER BY lane, position")
    return [json.loads(row["envelope"]) for row in rows]


def by_account(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Each account's event ids in the order in which they first appear."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        found[event["subject"]][event["id"]] = None
    return {account: list(ids) for account, ids in found.items()}


async def expected_order(api: Api) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for envelope in await log_of(api):
        found[envelope["accountId"]].append(envelope["eventId"])
    return dict(found)


async def test_every_event_of_every_kind_arrives_once_and_in_order_as_a_cloud_event(
    api: Api, at: Settings, topic: Topic
) -> None:
    for account in ("acc_1", "acc_2", "acc_3"):
        await live(api, account)
    async with relaying(api, at) as health:
        await relayed(api, at)
        assert health.parts[PART].ok
    records = await topic.records()
    told = {json.loads(record.value)["id"]: record for record in records}
    log = await log_of(api)
    assert len(records) == len(told) == len(log)
    assert {envelope["type"] for envelope in log} >= {"ledger.begun", "payout.paid", "payout.returned", "reserve.held"}
    for envelope in log:
        record = told[envelope["eventId"]]
        message = json.loads(record.value)
        assert dict(record.headers) == {"content-type": b"application/cloudevents+json; charset=utf-8"}
        assert record.key == envelope["accountId"].encode()
        data = message.pop("data")
        given = {
            "correlationid": envelope["correlationId"],
            "causationid": envelope["causationId"],
            "traceparent": envelope["traceparent"],
        }
        assert message == {
            "specversion": "1.0",
            "id": envelope["eventId"],
            "source": f"/ledgers/{envelope['ledgerId']}/lanes/1",
            "type": f"{envelope['type']}.v{envelope['schemaVersion']}",
            "subject": envelope["accountId"],
            "time": envelope["effectiveAt"],
            "datacontenttype": "application/json",
            "lane": 1,
            "position": str(envelope["position"]),
            "version": str(envelope["version"]),
            "recordedat": envelope["recordedAt"],
            **{name: value for name, value in given.items() if value is not None},
        }
        hidden = {"bankAccountNumber", "bankAccountHolder", "secret", "remittance", "counterparty"}
        assert {k: v for k, v in data.items() if k not in hidden} == {
            k: v for k, v in envelope["data"].items() if k not in hidden
        }
        assert "bankAccountHolder" not in data
        assert data.keys().isdisjoint({"secret", "remittance", "counterparty"})
        assert ("bankAccountNumber" in data) == ("bankAccountNumber" in envelope["data"])
    assert by_account(await topic.events()) == await expected_order(api)


async def test_a_crash_between_the_acknowledgement_and_the_checkpoint_sends_again_with_the_same_ids_in_order(
    api: Api, at: Settings, topic: Topic
) -> None:
    for account in ("acc_1", "acc_2"):
        await live(api, account)
    owner = await as_owner(at)
    # The checkpoint cannot be moved: the transaction ends in an error after the broker has acknowledged.
    await owner.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'killed here'; END $$;"
        "CREATE TRIGGER crash BEFORE UPDATE ON checkpoints FOR EACH ROW EXECUTE FUNCTION crash()"
    )
    first = await expected_order(api)
    dying = Relay(api.ledger, at, Health(api.ledger.pool, at))
    task = asyncio.create_task(dying.run())

    async def sent_without_a_checkpoint() -> bool:
        return len(await topic.events()) >= sum(map(len, first.values()))

    await until(sent_without_a_checkpoint, "the events are on the topic", 40)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await owner.fetchval("SELECT coalesce(max(position), 0) FROM checkpoints") == 0
    await owner.execute("DROP TRIGGER crash ON checkpoints")
    await owner.close()
    await live(api, "acc_3")
    async with relaying(api, at):
        await relayed(api, at)
    events = await topic.events()
    order = await expected_order(api)
    assert by_account(events) == order
    assert len(events) >= sum(map(len, order.values())) + sum(map(len, first.values())), "what was not noted came again"
    by_id = defaultdict(set)
    for event in events:
        by_id[event["id"]].add(json.dumps(event, sort_keys=True))
    assert all(len(spellings) == 1 for spellings in by_id.values()), "and was the same"


async def test_two_relays_do_not_send_the_same_lane_at_once(api: Api, at: Settings, topic: Topic) -> None:
    merchant = await api.merchant(available=10)
    async with relaying(api, at, count=3):
        for number in range(30):
            await merchant.accepted(type="recordRevenue", amount=1, currency="IDR", reference=f"r-{number}")
        await relayed(api, at)
    events = await topic.events()
    assert len(events) == len(await log_of(api)), "no crash, so nothing came twice"
    assert by_account(events) == await expected_order(api)


async def test_a_lane_that_somebody_else_relays_is_left_alone(api: Api, at: Settings, topic: Topic) -> None:
    await api.merchant(available=10)
    name = f"relay:{at.kafka_events_topic}"
    owner = await as_owner(at)
    await owner.execute("INSERT INTO checkpoints VALUES (1, $1, 0, now())", name)
    async with owner.transaction():
        await owner.execute("SELECT FROM checkpoints WHERE projection = $1 FOR UPDATE", name)
        relay = Relay(api.ledger, at, Health(api.ledger.pool, at))
        # It does not come to the point where it would need a producer.
        assert await relay.relay_some(None, 1) == 0
    await owner.close()
    async with relaying(api, at):
        await relayed(api, at)
    assert len(await topic.events()) == len(await log_of(api))


async def test_sealed_fields_are_left_out_and_the_last_digits_of_the_number_are_sent(
    api: Api, at: Settings, topic: Topic
) -> None:
    merchant = await api.merchant(available=1000, bank=False)
    await merchant.patch("/v1/payouts/bank-account", BANK)
    await merchant.post("/v1/payouts", {"amount": 5, "currency": "IDR"})
    short = {"amount": 5, "currency": "IDR", "bankAccountNumber": "11223344", "bankAccountHolder": HOLDER}
    await merchant.post("/v1/payouts", short)
    await api.give_workspace("acc_1", secret="sk_live_secret_9")
    await merchant.accepted(type="addWebhookSecret", secret="whsec_secret_9")
    async with relaying(api, at):
        await relayed(api, at)
    records = await topic.records()
    raw = b"".join(record.key + record.value for record in records)
    ciphertexts = [
        envelope["data"][name]
        for envelope in await log_of(api)
        for name in ("bankAccountNumber", "bankAccountHolder", "secret")
        if name in envelope["data"]
    ]
    assert len(ciphertexts) == 8
    for text in (NUMBER, HOLDER, "11223344", "sk_live_secret_9", "whsec_secret_9", "enc1:", *ciphertexts):
        assert text.encode() not in raw
    shown = [event["data"] for event in await topic.events() if event["type"] == "payout.requested.v1"]
    assert [data["bankAccountNumber"] for data in shown] == ["****1276", "****"]


async def test_a_rebuild_publishes_nothing(api: Api, at: Settings, topic: Topic) -> None:
    await live(api)
    async with relaying(api, at):
        await relayed(api, at)
        before = len(await topic.events())
        async with api.ledger.pool.acquire() as connection:
            await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
            await rebuild(connection, 1, Journal(), api.ledger.runtime.now(), lambda _: None)
        caller = await api.caller("acc_1")
        await caller.accepted(type="recordRevenue", amount=1, currency="IDR", reference="after")
        await relayed(api, at)
    assert len(await topic.events()) == before + 1


async def test_every_lane_is_relayed_and_has_its_own_checkpoint(settings: Settings, at: Settings, topic: Topic) -> None:
    two = at.model_copy(update={"lanes": 2})
    async with serving(two) as api:
        for number in range(6):
            await api.merchant(f"acc_{number}", available=5)
        async with relaying(api, two):
            for lane in (1, 2):
                await relayed(api, two, lane=lane)
        events = await topic.events()
        assert {event["lane"] for event in events} == {1, 2}
        assert by_account([e for e in events if e["subject"] != "system"]) == {
            account: ids for account, ids in (await expected_order(api)).items() if account != "system"
        }
        assert {e["source"] for e in events} == {f"/ledgers/{api.ledger.id}/lanes/{lane}" for lane in (1, 2)}


async def test_without_a_broker_the_service_is_degraded_and_continues_from_its_checkpoint(at: Settings) -> None:
    broker = start_broker()
    away = at.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap_servers})
    async with serving(away) as api:
        merchant = await api.merchant(available=10)
        async with relaying(api, away) as health:
            await relayed(api, away)
            there = await Topic(broker.bootstrap_servers, away.kafka_events_topic).events()
            broker.stop()
            told = await api.position()
            await merchant.accepted(type="recordRevenue", amount=1, currency="IDR", reference="meanwhile")

            async def degraded() -> bool:
                return not health.parts[PART].ok

            await until(degraded, "the relay says that the broker is away", 40)
            assert (await health.check())[1]["status"] == "degraded"
            assert (await merchant.get("/v1/payouts/balance")).data["pending"] == 1
        async with relaying(api, at):
            await relayed(api, at)
        later = await Topic(str(at.kafka_bootstrap_servers), at.kafka_events_topic).events()
    assert [int(event["position"]) for event in later] == list(range(told + 1, told + 2))
    assert sorted(int(event["position"]) for event in there) == list(range(1, told + 1))


async def test_an_event_too_large_for_a_record_is_sent_without_its_metadata(
    api: Api, at: Settings, topic: Topic
) -> None:
    await api.merchant(available=10)
    large = {f"part-{number}": "x" * 50_000 for number in range(25)}
    small = {f"part-{number}": "x" * 50_000 for number in range(12)}
    for reference, metadata in (("large", large), ("small-0", small), ("small-1", small), ("small-2", small)):
        await execute(
            api.ledger,
            RecordRevenue(account_id="acc_1", amount=1, currency="IDR", reference=reference, metadata=metadata),
        )
    async with relaying(api, at):
        await relayed(api, at)
    events = [event for event in await topic.events() if event["type"] == "revenue.recorded.v1"][1:]
    assert events[0]["metadataomitted"] is True
    assert events[0]["data"] == {"amount": 1, "currency": "IDR", "reference": "large"}
    assert [event["data"]["reference"] for event in events] == ["large", "small-0", "small-1", "small-2"]
    assert all(event["data"]["metadata"] == small for event in events[1:])


async def test_the_relay_waits_for_the_broker_no_longer_than_a_transaction_may_be_idle(at: Settings) -> None:
    for seconds in (0.5, 10, 300):
        limited = at.model_copy(update={"database_timeout_seconds": seconds})
        async with serving(at) as api:
            relay = Relay(api.ledger, limited, Health(api.ledger.pool, limited))
        assert relay._send_seconds < 2 * seconds
        assert relay._send_seconds <= relays._SEND_SECONDS_MAX


async def test_an_event_that_cannot_be_shown_goes_out_without_its_data_and_holds_up_no_other(
    api: Api, at: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant = await api.merchant("acc_1", available=10)
    for reference in ("first", "poison", "last"):
        await merchant.accepted(type="recordRevenue", amount=5, currency="IDR", reference=reference)
    real_data = public_data

    def broken(event: Envelope) -> dict[str, Any]:
        data = real_data(event)
        if data.get("reference") == "poison":
            raise KeyError("a field of tomorrow")
        return data

    monkeypatch.setattr(cloudevents, "public_data", broken)
    with capture_logs():
        async with relaying(api, at) as health:
            await relayed(api, at)
            assert health.parts[PART].ok
    events = await topic.events()
    assert by_account(events) == await expected_order(api)
    (stub,) = [event for event in events if "data" not in event]
    assert stub["dataomitted"] is True
    assert stub["type"] == "revenue.recorded.v1"
    assert [event["data"].get("reference") for event in events if "data" in event and event is not stub][-1] == "last"


async def test_an_event_too_large_for_a_record_even_without_its_metadata_goes_out_without_its_data(
    api: Api, at: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant = await api.merchant("acc_1", available=10)
    await merchant.accepted(type="recordRevenue", amount=5, currency="IDR", reference="a")
    monkeypatch.setattr(cloudevents, "public_data", lambda _: {"text": "x" * cloudevents.BYTES_MAX})
    async with relaying(api, at):
        await relayed(api, at)
    events = await topic.events()
    assert by_account(events) == await expected_order(api)
    assert all(event["dataomitted"] is True and "data" not in event for event in events)


async def test_a_lane_that_fails_holds_up_no_other(at: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    real_read = read_events

    async def read(connection: Any, lane: int, after: int, limit: int) -> Any:
        if lane == 1:
            raise KeyError("an envelope of tomorrow")
        return await real_read(connection, lane, after, limit)

    monkeypatch.setattr(relays, "read_events", read)
    with capture_logs():
        async with serving(at.model_copy(update={"lanes": 2})) as api, relaying(api, at) as health:
            await relayed(api, at, lane=2)
            assert health.parts[PART].message == "not sending: lane 1: KeyError"
    assert {event["lane"] for event in await topic.events()} == {2}
