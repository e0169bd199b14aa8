"""A client session with a marketplace's API over HTTP: paced, and with calls repeated where that is sensible."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from yarl import URL

from service.formats.json import BrokenJson, decode
from service.formats.unreadable import Unreadable
from service.formats.xml_records import xml_records
from service.marketplaces.api_calls import PullFailed, SignedRequest
from service.marketplaces.refusals import Failure, Retry
from service.platform import logs
from service.platform.runtime import Runtime

log = logs.get("marketplaces")

_XML_RECORD = "Statement"
"""The records of the only answers that are XML."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast an API is called, and how often a failed call is repeated."""

    pause_seconds: float = 0.2
    attempts_max: int = 6
    wait_seconds_first: float = 1.0
    wait_seconds_max: float = 60.0
    retry_after_seconds_max: float = 120.0
    """The longest `Retry-After` that is waited for. With a longer one the call fails, and its error has the seconds."""
    timeout_seconds: float = 30.0
    body_bytes_max: int = 64 * 1024 * 1024


class HttpSession:
    """An `ApiSession` over HTTP. `failure` finds the refusal in a decoded answer."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        channel: str,
        base_url: str,
        failure: Callable[[Any], Failure | None],
        runtime: Runtime,
        pacing: Pacing | None = None,
    ) -> None:
        self.channel = channel
        self.runtime = runtime
        self._session = session
        self._base = base_url.rstrip("/")
        self._failure = failure
        self._pacing = pacing or Pacing()
        self._next_at = 0.0

    async def call(self, name: str, sign: Callable[[datetime], SignedRequest]) -> tuple[bytes, Any]:
        pacing = self._pacing
        wait = pacing.wait_seconds_first
        for attempt in range(1, pacing.attempts_max + 1):
            await self._pause()
            try:
                return await self._once(sign(self.runtime.now()))
            except PullFailed as problem:
                last = attempt == pacing.attempts_max
                if last or problem.retry in (Retry.NEVER, Retry.AUTHORISE):
                    raise
                retry_after = problem.retry_after_seconds
                if retry_after is not None and retry_after > pacing.retry_after_seconds_max:
                    raise
                if problem.retry is Retry.RESIGN:
                    seconds = 0.0
                else:
                    seconds = self._jittered(wait) if retry_after is None else retry_after
                wait = min(wait * 2, pacing.wait_seconds_max)
                log.info(
                    "pull_retried", channel=self.channel, call=name, code=problem.code, attempt=attempt, wait=seconds
                )
                await self.runtime.sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, request: SignedRequest) -> tuple[bytes, Any]:
        try:
            async with self._session.request(
                request.method,
                URL(self._base + request.target, encoded=True),
                headers=request.headers,
                data=request.body,
                timeout=aiohttp.ClientTimeout(total=self._pacing.timeout_seconds),
                # A request is signed for one host.
                allow_redirects=False,
            ) as response:
                body = await self._body(response)
                status, retry_after = response.status, response.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise self._failed("unreachable", type(problem).__name__, Retry.LATER) from problem
        envelope = _envelope(body)
        refused = None if envelope is None else self._failure(envelope)
        seconds = self._seconds(retry_after)
        if status == 429 or status >= 500:
            message = refused.message if refused is not None else "it is overloaded, or broken"
            raise self._failed(f"HTTP {status}", message, Retry.LATER, seconds)
        if refused is not None:
            raise PullFailed(refused, seconds)
        if status in (401, 403):
            raise self._failed(f"HTTP {status}", "it does not know these credentials", Retry.AUTHORISE)
        if status != 200:
            raise self._failed(f"HTTP {status}", "it does not answer this request", Retry.NEVER)
        if envelope is None:
            raise self._failed("unreadable", "the answer is neither JSON nor XML", Retry.LATER)
        return body, envelope

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        pieces, size = [], 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > self._pacing.body_bytes_max:
                raise self._failed(
                    "too large", f"an answer of more than {self._pacing.body_bytes_max} bytes", Retry.NEVER
                )
            pieces.append(piece)
        return b"".join(pieces)

    async def _pause(self) -> None:
        now = self.runtime.monotonic()
        self._next_at = max(now, self._next_at) + self._pacing.pause_seconds
        if (left := self._next_at - self._pacing.pause_seconds - now) > 0:
            await self.runtime.sleep(left)

    def _jittered(self, seconds: float) -> float:
        """Between half of the seconds and all of them, so that many shops do not come back at once."""
        return seconds * (0.5 + int.from_bytes(self.runtime.random(2)) / 131072)

    def _seconds(self, retry_after: str | None) -> float | None:
        if retry_after is None:
            return None
        if retry_after.strip().isdigit():
            return float(retry_after)
        with contextlib.suppress(ValueError, TypeError):
            return max(0.0, (parsedate_to_datetime(retry_after) - self.runtime.now()).total_seconds())
        return None

    def _failed(self, code: str, message: str, retry: Retry, seconds: float | None = None) -> PullFailed:
        return PullFailed(Failure(self.channel, code, message, retry), seconds)


def _envelope(body: bytes) -> Any:
    """The decoded answer; None where it is neither JSON nor XML. Of XML, only the elements around its records."""
    if body.lstrip()[:1] == b"<":
        for record in xml_records(io.BytesIO(body), _XML_RECORD):
            if isinstance(record, Unreadable):
                return None
            if record.route is None:
                return record.value
        return None
    try:
        return decode(body.decode("utf-8-sig"))
    except (BrokenJson, UnicodeDecodeError):
        return None
