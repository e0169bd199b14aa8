"""Consumes Plugipay's webhooks from Kafka. Each has its effect exactly once.

Postgres stores the next offset of each lane and partition. It moves in the transaction that appends the events. When a
partition is assigned, the consumer raises the epoch, so that the consumer that had the partition before can no longer
commit. It then seeks to the lowest of the lanes' offsets; a lane skips what it has already. Kafka's own group offsets
are committed for monitoring only.
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
from service.platform.kafka import broker_access, explain_outage
from service.platform.settings import Settings
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, printable, read_received_at
from service.plugipay.inbound.delivery_unit import Delivery, OffsetMove
from service.plugipay.inbound.ingest import ingest
from service.plugipay.inbound.topic import RECEIVED_AT, SIGNATURE, unsealed
from sql import query

log = logs.get("consumer")

_POLL_MILLISECONDS = 500
_FETCH_MILLISECONDS = 100
_RECORDS_MAX = 500
_RETRY_SECONDS = 0.5
_CHECK_SECONDS = 5.0

LaneOffsets = dict[int, tuple[int, int]]
"""lane -> (next offset, epoch), for one partition."""


class Consumer:
    """One member of the consumer group. `run` continues until it is cancelled or `stop` is called."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        self._access = broker_access(settings)
        self._health = health
        self._router = DeliveryRouter(ledger, settings)
        self._cluster_id = ""
        self._lane_offsets: dict[TopicPartition, LaneOffsets] = {}
        self._check_again_at = 0.0
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Consumes. While the broker or the database is not reachable it retries, and the service is degraded."""
        while not self._stopping:
            try:
                await self._consume()
            except (KafkaError, *OUTAGES) as problem:
                why = await explain_outage(self._access, problem)
                self._health.report("broker", ok=False, message=f"not consuming: {why}")
                log.warning("consumer_starts_again", problem=repr(problem))
                await self._ledger.runtime.sleep(_RETRY_SECONDS * 2)
            except Exception as problem:
                self._health.report("broker", ok=False, message=f"not consuming: {type(problem).__name__}")
                log.exception("consumer_starts_again")
                await self._ledger.runtime.sleep(_RETRY_SECONDS * 2)

    async def _consume(self) -> None:
        self._cluster_id = await _read_cluster_id(self._access)
        consumer = AIOKafkaConsumer(
            **self._access,
            group_id=self._settings.kafka_group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=_RECORDS_MAX,
            # Some brokers answer a waiting fetch only when its time is over, even if records arrive earlier.
            fetch_max_wait_ms=_FETCH_MILLISECONDS,
            isolation_level="read_committed",
            metadata_max_age_ms=5_000,
        )
        consumer.subscribe([self._settings.kafka_webhooks_topic], listener=_RebalanceListener(self, consumer))
        await consumer.start()
        self._health.report("broker", ok=True, message="connected")
        try:
            while not self._stopping:
                batches = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
                if not batches:
                    await self._check_broker()
                    continue
                try:
                    await self._ingest_batches(batches)
                except Exception as problem:  # noqa: BLE001 - after any failure the batch can be read again
                    # Postgres has the offsets of what was committed: go back to them and read the rest again.
                    log.warning("batch_not_taken_in", problem=repr(problem))
                    await self._ledger.runtime.sleep(_RETRY_SECONDS)
                    await self.assigned(consumer, list(consumer.assignment()))
                else:
                    await _commit_group_offsets(consumer, batches)
        finally:
            await consumer.stop()

    async def _check_broker(self) -> None:
        """Asks the broker from time to time, for /readyz: a broker that is gone looks like one with no new records."""
        now = self._ledger.runtime.monotonic()
        if now < self._check_again_at:
            return
        self._check_again_at = now + _CHECK_SECONDS
        try:
            # Unlike the consumer's own requests, this one does not wait until the broker is back.
            await asyncio.wait_for(_read_cluster_id(self._access), _CHECK_SECONDS)
        except (KafkaError, OSError) as problem:
            why = await explain_outage(self._access, problem)
            self._health.report("broker", ok=False, message=f"not consuming: {why}")
        else:
            self._health.report("broker", ok=True, message="connected")

    async def assigned(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """Takes over these partitions: fences the consumer that had them, and seeks to the offsets in Postgres."""
        self._lane_offsets = {}
        for partition in partitions:
            rows = await self._ledger.pool.fetch(
                query("deliveries/assign"), self._ledger.lanes, self._cluster_id, partition.topic, partition.partition
            )
            lane_offsets = {row["lane"]: (row["next_offset"], row["epoch"]) for row in rows}
            self._lane_offsets[partition] = lane_offsets
            consumer.seek(partition, min(offset for offset, _ in lane_offsets.values()))
            log.info("partition_assigned", topic=partition.topic, partition=partition.partition, places=lane_offsets)

    async def _ingest_batches(self, batches: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        deliveries: dict[int, list[Delivery]] = defaultdict(list)
        moves: dict[int, list[OffsetMove]] = defaultdict(list)
        read = [
            (partition, r, self._arrived_webhook(partition, r))
            for partition, records in batches.items()
            for r in records
        ]
        webhooks = [arrived.parsed for _, _, arrived in read]
        claimed_ids = {webhook.claimed_id for webhook in webhooks if not isinstance(webhook, str)}
        routes = await self._router.read_routes(claimed_ids)
        for partition, record, arrived in read:
            lane, delivery = self._router.route(arrived, routes)
            next_offset, _ = self._lane_offsets[partition].get(lane, (0, 0))
            if record.offset >= next_offset:
                deliveries[lane].append(delivery)
        for partition, records in batches.items():
            for lane, (next_offset, epoch) in self._lane_offsets[partition].items():
                reached = max(next_offset, records[-1].offset + 1)
                moves[lane].append(OffsetMove(self._cluster_id, partition.topic, partition.partition, reached, epoch))
        await asyncio.gather(*(ingest(self._ledger, lane, deliveries[lane], moves[lane]) for lane in moves))
        for partition, records in batches.items():
            reached = records[-1].offset + 1
            self._lane_offsets[partition] = {
                lane: (max(offset, reached), epoch) for lane, (offset, epoch) in self._lane_offsets[partition].items()
            }

    def _arrived_webhook(self, partition: TopicPartition, record: ConsumerRecord) -> ArrivedWebhook:
        """The webhook in a record of the topic: in plain text, or sealed by our own receiver."""
        headers = dict(record.headers)
        signature = headers.get(SIGNATURE) or headers.get(f"x-{SIGNATURE}")
        received_at, quarantine_reason = read_received_at(
            printable(headers.get(RECEIVED_AT, b"")), self._ledger.runtime.now()
        )
        raw = record.value or b""
        try:
            raw = unsealed(self._ledger.vault, raw, headers)
        except CannotUnseal as problem:
            quarantine_reason = f"sealed, and not to be opened: {problem}"
        return ArrivedWebhook(
            raw,
            printable(signature) if signature is not None else None,
            received_at,
            f"{partition.topic}/{partition.partition}/{record.offset}",
            quarantine_reason,
        )


class _RebalanceListener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the consumer which partitions it has been assigned."""

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        log.info("partitions_revoked", count=len(revoked))

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        await self._consumer.assigned(self._client, assigned)


async def _commit_group_offsets(
    consumer: AIOKafkaConsumer, batches: dict[TopicPartition, list[ConsumerRecord]]
) -> None:
    """Commits Kafka's own offsets, which show the group's lag. Nothing depends on them: a failure is only logged."""
    try:
        await consumer.commit({partition: records[-1].offset + 1 for partition, records in batches.items()})
    except KafkaError as problem:
        log.info("group_offsets_not_told", problem=repr(problem))


async def _read_cluster_id(access: Mapping[str, Any]) -> str:
    """The broker's id of its cluster. Offsets of one cluster mean nothing in another."""
    admin = AIOKafkaAdminClient(**access)
    await admin.start()
    try:
        description = await admin.describe_cluster()
        return str(description["cluster_id"])
    finally:
        await admin.close()
