"""The webhooks' topic: what a message of ours looks like, and the producer that writes it.

    key        the account's id
    value      the body as received, sealed on its way (docs/personal-data.md)
    headers    plugipay-signature, received-at (epoch milliseconds), sealed: 1

Others may write bodies in the clear, without `sealed`. The signature and the time of receipt are part of what is
sealed, so that nobody who can write to the topic makes an old delivery a new one.
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
from service.platform.kafka import broker_access, why_away
from service.platform.runtime import Runtime
from service.platform.settings import Settings

log = logs.get("topic")

SIGNATURE, RECEIVED_AT, SEALED = "plugipay-signature", "received-at", "sealed"

SEALED_HOW = b"1"
_START_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_STUCK_SECONDS = 15.0
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


class NotTaken(Exception):
    """The broker did not say that it has the message. It may have it nevertheless."""


class TooLarge(Exception):
    """The broker takes no message of this size."""


def sealed(vault: Vault, key: str, raw: bytes, signature: str, received_at: int) -> Message:
    """A delivery that may lie on a broker: received at these epoch milliseconds, with this signature header."""
    headers = ((SIGNATURE, signature.encode()), (RECEIVED_AT, str(received_at).encode()), (SEALED, SEALED_HOW))
    return Message(key.encode(), vault.seal_in_transit(_context(dict(headers)), raw), headers)


def opened(vault: Vault, value: bytes, headers: Mapping[str, bytes]) -> bytes:
    """The body of a message, sealed or not. CannotUnseal where it was not sealed by us, or not with these headers."""
    how = headers.get(SEALED)
    if how is None:
        return value
    if how != SEALED_HOW:
        raise CannotUnseal("a newer release sealed it, in a way that this one does not know")
    return vault.unseal_in_transit(_context(headers), value)


def _context(headers: Mapping[str, bytes]) -> bytes:
    return b"webhook\n%b\n%b" % (headers.get(RECEIVED_AT, b""), headers.get(SIGNATURE, b""))


class WebhooksTopic:
    """Writes to the topic: once `put` returns, every replica that is in sync has the message.

    The producer repeats what a broker does not answer, without making two of it, and finds brokers that come back. One
    that has given up, or for long had no answer from anywhere, is replaced: only a new one asks the configured
    addresses again.
    """

    def __init__(self, settings: Settings, runtime: Runtime, health: Health) -> None:
        self._settings = settings
        self._access = broker_access(settings)
        self._runtime = runtime
        self._health = health
        self._producer: AIOKafkaProducer | None = None
        self._there = asyncio.Event()
        self._useless = asyncio.Event()
        self._silent_since: float | None = None
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
        """Where it lies: topic/partition/offset. NotTaken or TooLarge; how long is waited is the caller's business."""
        await self._there.wait()
        began_at = self._runtime.monotonic()
        producer = self._producer
        assert producer is not None
        try:
            lies = await producer.send_and_wait(
                self._settings.kafka_webhooks_topic, message.value, key=message.key, headers=list(message.headers)
            )
        except MessageSizeTooLargeError as problem:
            raise TooLarge(str(problem)) from None
        except asyncio.CancelledError:
            # The caller's time is up.
            self._report("it does not answer in time")
            self._silent_since = self._silent_since or began_at
            if self._runtime.monotonic() - self._silent_since > _STUCK_SECONDS:
                self._give_up(producer, "no answer for a while")
            raise
        except KafkaError as problem:
            if not isinstance(problem, KafkaTimeoutError):
                self._give_up(producer, type(problem).__name__)
            raise NotTaken(f"the broker does not take webhooks now: {type(problem).__name__}") from problem
        self._silent_since = None
        if not self._health.parts["webhooks"].ok:
            self._report(None)
        return f"{lies.topic}/{lies.partition}/{lies.offset}"

    def _give_up(self, producer: AIOKafkaProducer, why: str) -> None:
        if producer is self._producer:
            self._producer = None
            self._there.clear()
            self._useless.set()
            self._report(why)
            log.warning("producer_given_up", why=why)

    async def _run(self) -> None:
        while True:
            producer = self._new_producer()
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await producer.start()
                # Makes the topic, where the broker does that, before the first delivery waits for it.
                async with asyncio.timeout(_START_SECONDS):
                    await producer.partitions_for(self._settings.kafka_webhooks_topic)
                self._producer = producer
                self._silent_since = None
                self._useless.clear()
                self._there.set()
                self._report(None)
                await self._useless.wait()
            except (KafkaError, OSError, TimeoutError) as problem:
                self._report(await why_away(self._access, problem))
                log.info("producer_not_started", problem=repr(problem))
            finally:
                self._producer = None
                self._there.clear()
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
    """Ends a producer. What it still holds was never acknowledged; left to itself, it would go on trying for ever."""
    sender, waiting = producer._sender, producer._message_accumulator  # noqa: SLF001 - there is no public way
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await sender.close()
    waiting.fail_all(NotTaken("the producer was stopped"))
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await producer.stop()
