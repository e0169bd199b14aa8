"""Units that record the result of a call to the provider, decided on the state at the time of the append."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.envelope import Actor, Source
from events.payouts.state import Payout
from events.provider.observation import Observation
from events.provider.observe import observe
from events.read_set import ReadSet
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import is_outage
from service.plugipay.inbound.delivery_unit import add_observation_reads, find_payout_id, record_observed

log = logs.get("dispatcher")

Decide = Callable[[AccountState, Payout], Sequence[AnyEvent]]

ACTOR = Actor("dispatcher")


@dataclass(slots=True)
class FollowUp(UnitOfWork[Payout]):
    """Events of one payout that follow from what the dispatcher did. The result is the payout after them."""

    account_id: str
    payout_id: str
    decide_events: Decide

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        read_set.payouts.add((self.account_id, self.payout_id))

    def decide(self, batch: Batch) -> Payout:
        state = batch.state(self.account_id)
        payout = state.payouts[self.payout_id]
        cause = Cause(actor=ACTOR, source=Source("dispatcher"), correlation_id=self.payout_id)
        for event in self.decide_events(state, payout):
            batch.record(state, event, cause)
        return state.payouts[self.payout_id]


@dataclass(slots=True)
class AccountFollowUp(UnitOfWork[None]):
    """Events of an account that follow from what was found at the provider, decided on one of its cases."""

    account_id: str
    case_id: str
    decide_events: Callable[[AccountState], Sequence[AnyEvent]]
    payout_id: str | None = None
    """The payout that the case is about."""

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        read_set.cases.add((self.account_id, self.case_id))
        if self.payout_id is not None:
            read_set.payouts.add((self.account_id, self.payout_id))

    def decide(self, batch: Batch) -> None:
        state = batch.state(self.account_id)
        cause = Cause(actor=ACTOR, source=Source("sweeper"), correlation_id=self.case_id)
        for event in self.decide_events(state):
            batch.record(state, event, cause)


@dataclass(slots=True)
class ResponseUnit(UnitOfWork[None]):
    """Payouts in the provider's responses, handled in the same way as those in its webhooks."""

    account_id: str
    observations: Sequence[tuple[Observation, tuple[str, ...]]]
    """Each with the ids of our payouts that it mentions, the most reliable first."""

    @property
    def commands_count(self) -> int:
        return max(1, len(self.observations))

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for observation, mentions in self.observations:
            read_set.observed.add((self.account_id, observation.event_id))
            read_set.payouts.update((self.account_id, payout_id) for payout_id in mentions)
            add_observation_reads(observation, self.account_id, read_set)

    def decide(self, batch: Batch) -> None:
        state = batch.state(self.account_id)
        for observation, mentions in self.observations:
            payout_id = find_payout_id(state, observation, mentions)
            known = state.payouts.get(payout_id or "")
            reported = observation.says, observation.amount, observation.currency
            if (
                known is not None
                and known.provider_payout_id
                and (known.status, known.amount, known.currency) == reported
            ):
                continue
            events = observe(observation, state, payout_id, batch.runtime.ulid(batch.milliseconds))
            record_observed(events, observation, state, batch, None)


async def follow_up(ledger: Ledger, lane: int, account_id: str, payout_id: str, decide: Decide) -> Payout:
    """Records the events that `decide` gives for a payout; returns the payout after them, once they are durable."""
    return await ledger.run(lane, FollowUp(account_id, payout_id, decide))


async def record_responses(
    ledger: Ledger, lane: int, account_id: str, observations: Sequence[tuple[Observation, tuple[str, ...]]]
) -> None:
    """Records the payouts in the provider's responses; durable when this returns.

    Where they cannot be recorded together, each is recorded alone. What fails then is raised, once all were tried: one
    payout must not keep the others of its page from being known.
    """
    if not observations:
        return
    try:
        await ledger.run(lane, ResponseUnit(account_id, observations))
    except Exception as problem:
        if len(observations) == 1 or isinstance(problem, Unavailable) or is_outage(problem):
            raise
        log.warning("responses_taken_apart", account=account_id, payouts=len(observations), problem=repr(problem))
        failed: Exception | None = None
        for one in observations:
            try:
                await record_responses(ledger, lane, account_id, [one])
            except Exception as failure:
                if isinstance(failure, Unavailable) or is_outage(failure):
                    raise
                log.exception("response_not_recorded", account=account_id, payout=one[0].provider_payout_id)
                failed = failed or failure
        if failed is not None:
            raise failed from None


async def follow_account(
    ledger: Ledger,
    lane: int,
    account_id: str,
    case_id: str,
    decide: Callable[[AccountState], Sequence[AnyEvent]],
    payout_id: str | None = None,
) -> None:
    """Records the events that `decide` gives for an account; durable when this returns."""
    await ledger.run(lane, AccountFollowUp(account_id, case_id, decide, payout_id))
