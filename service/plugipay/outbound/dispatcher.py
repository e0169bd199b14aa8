"""Takes payouts to the provider: submits them, asks how they are, asks to cancel. The log is the outbox.

A payout through the provider is work until it has ended. Whoever claims it holds it for a while (`provider_work`), so
that several dispatchers never call for the same one at once; a dispatcher that dies loses its claim, and the next one
goes on from what the log says. What a step is and why it is safe: `service/plugipay/outbound/submission_attempt.py`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from projections.inline import PAYOUTS
from service.ledger.ledger import Ledger
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.outbound.access import read_access
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
_TIDY_SECONDS = 30.0


class Dispatcher:
    """One of any number that work on the same ledger. `run` goes on until `stop`."""

    def __init__(self, ledger: Ledger, settings: Settings, health: Health, client: PlugipayClient) -> None:
        self._ledger = ledger
        self._settings = settings
        self._health = health
        self._client = client
        self._at_work: set[asyncio.Task[None]] = set()
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Claims what is due and works on it; ends once what it had begun is done."""
        tidy_at = self._ledger.runtime.monotonic()
        while not self._stopping:
            try:
                if self._ledger.runtime.monotonic() >= tidy_at:
                    tidy_at = self._ledger.runtime.monotonic() + _TIDY_SECONDS
                    for lane in self._ledger.lanes:
                        await self._ledger.pool.execute(query("provider/forget"), lane, self._ledger.runtime.now())
                claimed = await self._claim()
            except OUTAGES as outage:
                log.warning("database_away", problem=repr(outage))
                claimed = 0
            except Exception:
                # A statement that took too long, a deadlock: whatever it was, payouts must not wait for a restart.
                log.exception("claiming_failed")
                claimed = 0
            if len(self._at_work) >= _AT_ONCE_MAX:
                await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
            elif not claimed:
                await self._ledger.runtime.sleep(_PAUSE_SECONDS)
        if self._at_work:
            await asyncio.wait(self._at_work)

    async def _claim(self) -> int:
        claimed = 0
        for lane in self._ledger.lanes:
            free = _AT_ONCE_MAX - len(self._at_work)
            if free <= 0:
                break
            now = self._ledger.runtime.now()
            rows = await self._ledger.pool.fetch(query("provider/claim"), lane, now, now + _LEASE, free)
            for row in rows:
                work = self._work(lane, row["account_id"], row["payout_id"], row["tries"])
                task = self._ledger.runtime.spawn(work, f"payout-{row['payout_id']}")
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)
            claimed += len(rows)
        return claimed

    async def _work(self, lane: int, account_id: str, payout_id: str, tries: int) -> None:
        """One step for one payout, after which it is given back."""
        retry = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2.0 ** min(tries, 20))
        afresh = False
        try:
            wait = await self.step(lane, account_id, payout_id, tries)
            afresh, wait = wait is None, wait if wait is not None else self._settings.plugipay_poll_seconds
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
            await self._ledger.pool.execute(query("provider/release"), lane, payout_id, due_at, now, afresh)
        except (*OUTAGES, asyncpg.PostgresError):
            # The lease ends by itself.
            log.info("payout_not_given_back", payout=payout_id, account=account_id)

    async def step(self, lane: int, account_id: str, payout_id: str, tries: int) -> float | None:
        """What is to be done next for a payout. Gives the seconds until it is due again; None: begin to count anew."""
        row = await self._ledger.pool.fetchrow(query("provider/read"), lane, account_id, payout_id)
        if row is None:
            return POLL_SECONDS_MAX
        payout = PAYOUTS.value_of_json(row["payout"])
        access, key = await read_access(self._ledger, self._settings, lane, account_id)
        if access is None or key is None:
            log.warning("provider_not_set", account=account_id, payout=payout_id)
            return UNREACHABLE_SECONDS
        poll_seconds = self._settings.plugipay_poll_seconds
        step = SubmissionAttempt(
            self._ledger,
            self._client,
            self._report_access,
            poll_seconds,
            lane,
            account_id,
            payout_id,
            access,
            key,
            tries,
        )
        if payout.provider_payout_id is None:
            return await step.submit(payout)
        if payout.cancel_asked_at is not None:
            return await step.cancel(payout, payout.provider_payout_id)
        return await step.look(payout, payout.provider_payout_id)

    def _report_access(self, account_id: str, problem: str | None) -> None:
        """Shows where the provider turns our own credentials away: no payout fails for that, but none goes either."""
        if problem is not None:
            self._health.report(
                "plugipay", ok=False, message="the provider turns an account's credentials away: the log says whose"
            )
            log.error("provider_turns_us_away", account=account_id, problem=problem)
        else:
            self._health.report("plugipay", ok=True, message="reached")
