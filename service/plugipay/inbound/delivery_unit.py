"""Ingests deliveries into a lane: raw bytes, deduplication, events and consumer offsets in one transaction.

All transports use it. No delivery is lost: it is applied, or it is stored with the reason why it was not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.envelope import SYSTEM_ACCOUNT, Actor, Source
from events.instants import Instant, to_datetime
from events.provider.events import ProviderObserved
from events.provider.observation import Observation
from events.provider.observe import observe
from events.provider.reports import CaseKind, case_id
from events.read_set import ReadSet
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.platform import logs
from service.plugipay.inbound.webhook import PROVIDER, TOLERANCE_SECONDS

log = logs.get("plugipay")

_AHEAD_MAX = timedelta(seconds=TOLERANCE_SECONDS)

ACCEPTED, DUPLICATE, REJECTED, PARKED = "accepted", "duplicate", "rejected", "parked"


@dataclass(frozen=True, slots=True)
class OffsetMove:
    """The next offset of a partition, under the epoch of our assignment."""

    log: str
    topic: str
    partition: int
    next_offset: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook to ingest. `account_id` is the account that it belongs to; `SYSTEM_ACCOUNT` where none is known."""

    account_id: str
    raw: bytes
    signature: str | None
    received_at: Instant | None
    origin: str
    observation: Observation | None = None
    mentions: tuple[str, ...] = ()
    rejection_reason: str | None = None
    quarantine_reason: str | None = None
    """Why a person has to look at it first: it is stored with the verdict `parked`, and nothing else happens."""
    replays: str | None = None
    """The id of the parked delivery that this one repeats."""
    replayed_by: str | None = None
    move: OffsetMove | None = None
    """Behind its record, if it came from a partition."""


@dataclass(slots=True)
class DeliveryUnit(UnitOfWork[list[str]]):
    """Deliveries for one lane, with the offsets after them. The result has the verdict of each delivery."""

    deliveries: list[Delivery]
    offsets: list[OffsetMove]

    @property
    def commands_count(self) -> int:
        return max(1, len(self.deliveries))

    @property
    def account_ids(self) -> Collection[str]:
        # Offsets move in the order in which they were read.
        return {SYSTEM_ACCOUNT, *(delivery.account_id for delivery in self.deliveries)}

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(SYSTEM_ACCOUNT)
        for delivery in self.deliveries:
            account_id = delivery.account_id
            read_set.accounts.add(account_id)
            if delivery.observation is None or delivery.quarantine_reason is not None:
                continue
            event_id = delivery.observation.event_id
            read_set.observed.add((account_id, event_id))
            read_set.cases.add((account_id, case_id(account_id, CaseKind.EVENT_ID_REUSED, event_id)))
            for payout_id in delivery.mentions:
                read_set.payouts.add((account_id, payout_id))
            add_observation_reads(delivery.observation, account_id, read_set)

    def decide(self, batch: Batch) -> list[str]:
        verdicts = [_ingest(delivery, batch) for delivery in self.deliveries]
        batch.consumer_offsets.extend(
            {
                "log": move.log,
                "topic": move.topic,
                "partition": move.partition,
                "next_offset": move.next_offset,
                "epoch": move.epoch,
            }
            for move in self.offsets
        )
        return verdicts

    def committed(self, result: list[str]) -> None:
        for delivery, verdict in zip(self.deliveries, result, strict=True):
            log.info(
                "webhook_taken_in",
                account=delivery.account_id,
                origin=delivery.origin,
                verdict=verdict,
                reason=delivery.quarantine_reason or delivery.rejection_reason,
                event_id=delivery.observation.event_id if delivery.observation else None,
            )


def add_observation_reads(observation: Observation, account_id: str, read_set: ReadSet) -> None:
    """Adds the rows that are read to decide on an observation."""
    if observation.provider_payout_id is not None:
        read_set.provider_payouts.add((account_id, observation.provider_payout_id))
    if observation.amount is not None and observation.currency is not None:
        read_set.unanswered.add((account_id, str(observation.amount), observation.currency))


def _ingest(delivery: Delivery, batch: Batch) -> str:
    # If the account's key was destroyed, the delivery is still stored, sealed with the lane's own key.
    key = batch.keys.get(delivery.account_id) or batch.keys[SYSTEM_ACCOUNT]
    digest = key.digest(delivery.raw)
    state = batch.state(delivery.account_id)
    observation = _dated(delivery)
    verdict = PARKED if delivery.quarantine_reason is not None else REJECTED
    if observation is not None and delivery.rejection_reason is None and delivery.quarantine_reason is None:
        payout_id = find_payout_id(state, observation, delivery.mentions)
        events = observe(observation, state, payout_id, batch.runtime.ulid(batch.milliseconds))
        verdict = ACCEPTED if events else DUPLICATE
        record_observed(events, observation, state, batch, digest)
    batch.keep_delivery(
        delivery.account_id,
        key,
        delivery.raw,
        provider=PROVIDER,
        digest=digest,
        received_at=delivery.received_at,
        verdict=verdict,
        origin=delivery.origin,
        event_id=observation.event_id if observation else None,
        reason=delivery.quarantine_reason or delivery.rejection_reason,
        signature=delivery.signature,
    )
    if delivery.replays is not None and verdict in (ACCEPTED, DUPLICATE):
        batch.parkings_ended.append({"delivery_id": delivery.replays, "how": "replayed", "by": delivery.replayed_by})
    return verdict


def _dated(delivery: Delivery) -> Observation | None:
    """The observation; marked where it is dated later than its receipt, by more than a signature's time may be."""
    observation = delivery.observation
    if observation is None or delivery.received_at is None:
        return observation
    ahead = to_datetime(observation.occurred_at) - to_datetime(delivery.received_at)
    return replace(observation, dated_ahead=ahead > _AHEAD_MAX)


def record_observed(
    events: Sequence[AnyEvent], observation: Observation, state: AccountState, batch: Batch, digest: str | None
) -> None:
    """Appends the events of an observation. Each names it as its cause. `digest` is the raw delivery's, if there is one."""
    cause_id: str | None = None
    for event in events:
        cause = Cause(
            actor=Actor("provider", PROVIDER),
            source=Source(PROVIDER, observation.event_id, digest),
            correlation_id=observation.event_id,
            causation_id=cause_id,
        )
        # What is dated ahead did not happen then: the log has the date as it was told, in the event.
        effective_at = None if observation.dated_ahead else observation.occurred_at
        envelope = batch.record(state, event, cause, effective_at=effective_at)
        if isinstance(event, ProviderObserved):
            cause_id = envelope.event_id


def find_payout_id(state: AccountState, observation: Observation, mentions: Sequence[str]) -> str | None:
    """The account's payout that is meant: by the provider's id if we know it, else by our id in the observation."""
    if observation.provider_payout_id is not None:
        for payout_id, payout in state.payouts.items():
            if payout.provider_payout_id == observation.provider_payout_id:
                return payout_id
    # Also if that payout has another provider id already: a second payout of the provider's for ours has to be noticed.
    return next((payout_id for payout_id in mentions if payout_id in state.payouts), None)
