"""The ledger: begins itself, knows each account's lane, and hands commands to the lanes' writers."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import orjson

from events.accounts.events import LedgerBegun
from events.envelope import DIGEST_VERSION, SYSTEM_ACCOUNT, Actor, Source
from events.instants import Instant, shifted
from events.payouts.checks import PayoutChecks
from events.read_set import ReadSet
from events.refusals import InvalidCommand, Refusal
from service.ledger.batch import Batch, Cause, Result, UnitOfWork
from service.ledger.commands import CommandRequest, CommandUnit, Outcome, RequestOrigin
from service.ledger.event_store import read_state
from service.ledger.vault import CannotUnseal, Vault, vault_of
from service.ledger.write_failures import Unavailable
from service.ledger.writer import LaneWriter
from service.platform import database
from service.platform.database import Pool
from service.platform.database_watch import DatabaseWatch
from service.platform.runtime import Runtime
from service.platform.settings import Settings, WrongSettings
from sql import query

_LANES_REMEMBERED_MAX = 200_000


class Ledger:
    """All lanes of one ledger, as this process sees them. `Ledger.start` makes one."""

    def __init__(self, settings: Settings, pool: Pool, vault: Vault, runtime: Runtime) -> None:
        self.pool = pool
        self.vault = vault
        self.runtime = runtime
        self.id = ""
        self.exponents: dict[str, int] = {}
        self.lanes: list[int] = []
        self.counters = vault.counters
        self.watch = DatabaseWatch(settings, pool, runtime)
        self._settings = settings
        self._writers: dict[int, LaneWriter] = {}
        self._lane_of: OrderedDict[str, int] = OrderedDict()
        self._earliest_for: tuple[Instant, Instant] = ("", "")

    @classmethod
    async def start(cls, settings: Settings, pool: Pool, runtime: Runtime) -> Ledger:
        """The ledger of this database, begun now if it is new. WrongSettings where it was begun on other terms."""
        vault = vault_of(settings, runtime)
        ledger = cls(settings, pool, vault, runtime)
        await ledger._begin()
        ledger.watch.start()
        return ledger

    async def close(self) -> None:
        """Finishes what waits in every lane."""
        await self.watch.close()
        await asyncio.gather(*(writer.close() for writer in self._writers.values()))

    async def _begin(self) -> None:
        settings = self._settings
        now = self.runtime.now()
        await self.pool.execute(
            query("ledger/begin"), self.runtime.uuid7(), orjson.dumps(settings.exponents).decode(), now
        )
        row = await self.pool.fetchrow(query("ledger/identity"))
        assert row is not None
        self.id, self.exponents = row["ledger_id"], orjson.loads(row["exponents"])
        for code, exponent in settings.currency_exponents.items():
            if self.exponents.get(code) != exponent:
                raise WrongSettings(
                    f"CURRENCY_EXPONENTS: this ledger was begun with {self.exponents.get(code)} decimals for {code}, "
                    "and every amount in it means that"
                )
        standing = [row["lane"] for row in await self.pool.fetch(query("ledger/heads"))]
        if len(standing) > settings.lanes:
            raise WrongSettings(f"LANES: this ledger has {len(standing)} lanes, and lanes are never removed")
        if 1 in standing:
            await self._check_master_key()
        self.lanes = list(range(1, settings.lanes + 1))
        for lane in self.lanes:
            if lane not in standing:
                await self.pool.execute(query("ledger/begin_lane"), lane, now)
            writer = LaneWriter(
                lane,
                self.id,
                partial(database.connect, settings),
                self.vault,
                self.runtime,
                self.counters,
                batch_commands_max=settings.batch_commands_max,
                queue_commands_max=settings.queue_commands_max,
                outage_seconds_max=settings.database_timeout_seconds,
                clock_ahead_seconds_max=settings.clock_ahead_seconds_max,
                payout_checks=PayoutChecks(settings.four_eyes, settings.bank_account_cool_down_hours),
                test_account_prefix=settings.test_account_prefix,
            )
            writer.start()
            self._writers[lane] = writer
            await writer.submit(_Genesis(self.exponents))
        await self._check_master_key()

    async def _check_master_key(self) -> None:
        async with self.pool.acquire() as connection:
            try:
                await read_state(connection, 1, ReadSet({SYSTEM_ACCOUNT}), self.vault)
            except CannotUnseal as problem:
                raise WrongSettings(f"MASTER_KEY: {problem}") from None

    async def known_lane_of(self, account_id: str) -> int | None:
        """The lane of an account that exists, or None."""
        lane = self._lane_of.get(account_id)
        if lane is None:
            lane = await self.pool.fetchval(query("ledger/lane_of_account"), account_id)
            if lane is None:
                return None
            self._lane_of[account_id] = lane
            if len(self._lane_of) > _LANES_REMEMBERED_MAX:
                self._lane_of.popitem(last=False)
        return lane

    async def lane_of(self, account_id: str) -> int:
        """The account's lane; for one that is yet to be opened, the one it would get today."""
        lane = await self.known_lane_of(account_id)
        return lane if lane is not None else self.lane_for_new(account_id)

    def lane_for_new(self, account_id: str) -> int:
        number = int.from_bytes(hashlib.sha256(account_id.encode()).digest()[:8], "big")
        return self.lanes[number % len(self.lanes)]

    async def run(self, lane: int, unit: UnitOfWork[Result]) -> Result:
        """Has a lane decide a unit of work; its result, once that is durable. Unavailable where it cannot be taken now."""
        return await self._submit(lane, unit)

    def _submit(self, lane: int, unit: UnitOfWork[Result]) -> asyncio.Future[Result]:
        writer = self._writers.get(lane)
        if writer is None:
            raise Unavailable(f"lane {lane} was added after this service started: it has to be started again")
        return writer.submit(unit)

    async def execute(
        self,
        works: Sequence[CommandRequest],
        origin: RequestOrigin,
        *,
        atomic: bool = False,
        dry_run: bool = False,
        in_lane: int | None = None,
    ) -> list[Outcome]:
        """Decides the commands and, for those accepted, answers only once they are durable. One outcome each, in order.

        `in_lane` is for a single command about a lane's own stream. Unavailable where the ledger cannot
        take them now.
        """
        if len(works) == 1:
            unit = self._unit(works, origin, atomic=atomic, dry_run=dry_run)
            lane = in_lane or await self.lane_of(works[0].command.account_id)
            return self._counted(await self.run(lane, unit), dry_run=dry_run)
        by_lane: dict[int, list[int]] = {}
        for index, work in enumerate(works):
            by_lane.setdefault(await self.lane_of(work.command.account_id), []).append(index)
        if atomic and len(by_lane) > 1:
            raise InvalidCommand(
                "an atomic request cannot span lanes, and these accounts lie in several: send one request for each lane",
                field="commands",
                details={"lanes": {works[i].command.account_id: lane for lane, at in by_lane.items() for i in at}},
            )
        decided = {
            lane: self._submit(lane, self._unit([works[i] for i in at], origin, atomic=atomic, dry_run=dry_run))
            for lane, at in by_lane.items()
        }
        outcomes: dict[int, Outcome] = {}
        try:
            for lane, done in decided.items():
                outcomes.update(zip(by_lane[lane], await done, strict=True))
        finally:
            # Nobody waits for the others any more.
            for done in decided.values():
                done.cancel()
        return self._counted([outcomes[index] for index in range(len(works))], dry_run=dry_run)

    def _counted(self, outcomes: list[Outcome], *, dry_run: bool) -> list[Outcome]:
        if not dry_run:
            for outcome in outcomes:
                if isinstance(outcome, Refusal):
                    self.counters.refused(outcome.code)
        return outcomes

    def _unit(
        self, works: Sequence[CommandRequest], origin: RequestOrigin, *, atomic: bool, dry_run: bool
    ) -> CommandUnit:
        return CommandUnit(origin, works, atomic, dry_run, self._earliest, self._settings.log_requests)

    def _earliest(self, now: Instant) -> Instant:
        """How far back a command recorded now may reach; a batch asks many times for the same moment."""
        if self._earliest_for[0] != now:
            self._earliest_for = now, shifted(now, -timedelta(days=self._settings.effective_days_back_max))
        return self._earliest_for[1]


@dataclass(slots=True)
class _Genesis(UnitOfWork[None]):
    """Position 1 of a lane, once."""

    exponents: dict[str, int]

    @property
    def account_ids(self) -> Collection[str]:
        return (SYSTEM_ACCOUNT,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(SYSTEM_ACCOUNT)

    def decide(self, batch: Batch) -> None:
        if batch.before.position > 0:
            return
        batch.add_account_key(SYSTEM_ACCOUNT, batch.vault.new_account_key(SYSTEM_ACCOUNT))
        batch.record(
            batch.state(SYSTEM_ACCOUNT),
            LedgerBegun(digest_version=DIGEST_VERSION, exponents=self.exponents),
            Cause(actor=Actor("ledger"), source=Source("ledger")),
        )
