"""Closes the ledger's own statements when their periods have ended. Any number of closers may run; each closes once.

A period ends between two events of its account, by their times of recording, which never go back in a lane. So every
closer makes the same statement, however late. If two do it at once, the writer accepts one, by the chain of statements.
A lease only saves them the same work.

A projection of the log says which accounts to check and when (`projections/statements_due.py`), with an index by time:
accounts in which nothing is due cost nothing, however many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from events.currency import AMOUNT_MAX
from events.envelope import Actor, Envelope, Source, envelope_from, event_of
from events.instants import Instant, from_datetime, to_datetime
from events.read_set import ReadSet
from events.statements.chain import read_chain
from events.statements.decide import DoesNotTie, NotYet, close
from events.statements.events import StatementClosed
from projections.own_statements import OpenPeriod, StatementCut, drafts
from projections.runner import catch_up
from projections.statements_due import StatementsDue
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.following import follow
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller, Stopped
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES, Connection
from sql import query

log = logs.get("closer")

_LEASE = timedelta(minutes=2)
_RETRY = timedelta(minutes=1)
_AT_ONCE = 10
_EVENTS_AT_ONCE = 500
_TRIES = 20
"""How often an account is read again because an event was recorded meanwhile. Soon such events are past the period."""


@dataclass(slots=True)
class ClosingUnit(UnitOfWork[list[StatementClosed] | NotYet | DoesNotTie]):
    """The statements of one cut, decided on the account's current chain of statements."""

    account_id: str
    due: Sequence[StatementClosed]
    certain: bool

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

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
    """The statements closed in an account, and when it has to be checked again."""

    closed: tuple[StatementClosed, ...]
    due_at: Instant | None
    version: int


class StatementCloser(Poller):
    """Closes the statements that are due, in some of each lane's accounts at a time."""

    name, failed = "closer", "closing_failed"
    pause_seconds = retry_seconds = 2.0

    async def work_on(self, lane: int) -> bool:
        accounts, _ = await self.close_due(lane)
        return accounts > 0

    async def close_due(self, lane: int) -> tuple[int, list[StatementClosed]]:
        """Closes what is due in some of a lane's accounts. Returns how many accounts, and the statements closed."""
        now = self._ledger.runtime.now()
        stopped = await self._follow(lane)
        rows = await self._ledger.pool.fetch(query("own_statements/claim"), lane, now, now + _LEASE, _AT_ONCE)
        closed: list[StatementClosed] = []
        for row in rows:
            closed += await self._close_claimed(lane, row["account_id"])
        if stopped is not None:
            raise stopped
        return len(rows), closed

    async def _follow(self, lane: int) -> Stopped | None:
        """Brings up to date which accounts are due; or why it cannot. Accounts known to be due are closed all the same."""
        projection = StatementsDue()

        async def step(connection: Connection, limit: int) -> int:
            return await catch_up(connection, lane, projection, self._ledger.runtime.now(), limit)

        try:
            while await follow(self._ledger, lane, projection.name, step) and not self._stopping:
                pass
        except Stopped as problem:
            return problem
        return None

    async def _close_claimed(self, lane: int, account_id: str) -> tuple[StatementClosed, ...]:
        """Closes what is due in a claimed account, and releases the claim."""
        result: ClosingResult | None = None
        try:
            result = await self.close_account(lane, account_id)
        except Unavailable as problem:
            log.warning("statements_not_closed", account=account_id, problem=repr(problem))
        except OUTAGES:
            raise
        except Exception:
            log.exception("statements_not_closed", account=account_id)
        now = self._ledger.runtime.now()
        if result is None:
            # No event has a higher version, so the account is due again by time only.
            result = ClosingResult((), from_datetime(now + _RETRY), AMOUNT_MAX)
        due_at = to_datetime(result.due_at) if result.due_at is not None else None
        await self._ledger.pool.execute(query("own_statements/release"), lane, account_id, now, due_at, result.version)
        return result.closed

    async def close_account(self, lane: int, account_id: str) -> ClosingResult:
        """Closes all due statements of an account, one cut after the other. Unavailable after too many tries."""
        made: list[StatementClosed] = []
        tries = 0
        while True:
            head = await self._ledger.pool.fetchrow(query("ledger/head"), lane)
            row = await self._ledger.pool.fetchrow(query("own_statements/account"), lane, account_id)
            chain = read_chain(orjson.loads(row["settings"])) if row is not None else None
            if head is None or row is None or chain is None:
                return ClosingResult(tuple(made), None, row["version"] if row is not None else 0)
            period = OpenPeriod(chain)
            cut = await self._next_cut(lane, account_id, period, chain.through_version, head["recorded_at"])
            if cut is None:
                return ClosingResult(tuple(made), period.ends_at, row["version"])
            due = drafts(account_id, chain, cut, self._ledger.exponents)
            try:
                closed = await self._close(lane, account_id, due, certain=cut.certain)
            except NotYet:
                closed = []
            made += closed
            # If none was closed, another closer was faster, or an event was recorded meanwhile: read the account again.
            tries = 0 if closed else tries + 1
            if tries == _TRIES:
                raise Unavailable(f"{account_id} is too busy for its statement to be closed now")
            for event in closed:
                log.info("statement_closed", account=account_id, number=event.number, ends_at=event.ends_at)

    async def _next_cut(
        self, lane: int, account_id: str, period: OpenPeriod, after_version: int, known_until: Instant
    ) -> StatementCut | None:
        """The next cut, from the events after the last one. `known_until` is the time of a head read before them."""
        async for envelope in read_account(self._ledger, lane, account_id, after_version, AMOUNT_MAX):
            cut = period.add(envelope, event_of(envelope))
            if cut is not None:
                return cut
        return period.end(self._ledger.runtime.instant(), known_until)

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
    """An account's events in order, read a few at a time."""
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
