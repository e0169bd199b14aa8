from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.plugipay.inbound.record_headers import broker_time
from tests.kafka import broker as real


async def test_a_message_comes_back_as_it_was_sent(broker: str) -> None:
    topic = f"letters.{secrets.token_hex(4)}"
    producer = AIOKafkaProducer(bootstrap_servers=broker, enable_idempotence=True, acks="all")
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=topic, auto_offset_reset="earliest")
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"body", key=b"acc_1", headers=[("received-at", b"1")])
        assert len(await producer.partitions_for(topic)) == 4
        await consumer.start()
        record = await consumer.getone()
        assert (record.key, record.value, list(record.headers)) == (b"acc_1", b"body", [("received-at", b"1")])
    finally:
        await consumer.stop()
        await producer.stop()


@pytest.mark.real_kafka
async def test_two_members_of_a_group_share_the_partitions(broker: str) -> None:
    topic = f"letters.{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=4, replication_factor=1)])
    await admin.close()
    members = [
        AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=topic, session_timeout_ms=6000) for _ in range(2)
    ]
    await asyncio.gather(*(member.start() for member in members))
    try:
        async with asyncio.timeout(30):
            while {len(member.assignment()) for member in members} != {2}:
                await asyncio.sleep(0.1)
    finally:
        for member in members:
            await member.stop()


@pytest.mark.real_kafka
async def test_a_topic_can_have_the_brokers_own_time(broker: str) -> None:
    """Whatever time the writer gives."""
    topic = f"letters.{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    config = {"message.timestamp.type": "LogAppendTime"}
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1, topic_configs=config)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=topic, auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    try:
        before = time.time()
        await producer.send_and_wait(topic, b"body", timestamp_ms=1_000)
        record = await consumer.getone()
        stored_at = broker_time(record.timestamp, record.timestamp_type)
        assert stored_at is not None
        assert before - 60 < stored_at / 1000 < time.time() + 60
    finally:
        await consumer.stop()
        await producer.stop()


def test_without_java_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(real.NoRealKafka, match="needs Java 17"):
        real.start_real_broker()


def test_without_its_jars_the_error_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real, "JARS", Path("nowhere"))
    monkeypatch.setattr("shutil.which", lambda name: "/bin/java")
    with pytest.raises(real.NoRealKafka, match="make test-kafka"):
        real.start_real_broker()
