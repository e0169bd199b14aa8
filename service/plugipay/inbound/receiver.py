"""Plugipay's webhooks on their way in: verified, then durable, then acknowledged.

Where a broker keeps what it has, a delivery is durable there, sealed, and the database is not needed to take it; the
consumer takes it into the log. Where none does, it goes into the log at once, through the same code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.instants import Instant, to_datetime
from service.ledger.ledger import Ledger
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound import webhook
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, Route, printable, receipt
from service.plugipay.inbound.ingest import ingest
from service.plugipay.inbound.topic import NotTaken, TooLarge, WebhooksTopic, sealed
from service.plugipay.inbound.webhook_secrets import NotTold, WebhookSecrets

log = logs.get("receiver")

BODY_BYTES_MAX = 900_000
"""Sealed and with its headers it still fits into a message of one megabyte, which brokers take by default."""
_WAITING_BYTES_MAX = 64_000_000


_NO_SECRET_HELPS = (webhook.NO_SIGNATURE, webhook.MALFORMED_SIGNATURE, webhook.WRONG_TIME)


class NotAWebhook(Exception):
    """The body cannot be one, and nobody that is known has signed it."""


class NotBelieved(Exception):
    """No secret of the account's, or of the platform's, signed it at this time."""

    @property
    def wrong_time(self) -> bool:
        return str(self) == webhook.WRONG_TIME


@dataclass(frozen=True, slots=True)
class _Post:
    """One request. `signatures` are the headers it may be signed with, `named` the account it claims to be about."""

    raw: bytes
    signatures: tuple[str, ...]
    milliseconds: int
    received_at: Instant
    named: str | None

    def check(self, secrets: Sequence[str]) -> tuple[str | None, str]:
        """The header that one of these secrets made; else None, and why."""
        moment = to_datetime(self.received_at).timestamp()
        reason = webhook.NO_SIGNATURE
        for signature in self.signatures:
            found = webhook.refused_because(self.raw, signature, secrets, moment)
            if found is None:
                return signature, ""
            if reason in _NO_SECRET_HELPS:
                reason = found
        return None, reason


class Receiver:
    """Takes deliveries; `receive` returns once one is durable."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        self._health = health
        self._sorter = DeliveryRouter(ledger, settings)
        self._signers = WebhookSecrets(self._sorter.routes, ledger.runtime)
        kept = settings.kafka_bootstrap_servers is not None and settings.kafka_keeps
        self._topic = WebhooksTopic(settings, ledger.runtime, health) if kept else None
        self._waiting_bytes = 0

    def start(self) -> None:
        if self._topic is not None:
            self._topic.start()
        else:
            self._health.report("webhooks", ok=True, message="each is in the log before it is answered")

    async def close(self) -> None:
        await self._signers.close()
        if self._topic is not None:
            await self._topic.close()

    async def receive(self, raw: bytes, signatures: Iterable[str], request_id: str) -> None:
        """Returns once it is durable. NotAWebhook, NotBelieved or TooLarge where it never will be.

        Unavailable where nobody can verify or keep it now: the provider's repetition is welcome.
        """
        if len(raw) > BODY_BYTES_MAX:
            raise TooLarge(f"a webhook has {BODY_BYTES_MAX} bytes at most")
        if self._waiting_bytes + len(raw) > _WAITING_BYTES_MAX:
            raise Unavailable("too many webhooks are waiting already")
        self._waiting_bytes += len(raw)
        try:
            async with asyncio.timeout(self._settings.webhook_answer_seconds):
                await self._receive(self._post(raw, signatures), request_id)
        except (NotTaken, NotTold, *OUTAGES) as problem:
            log.warning("webhook_not_taken", request_id=request_id, problem=repr(problem))
            raise Unavailable("this webhook cannot be kept just now: send it again") from problem
        finally:
            self._waiting_bytes -= len(raw)

    def _post(self, raw: bytes, signatures: Iterable[str]) -> _Post:
        now, milliseconds = self._ledger.runtime.now(), self._ledger.runtime.milliseconds()
        # Everything as the consumer will see it on the topic: it must not refuse what was believed here.
        received_at, _ = receipt(str(milliseconds), now)
        assert received_at is not None
        kept = tuple(printable(given.encode("utf-8", "surrogateescape")) for given in signatures)
        return _Post(raw, kept, milliseconds, received_at, webhook.named_in(raw))

    async def _receive(self, post: _Post, request_id: str) -> None:
        signature, route = await self._believed(post)
        if self._topic is None:
            await self._take_in(post, ArrivedWebhook(post.raw, signature, post.received_at, f"http/{request_id}"))
            return
        key = route.account_id if route is not None else post.named or ""
        message = sealed(self._ledger.vault, key, post.raw, signature, post.milliseconds)
        origin = await self._topic.put(message)
        if self._settings.log_requests:
            log.info("webhook_received", request_id=request_id, account=key, origin=origin)

    async def _believed(self, post: _Post) -> tuple[str, Route | None]:
        """The header that holds, and the route of the account. NotAWebhook or NotBelieved where none does.

        What is signed is taken even where it cannot be read: whoever may speak for the provider has said something.
        """
        route = await self._signers.remembered(post.named) if post.named is not None else None
        signature, reason = post.check(self._sorter.secrets(route, post.received_at))
        if signature is None and post.named is not None and reason not in _NO_SECRET_HELPS:
            route = await self._signers.afresh(post.named)
            signature, reason = post.check(self._sorter.secrets(route, post.received_at))
        if signature is not None:
            return signature, route
        try:
            webhook.read(post.raw)
        except webhook.Malformed as problem:
            raise NotAWebhook(str(problem)) from None
        raise NotBelieved(reason)

    async def _take_in(self, post: _Post, arrival: ArrivedWebhook) -> None:
        route = await self._signers.afresh(post.named) if post.named is not None else None
        lane, delivery = self._sorter.sort(arrival, {post.named: route} if post.named and route else {})
        if delivery.observation is not None and delivery.rejected_because is not None:
            # What was remembered is no longer true: the secret was retired.
            raise NotBelieved(delivery.rejected_because)
        await ingest(self._ledger, lane, [delivery])
