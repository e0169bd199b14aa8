"""Asking a marketplace: signed requests, in its pace, again where that makes sense, and resumable behind every page.

A pull is an async generator of pages: an answer as it came, and where to go on behind it. What breaks off is asked for
again from the last page's `resume`, and importing a page twice changes nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from yarl import URL

from service.formats.json import Broken, decode
from service.formats.unreadable import Unreadable
from service.formats.xml_records import xml_records
from service.marketplaces.refusals import Failure, Retry
from service.platform import logs
from service.platform.runtime import Runtime

log = logs.get("marketplaces")


class PullFailed(Exception):
    """The marketplace gave no answer that can be used. `retry` says what would make another try sensible."""

    def __init__(self, failure: Failure, retry_after_seconds: float | None = None) -> None:
        super().__init__(str(failure))
        self.channel = failure.channel
        self.code = failure.code
        self.message = failure.message
        self.retry = failure.retry
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Manners:
    """How a marketplace is asked: the pause between two calls, and the patience with its failures."""

    pause_seconds: float = 0.2
    attempts_max: int = 6
    wait_seconds_first: float = 1.0
    wait_seconds_max: float = 60.0
    retry_after_seconds_max: float = 120.0
    """A longer wait is not waited for: the pull ends, and its error says when to come back."""
    timeout_seconds: float = 30.0
    body_bytes_max: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent: its signature is inside. `target` is the path and the query, already encoded."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PulledPage:
    """An answer of a channel. `about` is what only its request said; `resume` goes on behind it."""

    channel: str
    call: str
    body: bytes = field(repr=False)
    resume: str
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands: in which of its phases, in which window of time, behind which cursor."""

    phase: int = 0
    start: str = ""
    cursor: str = ""

    def token(self) -> str:
        return json.dumps([self.phase, self.start, self.cursor], separators=(",", ":"))

    @staticmethod
    def read(token: str | None) -> Position:
        """The position of a resume token; the beginning where there is none. ValueError for a text that is none."""
        if token is None:
            return Position()
        try:
            phase, start, cursor = json.loads(token)
        except (ValueError, TypeError):
            phase = start = cursor = None
        if not (type(phase) is int and type(start) is str and type(cursor) is str):
            raise ValueError("not a resume token: leave it out to begin anew")
        return Position(phase, start, cursor)


@dataclass(frozen=True, slots=True)
class RequestWindow:
    """A stretch of time that one call may ask for: from `start`, up to and without `end`."""

    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return self.start.astimezone(UTC).isoformat()


def windows(since: datetime, until: datetime, longest: timedelta, behind: str = "") -> Iterator[RequestWindow]:
    """The time from `since` to `until` in stretches that a channel allows, beginning with the one named `behind`."""
    start = since.astimezone(UTC)
    end = until.astimezone(UTC)
    if behind:
        start = datetime.fromisoformat(behind)
    while start < end:
        stop = min(start + longest, end)
        yield RequestWindow(start, stop)
        start = stop


class Peer:
    """One marketplace's API for one shop."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        channel: str,
        base_url: str,
        failure: Callable[[Any], Failure | None],
        runtime: Runtime,
        manners: Manners | None = None,
    ) -> None:
        self.channel = channel
        self.runtime = runtime
        self._session = session
        self._base = base_url.rstrip("/")
        self._failure = failure
        self._manners = manners or Manners()
        self._next_at = 0.0

    async def ask(self, call: str, signed: Callable[[datetime], Request]) -> tuple[bytes, Any]:
        """The answer, as it came and decoded. `signed` is asked anew for each try: signatures age. PullFailed if none."""
        manners = self._manners
        wait = manners.wait_seconds_first
        for attempt in range(1, manners.attempts_max + 1):
            await self._pause()
            try:
                return await self._once(signed(self.runtime.now()))
            except PullFailed as problem:
                last = attempt == manners.attempts_max
                if last or problem.retry in (Retry.NEVER, Retry.AUTHORISE):
                    raise
                asked = problem.retry_after_seconds
                if asked is not None and asked > manners.retry_after_seconds_max:
                    raise
                seconds = 0.0 if problem.retry is Retry.RESIGN else asked if asked is not None else self._jittered(wait)
                wait = min(wait * 2, manners.wait_seconds_max)
                log.info(
                    "pull_retried", channel=self.channel, call=call, code=problem.code, attempt=attempt, wait=seconds
                )
                await self.runtime.sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, request: Request) -> tuple[bytes, Any]:
        try:
            async with self._session.request(
                request.method,
                URL(self._base + request.target, encoded=True),
                headers=request.headers,
                data=request.body,
                timeout=aiohttp.ClientTimeout(total=self._manners.timeout_seconds),
                # A signed request belongs to the host that it was signed for.
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
            if size > self._manners.body_bytes_max:
                raise self._failed(
                    "too large", f"an answer of more than {self._manners.body_bytes_max} bytes", Retry.NEVER
                )
            pieces.append(piece)
        return b"".join(pieces)

    async def _pause(self) -> None:
        now = self.runtime.monotonic()
        self._next_at = max(now, self._next_at) + self._manners.pause_seconds
        if (left := self._next_at - self._manners.pause_seconds - now) > 0:
            await self.runtime.sleep(left)

    def _jittered(self, seconds: float) -> float:
        """Between half of it and all of it, so that many shops do not come back at once."""
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
    """The answer as a tree, None where it is none. Of XML only what stands around its records."""
    if body.lstrip()[:1] == b"<":
        for record in xml_records(io.BytesIO(body), "Statement"):
            if isinstance(record, Unreadable):
                return None
            if record.route is None:
                return record.value
        return None
    try:
        return decode(body.decode("utf-8-sig"))
    except (Broken, UnicodeDecodeError):
        return None
