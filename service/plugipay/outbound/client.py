"""Calls Plugipay's payouts API, with the signatures of its SDKs (service/platform/request_signature.py).

A call has one deadline. Until then, what may be repeated is repeated under the same idempotency key. The result says
what is certain (service/plugipay/outbound/outcomes.py). A call that changes something is `NotSent` only if no attempt
can have reached the provider, and `ProviderRefused` only if no attempt before the refusal can have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from yarl import URL

from service.platform import logs
from service.platform.address_guard import guarded_socket
from service.platform.circuit_breaker import CircuitBreaker
from service.platform.request_signature import signature
from service.platform.runtime import Runtime
from service.plugipay.outbound import response_classification
from service.plugipay.outbound.outcomes import (
    NotSent,
    Outcome,
    ProviderBalance,
    ProviderBankAccount,
    ProviderPage,
    ProviderPayout,
    ProviderRefused,
    Unknown,
    read_balance,
    read_bank_account,
    read_page,
    read_payout,
)
from service.plugipay.outbound.response_classification import ClassifiedResponse, HttpResponse

log = logs.get("plugipay")

T = TypeVar("T")

PAGE_MAX = 100
_PAYOUTS = "/api/v1/payouts"
_RESPONSE_BYTES_MAX = 4_000_000
_BACKOFF_SECONDS = 0.2
_BACKOFF_SECONDS_MAX = 2.0
_BREAKERS_MAX = 1000


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """The provider's address and the key to sign with; `on_behalf_of` names the account for a platform key."""

    key_id: str
    secret: str = field(repr=False)
    base_url: str
    on_behalf_of: str | None = None
    named_by_account: bool = False
    """Whether a command named the address, and not the settings: then it has to be a public one."""


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A payout to request from the provider."""

    amount: int
    currency: str
    bank_code: str | None
    bank_name: str
    bank_account_number: str = field(repr=False)
    bank_account_holder: str = field(repr=False)
    note: str | None = None

    def document(self) -> dict[str, Any]:
        fields = {
            "amount": self.amount,
            "currency": self.currency,
            "bankCode": self.bank_code,
            "bankName": self.bank_name,
            "bankAccountNumber": self.bank_account_number,
            "bankAccountHolder": self.bank_account_holder,
            "note": self.note,
        }
        return {name: value for name, value in fields.items() if value is not None}


class PlugipayClient:
    """One for each process; created inside the running event loop, and closed at the end."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        timeout_seconds: float = 10.0,
        connections_max: int = 50,
        private_addresses: bool = False,
    ) -> None:
        self._runtime = runtime
        self._timeout_seconds = timeout_seconds
        self._breakers: dict[str, CircuitBreaker] = {}
        guard = guarded_socket(private_addresses=private_addresses)
        # A reused connection may be dead, and then it is unknown whether the provider received a request that changes
        # something.
        self._sessions = {
            (reads, named): _session(
                aiohttp.TCPConnector(
                    limit=connections_max, force_close=not reads, socket_factory=guard if named else None
                )
            )
            for reads in (True, False)
            for named in (True, False)
        }
        """By whether they only read, and whether an account named the address."""

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    @property
    def breakers(self) -> Mapping[str, CircuitBreaker]:
        """By base URL, for the metrics."""
        return self._breakers

    async def create(self, access: ProviderAccess, payout: NewPayout, idempotency_key: str) -> Outcome[ProviderPayout]:
        """Requests a payout. The same key and payout may be sent again for as long as the provider knows the key."""
        return await self._call(access, "POST", _PAYOUTS, _payout, payout.document(), idempotency_key)

    async def cancel(self, access: ProviderAccess, payout_id: str, idempotency_key: str) -> Outcome[ProviderPayout]:
        """Asks to cancel a payout. It is cancelled only if the outcome is `Answered` with the status `cancelled`."""
        return await self._call(access, "POST", f"{_payout_path(payout_id)}/cancel", _payout, {}, idempotency_key)

    async def get(self, access: ProviderAccess, payout_id: str) -> Outcome[ProviderPayout]:
        return await self._call(access, "GET", _payout_path(payout_id), _payout)

    async def page(
        self, access: ProviderAccess, *, status: str | None = None, cursor: str | None = None, limit: int = PAGE_MAX
    ) -> Outcome[ProviderPage]:
        """A page of payouts, newest first. A cursor is valid only with the status filter that it was returned for."""
        parameters = {"limit": str(limit), "cursor": cursor, "status": status}
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return await self._call(access, "GET", f"{_PAYOUTS}?{query}", read_page)

    async def balance(self, access: ProviderAccess) -> Outcome[ProviderBalance]:
        return await self._call(access, "GET", f"{_PAYOUTS}/balance", lambda data, _: read_balance(data))

    async def bank_account(self, access: ProviderAccess) -> Outcome[ProviderBankAccount]:
        return await self._call(access, "GET", f"{_PAYOUTS}/bank-account", lambda data, _: read_bank_account(data))

    async def _call(
        self,
        access: ProviderAccess,
        method: str,
        path: str,
        read: Callable[[Any, Mapping[str, Any]], T],
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Outcome[T]:
        content = orjson.dumps(body) if body is not None else b""
        changes = method != "GET"
        breaker = self._breaker(access.base_url)
        deadline = self._runtime.monotonic() + self._timeout_seconds
        maybe_done: Unknown | None = None
        last: Outcome[T] | None = None
        for number in count():
            permit = breaker.admit()
            if permit is None:
                not_sent = NotSent(f"{access.base_url} has failed too often in a row", breaker.seconds_left())
                return maybe_done or last or not_sent
            try:
                result = await self._attempt(access, method, path, content, key, deadline)
                if isinstance(result, HttpResponse):
                    (permit.failed if result.status >= 500 else permit.succeeded)()
                    classified = response_classification.classify(result, read, changes=changes)
                else:
                    permit.failed()
                    classified = ClassifiedResponse(result, retry=isinstance(result, NotSent) or not changes)
            finally:
                permit.abandoned()
            last = classified.outcome
            if changes and isinstance(last, Unknown):
                maybe_done = last
            elif changes and maybe_done is not None and isinstance(last, ProviderRefused):
                return Unknown(f"{maybe_done.why}; then the provider said no: {last.code}")
            wait = self._wait_seconds(number, classified.retry_after_seconds)
            if not classified.retry or self._runtime.monotonic() + wait >= deadline:
                return maybe_done if maybe_done is not None and isinstance(last, NotSent) else last
            log.info("provider_asked_again", method=method, path=path.partition("?")[0], outcome=type(last).__name__)
            await self._runtime.sleep(wait)
        raise AssertionError("an endless loop ended")

    async def _attempt(
        self, access: ProviderAccess, method: str, path: str, content: bytes, key: str | None, deadline: float
    ) -> HttpResponse | Unknown | NotSent:
        """One request. Without a connection it is certainly not sent; with one, it may have been received."""
        attempt = SimpleNamespace(connected=False)
        session = self._sessions[method == "GET", access.named_by_account]
        try:
            async with (
                asyncio.timeout(max(0.0, deadline - self._runtime.monotonic())),
                session.request(
                    method,
                    # The exact text that is signed.
                    URL(access.base_url.rstrip("/") + path, encoded=True),
                    data=content or None,
                    headers=self._headers(access, method, path, content, key),
                    allow_redirects=False,
                    trace_request_ctx=attempt,
                ) as response,
            ):
                content_read = bytearray()
                async for chunk in response.content.iter_any():
                    content_read += chunk
                    if len(content_read) > _RESPONSE_BYTES_MAX:
                        return Unknown(f"the answer is larger than {_RESPONSE_BYTES_MAX} bytes")
                return HttpResponse(response.status, bytes(content_read), self._retry_after(response))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            why = "no answer in time" if isinstance(problem, TimeoutError) else f"{type(problem).__name__}: {problem}"
            return Unknown(why) if attempt.connected else NotSent(why)

    def _headers(
        self, access: ProviderAccess, method: str, path: str, content: bytes, key: str | None
    ) -> dict[str, str]:
        timestamp = str(int(self._runtime.now().timestamp()))
        signed = signature(access.secret, method, path, timestamp, content, key)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Plugipay-HMAC-SHA256 keyId={access.key_id}, scope=*, signature={signed}",
            "X-Plugipay-Timestamp": timestamp,
            "User-Agent": "payout-ledger",
        }
        if content:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        if access.on_behalf_of is not None:
            headers["X-Plugipay-On-Behalf-Of"] = access.on_behalf_of
        return headers

    def _retry_after(self, response: aiohttp.ClientResponse) -> float | None:
        """`Retry-After`, in seconds or as a date."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self._runtime.now()).total_seconds())

    def _wait_seconds(self, number: int, retry_after: float | None) -> float:
        """Full jitter: a random wait whose maximum doubles each time; added to `Retry-After`, if there is one."""
        most = min(_BACKOFF_SECONDS_MAX, _BACKOFF_SECONDS * 2.0**number)
        return (retry_after or 0.0) + most * int.from_bytes(self._runtime.random(4), "big") / 2**32

    def _breaker(self, base_url: str) -> CircuitBreaker:
        breaker = self._breakers.pop(base_url, None) or CircuitBreaker(self._runtime.monotonic)
        self._breakers[base_url] = breaker
        if len(self._breakers) > _BREAKERS_MAX:
            del self._breakers[next(iter(self._breakers))]
        return breaker


def _payout(data: Any, _meta: Mapping[str, Any]) -> ProviderPayout:
    return read_payout(data)


def _payout_path(payout_id: str) -> str:
    return f"{_PAYOUTS}/{quote(payout_id, safe='')}"


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _found: object) -> None:
        context.trace_request_ctx.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    # The call has its own deadline: another time limit would end it with another meaning.
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trace_configs=[trace],
        cookie_jar=aiohttp.DummyCookieJar(),
    )
