"""One batch of decisions for a lane: the accounts' states, and what will be written if the fence holds.

And the units of work that it is made of: each is decided whole.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.envelope import Actor, Envelope, Source, encode, envelope_bytes, next_digest
from events.evolve import evolve
from events.instants import Instant
from events.payouts.checks import NO_CHECKS, PayoutChecks
from events.policies.cycles import DUE
from events.policies.decide import due
from events.policies.events import PayoutCycleCut
from events.provider.events import ProviderObserved
from events.read_set import ReadSet
from events.values import Data, value
from projections.inline import InlineRows, Row, add_changes, add_removals
from service.ledger.event_store import Append, Head, NewEvent, Snapshot, StoredAnswer, add_macs
from service.ledger.vault import AccountKey, Vault
from service.platform import calendars, logs
from service.platform.runtime import Runtime

log = logs.get("ledger")


@value
class Cause:
    """Who and what an event is put down to."""

    actor: Actor
    source: Source
    command_key: str | None = None
    command_digest: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


SCHEDULE = Cause(actor=Actor("ledger", "schedule"), source=Source("ledger", "schedule"))
"""Nobody asked: it fell due."""


@dataclass(slots=True)
class _Savepoint:
    """What a batch returns to when a unit of work is rolled back."""

    digest: bytes
    state: dict[str, AccountState]
    lists: tuple[int, ...]
    keys: dict[str, AccountKey]
    answers: dict[tuple[str, str], StoredAnswer]


class Batch:
    """Decisions are recorded here in turn, each on the state that the ones before it left."""

    def __init__(
        self,
        ledger_id: str,
        lane: int,
        now: Instant,
        snapshot: Snapshot,
        vault: Vault,
        runtime: Runtime,
        payout_checks: PayoutChecks = NO_CHECKS,
        test_account_prefix: str | None = None,
    ) -> None:
        self.lane = lane
        self.test_account_prefix = test_account_prefix
        self.payout_checks = payout_checks
        self.now = now
        self.runtime = runtime
        self.vault = vault
        self.before = snapshot.head
        self.digest = snapshot.head.digest
        self.keys = snapshot.keys
        self.events: list[NewEvent] = []
        self.provider_events: list[Row] = []
        self.account_keys: list[Row] = []
        self.new_answers: list[Row] = []
        self.deliveries: list[Row] = []
        self.sealed_deliveries: list[bytes] = []
        """Of each delivery: its bytes, sealed."""
        self.consumer_offsets: list[Row] = []
        self.parkings_ended: list[Row] = []
        self.milliseconds = runtime.milliseconds()
        self._ledger_id = ledger_id
        self._states_before = snapshot.states
        self._states: dict[str, AccountState] = {}
        self._answers = dict(snapshot.answers)

    @property
    def position(self) -> int:
        return self.before.position + len(self.events)

    def state(self, account_id: str) -> AccountState:
        """The account's state as the batch has left it so far."""
        state = self._states.get(account_id)
        if state is None:
            state = self._states[account_id] = self._states_before[account_id].copy()
            self._carry_out_what_is_due(state)
        return state

    def _carry_out_what_is_due(self, state: AccountState) -> None:
        """What the account's payout policies let fall due comes before anything else that happens to it now.

        So a cutoff is as exact as the clock, however late anybody looks, and the same cycle is never paid twice.
        """
        if state.account is None or DUE not in state.account.settings:
            return
        # Without a key nobody can read where to pay to.
        payable = state.account_id in self.keys
        try:
            events = due(
                state,
                self.now,
                lambda: self.runtime.ulid(self.milliseconds),
                calendars,
                payable=payable,
                checks=self.payout_checks,
            )
        except Exception:
            # A schedule that cannot be reckoned must not keep from the account all that is not its payouts.
            log.exception("schedule_failed", lane=self.lane, account=state.account_id)
            return
        for event in events:
            effective_at = event.cutoff if isinstance(event, PayoutCycleCut) else None
            self.record(state, event, SCHEDULE, effective_at=effective_at)

    def record(
        self,
        state: AccountState,
        event: AnyEvent,
        cause: Cause,
        *,
        effective_at: Instant | None = None,
        metadata: Data | None = None,
    ) -> Envelope:
        """Appends an event to an account's stream, folds it into the state, and gives its envelope."""
        name, schema_version, data = encode(event, metadata)
        position = self.position + 1
        effective_at = effective_at or self.now
        key = self.keys.get(state.account_id)
        envelope = Envelope(
            ledger_id=self._ledger_id,
            lane=self.lane,
            position=position,
            account_id=state.account_id,
            version=state.version + 1,
            event_id=self.runtime.uuid7(self.milliseconds),
            type=name,
            schema_version=schema_version,
            effective_at=effective_at,
            recorded_at=self.now,
            actor=cause.actor,
            source=cause.source,
            command_key=cause.command_key,
            command_digest=cause.command_digest,
            correlation_id=cause.correlation_id,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
            key_generation=key.generation if key else 0,
            data=data,
        )
        stored = envelope_bytes(envelope)
        self.digest = next_digest(self.digest, stored)
        self.events.append((state.account_id, envelope.version, name, effective_at, stored.decode(), self.digest))
        evolve(state, event, effective_at, position, envelope)
        if isinstance(event, ProviderObserved):
            self.provider_events.append(
                {"account_id": state.account_id, "event_id": event.event_id, "position": position}
            )
        return envelope

    def add_account_key(self, account_id: str, key: AccountKey) -> None:
        """The account's first key, stored with the event that opens it."""
        self.keys[account_id] = key
        self.account_keys.append(
            {"account_id": account_id, "generation": key.generation, "wrapped": "\\x" + key.wrapped.hex()}
        )

    def answer(self, account_id: str, command_key: str) -> StoredAnswer | None:
        """What was answered under this idempotency key, by an earlier transaction or earlier in this batch."""
        return self._answers.get((account_id, command_key))

    def lacks(self, keys: set[tuple[str, str]]) -> bool:
        """Whether any of these idempotency keys has no answer, neither from before nor from this batch."""
        return not keys <= self._answers.keys()

    def add_answer(self, account_id: str, command_key: str, answer: StoredAnswer, key: AccountKey) -> None:
        self._answers[account_id, command_key] = answer
        self.new_answers.append(
            {
                "account_id": account_id,
                "key": command_key,
                "digest": answer.digest,
                "status": answer.status,
                "answer": base64.b64encode(answer.sealed).decode(),
                "key_generation": key.generation,
                "position": answer.position,
            }
        )

    def keep_delivery(
        self,
        account_id: str,
        key: AccountKey,
        raw: bytes,
        *,
        provider: str,
        digest: str,
        received_at: Instant | None,
        verdict: str,
        origin: str,
        event_id: str | None = None,
        reason: str | None = None,
        signature: str | None = None,
    ) -> str:
        """Keeps something received from outside byte for byte, sealed with `key`. The id that it is stored under."""
        delivery_id = self.runtime.uuid7()
        self.deliveries.append(
            {
                "delivery_id": delivery_id,
                "account_id": account_id,
                "provider": provider,
                "event_id": event_id,
                "digest": digest,
                "key_generation": key.generation,
                "signature": signature,
                "received_at": received_at,
                "verdict": verdict,
                "reason": reason,
                "origin": origin,
            }
        )
        self.sealed_deliveries.append(key.seal_bytes("delivery", raw))
        return delivery_id

    def savepoint(self) -> _Savepoint:
        return _Savepoint(
            digest=self.digest,
            state={account_id: state.copy() for account_id, state in self._states.items()},
            lists=tuple(len(rows) for rows in self._lists()),
            keys=dict(self.keys),
            answers=dict(self._answers),
        )

    def rollback_to(self, savepoint: _Savepoint) -> None:
        """Forgets everything recorded since the savepoint."""
        for kept, length in zip(self._lists(), savepoint.lists, strict=True):
            del kept[length:]
        self.digest = savepoint.digest
        self._states = savepoint.state
        self.keys = savepoint.keys
        self._answers = savepoint.answers

    def _lists(self) -> tuple[list[Any], ...]:
        return (
            self.events,
            self.provider_events,
            self.account_keys,
            self.new_answers,
            self.deliveries,
            self.sealed_deliveries,
            self.consumer_offsets,
            self.parkings_ended,
        )

    def is_empty(self) -> bool:
        return not any(self._lists())

    def changed_states(self) -> dict[str, AccountState]:
        return self._states

    def head_after(self) -> Head:
        """Where the lane stands once this is written."""
        recorded_at = self.now if self.events else self.before.recorded_at
        return Head(self.position, self.digest, recorded_at, self.before.term)

    def to_append(self) -> Append:
        views: InlineRows = {}
        removed: InlineRows = {}
        for account_id, state in self._states.items():
            add_changes(views, self._states_before[account_id], state)
            add_removals(removed, self._states_before[account_id], state)
        add_macs(views, self.lane, self.vault)
        return Append(
            lane=self.lane,
            before=self.before,
            after=self.head_after(),
            events=self.events,
            views=views,
            removed=removed,
            provider_events=self.provider_events,
            account_keys=self.account_keys,
            answers=self.new_answers,
            deliveries=self.deliveries,
            sealed_deliveries=self.sealed_deliveries,
            consumer_offsets=self.consumer_offsets,
            parkings_ended=self.parkings_ended,
        )


Result = TypeVar("Result")


class UnitOfWork(ABC, Generic[Result]):
    """Something that is decided as a whole. `Ledger.run` hands it to a lane, and gives its result once it is durable."""

    @property
    def commands_count(self) -> int:
        """How many decisions it is, for the bounds of a batch and of the queue."""
        return 1

    @property
    @abstractmethod
    def account_ids(self) -> Collection[str]:
        """The accounts that it is about, at least one: it is decided behind every earlier unit of any of them."""

    @abstractmethod
    def collect(self, read_set: ReadSet) -> None:
        """Names the rows that the decision has to see."""

    @abstractmethod
    def decide(self, batch: Batch) -> Result:
        """Records what follows into the batch. May be called again on another batch: the last call's result counts.

        A Refusal is what comes of it, for whoever waits, and is raised before anything is recorded. Any other exception
        is a fault of ours: it is logged, and whatever was recorded before it is not kept.
        """

    def committed(self, result: Result) -> None:
        """The batch is durable: the place for a log line."""
