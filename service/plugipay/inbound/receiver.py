"""Receives Plugipay's webhooks over HTTP: verified, then durable, then acknowledged.

With a durable broker, a webhook is sealed and written to the topic, and the database is not needed to receive it; the
consumer then ingests it. Without one, it is ingested at once, by the same code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.instants import Instant, to_datetime
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound import webhook
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter, Route, printable, read_received_at
from service.plugipay.inbound.ingest import ingest
from service.plugipay.inbound.topic import NotAcknowledged, TooLarge, WebhooksTopic, sealed
from service.plugipay.inbound.webhook_secrets import SecretsUnavailable, WebhookSecrets

log = logs.get("receiver")

BODY_BYTES_MAX = 900_000
"""Sealed and with its headers it is still less than one megabyte, the default limit of brokers."""
_WAITING_BYTES_MAX = 64_000_000


class NotAWebhook(Exception):
    """The body is not a webhook, and no known secret signed it."""


class NotVerified(Exception):
    """No secret of the account or of the platform signed it at this time."""

    @property
    def wrong_time(self) -> bool:
        return str(self) == webhook.WRONG_TIME


@dataclass(frozen=True, slots=True)
class _WebhookRequest:
    """One request. `signatures` are its signature headers; `claimed_id` is the account or workspace that it names."""

    raw: bytes
    signatures: tuple[str, ...]
    milliseconds: int
    received_at: Instant
    claimed_id: str | None

    def find_signature(self, secrets: Sequence[str]) -> tuple[str | None, str]:
        """The signature header that one of these secrets made; or None, and the reason."""
        moment = to_datetime(self.received_at).timestamp()
        signature, reason = webhook.verify(self.raw, self.signatures, secrets, moment)
        return (signature, "") if reason is None else (None, reason)


class Receiver:
    """Receives webhooks. `receive` returns once the webhook is durable."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health) -> None:
        self._ledger = ledger
        self._settings = settings
        self._health = health
        self._router = DeliveryRouter(ledger, settings)
        self._webhook_secrets = WebhookSecrets(self._router.read_routes, ledger.runtime)
        broker_stores = settings.kafka_bootstrap_servers is not None and settings.kafka_keeps
        self._topic = WebhooksTopic(settings, ledger.runtime, health) if broker_stores else None
        self._waiting_bytes = 0

    def start(self) -> None:
        if self._topic is not None:
            self._topic.start()
        else:
            self._health.report("webhooks", ok=True, message="each is in the log before it is answered")

    async def close(self) -> None:
        await self._webhook_secrets.close()
        if self._topic is not None:
            await self._topic.close()

    async def receive(self, raw: bytes, signatures: Iterable[str], request_id: str) -> None:
        """Returns once it is durable. NotAWebhook, NotVerified or TooLarge where it never can be.

        Unavailable where it cannot be verified or stored now: the provider should send it again.
        """
        if len(raw) > BODY_BYTES_MAX:
            raise TooLarge(f"a webhook has {BODY_BYTES_MAX} bytes at most")
        if self._waiting_bytes + len(raw) > _WAITING_BYTES_MAX:
            raise Unavailable("too many webhooks are waiting already")
        self._waiting_bytes += len(raw)
        try:
            async with asyncio.timeout(self._settings.webhook_answer_seconds):
                await self._receive(self._request(raw, signatures), request_id)
        except (NotAcknowledged, SecretsUnavailable, *OUTAGES) as problem:
            log.warning("webhook_not_taken", request_id=request_id, problem=repr(problem))
            raise Unavailable("this webhook cannot be stored now: send it again") from problem
        finally:
            self._waiting_bytes -= len(raw)

    def _request(self, raw: bytes, signatures: Iterable[str]) -> _WebhookRequest:
        now, milliseconds = self._ledger.runtime.now(), self._ledger.runtime.milliseconds()
        # The values as the consumer will read them from the topic: it must not reject what was verified here.
        received_at, _ = read_received_at(str(milliseconds), now)
        assert received_at is not None
        printables = tuple(printable(given.encode("utf-8", "surrogateescape")) for given in signatures)
        return _WebhookRequest(raw, printables, milliseconds, received_at, webhook.claimed_id_in(raw))

    async def _receive(self, request: _WebhookRequest, request_id: str) -> None:
        signature, route = await self._verify(request)
        if self._topic is None:
            await self._ingest(
                request, ArrivedWebhook(request.raw, (signature,), request.received_at, f"http/{request_id}")
            )
            return
        key = route.account_id if route is not None else request.claimed_id or ""
        message = sealed(self._ledger.vault, key, request.raw, signature, request.milliseconds)
        origin = await self._topic.put(message)
        if self._settings.log_requests:
            log.info("webhook_received", request_id=request_id, account=key, origin=origin)

    async def _verify(self, request: _WebhookRequest) -> tuple[str, Route | None]:
        """The valid signature header, and the account's route. NotAWebhook or NotVerified where there is none.

        A signed body is accepted even if it cannot be parsed: it comes from the provider and must not be lost.
        """
        route = await self._webhook_secrets.read(request.claimed_id) if request.claimed_id is not None else None
        signature, reason = request.find_signature(self._router.secrets(route, request.received_at))
        if signature is None and request.claimed_id is not None and reason not in webhook.NO_SECRET_HELPS:
            route = await self._webhook_secrets.refresh(request.claimed_id)
            signature, reason = request.find_signature(self._router.secrets(route, request.received_at))
        if signature is not None:
            return signature, route
        try:
            webhook.read(request.raw)
        except webhook.Malformed as problem:
            raise NotAWebhook(str(problem)) from None
        raise NotVerified(reason)

    async def _ingest(self, request: _WebhookRequest, arrived: ArrivedWebhook) -> None:
        route = await self._webhook_secrets.refresh(request.claimed_id) if request.claimed_id is not None else None
        lane, delivery = self._router.route(
            arrived, {request.claimed_id: route} if request.claimed_id and route else {}
        )
        if delivery.observation is not None and delivery.rejection_reason is not None:
            # The cached secret was retired meanwhile.
            raise NotVerified(delivery.rejection_reason)
        await ingest(self._ledger, lane, [delivery])
