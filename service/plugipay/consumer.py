"""Consumes Plugipay's webhooks from Kafka, each exactly once in effect.

How far each lane has taken each partition in stands in Postgres, and moves in the transaction that holds the events.
On assignment the consumer bumps the epoch (so that whoever had the partition before can no longer commit) and seeks to
the lowest of the lanes' places; a lane skips what it has. Kafka's own group offsets are only told for monitoring.
"""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from events.chain import SYSTEM_ACCOUNT
from events.instants import Instant, from_datetime, to_datetime
from service import logs
from service.database import OUTAGES
from service.health import Health
from service.ledger import Ledger
from service.plugipay import webhook
from service.plugipay.intake import Delivery, DeliveryUnit, OffsetMove
from service.settings import Settings
from service.vault import CannotUnseal
from sql import query

log = logs.get("consumer")

_POLL_MILLISECONDS = 500
_FETCH_MILLISECONDS = 100
_RECORDS_MAX = 500
_RETRY_SECONDS = 0.5
_LOOK_SECONDS = 5.0
_FUTURE_SECONDS_MAX = 300
_EPOCH_DIGITS_MAX = 13
"""Milliseconds up to the year 2286; beyond the year 9999 there is no such moment at all."""
_HEADER_BYTES_MAX = 1000

Places = dict[int, tuple[int, int]]
"""lane -> (next offset, epoch)."""


class Consumer:
    """One member of the group. `run` goes on until it is cancelled or `stop` is called."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        self._health = health
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
                self._health.report("broker", ok=False, message=f"not consuming: {type(problem).__name__}")
                log.warning("consumer_starts_again", problem=repr(problem))
                await self._ledger.seam.sleep(_RETRY_SECONDS * 2)

    async def _consume(self) -> None:
        servers = self._settings.kafka_bootstrap_servers
        self._log_name = await _cluster_id(servers)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=self._settings.kafka_group,
            client_id="payout-ledger",
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
                    await self._ledger.seam.sleep(_RETRY_SECONDS)
                    await self.assigned(consumer, list(consumer.assignment()))
                else:
                    await _tell_the_group(consumer, batches)
        finally:
            await consumer.stop()

    async def _see_whether_the_broker_is_there(self) -> None:
        """A broker that went away looks like one with nothing new: asks, now and then, so that /readyz can tell."""
        now = self._ledger.seam.monotonic()
        if now < self._look_again_at:
            return
        self._look_again_at = now + _LOOK_SECONDS
        try:
            # Unlike the consumer's own requests, this one does not wait for the broker to come back.
            await asyncio.wait_for(_cluster_id(self._settings.kafka_bootstrap_servers), _LOOK_SECONDS)
        except (KafkaError, OSError) as problem:
            self._health.report("broker", ok=False, message=f"not reachable: {type(problem).__name__}")
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
        read = [(partition, record, _read(record)) for partition, records in batches.items() for record in records]
        routes = await self._routes({hook.named for _, _, hook in read if isinstance(hook, webhook.Webhook)})
        for partition, record, hook in read:
            lane, delivery = self._delivery(partition, record, hook, routes)
            next_offset, _ = self._places[partition].get(lane, (0, 0))
            if record.offset >= next_offset:
                deliveries[lane].append(delivery)
        for partition, records in batches.items():
            for lane, (next_offset, epoch) in self._places[partition].items():
                reached = max(next_offset, records[-1].offset + 1)
                moves[lane].append(OffsetMove(self._log_name, partition.topic, partition.partition, reached, epoch))
        loop = asyncio.get_running_loop()
        units = {lane: DeliveryUnit(deliveries[lane], moves[lane], loop.create_future()) for lane in moves}
        for lane, unit in units.items():
            self._ledger.submit(lane, unit)
        await asyncio.gather(*(unit.done for unit in units.values()))
        for partition, records in batches.items():
            reached = records[-1].offset + 1
            self._places[partition] = {
                lane: (max(offset, reached), epoch) for lane, (offset, epoch) in self._places[partition].items()
            }

    async def _routes(self, named: set[str]) -> dict[str, Any]:
        """What is needed to place and verify deliveries about these accounts or workspaces."""
        if not named:
            return {}
        rows = await self._ledger.pool.fetch(query("deliveries/route"), list(named))
        routes = {row["account_id"]: row for row in rows}
        # A workspace that an account claims for itself wins over an account that happens to have the same id.
        return routes | {row["named"]: row for row in rows if row["named"] != row["account_id"]}

    def _delivery(
        self, partition: TopicPartition, record: ConsumerRecord, hook: webhook.Webhook | str, routes: dict[str, Any]
    ) -> tuple[int, Delivery]:
        headers = dict(record.headers)
        signature = _header(headers, "plugipay-signature") or _header(headers, "x-plugipay-signature")
        received_at, unbelievable = self._receipt(headers)
        origin = f"{partition.topic}/{partition.partition}/{record.offset}"
        raw = record.value or b""
        if isinstance(hook, str):
            lane = self._ledger.lane_for_new(origin)
            return lane, Delivery(SYSTEM_ACCOUNT, raw, signature, received_at, origin, rejected_because=hook)
        route = routes.get(hook.named)
        account_id = route["account_id"] if route is not None else SYSTEM_ACCOUNT
        lane = route["lane"] if route is not None else self._ledger.lane_for_new(hook.named)
        reason = unbelievable
        if received_at is not None and reason is None:
            secrets = self._secrets(route, received_at)
            reason = webhook.refused_because(raw, signature, secrets, to_datetime(received_at).timestamp())
        return lane, Delivery(
            account_id,
            raw,
            signature,
            received_at,
            origin,
            observation=hook.observation,
            mentions=hook.mentions,
            rejected_because=reason,
        )

    def _receipt(self, headers: dict[str, bytes]) -> tuple[Instant | None, str | None]:
        """When the receiver got it; and why that cannot be believed."""
        text = _header(headers, "received-at") or ""
        if not (text.isascii() and text.isdigit() and len(text) <= _EPOCH_DIGITS_MAX):
            return None, "no received-at header says when it was received"
        now = self._ledger.seam.now()
        moment = now.fromtimestamp(int(text) / 1000, tz=now.tzinfo)
        if (moment - now).total_seconds() > _FUTURE_SECONDS_MAX:
            return None, "its received-at header lies in the future"
        return from_datetime(moment), None

    def _secrets(self, route: Any, received_at: Instant) -> list[str]:
        """The secrets that were valid when it was received."""
        secrets = []
        platform = self._settings.plugipay_webhook_secret
        if platform is not None:
            secrets.append(platform.get_secret_value())
        if route is None or route["keys"] is None:
            return secrets
        newest = max(orjson.loads(route["keys"]), key=lambda entry: entry["generation"])
        key = self._ledger.vault.account_key(
            route["account_id"], newest["generation"], base64.b64decode(newest["wrapped"])
        )
        for entry in orjson.loads(route["secrets"] or "[]"):
            # Added later is no reason to doubt: who signs with it had it. Retired before is one.
            if entry["retired_at"] is None or received_at < entry["retired_at"]:
                try:
                    secrets.append(key.unseal("secret", entry["secret"]))
                except CannotUnseal:
                    log.exception("webhook_secret_not_readable", account=route["account_id"])
        return secrets


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the consumer what it has been assigned."""

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        log.info("partitions_revoked", count=len(revoked))

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        await self._consumer.assigned(self._client, assigned)


def _read(record: ConsumerRecord) -> webhook.Webhook | str:
    """What the body says, or why it cannot be read."""
    try:
        return webhook.read(record.value or b"")
    except webhook.Malformed as problem:
        return str(problem)


def _header(headers: dict[str, bytes], name: str) -> str | None:
    """A header as text that can be kept: whatever is not printable ASCII is replaced, and there is an end to it."""
    value = headers.get(name)
    if value is None:
        return None
    text = value[:_HEADER_BYTES_MAX].decode("ascii", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


async def _tell_the_group(consumer: AIOKafkaConsumer, batches: dict[TopicPartition, list[ConsumerRecord]]) -> None:
    """Kafka's own offsets, for whoever watches the group's lag. They decide nothing, so a failure is only noted."""
    try:
        await consumer.commit({partition: records[-1].offset + 1 for partition, records in batches.items()})
    except KafkaError as problem:
        log.info("group_offsets_not_told", problem=repr(problem))


async def _cluster_id(servers: str | None) -> str:
    """The broker's own name for its cluster: offsets of one cluster mean nothing in another."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, client_id="payout-ledger")
    await admin.start()
    try:
        description = await admin.describe_cluster()
        return str(description["cluster_id"])
    finally:
        await admin.close()
