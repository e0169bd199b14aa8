"""The relay: publishes every event of every lane to the topic `payouts.events`, in order, at least once.

The log itself is the outbox: the relay reads `position > checkpoint`, and moves the checkpoint only when the broker has
acknowledged what it read. The process that holds the checkpoint's row relays the lane. After a crash in between, the
events are sent again with the same ids. The events for one partition are sent as one record batch, which a broker
stores completely or not at all, and the next batch is sent only after the acknowledgement. So each event first appears
on the topic after all earlier events of its account.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.partitioner import DefaultPartitioner

from events.envelope import Envelope
from projections.runner import read_events
from service.ledger.ledger import Ledger
from service.outgoing.cloudevents import BYTES_MAX, CONTENT_TYPE, accounts_with_numbers, message, without_data
from service.outgoing.masks import Keys, read_keys
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.kafka import broker_access, explain_outage
from service.platform.settings import Settings
from sql import query

log = logs.get("relay")

PART = "events_topic"
"""The relay's name in /readyz."""

_CHUNK = 500
_BATCH_BYTES_MAX = BYTES_MAX + 10_000
_PAUSE_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_BACKOFF_MILLISECONDS = 500
_SEND_SECONDS_MAX = 8.0

Record = tuple[bytes, bytes]
"""Key and value."""


class Relay:
    """Relays every lane until `stop`. Any number of relays may run: each lane is relayed by one at a time."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._access = {**broker_access(settings), "client_id": "payout-ledger-relay"}
        self._topic = settings.kafka_events_topic
        self._health = health
        self._partition_of = DefaultPartitioner()
        # Less than the idle limit of a transaction: the checkpoint is locked while the relay waits for the broker.
        self._send_seconds = min(_SEND_SECONDS_MAX, settings.database_timeout_seconds)
        self._stopping = False

    @property
    def checkpoint(self) -> str:
        """The name contains the topic: a new topic gets all events, from the first one on."""
        return f"relay:{self._topic}"

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Relays. While the broker or the database is not reachable it retries, and the service is degraded."""
        while not self._stopping:
            try:
                await self._relay()
            except (KafkaError, *OUTAGES) as problem:
                why = await explain_outage(self._access, problem)
                self._health.report(PART, ok=False, message=f"not sending: {why}")
                log.warning("relay_starts_again", problem=repr(problem))
                await self._ledger.runtime.sleep(_RETRY_SECONDS)
            except Exception as problem:
                self._health.report(PART, ok=False, message=f"not sending: {type(problem).__name__}")
                log.exception("relay_failed")
                await self._ledger.runtime.sleep(_RETRY_SECONDS * 5)

    async def _relay(self) -> None:
        """Relays with one producer. After a failure it is discarded: it may still be sending earlier records."""
        producer = AIOKafkaProducer(
            **self._access,
            acks="all",
            enable_idempotence=True,
            max_batch_size=2**20,
            request_timeout_ms=int(self._send_seconds * 1000),
            retry_backoff_ms=_BACKOFF_MILLISECONDS,
        )
        try:
            async with asyncio.timeout(self._send_seconds):
                await producer.start()
            self._health.report(PART, ok=True, message="sending")
            while not self._stopping:
                behind = False
                failing: list[str] = []
                for lane in self._ledger.lanes:
                    try:
                        behind = await self.relay_some(producer, lane) == _CHUNK or behind
                    except (KafkaError, *OUTAGES):
                        raise
                    except Exception as problem:
                        # No event of a lane may be left out, so that lane waits; the others go on.
                        log.exception("relay_failed", lane=lane)
                        failing.append(f"lane {lane}: {type(problem).__name__}")
                message = "sending" if not failing else f"not sending: {'; '.join(failing)}"
                self._health.report(PART, ok=not failing, message=message)
                if failing:
                    await self._ledger.runtime.sleep(_RETRY_SECONDS)
                if not behind:
                    # Under load a pause makes the next chunk larger.
                    await self._ledger.runtime.sleep(_PAUSE_SECONDS)
        finally:
            await _discard(producer)

    async def relay_some(self, producer: AIOKafkaProducer, lane: int) -> int:
        """Sends a lane's next events. Returns how many: 0 at the end, or while another relay holds the lane."""
        async with self._ledger.pool.acquire() as connection, connection.transaction():
            position = await connection.fetchval(query("checkpoints/claim"), lane, self.checkpoint)
            if position is None:
                await connection.execute(query("checkpoints/start"), lane, self.checkpoint, self._ledger.runtime.now())
                position = await connection.fetchval(query("checkpoints/claim"), lane, self.checkpoint)
                if position is None:
                    return 0
            events = await read_events(connection, lane, position, _CHUNK)
            if not events:
                return 0
            keys = await read_keys(connection, self._ledger.vault, lane, accounts_with_numbers(events))
            async with asyncio.timeout(self._send_seconds):
                await self._send(producer, [(event, _message(event, keys)) for event in events])
            await connection.execute(
                query("checkpoints/save"), lane, self.checkpoint, events[-1].position, self._ledger.runtime.now()
            )
            return len(events)

    async def _send(self, producer: AIOKafkaProducer, messages: Sequence[tuple[Envelope, bytes]]) -> None:
        """Returns once the broker has acknowledged all of them."""
        partitions = sorted(await producer.partitions_for(self._topic))
        waiting: dict[int, list[Record]] = {}
        for event, value in messages:
            key = event.account_id.encode()
            waiting.setdefault(self._partition_of(key, partitions, partitions), []).append((key, value))
        while waiting:
            await asyncio.gather(
                *(self._send_batch(producer, partition, records) for partition, records in waiting.items())
            )
            waiting = {partition: records for partition, records in waiting.items() if records}

    async def _send_batch(self, producer: AIOKafkaProducer, partition: int, records: list[Record]) -> None:
        """Sends what fits into one record batch, and removes it from the list."""
        batch = producer.create_batch()
        count = 0
        for key, value in records:
            if count and batch.size() + len(key) + len(value) > _BATCH_BYTES_MAX:
                break
            added = batch.append(key=key, value=value, timestamp=None, headers=[("content-type", CONTENT_TYPE)])
            if added is None:
                break
            count += 1
        assert count, "a message is smaller than a batch"
        batch.close()
        await (await producer.send_batch(batch, self._topic, partition=partition))
        del records[:count]


def _message(event: Envelope, keys: Keys) -> bytes:
    """The event's message; without its data where that cannot be shown. No event is left out, and none stops its lane."""
    try:
        return message(event, keys)
    except Exception:
        log.exception("event_not_shown", lane=event.lane, position=event.position)
        return without_data(event)


async def _discard(producer: AIOKafkaProducer) -> None:
    """Stops a producer and fails its unacknowledged messages, which it would otherwise send again and again."""
    sender, waiting = producer._sender, producer._message_accumulator  # noqa: SLF001 - there is no public way
    for end in (sender.close, producer.stop):
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_RETRY_SECONDS):
                await end()
        waiting.fail_all(KafkaConnectionError("the producer was stopped"))
