"""Runs payout policies: money is set apart at cutoffs, and requested on pay dates.

The ledger does what is due on an account before each command on it (`service/ledger/batch.py`). The scheduler only makes
sure that this also happens on accounts without commands: it has the lane's writer read their state. Any number of
schedulers may run at once and die at any moment: what one has done is no longer due for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from events.policies.cycles import due_at
from events.read_set import ReadSet
from service.ledger.batch import Batch, UnitOfWork
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.platform import logs
from service.platform.health import Health
from sql import query

log = logs.get("scheduler")

_AT_ONCE = 200
_POSTPONE_SECONDS = 60.0


@dataclass(slots=True)
class DueUnit(UnitOfWork[bool]):
    """An account on which something is due: to read its state is enough. The result: whether nothing is due any more."""

    account_id: str

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)

    def decide(self, batch: Batch) -> bool:
        account = batch.state(self.account_id).account
        still_due = due_at(account) if account is not None else None
        return still_due is None or still_due > batch.now


class PayoutScheduler(Poller):
    """Runs what is due, some of each lane's accounts at a time. An account that fails is postponed for a minute."""

    name, failed = "scheduler", "scheduling_failed"
    pause_seconds = retry_seconds = 1.0

    def __init__(self, ledger: Ledger, health: Health | None = None) -> None:
        super().__init__(ledger, health)
        self._postponed: dict[str, float] = {}
        """Accounts that failed, and until when they are postponed (monotonic seconds)."""

    async def work_on(self, lane: int) -> bool:
        """Runs what is due now, up to a limit. Returns whether there may be more."""
        now = self._ledger.runtime.monotonic()
        self._postponed = {account_id: until for account_id, until in self._postponed.items() if until > now}
        instant = self._ledger.runtime.instant()
        rows = await self._ledger.pool.fetch(query("payout_policy/due"), lane, instant, list(self._postponed), _AT_ONCE)
        accounts = [row["account_id"] for row in rows]
        outcomes = await asyncio.gather(
            *(self._run_due(lane, account_id) for account_id in accounts), return_exceptions=True
        )
        for account_id, outcome in zip(accounts, outcomes, strict=True):
            if outcome is not True:
                self._postponed[account_id] = now + _POSTPONE_SECONDS
                log.warning("account_still_due", lane=lane, account=account_id, problem=repr(outcome))
        return len(rows) == _AT_ONCE

    async def _run_due(self, lane: int, account_id: str) -> bool:
        return await self._ledger.run(lane, DueUnit(account_id))
