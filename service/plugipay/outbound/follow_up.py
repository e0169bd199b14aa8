"""What a call to the provider leads to, as a unit for the lane's writer: decided on the payout as it stands by then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.books import Books
from events.books.payouts import Payout
from events.chain import Actor, Source
from events.facts import Fact
from events.observation import Observation
from events.provider import observe
from service.ledger.batch import Batch, Cause
from service.ledger.event_store import Wants
from service.ledger.ledger import Ledger
from service.plugipay.inbound.delivery_unit import ours, record_observed, wants_for

Decide = Callable[[Books, Payout], Sequence[Fact]]

ACTOR = Actor("dispatcher")


@dataclass(slots=True)
class FollowUp:
    """Facts about one payout that follow from what the dispatcher did."""

    account_id: str
    payout_id: str
    decide_facts: Decide
    done: asyncio.Future[Payout]
    payout: Payout | None = None

    @property
    def commands_count(self) -> int:
        return 1

    def collect(self, wants: Wants) -> None:
        wants.accounts.add(self.account_id)
        wants.payouts.add((self.account_id, self.payout_id))

    def decide(self, batch: Batch) -> None:
        books = batch.books(self.account_id)
        payout = books.payouts[self.payout_id]
        cause = Cause(actor=ACTOR, source=Source("dispatcher"), correlation_id=self.payout_id)
        for fact in self.decide_facts(books, payout):
            batch.record(books, fact, cause)
        self.payout = books.payouts[self.payout_id]

    def resolve(self) -> None:
        if self.payout is not None and not self.done.done():
            self.done.set_result(self.payout)

    def reject(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)


@dataclass(slots=True)
class AccountFollowUp:
    """Facts about an account that follow from what the sweeper saw, decided with one of its cases in sight."""

    account_id: str
    case_id: str
    decide_facts: Callable[[Books], Sequence[Fact]]
    done: asyncio.Future[None]

    @property
    def commands_count(self) -> int:
        return 1

    def collect(self, wants: Wants) -> None:
        wants.accounts.add(self.account_id)
        wants.cases.add((self.account_id, self.case_id))

    def decide(self, batch: Batch) -> None:
        books = batch.books(self.account_id)
        cause = Cause(actor=ACTOR, source=Source("sweeper"), correlation_id=self.case_id)
        for fact in self.decide_facts(books):
            batch.record(books, fact, cause)

    def resolve(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def reject(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)


@dataclass(slots=True)
class AnswerUnit:
    """What the provider answered about its payouts, judged as its webhooks are. `payout_id` is ours, where it is known."""

    account_id: str
    observations: Sequence[tuple[Observation, tuple[str, ...]]]
    """Each with the ids of ours that it mentions, most telling first."""
    done: asyncio.Future[None]

    @property
    def commands_count(self) -> int:
        return max(1, len(self.observations))

    def collect(self, wants: Wants) -> None:
        wants.accounts.add(self.account_id)
        for observation, mentions in self.observations:
            wants.observed.add((self.account_id, observation.event_id))
            wants.payouts.update((self.account_id, payout_id) for payout_id in mentions)
            wants_for(observation, self.account_id, wants)

    def decide(self, batch: Batch) -> None:
        books = batch.books(self.account_id)
        for observation, mentions in self.observations:
            payout_id = ours(books, observation, mentions)
            known = books.payouts.get(payout_id or "")
            said = observation.says, observation.amount, observation.currency
            if known is not None and known.provider_payout_id and (known.status, known.amount, known.currency) == said:
                continue
            facts = observe(observation, books, payout_id, batch.seam.ulid(batch.milliseconds))
            record_observed(facts, observation, books, batch, None)

    def resolve(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def reject(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)


async def follow_up(ledger: Ledger, lane: int, account_id: str, payout_id: str, decide: Decide) -> Payout:
    """Records what follows for a payout; gives the payout as that left it."""
    done: asyncio.Future[Payout] = asyncio.get_running_loop().create_future()
    ledger.submit(lane, FollowUp(account_id, payout_id, decide, done))
    return await done


async def take_answers(
    ledger: Ledger, lane: int, account_id: str, observations: Sequence[tuple[Observation, tuple[str, ...]]]
) -> None:
    """Records what the provider answered, durable when this returns."""
    if not observations:
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ledger.submit(lane, AnswerUnit(account_id, observations, done))
    await done


async def follow_account(
    ledger: Ledger, lane: int, account_id: str, case_id: str, decide: Callable[[Books], Sequence[Fact]]
) -> None:
    """Records what follows for an account, durable when this returns."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ledger.submit(lane, AccountFollowUp(account_id, case_id, decide, done))
    await done
