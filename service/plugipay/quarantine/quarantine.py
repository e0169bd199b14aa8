"""Deliveries that wait for a person: taken in once more, or dismissed; each parking ends once, in one transaction.

A replay goes the way of an arrival: the bytes are unsealed, the signature is verified again with the secrets that were
valid when the delivery was received, and what follows is appended together with the end of the parking. Where nobody
knows when it was received, a person vouches for it by replaying it, and the signature's own time stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import asyncpg
from pydantic import TypeAdapter

from events.chain import SYSTEM_ACCOUNT
from events.fields import Reason
from events.instants import Instant, from_datetime
from events.provider.events import DeliveryDismissed
from events.read_set import ReadSet
from events.refusals import Refusal
from service.ledger.batch import Batch, Cause
from service.ledger.commands import Executed, IdempotencyMismatch, Outcome, RequestOrigin
from service.ledger.event_store import StoredAnswer, read_answers
from service.ledger.ledger import Ledger
from service.ledger.unit_of_work import UnitOfWork
from service.ledger.vault import CannotUnseal
from service.ledger.writer import Fenced, Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.settings import Settings
from service.plugipay.inbound import topic, webhook
from service.plugipay.inbound.delivery_routing import ArrivedWebhook, DeliveryRouter
from service.plugipay.inbound.delivery_unit import Delivery, DeliveryUnit
from service.plugipay.inbound.stored_deliveries import (
    DISMISSED,
    REPLAYED,
    ResolvedDeliveryDocument,
    StoredDelivery,
)

log = logs.get("plugipay")

REASON: TypeAdapter[str] = TypeAdapter(Reason)

_FUTURE_MAX = timedelta(seconds=300)
_OF_ITS_CONTENT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class NotParked(Refusal):
    """Nothing waits here: it was taken in or rejected when it came, or somebody has replayed or dismissed it."""

    code = "INVALID_TRANSITION"

    def __init__(self, delivery_id: str, state: str) -> None:
        super().__init__(
            f"delivery {delivery_id} is {state}: only one that is parked can be replayed or dismissed",
            details={"status": state},
        )


class StillParked(Refusal):
    """It was tried again, and cannot be taken in."""

    code = "INVALID_TRANSITION"

    def __init__(self, delivery_id: str, why: str) -> None:
        super().__init__(
            f"delivery {delivery_id} cannot be taken in and stays parked: {why}",
            details={"status": "parked", "reason": why},
        )


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """What a person wants done with a parked delivery. `body` is what makes a repeat the same wish."""

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
class _Ending(UnitOfWork[Outcome]):
    """The end of a parking: with what is taken in for it, or with the reason why nothing is."""

    wish: ResolveRequest
    taken_in: DeliveryUnit | None = None
    verdict: str | None = None
    """Of what another lane has taken in for it."""
    reason: str | None = None
    _verdicts: list[str] = field(default_factory=list, init=False)

    def collect(self, read_set: ReadSet) -> None:
        account_id = self.wish.stored.account_id
        read_set.accounts.update((account_id, SYSTEM_ACCOUNT))
        if self.taken_in is not None:
            self.taken_in.collect(read_set)
        if self.wish.key is not None:
            read_set.answers.add((account_id, self.wish.key))

    def decide(self, batch: Batch) -> Outcome:
        wish, stored = self.wish, self.wish.stored
        key = batch.keys.get(stored.account_id) or batch.keys[SYSTEM_ACCOUNT]
        digest = key.digest(wish.body)
        first = batch.answer(stored.account_id, wish.key) if wish.key is not None else None
        if wish.key is not None and first is not None:
            if first.digest != digest:
                return IdempotencyMismatch(wish.key)
            body = key.unseal_bytes(f"answer {wish.key}", first.sealed)
            return Executed(first.status, body, first.position, batch.lane, replayed=True)
        if any(row["delivery_id"] == stored.delivery_id for row in batch.parkings_ended):
            return NotParked(stored.delivery_id, "ended at this very moment")
        how, verdict = REPLAYED, self.verdict
        if self.taken_in is not None:
            self._verdicts = self.taken_in.decide(batch)
            verdict = self._verdicts[0]
        elif verdict is not None:
            batch.parkings_ended.append({"delivery_id": stored.delivery_id, "how": REPLAYED, "by": wish.by})
        else:
            assert self.reason is not None
            how = DISMISSED
            self._dismiss(batch, self.reason, digest)
        ended = replace(stored, ended_at=batch.now, ended_how=how, ended_by=wish.by)
        document: ResolvedDeliveryDocument = {
            **ended.document(),
            "replay": None if verdict is None else {"verdict": verdict},
        }
        body = wish.render(document, batch.now)
        if wish.key is not None:
            sealed = key.seal_bytes(f"answer {wish.key}", body)
            batch.add_answer(stored.account_id, wish.key, StoredAnswer(digest, 200, sealed, batch.position), key)
        return Executed(200, body, batch.position, batch.lane)

    def _dismiss(self, batch: Batch, reason: str, digest: str) -> None:
        stored, origin = self.wish.stored, self.wish.origin
        cause = Cause(
            origin.actor,
            origin.source,
            self.wish.key,
            digest if self.wish.key is not None else None,
            origin.request_id,
            None,
            origin.traceparent,
        )
        batch.record(batch.state(stored.account_id), DeliveryDismissed(stored.delivery_id, reason), cause)
        batch.parkings_ended.append({"delivery_id": stored.delivery_id, "how": DISMISSED, "by": self.wish.by})

    def committed(self, result: Outcome) -> None:
        if not isinstance(result, Executed) or result.replayed:
            return
        if self.taken_in is not None:
            self.taken_in.committed(self._verdicts)
        log.info("parking_ended", delivery=self.wish.stored.delivery_id, by=self.wish.by, reason=self.reason)


async def dismiss(ledger: Ledger, wish: ResolveRequest, reason: str) -> Outcome:
    """Ends a parking without taking anything in; the bytes stay, and the log says who decided so, and why."""
    known = await _answered(ledger, wish)
    if known is not None:
        return known
    return await _end(ledger, _Ending(wish, reason=reason))


async def replay(ledger: Ledger, settings: Settings, wish: ResolveRequest) -> Outcome:
    """Takes a parked delivery in as if it came now. StillParked, and nothing has changed, where that cannot be."""
    known = await _answered(ledger, wish)
    if known is not None:
        return known
    stored = wish.stored
    try:
        lane, delivery = await _sorted(ledger, settings, stored)
    except _Cannot as problem:
        return StillParked(stored.delivery_id, str(problem))
    if lane == stored.lane:
        delivery = replace(delivery, replays=stored.delivery_id, replayed_by=wish.by)
        return await _end(ledger, _Ending(wish, taken_in=_unit(delivery)))
    # Another lane's account has turned out to be meant. No transaction spans lanes: should this stop in between, the
    # next replay finds a duplicate, and ends the parking.
    try:
        verdicts = await ledger.run(lane, _unit(delivery))
    except Exception as problem:  # noqa: BLE001 - told apart there
        return _failed(stored, problem)
    return await _end(ledger, _Ending(wish, verdict=verdicts[0]))


class _Cannot(Exception):
    """Why a delivery cannot be taken in."""


async def _sorted(ledger: Ledger, settings: Settings, stored: StoredDelivery) -> tuple[int, Delivery]:
    """The lane, and the delivery that is believed now. _Cannot says why it is not."""
    try:
        raw = stored.unsealed(ledger.vault)
    except CannotUnseal as problem:
        raise _Cannot(f"its bytes cannot be read: {problem}") from None
    judged_at = stored.received_at or _signed_at(stored.signature, ledger.runtime.now())
    arrival = ArrivedWebhook(raw, stored.signature, judged_at, f"replay/{stored.delivery_id}")
    if isinstance(arrival.hook, str):
        arrival = _opened(ledger, stored, arrival)
    if isinstance(arrival.hook, str):
        raise _Cannot(arrival.hook)
    sorter = DeliveryRouter(ledger, settings)
    lane, delivery = sorter.sort(arrival, await sorter.routes([arrival.hook.named]))
    if delivery.rejected_because is not None:
        raise _Cannot(delivery.rejected_because)
    return lane, replace(delivery, received_at=stored.received_at)


def _signed_at(signature: str | None, now: datetime) -> Instant:
    seconds = webhook.signed_at(signature)
    if seconds is None:
        raise _Cannot("neither its receipt nor its signature says when it was sent")
    if seconds > (now + _FUTURE_MAX).timestamp():
        raise _Cannot("nobody knows when it was received, and its signature is dated in the future")
    return from_datetime(datetime.fromtimestamp(seconds, UTC))


def _opened(ledger: Ledger, stored: StoredDelivery, arrival: ArrivedWebhook) -> ArrivedWebhook:
    """What our own receiver had sealed on its way, where it can be opened by now."""
    headers = stored.headers_in_transit()
    try:
        raw = topic.opened(ledger.vault, arrival.raw, headers)
    except CannotUnseal:
        return arrival
    return ArrivedWebhook(raw, arrival.signature, arrival.received_at, arrival.origin)


def _unit(delivery: Delivery) -> DeliveryUnit:
    return DeliveryUnit([delivery], [])


async def _answered(ledger: Ledger, wish: ResolveRequest) -> Outcome | None:
    """What is known before anything is tried: nothing waits any more, unless this very wish was granted before."""
    stored = wish.stored
    if stored.waits:
        return None
    if wish.key is not None:
        async with ledger.pool.acquire() as connection:
            found = await read_answers(connection, stored.lane, {(stored.account_id, wish.key)})
        first = found.answers.get((stored.account_id, wish.key))
        if first is not None:
            key = stored.newest_key(ledger.vault)
            if first.digest != key.digest(wish.body):
                return IdempotencyMismatch(wish.key)
            body = key.unseal_bytes(f"answer {wish.key}", first.sealed)
            return Executed(first.status, body, first.position, stored.lane, replayed=True)
    return NotParked(stored.delivery_id, stored.ended_how or stored.verdict)


async def _end(ledger: Ledger, ending: _Ending) -> Outcome:
    try:
        return await ledger.run(ending.wish.stored.lane, ending)
    except Exception as problem:  # noqa: BLE001 - told apart there
        return _failed(ending.wish.stored, problem)


def _failed(stored: StoredDelivery, problem: Exception) -> Outcome:
    """A refusal where it is the delivery's own fault; raises where it is not."""
    if isinstance(problem, Fenced):
        return NotParked(stored.delivery_id, "ended at this very moment")
    if isinstance(problem, (*OUTAGES, Unavailable)):
        raise problem
    if isinstance(problem, asyncpg.PostgresError) and not isinstance(problem, _OF_ITS_CONTENT):
        raise problem
    log.error("delivery_not_replayed", delivery=stored.delivery_id, exc_info=problem)
    return StillParked(stored.delivery_id, f"taking it in failed: {type(problem).__name__} (the log says more)")
