"""Submits payouts to the provider, asks for their status, and asks to cancel them. The log is the outbox.

A payout through the provider is due again and again until it has ended. A dispatcher leases it (`provider_work`), so
that two dispatchers never call for the same payout at once. If a dispatcher dies, its lease ends, and another one
continues from the log. What an attempt does and why it is safe: `service/plugipay/outbound/submission_attempt.py`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from projections.inline import PAYOUTS
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.settings import Settings
from service.plugipay.outbound.access import read_access
from service.plugipay.outbound.access_reports import AccessReports
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.submission_attempt import (
    POLL_SECONDS_MAX,
    RETRY_SECONDS,
    RETRY_SECONDS_MAX,
    UNREACHABLE_SECONDS,
    SubmissionAttempt,
)
from sql import query

log = logs.get("dispatcher")

_AT_ONCE_MAX = 50
_LEASE = timedelta(seconds=120)
_PAUSE_SECONDS = 0.2
_PRUNE_SECONDS = 30.0


class Dispatcher:
    """Any number of dispatchers may work on the same ledger. `run` continues until `stop`."""

    def __init__(self, ledger: Ledger, settings: Settings, reports: AccessReports, client: PlugipayClient) -> None:
        self._ledger = ledger
        self._settings = settings
        self._reports = reports
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Claims what is due and makes an attempt for each; returns once the attempts under way are done."""
        prune_at = self._ledger.runtime.monotonic()
        while not self._stopping:
            try:
                if self._ledger.runtime.monotonic() >= prune_at:
                    prune_at = self._ledger.runtime.monotonic() + _PRUNE_SECONDS
                    for lane in self._ledger.lanes:
                        await self._ledger.pool.execute(query("provider/forget"), lane, self._ledger.runtime.now())
                claimed = await self._claim()
            except OUTAGES as outage:
                log.warning("database_away", problem=repr(outage))
                claimed = 0
            except Exception:
                # Payouts must not wait for a restart.
                log.exception("claiming_failed")
                claimed = 0
            if len(self._tasks) >= _AT_ONCE_MAX:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif not claimed:
                await self._ledger.runtime.sleep(_PAUSE_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _claim(self) -> int:
        claimed = 0
        for lane in self._ledger.lanes:
            free = _AT_ONCE_MAX - len(self._tasks)
            if free <= 0:
                break
            now = self._ledger.runtime.now()
            try:
                rows = await self._ledger.pool.fetch(query("provider/claim"), lane, now, now + _LEASE, free)
            except OUTAGES:
                raise
            except Exception:
                # Such as a statement that took too long, or a deadlock: the other lanes' payouts must not wait for it.
                log.exception("claiming_failed", lane=lane)
                continue
            for row in rows:
                work = self._process(lane, row["account_id"], row["payout_id"], row["tries"])
                task = self._ledger.runtime.spawn(work, f"payout-{row['payout_id']}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            claimed += len(rows)
        return claimed

    async def _process(self, lane: int, account_id: str, payout_id: str, tries: int) -> None:
        """Makes one attempt for a leased payout, then releases it."""
        retry = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2.0 ** min(tries, 20))
        reset_tries = False
        try:
            wait = await self.attempt(lane, account_id, payout_id, tries)
            reset_tries, wait = wait is None, wait if wait is not None else self._settings.plugipay_poll_seconds
        except (*OUTAGES, Unavailable) as problem:
            log.warning("payout_not_worked_on", payout=payout_id, account=account_id, problem=repr(problem))
            wait = retry
        except Exception:
            log.exception("payout_not_worked_on", payout=payout_id, account=account_id)
            wait = max(retry, UNREACHABLE_SECONDS)
        now = self._ledger.runtime.now()
        jitter = 1 + int.from_bytes(self._ledger.runtime.random(2), "big") / 2**18
        try:
            due_at = now + timedelta(seconds=wait * jitter)
            await self._ledger.pool.execute(query("provider/release"), lane, payout_id, due_at, now, reset_tries)
        except (*OUTAGES, asyncpg.PostgresError):
            # The lease ends by itself.
            log.info("payout_not_given_back", payout=payout_id, account=account_id)

    async def attempt(self, lane: int, account_id: str, payout_id: str, tries: int) -> float | None:
        """Makes the next attempt for a payout. Returns the seconds until the next one; None: poll it, from try 0 on."""
        row = await self._ledger.pool.fetchrow(query("provider/read"), lane, account_id, payout_id)
        if row is None:
            return POLL_SECONDS_MAX
        payout = PAYOUTS.value_of_json(row["payout"])
        access, key = await read_access(self._ledger, self._settings, lane, account_id)
        if access is None or key is None:
            log.warning("provider_not_set", account=account_id, payout=payout_id)
            return UNREACHABLE_SECONDS
        poll_seconds = self._settings.plugipay_poll_seconds
        attempt = SubmissionAttempt(
            self._ledger,
            self._client,
            self._reports,
            poll_seconds,
            lane,
            account_id,
            payout_id,
            access,
            key,
            tries,
        )
        if payout.provider_payout_id is None:
            return await attempt.submit(payout)
        if payout.cancel_asked_at is not None:
            return await attempt.cancel(payout, payout.provider_payout_id)
        return await attempt.poll(payout, payout.provider_payout_id)
