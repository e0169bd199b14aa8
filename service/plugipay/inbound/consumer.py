"""Consumes Plugipay's webhooks from Kafka. Each has its effect exactly once.

Postgres stores the next offset of each lane and partition. It moves in the transaction that appends the events. When a
partition is assigned, the consumer raises the epoch, so that the consumer that had the partition before can no longer
commit. It then seeks to the lowest of the lanes' offsets; a lane skips what it has already. Kafka's own group offsets
are committed for monitoring only.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from events.envelope import SYSTEM_ACCOUNT
from service.ledger.ledger import Ledger
from service.ledger.vault import CannotUnseal
from service.ledger.write_failures import Fenced
from service.platform import logs
from service.platform.database import OUTAGES, is_outage
from service.platform.health import Health
from service.platform.kafka import broker_access, explain_outage
from service.platform.settings import Settings
from service.plugipay.inbound import record_decoding
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, Route
from service.plugipay.inbound.delivery_unit import Delivery, OffsetMove
from service.plugipay.inbound.ingest import ingest
from service.plugipay.inbound.record_headers import broker_time, read_headers
from service.plugipay.inbound.webhook import Webhook
from sql import query

log = logs.get("consumer")

PART = "consumer"
"""Its name in /readyz."""

_POLL_MILLISECONDS = 500
_FETCH_MILLISECONDS = 100
_RECORDS_MAX = 500
_RETRY_SECONDS = 0.5
_CHECK_SECONDS = 5.0
_SIGNS_A_SESSION = 4
"""Signs of life in one session timeout: three may be lost or late."""

Batches = dict[TopicPartition, list[ConsumerRecord]]
PartitionRecord = tuple[TopicPartition, ConsumerRecord]

LaneOffsets = dict[int, tuple[int, int]]
"""lane -> (next offset, epoch), for one partition."""


class Consumer:
    """One member of the consumer group. `run` continues until it is cancelled or `stop` is called."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        plain = settings.kafka_plain_bodies
        self._plain_bodies = not settings.kafka_keeps if plain is None else plain
        self._access = broker_access(settings)
        self._health = health
        self._router = DeliveryRouter(ledger, settings)
        self._cluster_id = ""
        self._lane_offsets: dict[TopicPartition, LaneOffsets] = {}
        self._assigning = asyncio.Lock()
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
        record_decoding.install()
        consumer = AIOKafkaConsumer(
            **self._access,
            group_id=self._settings.kafka_group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=_RECORDS_MAX,
            # Some brokers answer a waiting fetch only when its time is over, even if records arrive earlier.
            fetch_max_wait_ms=_FETCH_MILLISECONDS,
            isolation_level="read_committed",
            session_timeout_ms=(session := int(1000 * self._settings.kafka_session_timeout_seconds)),
            heartbeat_interval_ms=session // _SIGNS_A_SESSION,
            metadata_max_age_ms=5_000,
        )
        consumer.subscribe([self._settings.kafka_webhooks_topic], listener=_RebalanceListener(self, consumer))
        await consumer.start()
        self._health.report("broker", ok=True, message="connected")
        self._health.report(PART, ok=True, message="taking webhooks in")
        try:
            while not self._stopping:
                batches = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
                if not batches:
                    await self._check_broker()
                    continue
                known = {partition: found for partition, found in batches.items() if partition in self._lane_offsets}
                if len(known) < len(batches):
                    # Fetched before it was known from where: they are fetched again.
                    await self._assign_missing(consumer)
                if not known:
                    continue
                try:
                    await self._ingest_batches(known)
                except Exception as problem:  # noqa: BLE001 - after any failure the batch can be read again
                    # What one record alone is to blame for was parked. What is left concerns them all: no database, or
                    # a partition that is another consumer's now. Postgres has the offsets of what was committed: go
                    # back to them and read the rest again.
                    if not isinstance(problem, Fenced):
                        why = f"webhooks wait on the topic, and are read again: {type(problem).__name__}"
                        self._health.report(PART, ok=False, message=why)
                    log.warning("batch_not_taken_in", problem=repr(problem))
                    await self._ledger.runtime.sleep(_RETRY_SECONDS)
                    await self.assigned(consumer, list(consumer.assignment()))
                else:
                    self._health.report(PART, ok=True, message="taking webhooks in")
                    await _commit_group_offsets(consumer, known)
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
        async with self._assigning:
            self._lane_offsets = {}
            await self._assign(consumer, partitions)

    async def _assign_missing(self, consumer: AIOKafkaConsumer) -> None:
        """Waits for an assignment under way; makes up for one that failed."""
        async with self._assigning:
            missing = [partition for partition in consumer.assignment() if partition not in self._lane_offsets]
            await self._assign(consumer, missing)

    async def _assign(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            rows = await self._ledger.pool.fetch(
                query("deliveries/assign"), self._ledger.lanes, self._cluster_id, partition.topic, partition.partition
            )
            lane_offsets = {row["lane"]: (row["next_offset"], row["epoch"]) for row in rows}
            self._lane_offsets[partition] = lane_offsets
            consumer.seek(partition, min(offset for offset, _ in lane_offsets.values()))
            log.info("partition_assigned", topic=partition.topic, partition=partition.partition, places=lane_offsets)

    async def _ingest_batches(self, batches: Batches) -> None:
        # As they are now: whoever is assigned a partition meanwhile raises its epoch, and these moves are refused.
        offsets = {partition: self._lane_offsets[partition] for partition in batches}
        deliveries: dict[int, list[Delivery]] = defaultdict(list)
        moves: dict[int, list[OffsetMove]] = defaultdict(list)
        records = [(partition, record) for partition, found in batches.items() for record in found]
        for (partition, record), (lane, delivery) in zip(records, await self._routed(records), strict=True):
            next_offset, epoch = offsets[partition].get(lane, (0, 0))
            if record.offset >= next_offset:
                move = self._move(partition, record.offset + 1, epoch)
                deliveries[lane].append(replace(delivery, move=move))
        for partition, found in batches.items():
            for lane, (next_offset, epoch) in offsets[partition].items():
                moves[lane].append(self._move(partition, max(next_offset, found[-1].offset + 1), epoch))
        await asyncio.gather(*(ingest(self._ledger, lane, deliveries[lane], moves[lane]) for lane in moves))
        for partition, found in batches.items():
            if self._lane_offsets.get(partition) is offsets[partition]:
                reached = found[-1].offset + 1
                self._lane_offsets[partition] = {
                    lane: (max(offset, reached), epoch) for lane, (offset, epoch) in offsets[partition].items()
                }

    def _move(self, partition: TopicPartition, next_offset: int, epoch: int) -> OffsetMove:
        return OffsetMove(self._cluster_id, partition.topic, partition.partition, next_offset, epoch)

    async def _routed(self, records: Sequence[PartitionRecord]) -> list[tuple[int, Delivery]]:
        """The lane and the delivery of each record. One that cannot be read is parked, and no other is held up by it.

        Raises what is no record's fault: the database is away.
        """
        read = [self._read(partition, record) for partition, record in records]
        try:
            routes = await self._router.read_routes({claimed_id for each in read if (claimed_id := _claimed_id(each))})
        except Exception as problem:
            if is_outage(problem):
                raise
            log.exception("routes_not_read")
            return [await self._routed_alone(each) for each in read]
        return [self._route(each, routes) for each in read]

    async def _routed_alone(self, read: ArrivedWebhook | _Unreadable) -> tuple[int, Delivery]:
        claimed_id = _claimed_id(read)
        try:
            return self._route(read, await self._router.read_routes([claimed_id] if claimed_id else []))
        except Exception as problem:
            if is_outage(problem):
                raise
            return self._park(read, problem)

    def _read(self, partition: TopicPartition, record: ConsumerRecord) -> ArrivedWebhook | _Unreadable:
        """The webhook in a record of the topic: in plain text, or sealed by our own receiver."""
        origin = f"{partition.topic}/{partition.partition}/{record.offset}"
        raw = record.value if isinstance(record.value, bytes) else b""
        try:
            headers = read_headers(record.headers)
            if headers.decoding_problem is not None:
                return _Unreadable(raw, origin, headers.decoding_problem)
            received_at, problem = headers.received_at(self._ledger.runtime.now())
            stored_at = broker_time(record.timestamp, record.timestamp_type)
            unproven = headers.unproven_receipt(received_at, stored_at, plain_bodies=self._plain_bodies)
            reasons = [problem, headers.missing_signature(), unproven]
            try:
                raw = headers.body(self._ledger.vault, raw)
            except CannotUnseal as unsealing:
                reasons = [f"sealed, and not to be opened: {unsealing}"]
            quarantine_reason = "; ".join(filter(None, reasons)) or None
            return ArrivedWebhook(raw, headers.signatures, received_at, origin, quarantine_reason)
        except Exception as problem:
            log.exception("record_not_read", origin=origin)
            return _Unreadable(raw, origin, f"reading it failed: {type(problem).__name__} (the log says more)")

    def _route(self, read: ArrivedWebhook | _Unreadable, routes: Mapping[str, Route]) -> tuple[int, Delivery]:
        if isinstance(read, _Unreadable):
            return self._ledger.lane_for_new(read.origin), read.parked()
        try:
            return self._router.route(read, routes)
        except Exception as problem:  # noqa: BLE001 - `_park` logs it
            return self._park(read, problem)

    def _park(self, read: ArrivedWebhook | _Unreadable, problem: Exception) -> tuple[int, Delivery]:
        log.error("record_not_read", origin=read.origin, exc_info=problem)
        reason = f"reading it failed: {type(problem).__name__} (the log says more)"
        return self._ledger.lane_for_new(read.origin), _Unreadable(read.raw, read.origin, reason).parked()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A record that our code cannot read, and why."""

    raw: bytes
    origin: str
    reason: str

    def parked(self) -> Delivery:
        return Delivery(SYSTEM_ACCOUNT, self.raw, None, None, self.origin, quarantine_reason=self.reason)


def _claimed_id(read: ArrivedWebhook | _Unreadable) -> str | None:
    return read.parsed.claimed_id if isinstance(read, ArrivedWebhook) and isinstance(read.parsed, Webhook) else None


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
