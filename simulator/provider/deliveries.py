"""Webhooks on their way: at least once, in no promised order, on the family's retry schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from service.platform.runtime import Runtime
from simulator.provider import envelopes
from simulator.provider.agenda import Agenda
from simulator.provider.books import Event
from simulator.provider.chance import Chance
from simulator.provider.faults import Faults
from simulator.provider.payouts import stamp
from simulator.provider.refused import Refused, not_found
from simulator.provider.settings import HOUR, EndpointSettings

RETRY_SECONDS = (60, 5 * 60, 25 * 60, 2 * HOUR, 12 * HOUR)
"""After the failure before it. There are six attempts, over fourteen and a half hours."""

PENDING, SUCCEEDED, FAILED = "pending", "succeeded", "failed"


@dataclass(slots=True)
class Attempt:
    """One request: when (also in Plugipay's seconds), and what came back."""

    at: str
    seconds: float
    response_code: int | None
    error: str | None


@dataclass(slots=True)
class Delivery:
    """One event to one endpoint; its body never changes. `faults` names what was done to it on purpose."""

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
    """When it is tried next, in Plugipay's seconds."""
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
    """Sends what happened to the endpoints, keeps what became of it, and sends again."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        agenda: Agenda,
        faults: Faults,
        chance: Chance,
        answer_seconds: float,
        reorder_seconds: float,
        on_change: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._agenda = agenda
        self._faults = faults
        self._chance = chance
        self._answer_seconds = answer_seconds
        self._reorder_seconds = reorder_seconds
        self._on_change = on_change
        self._session: aiohttp.ClientSession | None = None
        self._held: dict[str, Delivery] = {}
        self.endpoints: dict[str, EndpointSettings] = {}
        self.kept: dict[str, Delivery] = {}
        self.dropped_until = 0.0
        """In Plugipay's seconds: what happens before is never sent."""

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._answer_seconds)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def clear(self) -> None:
        self.kept.clear()
        self._held.clear()
        self.dropped_until = 0.0

    def tell(self, event: Event) -> None:
        """Sets out to tell the event's endpoint, which learns only of what happens while it is there."""
        endpoint = self.endpoints.get(event.account_id)
        name = envelopes.type_of(event, endpoint.generation) if endpoint is not None else None
        if endpoint is None or name is None:
            return
        about = (event.payout_number, event.kind)
        payout, faults = event.payout, []
        if self._faults.strikes("wrong_amount", *about):
            faults.append("wrong_amount")
            payout = {**payout, "amount": self._another_amount(payout["amount"], about)}
        body = envelopes.encode(envelopes.document(event, endpoint.generation, payout))
        delivery = self._keep(event, name, body, faults)
        if self._agenda.now() < self.dropped_until or self._faults.strikes("drop", *about):
            faults.append("drop")
            delivery.status, delivery.last_error = FAILED, "never sent: dropped by a fault"
        elif delivery.payout_id not in self._held and self._faults.strikes("reorder", *about):
            faults.append("reorder")
            self._held[delivery.payout_id] = delivery
            delivery.next_seconds = self._agenda.after(self._reorder_seconds, partial(self._release, delivery))
        else:
            self._due(delivery, 0, iter(RETRY_SECONDS))
            if self._faults.strikes("duplicate", *about):
                self._due(self._keep(event, name, body, [*faults, "duplicate"]), 0, iter(RETRY_SECONDS))
        self._on_change()

    def resend(self, delivery_id: str) -> Delivery:
        """One more attempt for a delivery, succeeded or failed. Refused while it is queued."""
        delivery = self.kept.get(delivery_id)
        if delivery is None:
            raise not_found("delivery")
        if delivery.status == PENDING:
            raise Refused(409, "ALREADY_QUEUED", "this delivery is going to be tried anyway")
        if delivery.account_id not in self.endpoints:
            raise Refused(409, "ENDPOINT_DISABLED", "the workspace has no webhook endpoint")
        delivery.status = PENDING
        self._due(delivery, 0, iter(()))
        return delivery

    def resume(self, delivery: Delivery) -> None:
        """Takes a delivery in from an earlier run, which goes on with the attempts that it has left."""
        self.kept[delivery.id] = delivery
        if delivery.status == PENDING:
            self._due(delivery, 0, iter(RETRY_SECONDS[len(delivery.attempts) :]))

    def _keep(self, event: Event, name: str, body: str, faults: list[str]) -> Delivery:
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
        self.kept[delivery.id] = delivery
        return delivery

    def _another_amount(self, amount: int, about: tuple[object, ...]) -> int:
        """Off by one, or by the hundred of somebody who took the unit for another."""
        return amount + 1 if self._chance.draw("another_amount", *about) < 0.5 else amount * 100

    def _due(self, delivery: Delivery, seconds: float, later: Iterator[float]) -> None:
        delivery.next_seconds = self._agenda.after(seconds, partial(self._attempt, delivery, later))

    def _release(self, delivery: Delivery) -> None:
        """Sends a webhook that was held back, unless it is on its way already."""
        if self._held.get(delivery.payout_id) is delivery:
            del self._held[delivery.payout_id]
            self._due(delivery, 0, iter(RETRY_SECONDS))

    async def _attempt(self, delivery: Delivery, later: Iterator[float]) -> None:
        delivery.next_seconds = None
        endpoint = self.endpoints.get(delivery.account_id)
        code, error = await self._post(delivery, endpoint)
        if code is not None and not 200 <= code < 300:
            error = f"answered {code}"
        delivery.attempts.append(Attempt(stamp(self._runtime.now()), self._agenda.now(), code, error))
        delivery.last_error = error
        if error is None:
            delivery.status = SUCCEEDED
        else:
            wait = next(later, None)
            if wait is None:
                delivery.status = FAILED
            else:
                self._due(delivery, wait, later)
        held = self._held.get(delivery.payout_id)
        if held is not None:
            self._release(held)
        self._on_change()

    async def _post(self, delivery: Delivery, endpoint: EndpointSettings | None) -> tuple[int | None, str | None]:
        """The code of the answer, or what came instead of one."""
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
