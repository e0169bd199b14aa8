"""Closes the ledger's own statements when their periods have ended: any number of replicas, each statement once.

A period ends between two events of its account, by the time at which they were recorded, and times of recording never
go back in a lane. So whoever closes it, and however late, closes the same; two who do it at once are told apart by the
chain of statements, in the writer. A lease only keeps them from doing the same work.

Which accounts have to be looked at follows the log (`projections/statements_due.py`) and is found in an index by time:
an account in which nothing is due costs nothing, however many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from events.chain import Actor, Envelope, Source, envelope_from
from events.codec import event_of
from events.currency import AMOUNT_MAX
from events.instants import Instant, from_datetime, to_datetime
from events.read_set import ReadSet
from events.statements.chain import read_chain
from events.statements.decide import DoesNotTie, NotYet, close
from events.statements.events import StatementClosed
from projections.own_statements import OpenPeriod, StatementCut, drafts
from projections.runner import catch_up
from projections.statements_due import StatementsDue
from service.ledger.batch import Batch, Cause
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.ledger.unit_of_work import UnitOfWork
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from sql import query

log = logs.get("closer")

_LEASE = timedelta(minutes=2)
_RETRY = timedelta(minutes=1)
_AT_ONCE = 10
_EVENTS_AT_ONCE = 500
_TRIES = 20
"""How often an account is read again because something was recorded meanwhile: soon that is past the period's end."""


@dataclass(slots=True)
class ClosingUnit(UnitOfWork[list[StatementClosed] | NotYet | DoesNotTie]):
    """The statements of one cut, decided on the account's chain as it stands by then."""

    account_id: str
    due: Sequence[StatementClosed]
    certain: bool

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)

    def decide(self, batch: Batch) -> list[StatementClosed] | NotYet | DoesNotTie:
        state = batch.state(self.account_id)
        try:
            closed = list(close(self.due, state, batch.now, certain=self.certain))
        except (NotYet, DoesNotTie) as problem:
            return problem
        for event in closed:
            cause = Cause(actor=Actor("closer"), source=Source("closer"), correlation_id=event.number)
            batch.record(state, event, cause)
        return closed


@dataclass(frozen=True, slots=True)
class ClosingResult:
    """What somebody found in an account: the statements closed, and when it has to be looked at again."""

    closed: tuple[StatementClosed, ...]
    due_at: Instant | None
    version: int


class StatementCloser(Poller):
    """Closes what is due, some of each lane's accounts at a time."""

    name, failed = "closer", "closing_failed"
    pause_seconds = retry_seconds = 2.0

    async def work(self) -> bool:
        worked = False
        for lane in self._ledger.lanes:
            accounts, _ = await self.round(lane)
            worked = worked or accounts > 0
        return worked

    async def round(self, lane: int) -> tuple[int, list[StatementClosed]]:
        """Closes what is due in some of a lane's accounts; how many those were, and the statements."""
        now = self._ledger.runtime.now()
        async with self._ledger.pool.acquire() as connection:
            while await catch_up(connection, lane, StatementsDue(), now) and not self._stopping:
                pass
            rows = await connection.fetch(query("own_statements/claim"), lane, now, now + _LEASE, _AT_ONCE)
        closed: list[StatementClosed] = []
        for row in rows:
            closed += await self._visit(lane, row["account_id"])
        return len(rows), closed

    async def _visit(self, lane: int, account_id: str) -> tuple[StatementClosed, ...]:
        """Closes what is due in a claimed account, and gives it back."""
        look: ClosingResult | None = None
        try:
            look = await self.close_account(lane, account_id)
        except Unavailable as problem:
            log.warning("statements_not_closed", account=account_id, problem=repr(problem))
        except OUTAGES:
            raise
        except Exception:
            log.exception("statements_not_closed", account=account_id)
        now = self._ledger.runtime.now()
        if look is None:
            # The version stays behind nothing, so that only the time brings it up again.
            look = ClosingResult((), from_datetime(now + _RETRY), AMOUNT_MAX)
        due_at = to_datetime(look.due_at) if look.due_at is not None else None
        await self._ledger.pool.execute(query("own_statements/release"), lane, account_id, now, due_at, look.version)
        return look.closed

    async def close_account(self, lane: int, account_id: str) -> ClosingResult:
        """Closes all statements of an account that are due, one cut after the other."""
        made: list[StatementClosed] = []
        tries = 0
        while True:
            head = await self._ledger.pool.fetchrow(query("ledger/head"), lane)
            row = await self._ledger.pool.fetchrow(query("own_statements/account"), lane, account_id)
            chain = read_chain(orjson.loads(row["settings"])) if row is not None else None
            if head is None or row is None or chain is None:
                return ClosingResult(tuple(made), None, row["version"] if row is not None else 0)
            stretch = OpenPeriod(chain)
            cut = await self._next_cut(lane, account_id, stretch, chain.through_version, head["recorded_at"])
            if cut is None:
                return ClosingResult(tuple(made), stretch.ends_at, row["version"])
            due = drafts(account_id, chain, cut, self._ledger.exponents)
            try:
                closed = await self._close(lane, account_id, due, certain=cut.certain)
            except NotYet:
                closed = []
            made += closed
            # Somebody else closed it, or something was recorded meanwhile: what stands there now tells.
            tries = 0 if closed else tries + 1
            if tries == _TRIES:
                raise Unavailable(f"{account_id} is too busy for its statement to be closed now")
            for event in closed:
                log.info("statement_closed", account=account_id, number=event.number, ends_at=event.ends_at)

    async def _next_cut(
        self, lane: int, account_id: str, stretch: OpenPeriod, after_version: int, known_until: Instant
    ) -> StatementCut | None:
        """The next cut, by the events after the last one. `known_until` was read before them."""
        async for envelope in read_account(self._ledger, lane, account_id, after_version, AMOUNT_MAX):
            cut = stretch.take(envelope, event_of(envelope))
            if cut is not None:
                return cut
        return stretch.end(self._ledger.runtime.instant(), known_until)

    async def _close(
        self, lane: int, account_id: str, due: Sequence[StatementClosed], *, certain: bool
    ) -> list[StatementClosed]:
        closed = await self._ledger.run(lane, ClosingUnit(account_id, due, certain))
        if isinstance(closed, Exception):
            raise closed
        return closed


async def read_account(
    ledger: Ledger, lane: int, account_id: str, after_version: int, through_position: int
) -> AsyncIterator[Envelope]:
    """An account's events in order, a few at a time, however many there are."""
    version = after_version
    while True:
        rows = await ledger.pool.fetch(
            query("outgoing/account_events"), lane, account_id, version, through_position, _EVENTS_AT_ONCE
        )
        for row in rows:
            envelope = envelope_from(orjson.loads(row["envelope"]))
            yield envelope
            version = envelope.version
        if len(rows) < _EVENTS_AT_ONCE:
            return
