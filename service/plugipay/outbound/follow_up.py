"""What a call to the provider leads to, as a unit for the lane's writer: decided on the payout as it stands by then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.chain import Actor, Source
from events.payouts.state import Payout
from events.provider.observation import Observation
from events.provider.observe import observe
from events.read_set import ReadSet
from service.ledger.batch import Batch, Cause
from service.ledger.ledger import Ledger
from service.ledger.unit_of_work import UnitOfWork
from service.plugipay.inbound.delivery_unit import add_reads_of, ours, record_observed

Decide = Callable[[AccountState, Payout], Sequence[AnyEvent]]

ACTOR = Actor("dispatcher")


@dataclass(slots=True)
class FollowUp(UnitOfWork[Payout]):
    """Facts about one payout that follow from what the dispatcher did."""

    account_id: str
    payout_id: str
    decide_facts: Decide

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        read_set.payouts.add((self.account_id, self.payout_id))

    def decide(self, batch: Batch) -> Payout:
        state = batch.state(self.account_id)
        payout = state.payouts[self.payout_id]
        cause = Cause(actor=ACTOR, source=Source("dispatcher"), correlation_id=self.payout_id)
        for event in self.decide_facts(state, payout):
            batch.record(state, event, cause)
        return state.payouts[self.payout_id]


@dataclass(slots=True)
class AccountFollowUp(UnitOfWork[None]):
    """Facts about an account that follow from what the sweeper saw, decided with one of its cases in sight."""

    account_id: str
    case_id: str
    decide_facts: Callable[[AccountState], Sequence[AnyEvent]]

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        read_set.cases.add((self.account_id, self.case_id))

    def decide(self, batch: Batch) -> None:
        state = batch.state(self.account_id)
        cause = Cause(actor=ACTOR, source=Source("sweeper"), correlation_id=self.case_id)
        for event in self.decide_facts(state):
            batch.record(state, event, cause)


@dataclass(slots=True)
class AnswerUnit(UnitOfWork[None]):
    """What the provider answered about its payouts, judged as its webhooks are. `payout_id` is ours, where it is known."""

    account_id: str
    observations: Sequence[tuple[Observation, tuple[str, ...]]]
    """Each with the ids of ours that it mentions, most telling first."""

    @property
    def commands_count(self) -> int:
        return max(1, len(self.observations))

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for observation, mentions in self.observations:
            read_set.observed.add((self.account_id, observation.event_id))
            read_set.payouts.update((self.account_id, payout_id) for payout_id in mentions)
            add_reads_of(observation, self.account_id, read_set)

    def decide(self, batch: Batch) -> None:
        state = batch.state(self.account_id)
        for observation, mentions in self.observations:
            payout_id = ours(state, observation, mentions)
            known = state.payouts.get(payout_id or "")
            said = observation.says, observation.amount, observation.currency
            if known is not None and known.provider_payout_id and (known.status, known.amount, known.currency) == said:
                continue
            events = observe(observation, state, payout_id, batch.runtime.ulid(batch.milliseconds))
            record_observed(events, observation, state, batch, None)


async def follow_up(ledger: Ledger, lane: int, account_id: str, payout_id: str, decide: Decide) -> Payout:
    """Records what follows for a payout; gives the payout as that left it."""
    return await ledger.run(lane, FollowUp(account_id, payout_id, decide))


async def take_answers(
    ledger: Ledger, lane: int, account_id: str, observations: Sequence[tuple[Observation, tuple[str, ...]]]
) -> None:
    """Records what the provider answered, durable when this returns."""
    if observations:
        await ledger.run(lane, AnswerUnit(account_id, observations))


async def follow_account(
    ledger: Ledger, lane: int, account_id: str, case_id: str, decide: Callable[[AccountState], Sequence[AnyEvent]]
) -> None:
    """Records what follows for an account, durable when this returns."""
    await ledger.run(lane, AccountFollowUp(account_id, case_id, decide))
