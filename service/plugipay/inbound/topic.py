"""The webhooks topic: the format of our messages, and the producer that writes them.

    key        the account's id
    value      the body as received, sealed in transit (docs/personal-data.md)
    headers    plugipay-signature, received-at (epoch milliseconds), sealed: 1

Others may write bodies in plain text, without the header `sealed`. The seal also covers the signature and the time of
receipt, so that nobody who can write to the topic can make an old delivery look new.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from service.ledger.vault import CannotUnseal, Vault
from service.platform import logs
from service.platform.health import Health
from service.platform.kafka import broker_access, explain_outage
from service.platform.runtime import Runtime
from service.platform.settings import Settings

log = logs.get("topic")

SIGNATURE, RECEIVED_AT, SEALED = "plugipay-signature", "received-at", "sealed"

SEAL_VERSION = b"1"
_START_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_UNANSWERED_SECONDS_MAX = 15.0
_REQUEST_MILLISECONDS = 5_000
_BACKOFF_MILLISECONDS = 250
_BATCH_BYTES = 262_144
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Message:
    """One record for the topic."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class NotAcknowledged(Exception):
    """The broker has not acknowledged the message. It may have stored it all the same."""


class TooLarge(Exception):
    """The broker accepts no message of this size."""


def sealed(vault: Vault, key: str, raw: bytes, signature: str, received_at: int) -> Message:
    """A webhook as a sealed message. `received_at` is in epoch milliseconds; `signature` is the header."""
    headers = ((SIGNATURE, signature.encode()), (RECEIVED_AT, str(received_at).encode()), (SEALED, SEAL_VERSION))
    return Message(key.encode(), vault.seal_in_transit(_context(dict(headers)), raw), headers)


def unsealed(vault: Vault, value: bytes, headers: Mapping[str, bytes]) -> bytes:
    """The body of a message, sealed or plain. CannotUnseal where we did not seal it, or not with these headers."""
    version = headers.get(SEALED)
    if version is None:
        return value
    if version != SEAL_VERSION:
        raise CannotUnseal("a newer release sealed it, in a way that this one does not know")
    return vault.unseal_in_transit(_context(headers), value)


def _context(headers: Mapping[str, bytes]) -> bytes:
    return b"webhook\n%b\n%b" % (headers.get(RECEIVED_AT, b""), headers.get(SIGNATURE, b""))


class WebhooksTopic:
    """Writes to the topic. Once `put` returns, every replica in sync has the message.

    The producer repeats a message that is not acknowledged, without duplicates, and reconnects to brokers. One that
    failed, or that had no answer from any broker for long, is replaced: only a new producer connects to the configured
    addresses again.
    """

    def __init__(self, settings: Settings, runtime: Runtime, health: Health) -> None:
        self._settings = settings
        self._access = broker_access(settings)
        self._runtime = runtime
        self._health = health
        self._producer: AIOKafkaProducer | None = None
        self._connected = asyncio.Event()
        self._failed = asyncio.Event()
        self._unanswered_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._report("connecting")
        self._task = self._runtime.spawn(self._run(), "webhooks-topic")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def put(self, message: Message) -> str:
        """The message's topic/partition/offset. NotAcknowledged or TooLarge. The caller limits how long it waits."""
        await self._connected.wait()
        began_at = self._runtime.monotonic()
        producer = self._producer
        assert producer is not None
        try:
            metadata = await producer.send_and_wait(
                self._settings.kafka_webhooks_topic, message.value, key=message.key, headers=list(message.headers)
            )
        except MessageSizeTooLargeError as problem:
            raise TooLarge(str(problem)) from None
        except asyncio.CancelledError:
            # The caller waits no longer.
            self._report("it does not answer in time")
            self._unanswered_since = self._unanswered_since or began_at
            if self._runtime.monotonic() - self._unanswered_since > _UNANSWERED_SECONDS_MAX:
                self._give_up(producer, "no answer for a while")
            raise
        except KafkaError as problem:
            if not isinstance(problem, KafkaTimeoutError):
                self._give_up(producer, type(problem).__name__)
            raise NotAcknowledged(f"the broker does not take webhooks now: {type(problem).__name__}") from problem
        self._unanswered_since = None
        if not self._health.parts["webhooks"].ok:
            self._report(None)
        return f"{metadata.topic}/{metadata.partition}/{metadata.offset}"

    def _give_up(self, producer: AIOKafkaProducer, why: str) -> None:
        if producer is self._producer:
            self._producer = None
            self._connected.clear()
            self._failed.set()
            self._report(why)
            log.warning("producer_given_up", why=why)

    async def _run(self) -> None:
        while True:
            producer = self._new_producer()
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await producer.start()
                # Creates the topic, if the broker does that by itself, before the first webhook waits for it.
                async with asyncio.timeout(_START_SECONDS):
                    await producer.partitions_for(self._settings.kafka_webhooks_topic)
                self._producer = producer
                self._unanswered_since = None
                self._failed.clear()
                self._connected.set()
                self._report(None)
                await self._failed.wait()
            except (KafkaError, OSError, TimeoutError) as problem:
                self._report(await explain_outage(self._access, problem))
                log.info("producer_not_started", problem=repr(problem))
            finally:
                self._producer = None
                self._connected.clear()
                try:
                    await _stop(producer)
                except Exception:
                    log.exception("producer_not_stopped")
            await self._runtime.sleep(_RETRY_SECONDS)

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._access,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=_REQUEST_MILLISECONDS,
            retry_backoff_ms=_BACKOFF_MILLISECONDS,
            max_batch_size=_BATCH_BYTES,
        )

    def _report(self, problem: str | None) -> None:
        message = "each is on the broker before it is answered" if problem is None else f"the broker is away: {problem}"
        self._health.report("webhooks", ok=problem is None, message=message)


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stops a producer and fails its unacknowledged messages, which it would otherwise send again and again."""
    sender, waiting = producer._sender, producer._message_accumulator  # noqa: SLF001 - there is no public way
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await sender.close()
    waiting.fail_all(NotAcknowledged("the producer was stopped"))
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await producer.stop()
