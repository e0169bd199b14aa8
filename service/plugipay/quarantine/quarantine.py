"""Parked deliveries wait for a person, who replays or dismisses each. That ends the quarantine, once, in one transaction.

A replay is handled like a new delivery: the bytes are unsealed, the signature is verified again with the secrets that
were valid at the receipt, and the events are appended together with the end of the quarantine. Where the time of
receipt is unknown, the person who replays takes responsibility, and the time in the signature is used instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from events.command import Reason
from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant, from_datetime
from events.provider.events import DeliveryDismissed
from events.read_set import ReadSet
from events.refusals import Refusal
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.commands import Executed, IdempotencyMismatch, Outcome, RequestOrigin
from service.ledger.event_store import StoredAnswer, read_answers
from service.ledger.ledger import Ledger
from service.ledger.vault import CannotUnseal
from service.ledger.write_failures import Fenced
from service.platform import logs
from service.platform.settings import Settings
from service.plugipay.inbound import topic, webhook
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter
from service.plugipay.inbound.delivery_unit import Delivery, DeliveryUnit
from service.plugipay.inbound.ingest import failure_reason, waits
from service.plugipay.inbound.stored_deliveries import (
    DISMISSED,
    REPLAYED,
    ResolvedDeliveryDocument,
    StoredDelivery,
)

log = logs.get("plugipay")

REASON: TypeAdapter[str] = TypeAdapter(Reason)

_FUTURE_MAX = timedelta(seconds=300)


class NotQuarantined(Refusal):
    """The delivery does not wait: it was ingested or rejected at its receipt, or was replayed or dismissed since."""

    code = "INVALID_TRANSITION"

    def __init__(self, delivery_id: str, state: str) -> None:
        super().__init__(
            f"delivery {delivery_id} is {state}: only one that is parked can be replayed or dismissed",
            details={"status": state},
        )


class StillQuarantined(Refusal):
    """It was replayed, and still cannot be ingested."""

    code = "INVALID_TRANSITION"

    def __init__(self, delivery_id: str, why: str) -> None:
        super().__init__(
            f"delivery {delivery_id} cannot be ingested and stays parked: {why}",
            details={"status": "parked", "reason": why},
        )


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """A person's request about a parked delivery. `body` identifies the request: a repeat has the same."""

    stored: StoredDelivery
    origin: RequestOrigin
    body: bytes
    render: Callable[[ResolvedDeliveryDocument, Instant], bytes]
    """The answer, from the delivery's document as it will be and the time of recording."""
    key: str | None = None

    @property
    def by(self) -> str:
        actor = self.origin.actor
        return f"{actor.kind}:{actor.id}" if actor.id else actor.kind


@dataclass(slots=True)
class _Resolution(UnitOfWork[Outcome]):
    """The end of a quarantine: with the delivery ingested, or with the reason why it is not."""

    request: ResolveRequest
    delivery_unit: DeliveryUnit | None = None
    verdict: str | None = None
    """The verdict, if another lane has ingested it."""
    reason: str | None = None
    _verdicts: list[str] = field(default_factory=list, init=False)

    @property
    def account_ids(self) -> Collection[str]:
        return (self.request.stored.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        account_id = self.request.stored.account_id
        read_set.accounts.update((account_id, SYSTEM_ACCOUNT))
        if self.delivery_unit is not None:
            self.delivery_unit.collect(read_set)
        if self.request.key is not None:
            read_set.answers.add((account_id, self.request.key))

    def decide(self, batch: Batch) -> Outcome:
        request, stored = self.request, self.request.stored
        key = batch.keys.get(stored.account_id) or batch.keys[SYSTEM_ACCOUNT]
        digest = key.digest(request.body)
        first = batch.answer(stored.account_id, request.key) if request.key is not None else None
        if request.key is not None and first is not None:
            if first.digest != digest:
                return IdempotencyMismatch(request.key)
            body = key.unseal_bytes(f"answer {request.key}", first.sealed)
            return Executed(first.status, body, first.position, batch.lane, replayed=True)
        if any(row["delivery_id"] == stored.delivery_id for row in batch.parkings_ended):
            return NotQuarantined(stored.delivery_id, "ended at this very moment")
        how, verdict = REPLAYED, self.verdict
        if self.delivery_unit is not None:
            self._verdicts = self.delivery_unit.decide(batch)
            verdict = self._verdicts[0]
        elif verdict is not None:
            batch.parkings_ended.append({"delivery_id": stored.delivery_id, "how": REPLAYED, "by": request.by})
        else:
            assert self.reason is not None
            how = DISMISSED
            self._dismiss(batch, self.reason, digest)
        ended = replace(stored, ended_at=batch.now, ended_how=how, ended_by=request.by)
        document: ResolvedDeliveryDocument = {
            **ended.document(),
            "replay": None if verdict is None else {"verdict": verdict},
        }
        body = request.render(document, batch.now)
        if request.key is not None:
            sealed = key.seal_bytes(f"answer {request.key}", body)
            batch.add_answer(stored.account_id, request.key, StoredAnswer(digest, 200, sealed, batch.position), key)
        return Executed(200, body, batch.position, batch.lane)

    def _dismiss(self, batch: Batch, reason: str, digest: str) -> None:
        stored, origin = self.request.stored, self.request.origin
        cause = Cause(
            origin.actor,
            origin.source,
            self.request.key,
            digest if self.request.key is not None else None,
            origin.request_id,
            None,
            origin.traceparent,
        )
        batch.record(batch.state(stored.account_id), DeliveryDismissed(stored.delivery_id, reason), cause)
        batch.parkings_ended.append({"delivery_id": stored.delivery_id, "how": DISMISSED, "by": self.request.by})

    def committed(self, result: Outcome) -> None:
        if not isinstance(result, Executed) or result.replayed:
            return
        if self.delivery_unit is not None:
            self.delivery_unit.committed(self._verdicts)
        log.info("parking_ended", delivery=self.request.stored.delivery_id, by=self.request.by, reason=self.reason)


async def dismiss(ledger: Ledger, request: ResolveRequest, reason: str) -> Outcome:
    """Ends the quarantine without ingesting the delivery. Its bytes stay, and the log says who decided, and why."""
    known = await _known_outcome(ledger, request)
    if known is not None:
        return known
    return await _commit(ledger, _Resolution(request, reason=reason))


async def replay(ledger: Ledger, settings: Settings, request: ResolveRequest) -> Outcome:
    """Ingests a parked delivery as if it came now. StillQuarantined where it cannot; then nothing has changed."""
    known = await _known_outcome(ledger, request)
    if known is not None:
        return known
    stored = request.stored
    try:
        lane, delivery = await _route(ledger, settings, stored)
    except _CannotIngest as problem:
        return StillQuarantined(stored.delivery_id, str(problem))
    if lane == stored.lane:
        delivery = replace(delivery, replays=stored.delivery_id, replayed_by=request.by)
        return await _commit(ledger, _Resolution(request, delivery_unit=_unit_of(delivery)))
    # The delivery is for an account in another lane, and no transaction spans lanes. If the process stops in between,
    # the next replay finds a duplicate, and ends the quarantine.
    try:
        verdicts = await ledger.run(lane, _unit_of(delivery))
    except Exception as problem:  # noqa: BLE001 - `_failed` raises those that are not the delivery's fault
        return _failed(stored, problem)
    return await _commit(ledger, _Resolution(request, verdict=verdicts[0]))


class _CannotIngest(Exception):
    """Why a delivery cannot be ingested."""


async def _route(ledger: Ledger, settings: Settings, stored: StoredDelivery) -> tuple[int, Delivery]:
    """The lane, and the delivery, which is verified now. _CannotIngest says why it is not."""
    try:
        raw = stored.unsealed(ledger.vault)
    except CannotUnseal as problem:
        raise _CannotIngest(f"its bytes cannot be read: {problem}") from None
    verified_at = stored.received_at or _signed_at(stored.signature, ledger.runtime.now())
    signatures = (stored.signature,) if stored.signature is not None else ()
    arrived = ArrivedWebhook(raw, signatures, verified_at, f"replay/{stored.delivery_id}")
    if isinstance(arrived.parsed, str):
        arrived = _unsealed_in_transit(ledger, stored, arrived)
    if isinstance(arrived.parsed, str):
        raise _CannotIngest(arrived.parsed)
    router = DeliveryRouter(ledger, settings)
    lane, delivery = router.route(arrived, await router.read_routes([arrived.parsed.claimed_id]))
    if delivery.rejection_reason is not None:
        raise _CannotIngest(delivery.rejection_reason)
    return lane, replace(delivery, received_at=stored.received_at)


def _signed_at(signature: str | None, now: datetime) -> Instant:
    seconds = webhook.signed_at(signature)
    if seconds is None:
        raise _CannotIngest("neither its receipt nor its signature says when it was sent")
    if seconds > (now + _FUTURE_MAX).timestamp():
        raise _CannotIngest("nobody knows when it was received, and its signature is dated in the future")
    return from_datetime(datetime.fromtimestamp(seconds, UTC))


def _unsealed_in_transit(ledger: Ledger, stored: StoredDelivery, arrived: ArrivedWebhook) -> ArrivedWebhook:
    """The webhook that our own receiver had sealed for the topic, if it can be unsealed by now."""
    headers = stored.topic_headers()
    try:
        raw = topic.unsealed(ledger.vault, arrived.raw, headers)
    except CannotUnseal:
        return arrived
    return ArrivedWebhook(raw, arrived.signatures, arrived.received_at, arrived.origin)


def _unit_of(delivery: Delivery) -> DeliveryUnit:
    return DeliveryUnit([delivery], [])


async def _known_outcome(ledger: Ledger, request: ResolveRequest) -> Outcome | None:
    """The outcome if the delivery no longer waits: the stored answer of this same request, or a refusal."""
    stored = request.stored
    if stored.waits:
        return None
    if request.key is not None:
        async with ledger.pool.acquire() as connection:
            found = await read_answers(connection, stored.lane, {(stored.account_id, request.key)})
        first = found.answers.get((stored.account_id, request.key))
        if first is not None:
            key = stored.newest_key(ledger.vault)
            if first.digest != key.digest(request.body):
                return IdempotencyMismatch(request.key)
            body = key.unseal_bytes(f"answer {request.key}", first.sealed)
            return Executed(first.status, body, first.position, stored.lane, replayed=True)
    return NotQuarantined(stored.delivery_id, stored.ended_how or stored.verdict)


async def _commit(ledger: Ledger, resolution: _Resolution) -> Outcome:
    try:
        return await ledger.run(resolution.request.stored.lane, resolution)
    except Exception as problem:  # noqa: BLE001 - `_failed` raises those that are not the delivery's fault
        return _failed(resolution.request.stored, problem)


def _failed(stored: StoredDelivery, problem: Exception) -> Outcome:
    """A refusal if it is the delivery's own fault; else raises the problem."""
    if isinstance(problem, Fenced):
        return NotQuarantined(stored.delivery_id, "ended at this very moment")
    if waits(problem):
        raise problem
    log.error("delivery_not_replayed", delivery=stored.delivery_id, exc_info=problem)
    return StillQuarantined(stored.delivery_id, failure_reason(problem))
