"""Sends webhooks: at least once, in no guaranteed order, with Plugipay's retry schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from service.platform.runtime import Runtime
from simulator.provider import envelopes
from simulator.provider.chance import Chance
from simulator.provider.faults import Faults
from simulator.provider.payouts import stamp
from simulator.provider.refusals import Refused, not_found
from simulator.provider.settings import HOUR, EndpointSettings
from simulator.provider.state import Event
from simulator.provider.virtual_clock import VirtualClock

RETRY_SECONDS = (60, 5 * 60, 25 * 60, 2 * HOUR, 12 * HOUR)
"""The wait after each failure: six attempts in fourteen and a half hours."""

PENDING, SUCCEEDED, FAILED = "pending", "succeeded", "failed"


@dataclass(slots=True)
class Attempt:
    """One request: its time (`seconds` in Plugipay's time), and its response."""

    at: str
    seconds: float
    response_code: int | None
    error: str | None


@dataclass(slots=True)
class Delivery:
    """One event for one endpoint; its body never changes. `faults` names the faults that struck it."""

    id: str
    event_id: str
    type: str
    payout_id: str
    payout_number: int
    account_id: str
    body: str
    faults: list[str] = field(default_factory=list)
    status: str = PENDING
    next_seconds: float | None = None
    """The time of the next attempt, in Plugipay's seconds."""
    last_error: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        last = self.attempts[-1] if self.attempts else None
        return {
            "id": self.id,
            "eventId": self.event_id,
            "type": self.type,
            "payoutId": self.payout_id,
            "accountId": self.account_id,
            "status": self.status,
            "faults": self.faults,
            "attempts": len(self.attempts),
            "nextRetrySeconds": self.next_seconds,
            "lastAttemptAt": last.at if last else None,
            "deliveredAt": last.at if last and self.status == SUCCEEDED else None,
            "responseCode": last.response_code if last else None,
            "lastError": self.last_error,
            "attemptLog": [
                {"at": one.at, "seconds": one.seconds, "responseCode": one.response_code, "error": one.error}
                for one in self.attempts
            ],
            "body": self.body,
        }


class Deliveries:
    """Sends events to the endpoints, stores the deliveries, and retries."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        clock: VirtualClock,
        faults: Faults,
        chance: Chance,
        answer_seconds: float,
        reorder_seconds: float,
        on_change: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._clock = clock
        self._faults = faults
        self._chance = chance
        self._answer_seconds = answer_seconds
        self._reorder_seconds = reorder_seconds
        self._on_change = on_change
        self._session: aiohttp.ClientSession | None = None
        self._held: dict[str, Delivery] = {}
        self.endpoints: dict[str, EndpointSettings] = {}
        self.stored: dict[str, Delivery] = {}
        self.dropped_until = 0.0
        """In Plugipay's seconds: webhooks of events before this time are never sent."""

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._answer_seconds)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def clear(self) -> None:
        self.stored.clear()
        self._held.clear()
        self.dropped_until = 0.0

    def send(self, event: Event) -> None:
        """Sends the event to its workspace's endpoint, if one is set now."""
        endpoint = self.endpoints.get(event.account_id)
        name = envelopes.type_of(event, endpoint.generation) if endpoint is not None else None
        if endpoint is None or name is None:
            return
        about = (event.payout_number, event.kind)
        payout, faults = event.payout, []
        if self._faults.strikes("wrong_amount", *about):
            faults.append("wrong_amount")
            payout = {**payout, "amount": self._wrong_amount(payout["amount"], about)}
        body = envelopes.encode(envelopes.document(event, endpoint.generation, payout))
        delivery = self._store(event, name, body, faults)
        if self._clock.now() < self.dropped_until or self._faults.strikes("drop", *about):
            faults.append("drop")
            delivery.status, delivery.last_error = FAILED, "never sent: dropped by a fault"
        elif delivery.payout_id not in self._held and self._faults.strikes("reorder", *about):
            faults.append("reorder")
            self._held[delivery.payout_id] = delivery
            delivery.next_seconds = self._clock.call_later(self._reorder_seconds, partial(self._release, delivery))
        else:
            self._schedule(delivery, 0, iter(RETRY_SECONDS))
            if self._faults.strikes("duplicate", *about):
                self._schedule(self._store(event, name, body, [*faults, "duplicate"]), 0, iter(RETRY_SECONDS))
        self._on_change()

    def resend(self, delivery_id: str) -> Delivery:
        """Makes one more attempt for a delivery that succeeded or failed. Refused while it is queued."""
        delivery = self.stored.get(delivery_id)
        if delivery is None:
            raise not_found("delivery")
        if delivery.status == PENDING:
            raise Refused(409, "ALREADY_QUEUED", "this delivery is going to be tried anyway")
        if delivery.account_id not in self.endpoints:
            raise Refused(409, "ENDPOINT_DISABLED", "the workspace has no webhook endpoint")
        delivery.status = PENDING
        self._schedule(delivery, 0, iter(()))
        return delivery

    def resume(self, delivery: Delivery) -> None:
        """Adds a delivery of an earlier run, which continues with its remaining attempts."""
        self.stored[delivery.id] = delivery
        if delivery.status == PENDING:
            self._schedule(delivery, 0, iter(RETRY_SECONDS[len(delivery.attempts) :]))

    def _store(self, event: Event, name: str, body: str, faults: list[str]) -> Delivery:
        delivery = Delivery(
            id=f"whd_{self._runtime.ulid()}",
            event_id=event.id,
            type=name,
            payout_id=event.payout["id"],
            payout_number=event.payout_number,
            account_id=event.account_id,
            body=body,
            faults=faults,
        )
        self.stored[delivery.id] = delivery
        return delivery

    def _wrong_amount(self, amount: int, about: tuple[object, ...]) -> int:
        """Wrong by one, or by a factor of 100, as from a mix-up of units."""
        return amount + 1 if self._chance.draw("another_amount", *about) < 0.5 else amount * 100

    def _schedule(self, delivery: Delivery, seconds: float, retries: Iterator[float]) -> None:
        delivery.next_seconds = self._clock.call_later(seconds, partial(self._attempt, delivery, retries))

    def _release(self, delivery: Delivery) -> None:
        """Sends a webhook that was held back, unless it was sent already."""
        if self._held.get(delivery.payout_id) is delivery:
            del self._held[delivery.payout_id]
            self._schedule(delivery, 0, iter(RETRY_SECONDS))

    async def _attempt(self, delivery: Delivery, retries: Iterator[float]) -> None:
        delivery.next_seconds = None
        endpoint = self.endpoints.get(delivery.account_id)
        code, error = await self._post(delivery, endpoint)
        if code is not None and not 200 <= code < 300:
            error = f"answered {code}"
        delivery.attempts.append(Attempt(stamp(self._runtime.now()), self._clock.now(), code, error))
        delivery.last_error = error
        if error is None:
            delivery.status = SUCCEEDED
        else:
            wait = next(retries, None)
            if wait is None:
                delivery.status = FAILED
            else:
                self._schedule(delivery, wait, retries)
        held = self._held.get(delivery.payout_id)
        if held is not None:
            self._release(held)
        self._on_change()

    async def _post(self, delivery: Delivery, endpoint: EndpointSettings | None) -> tuple[int | None, str | None]:
        """The status code of the response, or why there is none."""
        assert self._session is not None
        if endpoint is None:
            return None, "the workspace has no webhook endpoint any more"
        secret = endpoint.secret
        if not delivery.attempts and self._faults.strikes("bad_signature", delivery.payout_number, delivery.type):
            delivery.faults.append("bad_signature")
            secret += "-of-somebody-else"
        headers = {
            endpoint.header: envelopes.sign(secret, int(self._runtime.now().timestamp()), delivery.body),
            "Content-Type": "application/json",
            "User-Agent": "Plugipay-Simulator",
        }
        try:
            async with self._session.post(
                endpoint.url, data=delivery.body.encode(), headers=headers, allow_redirects=False
            ) as response:
                return response.status, None
        except TimeoutError:
            return None, f"no answer within {self._answer_seconds:g} s"
        except aiohttp.ClientError as problem:
            return None, f"{type(problem).__name__}: the endpoint cannot be reached"
