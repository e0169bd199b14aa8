"""Lets payout policies do what is due by them: money is set apart at cutoffs and requested on pay dates.

What is due is decided in the ledger, before anything else that happens to an account (`service/ledger/batch.py`). A scheduler
only makes something happen to accounts on which nothing else does: it asks the lane's writer for their books. Any
number of schedulers may ask at once, and die at any moment: what one has done, the next finds done.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from events.policies.cycles import due_at
from events.read_set import ReadSet
from service.ledger.batch import Batch
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.ledger.unit_of_work import UnitOfWork
from service.platform import logs
from sql import query

log = logs.get("scheduler")

_AT_ONCE = 200
_REST_SECONDS = 60.0


@dataclass(slots=True)
class DueUnit(UnitOfWork[bool]):
    """An account on which something is due: looking at its state is enough. Its result: whether nothing is due any more."""

    account_id: str

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)

    def decide(self, batch: Batch) -> bool:
        account = batch.state(self.account_id).account
        still_due = due_at(account) if account is not None else None
        return still_due is None or still_due > batch.now


class PayoutScheduler(Poller):
    """Asks for what is due, as much at a time as is due at once; what cannot be done rests for a minute."""

    name, failed = "scheduler", "scheduling_failed"
    pause_seconds = retry_seconds = 1.0

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._resting: dict[str, float] = {}
        """Accounts on which what is due could not be done, and when to look at them again."""

    async def work(self) -> bool:
        """Does what is due now, as much as is done at once; whether there may be more."""
        now = self._ledger.runtime.monotonic()
        self._resting = {account_id: until for account_id, until in self._resting.items() if until > now}
        more = False
        for lane in self._ledger.lanes:
            instant = self._ledger.runtime.instant()
            rows = await self._ledger.pool.fetch(
                query("payout_policy/due"), lane, instant, list(self._resting), _AT_ONCE
            )
            accounts = [row["account_id"] for row in rows]
            outcomes = await asyncio.gather(
                *(self._look_at(lane, account_id) for account_id in accounts), return_exceptions=True
            )
            for account_id, outcome in zip(accounts, outcomes, strict=True):
                if outcome is not True:
                    self._resting[account_id] = now + _REST_SECONDS
                    log.warning("account_still_due", lane=lane, account=account_id, problem=repr(outcome))
            more = more or len(rows) == _AT_ONCE
        return more

    async def _look_at(self, lane: int, account_id: str) -> bool:
        return await self._ledger.run(lane, DueUnit(account_id))
