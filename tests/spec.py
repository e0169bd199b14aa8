"""Given these facts, when this command comes, then these facts follow: the rules read as specifications.

`when` shows `decide` only the rows that the command's read set names, so that every specification also proves that they suffice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from events.account_state import AccountState
from events.accounts.events import AccountOpened
from events.accounts.state import LIVE
from events.balances.events import RevenueRecorded, RevenueSettled
from events.catalog import AnyCommand, AnyEvent
from events.decide import decide
from events.decision_context import DecisionContext
from events.evolve import evolve
from events.instants import Instant
from events.read_set import ReadSet
from events.refusals import Refusal

ACCOUNT = "acc_1"
NOW = "2026-05-13T10:42:00.000000Z"
EARLIEST = "2026-04-13T10:42:00.000000Z"
BEFORE = "2026-05-01T00:00:00.000000Z"
"""When the given facts happened, unless they say otherwise."""

ACTOR = "operator:ops-1"
NEW_ID = "01HX5ZZKBKACTAV9WEVGEMMVRZ"

Dated = tuple[Instant, AnyEvent]


def at(moment: Instant, event: AnyEvent) -> Dated:
    return moment, event


def opened(backend: str = "manual", currency: str = "IDR", mode: str = LIVE) -> AnyEvent:
    return AccountOpened(mode=mode, backend=backend, currency=currency)


def earned(amount: int, currency: str = "IDR", reference: str = "order-0") -> list[AnyEvent]:
    """An order whose money has been released."""
    return [
        RevenueRecorded(amount=amount, currency=currency, reference=reference),
        RevenueSettled(amount=amount, currency=currency, reference=reference),
    ]


def fold(state: AccountState, events: Iterable[AnyEvent | Dated], moment: Instant = BEFORE) -> AccountState:
    """The books after the facts; the ones handed in stay as they are."""
    after = state.copy()
    for event in events:
        effective_at, what = event if isinstance(event, tuple) else (moment, event)
        evolve(after, what, effective_at, after.version + 1)
    return after


def seen_by(command: AnyCommand, state: AccountState) -> AccountState:
    """The books with only the rows that the command's read set names, as the service reads them."""
    reads = ReadSet()
    command.add_reads(reads)
    return read(reads, state)


def read(reads: ReadSet, state: AccountState) -> AccountState:
    """What `ledger/read_state.sql` finds of these books."""
    provider_ids = {known_as for _, known_as in reads.provider_payouts}
    seen = state.copy()
    seen.disputes = {key: row for key, row in state.disputes.items() if (ACCOUNT, key) in reads.disputes}
    seen.settlements = {key: row for key, row in state.settlements.items() if (ACCOUNT, *key) in reads.settlements}
    with_them = {(row.currency, row.reference) for row in seen.disputes.values()}
    with_them |= {(row.currency, row.counts_for) for row in seen.settlements.values()}
    seen.orders = {key: row for key, row in state.orders.items() if (ACCOUNT, *key) in reads.orders or key in with_them}
    named = {key: row for key, row in state.cases.items() if (ACCOUNT, key) in reads.cases}
    of_cases = {row.payout_id for row in named.values()}
    known_to_cases = {row.provider_payout_id for row in named.values()} - {None}
    seen.payouts = {
        key: row
        for key, row in state.payouts.items()
        if (ACCOUNT, key) in reads.payouts or key in of_cases or row.provider_payout_id in provider_ids | known_to_cases
    }
    seen.cases = named | {
        key: row
        for key, row in state.cases.items()
        if row.provider_payout_id in provider_ids or (ACCOUNT, row.payout_id) in reads.payouts
    }
    seen.reserves = {key: row for key, row in state.reserves.items() if (ACCOUNT, key) in reads.reserves}
    seen.secrets = {key: row for key, row in state.secrets.items() if (ACCOUNT, key) in reads.secrets}
    seen.observed = {}
    seen.channels = {key: row for key, row in state.channels.items() if (ACCOUNT, key) in reads.channels}
    seen.matches = {key: row for key, row in state.matches.items() if (ACCOUNT, key) in reads.matches}
    of_matches = {match.entry_id for match in seen.matches.values()}
    seen.bank_entries = {
        key: row
        for key, row in state.bank_entries.items()
        if (ACCOUNT, key) in reads.bank_entries or key in of_matches or (ACCOUNT, row.content) in reads.bank_contents
    }
    seen.bank_statements = {
        key: row for key, row in state.bank_statements.items() if (ACCOUNT, *key[:2]) in reads.bank_statements
    }
    numbers = {name[3] for name in reads.statements}
    seen.statements = {key: row for key, row in state.statements.items() if key[2] in numbers}
    return seen


@dataclass(frozen=True, slots=True)
class Outcome:
    before: AccountState
    events: Sequence[AnyEvent]
    refusal: Refusal | None

    def then(self, *events: AnyEvent) -> AccountState:
        """These facts and no others follow; the answer is the books after them."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert tuple(self.events) == events
        return fold(self.before, events, NOW)

    def then_nothing_changes(self) -> None:
        """What was wished for is so already."""
        self.then()

    def then_refused(self, code: str, field: str | None = None, details: dict[str, Any] | None = None) -> None:
        assert self.refusal is not None, f"accepted: {self.events}"
        assert (self.refusal.code, self.refusal.field) == (code, field)
        assert self.refusal.message
        if details is not None:
            assert self.refusal.details == details


@dataclass(frozen=True, slots=True)
class Given:
    state: AccountState

    def when(
        self, command: AnyCommand, *, mode: str = LIVE, now: Instant = NOW, earliest: Instant = EARLIEST
    ) -> Outcome:
        seen = seen_by(command, self.state)
        untouched = seen.copy()
        events: Sequence[AnyEvent] = ()
        refusal: Refusal | None = None
        try:
            events = decide(
                command, seen, DecisionContext(now=now, earliest=earliest, new_id=NEW_ID, mode=mode, actor=ACTOR)
            )
        except Refusal as reason:
            refusal = reason
        assert seen == untouched, "decide looks at the books and never writes in them"
        return Outcome(self.state, events, refusal)


def given(*events: AnyEvent | Dated) -> Given:
    return Given(fold(AccountState(ACCOUNT), events))
