"""Sends webhooks: claims deliveries that are due, makes one attempt at each, and records the result.

Any number of senders may run. A claim leases a delivery for longer than an attempt can take, so only one sender sends it
at a time. If a sender dies, its leases expire, and its deliveries are sent again under the same ids. Each attempt is a
task of its own, and an endpoint has only a few at once, so an endpoint that hangs does not hold up others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver

from events.envelope import envelope_from
from service.ledger.ledger import Ledger
from service.ledger.vault import ENABLED_ENDPOINTS, WEBHOOK_ENDPOINTS
from service.outgoing import retry_schedule, signing
from service.outgoing.body import body_of
from service.outgoing.fan_out import payout_of
from service.outgoing.masks import Keys, read_keys
from service.outgoing.secrets import unsealed
from service.platform import logs
from service.platform.address_guard import guarded_socket
from service.platform.database import OUTAGES
from service.platform.settings import Settings
from sql import query

log = logs.get("webhooks")

ATTEMPT_SECONDS_MAX = 15.0
LEASE_SECONDS = 60.0
OF_ONE_ENDPOINT_MAX = 8

DELIVERED, PENDING, FAILED = "delivered", "pending", "failed"

_IDLE_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_RECORDED_AT_ONCE = 2
_GONE = 410
_BACK_OFF = (429, 503)
_PROBLEM_MAX = 300
_NOT_OURS = "the endpoint is not as this service wrote it: remove it, and add it again"


@dataclass(frozen=True, slots=True)
class OutgoingDelivery:
    """A leased delivery, ready to send. `body` is None where the account's key, and so the secret, was destroyed."""

    lane: int
    account_id: str
    endpoint_id: str
    event_id: str
    attempt: int
    retries: int
    url: str
    body: bytes | None
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt. It succeeded if there is no problem; a permanent problem is not retried."""

    status: int | None = None
    problem: str | None = None
    retry_after: float | None = None
    permanent: bool = False


class Sender:
    """Sends what is due in every lane until `stop`."""

    def __init__(self, ledger: Ledger, settings: Settings, *, resolver: AbstractResolver | None = None) -> None:
        self._ledger = ledger
        self._settings = settings
        self._resolver = resolver
        self._in_flight: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        # The API shares the connection pool: results of attempts wait here, so that requests need not wait for them.
        self._recording = asyncio.Semaphore(_RECORDED_AT_ONCE)
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Looks for due deliveries now."""
        self._wake.set()

    async def run(self) -> None:
        """Sends until `stop`, then finishes the attempts under way."""
        async with aiohttp.ClientSession(
            # A connection for each request.
            connector=aiohttp.TCPConnector(
                socket_factory=guarded_socket(private_addresses=self._settings.outgoing_private_addresses),
                resolver=self._resolver,
                use_dns_cache=False,
                force_close=True,
                limit=0,
            ),
            timeout=aiohttp.ClientTimeout(total=ATTEMPT_SECONDS_MAX),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "payout-ledger", "Content-Type": "application/json"},
            auto_decompress=False,
        ) as session:
            try:
                while not self._stopping:
                    await self._send_due(session)
            finally:
                if self._tasks:
                    await asyncio.wait(self._tasks)

    async def _send_due(self, session: aiohttp.ClientSession) -> None:
        self._wake.clear()
        claimed = 0
        failed = 0.0
        for lane in self._ledger.lanes:
            try:
                rows, keys = await self._claim(lane)
            except OUTAGES as outage:
                log.warning("database_away", problem=repr(outage))
                failed = failed or _RETRY_SECONDS
                continue
            except Exception:
                log.exception("deliveries_not_claimed", lane=lane)
                failed = _RETRY_SECONDS * 5
                continue
            for row in rows:
                claimed += 1
                self._start(session, lane, row, keys)
        if failed and not claimed:
            # While other lanes have something to send, they are not held up.
            await self._ledger.runtime.sleep(failed)
        if not claimed and not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._wake.wait()

    async def _claim(self, lane: int) -> tuple[list[Any], Keys]:
        """The leased rows, and the keys of their accounts."""
        free = self._settings.outgoing_requests_max - len(self._tasks)
        if free <= 0:
            return [], {}
        now = self._ledger.runtime.now()
        async with self._ledger.pool.acquire() as connection:
            rows = await connection.fetch(
                query("outgoing/claim"),
                lane,
                now,
                now + timedelta(seconds=LEASE_SECONDS),
                list(self._in_flight),
                OF_ONE_ENDPOINT_MAX,
                free,
            )
            if not rows:
                return [], {}
            keys = await read_keys(connection, self._ledger.vault, lane, {row["account_id"] for row in rows})
        return rows, keys

    def _start(self, session: aiohttp.ClientSession, lane: int, row: Any, keys: Keys) -> None:
        self._in_flight[row["endpoint_id"]] += 1
        task = self._ledger.runtime.spawn(self._deliver(session, lane, row, keys), "webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, session: aiohttp.ClientSession, lane: int, row: Any, keys: Keys) -> None:
        runtime = self._ledger.runtime
        began_at, began = runtime.now(), runtime.monotonic()
        endpoint_id = row["endpoint_id"]
        try:
            delivery, result = _unprepared(lane, row), None
            try:
                vault = self._ledger.vault
                if vault.holds(WEBHOOK_ENDPOINTS, row) and vault.holds(ENABLED_ENDPOINTS, row):
                    delivery = _delivery(lane, row, keys)
                else:
                    result = AttemptResult(problem=_NOT_OURS)
            except Exception as problem:
                # An attempt like any other: it is repeated as the schedule says, ends, and can be seen by the merchant.
                log.exception("delivery_not_prepared", endpoint=endpoint_id, event_id=row["event_id"])
                result = AttemptResult(problem=f"it cannot be prepared: {type(problem).__name__} (the log says more)")
            if result is None:
                result = await self._attempt(session, delivery)
            milliseconds = int((runtime.monotonic() - began) * 1000)
            async with self._recording:
                await self._finish(delivery, result, began_at, milliseconds)
        except OUTAGES as outage:
            # The lease expires, and the delivery is sent again.
            log.warning("delivery_not_noted", endpoint=endpoint_id, problem=repr(outage))
        except Exception:
            log.exception("delivery_broke", endpoint=endpoint_id, event_id=row["event_id"])
        finally:
            self._in_flight[endpoint_id] -= 1
            if not self._in_flight[endpoint_id]:
                del self._in_flight[endpoint_id]
            self._wake.set()

    async def _attempt(self, session: aiohttp.ClientSession, delivery: OutgoingDelivery) -> AttemptResult:
        if delivery.body is None or not delivery.secrets:
            return AttemptResult(
                problem="the account's key was destroyed, and with it the secret to sign with", permanent=True
            )
        now = self._ledger.runtime.now()
        headers = signing.headers(delivery.secrets, delivery.event_id, int(now.timestamp()), delivery.body)
        try:
            async with session.post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as response:
                return _classify(response, retry_schedule.retry_after_seconds(response.headers.get("Retry-After"), now))
        except TimeoutError:
            return AttemptResult(problem=f"no answer within {ATTEMPT_SECONDS_MAX:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return AttemptResult(problem=_describe(problem))

    async def _finish(
        self, delivery: OutgoingDelivery, result: AttemptResult, began_at: Any, milliseconds: int
    ) -> None:
        runtime = self._ledger.runtime
        now = runtime.now()
        status, next_attempt_at, not_before = DELIVERED, now, None
        if result.problem is not None:
            chance = int.from_bytes(runtime.random(4), "big") / 2**32
            delay = None if result.permanent else retry_schedule.retry_in(delivery.retries, result.retry_after, chance)
            status = FAILED if delay is None else PENDING
            next_attempt_at = now + timedelta(seconds=delay or 0)
            if result.retry_after is not None and result.status in _BACK_OFF:
                not_before = now + timedelta(seconds=result.retry_after)
        row = await self._ledger.pool.fetchrow(
            query("outgoing/finish"),
            delivery.lane,
            delivery.account_id,
            delivery.endpoint_id,
            delivery.event_id,
            delivery.attempt,
            status,
            next_attempt_at,
            began_at,
            milliseconds,
            result.status,
            result.problem,
            now,
            not_before,
            result.status == _GONE,
            now - retry_schedule.FAILING_FOR,
            retry_schedule.FAILURES_MIN,
        )
        log.info(
            "webhook_sent" if result.problem is None else "webhook_not_taken",
            account=delivery.account_id,
            endpoint=delivery.endpoint_id,
            event_id=delivery.event_id,
            attempt=delivery.attempt,
            http_status=result.status,
        )
        if row is not None and not row["enabled"] and row["disabled_reason"] is not None:
            log.warning("endpoint_switched_off", endpoint=delivery.endpoint_id, reason=row["disabled_reason"])


def _unprepared(lane: int, row: Any) -> OutgoingDelivery:
    """A delivery without a body."""
    return OutgoingDelivery(
        lane=lane,
        account_id=row["account_id"],
        endpoint_id=row["endpoint_id"],
        event_id=row["event_id"],
        attempt=row["attempts"],
        retries=row["retries"],
        url=row["url"],
        body=None,
        secrets=(),
    )


def _delivery(lane: int, row: Any, keys: Keys) -> OutgoingDelivery:
    account_id = row["account_id"]
    event = envelope_from(orjson.loads(row["envelope"]))
    payout = payout_of(row["state"]) if row["state"] is not None else None
    known = any(owner == account_id for owner, _ in keys)
    return replace(
        _unprepared(lane, row),
        body=body_of(event, row["type"], payout, keys) if known else None,
        secrets=unsealed(keys, account_id, row["endpoint_id"], row["secrets"] or ()),
    )


def _classify(response: aiohttp.ClientResponse, retry_after: float | None) -> AttemptResult:
    status = response.status
    if 200 <= status < 300:
        return AttemptResult(status)
    if 300 <= status < 400:
        return AttemptResult(status, "it answers with a redirect, which is not followed: set the URL that it leads to")
    if status == _GONE:
        return AttemptResult(status, "it answers that it is gone: the endpoint was switched off", permanent=True)
    return AttemptResult(status, f"it answers {status}", retry_after)


def _describe(problem: Exception) -> str:
    if isinstance(problem, aiohttp.ClientConnectorError):
        return f"cannot connect: {problem.os_error}"[:_PROBLEM_MAX]
    return f"{type(problem).__name__}: {problem}"[:_PROBLEM_MAX]
