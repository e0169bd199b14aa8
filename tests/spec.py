"""Given these facts, when this command comes, then these facts follow: the rules read as specifications.

`when` shows `decide` only the rows that `needs` names, so that every specification also proves that they suffice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from events.books import Books
from events.books.accounts import LIVE
from events.commands import AnyCommand
from events.decide import decide
from events.evolve import evolve
from events.facts import AccountOpened, Fact, RevenueRecorded, RevenueSettled
from events.instants import Instant
from events.needs import needs
from events.refusals import Refusal
from events.rules.context import Context

ACCOUNT = "acc_1"
NOW = "2026-05-13T10:42:00.000000Z"
EARLIEST = "2026-04-13T10:42:00.000000Z"
BEFORE = "2026-05-01T00:00:00.000000Z"
"""When the given facts happened, unless they say otherwise."""

ACTOR = "operator:ops-1"
NEW_ID = "01HX5ZZKBKACTAV9WEVGEMMVRZ"

Dated = tuple[Instant, Fact]


def at(moment: Instant, fact: Fact) -> Dated:
    return moment, fact


def opened(backend: str = "manual", currency: str = "IDR", mode: str = LIVE) -> Fact:
    return AccountOpened(mode=mode, backend=backend, currency=currency)


def earned(amount: int, currency: str = "IDR", reference: str = "order-0") -> list[Fact]:
    """An order whose money has been released."""
    return [
        RevenueRecorded(amount=amount, currency=currency, reference=reference),
        RevenueSettled(amount=amount, currency=currency, reference=reference),
    ]


def fold(books: Books, facts: Iterable[Fact | Dated], moment: Instant = BEFORE) -> Books:
    """The books after the facts; the ones handed in stay as they are."""
    after = books.copy()
    for fact in facts:
        effective_at, what = fact if isinstance(fact, tuple) else (moment, fact)
        evolve(after, what, effective_at, after.version + 1)
    return after


def seen_by(command: AnyCommand, books: Books) -> Books:
    """The books with only the rows that `needs` asks for: by their ids, by the provider's id, and a case's payout.

    With a dispute comes the order that it is about.
    """
    wanted = needs(command)
    known_as = wanted.provider_payout_id
    seen = books.copy()
    seen.disputes = {key: row for key, row in books.disputes.items() if key == wanted.dispute_id}
    disputed = {(row.currency, row.reference) for row in seen.disputes.values()}
    seen.orders = {key: row for key, row in books.orders.items() if key == wanted.order or key in disputed}
    seen.cases = {
        key: row
        for key, row in books.cases.items()
        if key == wanted.case_id or (known_as and row.provider_payout_id == known_as)
    }
    of_case = seen.cases[wanted.case_id].payout_id if wanted.case_id in seen.cases else None
    seen.payouts = {
        key: row
        for key, row in books.payouts.items()
        if key in (wanted.payout_id, of_case, *wanted.target_payouts)
        or (known_as and row.provider_payout_id == known_as)
    }
    seen.reserves = {key: row for key, row in books.reserves.items() if key == wanted.reserve_id}
    seen.secrets = {key: row for key, row in books.secrets.items() if key == wanted.secret_id}
    seen.observed = set()
    seen.matches = {key: row for key, row in books.matches.items() if key == wanted.match_id}
    entries = {wanted.entry_id, *(match.entry_id for match in seen.matches.values())}
    seen.bank_entries = {key: row for key, row in books.bank_entries.items() if key in entries}
    seen.statements = {key: row for key, row in books.statements.items() if key in wanted.target_statements}
    return seen


@dataclass(frozen=True, slots=True)
class Outcome:
    before: Books
    facts: Sequence[Fact]
    refusal: Refusal | None

    def then(self, *facts: Fact) -> Books:
        """These facts and no others follow; the answer is the books after them."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert tuple(self.facts) == facts
        return fold(self.before, facts, NOW)

    def then_nothing_changes(self) -> None:
        """What was wished for is so already."""
        self.then()

    def then_refused(self, code: str, field: str | None = None, details: dict[str, Any] | None = None) -> None:
        assert self.refusal is not None, f"accepted: {self.facts}"
        assert (self.refusal.code, self.refusal.field) == (code, field)
        assert self.refusal.message
        if details is not None:
            assert self.refusal.details == details


@dataclass(frozen=True, slots=True)
class Given:
    books: Books

    def when(
        self, command: AnyCommand, *, mode: str = LIVE, now: Instant = NOW, earliest: Instant = EARLIEST
    ) -> Outcome:
        seen = seen_by(command, self.books)
        untouched = seen.copy()
        facts: Sequence[Fact] = ()
        refusal: Refusal | None = None
        try:
            facts = decide(command, seen, Context(now=now, earliest=earliest, new_id=NEW_ID, mode=mode, actor=ACTOR))
        except Refusal as reason:
            refusal = reason
        assert seen == untouched, "decide looks at the books and never writes in them"
        return Outcome(self.books, facts, refusal)


def given(*facts: Fact | Dated) -> Given:
    return Given(fold(Books(ACCOUNT), facts))
