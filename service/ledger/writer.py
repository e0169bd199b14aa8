"""The writer of a lane: gathers what waits, decides it in turn, commits it in one transaction, then answers.

A writer caches the states of the accounts it has seen. They are true exactly as long as the head stands where it
left it, and the head is the fence of the append: one round trip decides and writes. Where another process has moved
the head, nothing was written; the writer then takes the head's lock first, reads again and decides again.

That an idempotency key is new is taken for granted and checked by the append itself, where the answers' primary key
stands in a repetition's way. Only what leaves no answer behind, a refusal or a dry run, has to look first.

If the connection breaks while an append is under way, nobody knows whether it took effect, or will yet: that is found
out (`service/ledger/lost_appends.py`) before its commands are decided again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from events.instants import Instant, to_datetime
from events.payouts.checks import NO_CHECKS, PayoutChecks
from events.read_set import ReadSet
from events.refusals import Refusal
from service.ledger.batch import Batch, Result, UnitOfWork
from service.ledger.event_store import (
    ANSWERED,
    Append,
    Head,
    Snapshot,
    StateCache,
    append,
    read_answers,
    read_head,
    read_state,
)
from service.ledger.fair_queue import FairQueue
from service.ledger.lost_appends import took_effect
from service.ledger.vault import Vault
from service.ledger.write_failures import Fenced, Unavailable, WrittenElsewhere, of_our_code
from service.platform import logs
from service.platform.database import OUTAGES, Connection, explain_outage
from service.platform.runtime import Counters, Runtime
from sql import query

log = logs.get("writer")

Connect = Callable[[], Coroutine[Any, Any, Connection]]


class _KeyKnown(Exception):
    """The batch holds an idempotency key that was answered before. Nothing was written."""


_PAUSE_SECONDS = 0.05
"""Between two attempts while the database cannot do it."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A unit of work in the queue, and who waits for its result."""

    unit: UnitOfWork[Any]
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    result: Any = None
    refusal: Refusal | None = None

    def decide(self, batch: Batch) -> None:
        self.refusal = None
        try:
            self.result = self.unit.decide(batch)
        except Refusal as refusal:
            self.refusal = refusal

    def resolve(self) -> None:
        """The batch is committed."""
        if self.refusal is not None:
            self.reject(self.refusal)
            return
        if not self.done.done():
            self.done.set_result(self.result)
        self.unit.committed(self.result)

    @property
    def is_given_up(self) -> bool:
        """Whether nobody waits any more: the request's time is over, and it was answered."""
        return self.done.cancelled()

    def reject(self, problem: Exception) -> None:
        """It is not, and will not be."""
        if not self.done.done():
            self.done.set_exception(problem)


class LaneWriter:
    """One lane's only writer in this process. Other processes may write to the lane too; the fence keeps them apart."""

    def __init__(
        self,
        lane: int,
        ledger_id: str,
        connect: Connect,
        vault: Vault,
        runtime: Runtime,
        counters: Counters,
        *,
        batch_commands_max: int = 500,
        queue_commands_max: int = 20_000,
        outage_seconds_max: float = 10,
        clock_ahead_seconds_max: float = 5,
        warm_accounts_max: int = 50_000,
        payout_checks: PayoutChecks = NO_CHECKS,
        test_account_prefix: str | None = None,
    ) -> None:
        self.lane = lane
        self._ledger_id = ledger_id
        self._connect = connect
        self._vault = vault
        self._runtime = runtime
        self._counters = counters
        self._batch_max = batch_commands_max
        self._outage_seconds_max = outage_seconds_max
        self._clock_ahead_seconds_max = clock_ahead_seconds_max
        self._payout_checks = payout_checks
        self._test_account_prefix = test_account_prefix
        self._busy_since: float | None = None
        """When the batch that is under way was begun (monotonic seconds)."""
        self._waiting: FairQueue[_Waiting] = FairQueue(queue_commands_max)
        self._wake = asyncio.Event()
        self._connection: Connection | None = None
        self._state_cache = StateCache(warm_accounts_max)
        self._contended = False
        self._look_first = False
        """Whether keys are looked up before a batch is decided: while repetitions and refusals come."""
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = self._runtime.spawn(self._run(), f"lane-{self.lane}-writer")

    async def close(self) -> None:
        """Finishes what waits, then stops."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._disconnect()

    def submit(self, unit: UnitOfWork[Result]) -> asyncio.Future[Result]:
        """Queues a unit of work. Unavailable where it would wait for too long, or the writer is stopping.

        Each account has its turn (`service/ledger/fair_queue.py`). Where the queue is full, whoever has most waiting in it
        gives way to an account that has less: what it queued last is Unavailable, and is not decided.
        A batch that has taken half of the time that an outage may waits for the database: nobody else needs to. A unit
        whose caller stops waiting before it is decided is not decided any more.
        """
        if self._closing:
            raise Unavailable("the service is stopping")
        if self._busy_since is not None and self._runtime.monotonic() - self._busy_since > self._outage_seconds_max / 2:
            raise Unavailable(f"lane {self.lane} waits for the database: try again, with the same idempotency key")
        waiting = _Waiting(unit)
        pushed_out = self._waiting.put(waiting, unit.account_ids, unit.commands_count)
        if pushed_out is None:
            raise Unavailable(f"{self._waiting.commands} commands are waiting already")
        for other in pushed_out:
            other.reject(
                Unavailable("too many commands of this account are waiting, and others need the room: try again")
            )
        self._wake.set()
        return waiting.done

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            units = self._take()
            if not units:
                continue
            self._busy_since = self._runtime.monotonic()
            try:
                await self._commit(units, self._busy_since + self._outage_seconds_max)
            except Exception as problem:
                log.exception("batch_failed", lane=self.lane, units=len(units))
                self._state_cache.forget()
                for unit in units:
                    unit.reject(problem)
            finally:
                self._busy_since = None

    def _take(self) -> list[_Waiting]:
        return [unit for unit in self._waiting.take(self._batch_max) if not unit.is_given_up]

    async def _commit(self, units: list[_Waiting], deadline: float) -> None:
        """Commits the units, trying again while others win the race or the database is away, until the deadline.

        One deadline is for all that a batch becomes: taken apart, its units have no more time together than it had.
        """
        while True:
            units[:] = [unit for unit in units if not unit.is_given_up]
            if not units:
                return
            try:
                settled = await self._attempt(units)
            except Unavailable as problem:
                self._state_cache.forget()
                if isinstance(problem, WrittenElsewhere) and len(units) > 1:
                    for unit in units:
                        await self._commit([unit], deadline)
                    return
                for unit in units:
                    unit.reject(problem)
                return
            except _KeyKnown:
                self._look_first = True
            except OUTAGES as outage:
                log.warning("database_away", lane=self.lane, problem=repr(outage))
                await self._disconnect()
                if self._runtime.monotonic() > deadline:
                    why = explain_outage(outage)
                    for unit in units:
                        unit.reject(Unavailable(f"{why}: try again, with the same idempotency key"))
                    return
                await self._runtime.sleep(_PAUSE_SECONDS)
            except Exception as problem:  # noqa: BLE001 - whatever it is, it may be one unit's alone
                await self._disconnect()
                if len(units) == 1:
                    log.warning("append_refused", lane=self.lane, problem=repr(problem))
                    units[0].reject(problem)
                    return
                # One unit that cannot be read for, or written, must not take the others down with it.
                for unit in units:
                    await self._commit([unit], deadline)
                return
            else:
                if settled:
                    return
                self._state_cache.forget()
                self._contended = True
                if self._runtime.monotonic() > deadline:
                    why = f"lane {self.lane} could not be written in time"
                    for unit in units:
                        unit.reject(Unavailable(f"{why}: try again, with the same idempotency key"))
                    return

    async def _attempt(self, units: list[_Waiting]) -> bool:
        """Decides and writes once. False where the head had moved: nothing was written, the units may be tried again."""
        connection = await self._connected()
        if self._contended:
            settled = await self._attempt_locked(connection, units)
            if settled is None:
                return False
            batch = settled
        else:
            batch, verified = await self._decide(connection, units)
            if batch.is_empty():
                # A refusal is only true of a state that is true: look whether the head has moved.
                if not verified and await read_head(connection, self.lane) != batch.before:
                    return False
            elif not await self._append(connection, batch.to_append()):
                return False
            self._state_cache.adopt(batch.head_after(), batch.changed_states(), batch.keys)
        self._counters.committed(self.lane, len(batch.events), [row["verdict"] for row in batch.deliveries])
        for unit in units:
            unit.resolve()
        return True

    async def _attempt_locked(self, connection: Connection, units: list[_Waiting]) -> Batch | None:
        """Decides with the head's lock held, so that no other process can win the race."""
        sent: tuple[Batch, Append] | None = None
        try:
            async with connection.transaction():
                await connection.fetchval(query("ledger/lock_head"), self.lane)
                self._state_cache.forget()
                batch, _ = await self._decide(connection, units)
                if not batch.is_empty():
                    sent = batch, batch.to_append()
                    if not await append(connection, sent[1], self._clock_ahead_seconds_max):
                        await self._refuse_clock_ahead(connection, sent[1].after)
                        raise Fenced
        except OUTAGES:
            if sent is None:
                raise
            if not await self._look_for(sent[1]):
                return None
            batch = sent[0]
        except asyncpg.UniqueViolationError as violation:
            raise WrittenElsewhere(
                f"another process wrote {violation.constraint_name} at this moment: try again"
            ) from None
        self._contended = False
        return batch

    async def _decide(self, connection: Connection, units: list[_Waiting]) -> tuple[Batch, bool]:
        """A batch with every unit's decision, and whether the head was seen to stand there in this attempt."""
        read_set = ReadSet()
        for unit in units:
            unit.unit.collect(read_set)
        while True:
            snapshot, verified = await self._snapshot(connection, read_set)
            batch = Batch(
                self._ledger_id,
                self.lane,
                self._now(snapshot.head),
                snapshot,
                self._vault,
                self._runtime,
                self._payout_checks,
                self._test_account_prefix,
            )
            failed: tuple[_Waiting, Exception] | None = None
            for unit in units:
                try:
                    unit.decide(batch)
                except Exception as problem:  # noqa: BLE001 - one unit's bug is not the others' fault
                    failed = (unit, problem)
                    break
            if failed is not None:
                # What the failing unit recorded before it failed is not kept: the others are decided again without it.
                log.error("decision_failed", lane=self.lane, exc_info=failed[1])
                units.remove(failed[0])
                failed[0].reject(of_our_code(failed[1]))
                continue
            unanswered = batch.lacks(read_set.answers)
            if verified or not unanswered:
                if verified:
                    self._look_first = unanswered or bool(snapshot.answers)
                return batch, verified
            self._look_first = True

    async def _snapshot(self, connection: Connection, read_set: ReadSet) -> tuple[Snapshot, bool]:
        """What is wanted, from memory where it is warm, else from the database; and whether the head was looked at."""
        cache = self._state_cache
        if cache.head is not None:
            head = cache.head
            wanted = cache.not_cached(read_set, with_answers=self._look_first)
            if wanted is None:
                return cache.snapshot(head, read_set.accounts), False
            if wanted.accounts:
                found = await read_state(connection, self.lane, wanted, self._vault)
            else:
                found = await read_answers(connection, self.lane, wanted.answers)
            if found.head == head:
                cached = cache.snapshot(head, read_set.accounts - wanted.accounts)
                return Snapshot(head, cached.states | found.states, cached.keys | found.keys, found.answers), True
            cache.forget()
        return await read_state(connection, self.lane, read_set, self._vault), True

    async def _append(self, connection: Connection, batch: Append) -> bool:
        try:
            return await append(connection, batch, self._clock_ahead_seconds_max)
        except OUTAGES as outage:
            took_effect = await self._look_for(batch)
            if not took_effect:
                log.warning("append_failed", lane=self.lane, problem=repr(outage))
                await self._runtime.sleep(_PAUSE_SECONDS)
            return took_effect
        except asyncpg.InternalServerError:
            # Of an error of the server's own nobody knows what it left behind, a commit among it.
            if await self._look_for(batch):
                return True
            raise
        except (asyncpg.UniqueViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as problem:
            if problem.constraint_name == ANSWERED:
                raise _KeyKnown from None
            # A second check of the same property: somebody else was first.
            return False

    async def _look_for(self, batch: Append) -> bool:
        """Whether an append whose answer was lost took effect. Nothing is decided again before that is known."""
        deadline = (self._busy_since or self._runtime.monotonic()) + self._outage_seconds_max
        return await took_effect(batch, self._connected_anew, self._runtime, deadline)

    async def _refuse_clock_ahead(self, connection: Connection, after: Head) -> None:
        """Unavailable where the lane took nothing because this machine's clock is ahead of the database's.

        Every later event would have to say that time too, and what falls due then would happen now.
        """
        ahead = await connection.fetchval(query("ledger/clock_ahead"), to_datetime(after.recorded_at))
        if ahead > self._clock_ahead_seconds_max:
            log.error("clock_is_ahead", lane=self.lane, seconds=ahead)
            raise Unavailable(f"this service's clock is {ahead:.0f} s ahead of the database's: it has to be set right")

    def _now(self, head: Head) -> Instant:
        """The time of recording: never before the last event's, whatever the clock does."""
        now = self._runtime.instant()
        if now < head.recorded_at:
            log.warning("clock_went_back", lane=self.lane, clock=now, last_recorded_at=head.recorded_at)
            return head.recorded_at
        return now

    async def _connected_anew(self) -> Connection:
        await self._disconnect()
        return await self._connected()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        return self._connection

    async def _disconnect(self) -> None:
        self._state_cache.forget()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
