"""Commands of one request on their way into a lane: what was asked for, by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from events.account_state import AccountState
from events.accounts.commands import OpenAccount
from events.accounts.decide import check_account_id
from events.accounts.events import WebhookSecretAdded
from events.balances.events import ReserveHeld
from events.banking.events import MatchMade
from events.catalog import AnyCommand
from events.decide import decide
from events.decision_context import DecisionContext
from events.disputes.events import DisputeOpened
from events.envelope import Actor, Source
from events.instants import Instant
from events.payouts.events import PayoutRequested
from events.read_set import ReadSet
from events.refusals import AccountNotFound, Refusal
from events.values import value
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.event_store import StoredAnswer
from service.ledger.vault import AccountKey
from service.platform import calendars, logs

log = logs.get("ledger")


class IdempotencyMismatch(Refusal):
    """The key was used before, for something else."""

    code = "IDEMPOTENCY_MISMATCH"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key} was used before with a different request: use a new key, or repeat that request"
        )


class Erased(Refusal):
    """The account's key was destroyed, and with it what would have to be read."""

    code = "ERASED"

    def __init__(self) -> None:
        super().__init__("the personal data that this concerns was erased")


class AbortedWithOthers(Refusal):
    """Nothing was wrong with this command; another one of its atomic request was refused."""

    code = "ABORTED"

    def __init__(self, index: int) -> None:
        super().__init__(f"not carried out, because commands[{index}] of the same atomic request was refused")


@value
class Accepted:
    """A command that was executed. `state` and `key` are for rendering the answer before the commit."""

    lane: int
    position: int
    version: int
    at: Instant
    created_id: str | None
    state: AccountState
    key: AccountKey


Render = Callable[[Accepted], bytes]


@value
class Executed:
    """The command stands in the log, and this is its answer: the first one, if it is a replay."""

    status: int
    body: bytes
    position: int
    lane: int
    replayed: bool = False


Outcome = Executed | Refusal


@value
class RequestOrigin:
    """Who asks, and in which request."""

    actor: Actor
    source: Source
    mode: str
    request_id: str
    traceparent: str | None = None


@dataclass(slots=True)
class CommandRequest:
    """One command on its way. `body` is what makes a repeat the same command; `render` makes the answer."""

    command: AnyCommand
    body: bytes
    status: int
    render: Render
    key: str | None = None


@dataclass(slots=True)
class CommandUnit(UnitOfWork[list[Outcome]]):
    """Commands of one request that concern one lane: each for itself, or all or none."""

    origin: RequestOrigin
    works: Sequence[CommandRequest]
    atomic: bool
    dry_run: bool
    earliest: Callable[[Instant], Instant]
    logged: bool = True

    @property
    def commands_count(self) -> int:
        return len(self.works)

    @property
    def account_ids(self) -> Collection[str]:
        return {work.command.account_id for work in self.works}

    def collect(self, read_set: ReadSet) -> None:
        for work in self.works:
            account_id = work.command.account_id
            read_set.accounts.add(account_id)
            work.command.add_reads(read_set)
            if work.key is not None:
                read_set.answers.add((account_id, work.key))

    def decide(self, batch: Batch) -> list[Outcome]:
        savepoint = batch.savepoint() if self.atomic or self.dry_run else None
        outcomes: list[Outcome] = []
        for index, work in enumerate(self.works):
            outcome = _decide_one(work, self, batch)
            outcomes.append(outcome)
            if self.atomic and isinstance(outcome, Refusal):
                outcomes = [AbortedWithOthers(index) for _ in self.works]
                outcomes[index] = outcome
                break
        aborted = self.atomic and any(isinstance(outcome, Refusal) for outcome in outcomes)
        if savepoint is not None and (self.dry_run or aborted):
            batch.rollback_to(savepoint)
        return outcomes

    def committed(self, result: list[Outcome]) -> None:
        if self.dry_run or not self.logged:
            return
        for work, outcome in zip(self.works, result, strict=True):
            if isinstance(outcome, Executed):
                log.info(
                    "command_replayed" if outcome.replayed else "command_accepted",
                    request_id=self.origin.request_id,
                    account=work.command.account_id,
                    command=work.command.type,
                    lane=outcome.lane,
                    position=outcome.position,
                )
            else:
                log.info(
                    "command_refused",
                    request_id=self.origin.request_id,
                    account=work.command.account_id,
                    command=work.command.type,
                    code=outcome.code,
                )


def _decide_one(work: CommandRequest, unit: CommandUnit, batch: Batch) -> Outcome:
    command, origin = work.command, unit.origin
    state = batch.state(command.account_id)
    key = batch.keys.get(command.account_id)
    try:
        if isinstance(command, OpenAccount) and batch.test_account_prefix is not None:
            check_account_id(command, state, origin.mode, batch.test_account_prefix)
        if state.account is not None and state.account.mode != origin.mode:
            raise AccountNotFound(command.account_id)
        if state.account is not None and key is None:
            raise Erased
        if key is None and isinstance(command, OpenAccount):
            key = batch.vault.new_account_key(command.account_id)
        digest = key.digest(work.body) if key is not None and work.key is not None else None
        if work.key is not None and key is not None:
            first = batch.answer(command.account_id, work.key)
            if first is not None:
                if first.digest != digest:
                    raise IdempotencyMismatch(work.key)
                body = key.unseal_bytes(f"answer {work.key}", first.sealed)
                return Executed(first.status, body, first.position, batch.lane, replayed=True)
        new_id = batch.runtime.ulid(batch.milliseconds)
        context = DecisionContext(
            batch.now,
            unit.earliest(batch.now),
            new_id,
            origin.mode,
            origin.actor.name,
            calendars,
            batch.payout_checks,
        )
        events = decide(_sealed(command, key), state, context)
    except Refusal as refusal:
        return refusal
    assert key is not None, "an account that takes a command has a key"
    if isinstance(command, OpenAccount):
        batch.add_account_key(command.account_id, key)
    cause = Cause(origin.actor, origin.source, work.key, digest, origin.request_id, None, origin.traceparent)
    created_id = None
    for index, event in enumerate(events):
        batch.record(
            state,
            event,
            cause,
            effective_at=command.effective_at,
            metadata=command.metadata if index == len(events) - 1 else None,
        )
        match event:
            case PayoutRequested():
                created_id = event.payout_id
            case ReserveHeld():
                created_id = event.reserve_id
            case DisputeOpened():
                created_id = event.dispute_id
            case WebhookSecretAdded():
                created_id = event.secret_id
            case MatchMade():
                created_id = event.match_id
            case _:
                pass
    accepted = Accepted(batch.lane, batch.position, state.version, batch.now, created_id, state, key)
    body = work.render(accepted)
    if work.key is not None and digest is not None:
        sealed = key.seal_bytes(f"answer {work.key}", body)
        batch.add_answer(command.account_id, work.key, StoredAnswer(digest, work.status, sealed, batch.position), key)
    return Executed(work.status, body, batch.position, batch.lane)


WIRE_NAMES = {
    "bank_account_number": "bankAccountNumber",
    "bank_account_holder": "bankAccountHolder",
    "secret": "secret",
}
"""The names under which fields are sealed: part of the associated data, so they never change."""


def _sealed(command: AnyCommand, key: AccountKey | None) -> AnyCommand:
    """The command with its personal data and secrets as ciphertext."""
    names = command.sealed
    if not names or key is None:
        return command
    values = {name: value for name in names if (value := getattr(command, name)) is not None}
    if not values:
        return command
    return command.model_copy(update={name: key.seal(WIRE_NAMES[name], value) for name, value in values.items()})
