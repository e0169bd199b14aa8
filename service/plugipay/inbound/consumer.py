"""Consumes Plugipay's webhooks from Kafka, each exactly once in effect.

How far each lane has taken each partition in stands in Postgres, and moves in the transaction that holds the events.
On assignment the consumer bumps the epoch (so that whoever had the partition before can no longer commit) and seeks to
the lowest of the lanes' places; a lane skips what it has. Kafka's own group offsets are only told for monitoring.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from service.ledger.ledger import Ledger
from service.ledger.vault import CannotUnseal
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.kafka import broker_access, why_away
from service.platform.settings import Settings
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, printable, receipt
from service.plugipay.inbound.delivery_unit import Delivery, OffsetMove
from service.plugipay.inbound.ingest import ingest
from service.plugipay.inbound.topic import RECEIVED_AT, SIGNATURE, opened
from sql import query

log = logs.get("consumer")

_POLL_MILLISECONDS = 500
_FETCH_MILLISECONDS = 100
_RECORDS_MAX = 500
_RETRY_SECONDS = 0.5
_LOOK_SECONDS = 5.0

Places = dict[int, tuple[int, int]]
"""lane -> (next offset, epoch)."""


class Consumer:
    """One member of the group. `run` goes on until it is cancelled or `stop` is called."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        self._access = broker_access(settings)
        self._health = health
        self._sorter = DeliveryRouter(ledger, settings)
        self._log_name = ""
        self._places: dict[TopicPartition, Places] = {}
        self._look_again_at = 0.0
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Consumes; where the broker or the database is away, tries again. The service is degraded meanwhile."""
        while not self._stopping:
            try:
                await self._consume()
            except (KafkaError, *OUTAGES) as problem:
                why = await why_away(self._access, problem)
                self._health.report("broker", ok=False, message=f"not consuming: {why}")
                log.warning("consumer_starts_again", problem=repr(problem))
                await self._ledger.runtime.sleep(_RETRY_SECONDS * 2)
            except Exception as problem:
                self._health.report("broker", ok=False, message=f"not consuming: {type(problem).__name__}")
                log.exception("consumer_starts_again")
                await self._ledger.runtime.sleep(_RETRY_SECONDS * 2)

    async def _consume(self) -> None:
        self._log_name = await _cluster_id(self._access)
        consumer = AIOKafkaConsumer(
            **self._access,
            group_id=self._settings.kafka_group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=_RECORDS_MAX,
            # Some brokers answer a waiting fetch only when its time is up, whatever has come meanwhile.
            fetch_max_wait_ms=_FETCH_MILLISECONDS,
            isolation_level="read_committed",
            metadata_max_age_ms=5_000,
        )
        consumer.subscribe([self._settings.kafka_webhooks_topic], listener=_Listener(self, consumer))
        await consumer.start()
        self._health.report("broker", ok=True, message="connected")
        try:
            while not self._stopping:
                batches = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
                if not batches:
                    await self._see_whether_the_broker_is_there()
                    continue
                try:
                    await self._take_in(batches)
                except Exception as problem:  # noqa: BLE001 - whatever it was, nothing was committed
                    # Nothing was committed: go back to where Postgres says we are, and read it again.
                    log.warning("batch_not_taken_in", problem=repr(problem))
                    await self._ledger.runtime.sleep(_RETRY_SECONDS)
                    await self.assigned(consumer, list(consumer.assignment()))
                else:
                    await _tell_the_group(consumer, batches)
        finally:
            await consumer.stop()

    async def _see_whether_the_broker_is_there(self) -> None:
        """A broker that went away looks like one with nothing new: asks, now and then, so that /readyz can tell."""
        now = self._ledger.runtime.monotonic()
        if now < self._look_again_at:
            return
        self._look_again_at = now + _LOOK_SECONDS
        try:
            # Unlike the consumer's own requests, this one does not wait for the broker to come back.
            await asyncio.wait_for(_cluster_id(self._access), _LOOK_SECONDS)
        except (KafkaError, OSError) as problem:
            why = await why_away(self._access, problem)
            self._health.report("broker", ok=False, message=f"not consuming: {why}")
        else:
            self._health.report("broker", ok=True, message="connected")

    async def assigned(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """These partitions are ours: fence whoever had them, and go to where Postgres says we are."""
        self._places = {}
        for partition in partitions:
            rows = await self._ledger.pool.fetch(
                query("deliveries/assign"), self._ledger.lanes, self._log_name, partition.topic, partition.partition
            )
            places = {row["lane"]: (row["next_offset"], row["epoch"]) for row in rows}
            self._places[partition] = places
            consumer.seek(partition, min(offset for offset, _ in places.values()))
            log.info("partition_assigned", topic=partition.topic, partition=partition.partition, places=places)

    async def _take_in(self, batches: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        deliveries: dict[int, list[Delivery]] = defaultdict(list)
        moves: dict[int, list[OffsetMove]] = defaultdict(list)
        read = [(partition, r, self._arrival(partition, r)) for partition, records in batches.items() for r in records]
        hooks = [arrival.hook for _, _, arrival in read]
        routes = await self._sorter.routes({hook.named for hook in hooks if not isinstance(hook, str)})
        for partition, record, arrival in read:
            lane, delivery = self._sorter.sort(arrival, routes)
            next_offset, _ = self._places[partition].get(lane, (0, 0))
            if record.offset >= next_offset:
                deliveries[lane].append(delivery)
        for partition, records in batches.items():
            for lane, (next_offset, epoch) in self._places[partition].items():
                reached = max(next_offset, records[-1].offset + 1)
                moves[lane].append(OffsetMove(self._log_name, partition.topic, partition.partition, reached, epoch))
        await asyncio.gather(*(ingest(self._ledger, lane, deliveries[lane], moves[lane]) for lane in moves))
        for partition, records in batches.items():
            reached = records[-1].offset + 1
            self._places[partition] = {
                lane: (max(offset, reached), epoch) for lane, (offset, epoch) in self._places[partition].items()
            }

    def _arrival(self, partition: TopicPartition, record: ConsumerRecord) -> ArrivedWebhook:
        """What a record of the topic holds: in the clear, or sealed by our own receiver."""
        headers = dict(record.headers)
        signature = headers.get(SIGNATURE) or headers.get(f"x-{SIGNATURE}")
        received_at, doubt = receipt(printable(headers.get(RECEIVED_AT, b"")), self._ledger.runtime.now())
        raw = record.value or b""
        try:
            raw = opened(self._ledger.vault, raw, headers)
        except CannotUnseal as problem:
            doubt = f"sealed, and not to be opened: {problem}"
        return ArrivedWebhook(
            raw,
            printable(signature) if signature is not None else None,
            received_at,
            f"{partition.topic}/{partition.partition}/{record.offset}",
            doubt,
        )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the consumer what it has been assigned."""

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        log.info("partitions_revoked", count=len(revoked))

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        await self._consumer.assigned(self._client, assigned)


async def _tell_the_group(consumer: AIOKafkaConsumer, batches: dict[TopicPartition, list[ConsumerRecord]]) -> None:
    """Kafka's own offsets, for whoever watches the group's lag. They decide nothing, so a failure is only noted."""
    try:
        await consumer.commit({partition: records[-1].offset + 1 for partition, records in batches.items()})
    except KafkaError as problem:
        log.info("group_offsets_not_told", problem=repr(problem))


async def _cluster_id(access: Mapping[str, Any]) -> str:
    """The broker's own name for its cluster: offsets of one cluster mean nothing in another."""
    admin = AIOKafkaAdminClient(**access)
    await admin.start()
    try:
        description = await admin.describe_cluster()
        return str(description["cluster_id"])
    finally:
        await admin.close()
