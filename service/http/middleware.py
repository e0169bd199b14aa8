"""What happens to every request: it gets an id, its body, its time and how often it comes are bounded, an exception
becomes an error answer, and it is counted.

Requests are counted by hand: prometheus-client's Counter and Histogram, with their series looked up once and kept, take
4 microseconds of a request. That is 2 % of a command and 5 % of a balance.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from events.instants import Instant
from service.http.app_keys import SETTINGS
from service.http.body_encoding import ENCODING, read_body
from service.http.connections import network_of
from service.http.envelope import Meta
from service.http.errors import BROKEN_BODIES, ApiError, error_of, rate_limited
from service.http.request_context import ANSWER_BY, REQUEST_ID, SAFE_HEADERS, STRANGER, Claimant, respond
from service.ledger.api_keys import ApiKey
from service.platform import logs
from service.platform.runtime import Runtime
from service.platform.settings import Settings

log = logs.get("http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BUCKETS_MAX = 50_000
"""Of each kind: a bucket takes some 200 bytes."""
_DEBT_SECONDS_MAX = 10.0
_ROUNDING = 1e-6
"""Seconds: less is what adding fractions leaves."""


BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""

UNMATCHED = "unmatched"
"""Stands for every path and method that is not served: a caller cannot make up labels."""


@dataclass(slots=True)
class Timing:
    """Of one route: how many answers by their status, and how many of them took how long."""

    statuses: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestMetrics(Collector):
    """Requests by route. What is served under two prefixes is two routes."""

    def __init__(self) -> None:
        self.under_way = 0
        self.stopping = False
        """Whether each answer is the last one on its connection."""
        self._timings: dict[web.AbstractRoute | None, Timing] = {}

    def add(self, request: web.Request, status: int, seconds: float) -> None:
        route = request.match_info.route
        timing = self._timings.get(route)
        if timing is None:
            # aiohttp makes a new route for each 404 and 405: those must not be kept.
            timing = self._timings.setdefault(route if route.resource is not None else None, Timing())
        timing.statuses[status] += 1
        timing.buckets[bisect_left(BOUNDS, seconds)] += 1
        timing.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Called by the registry, for each text."""
        requests = CounterMetricFamily(
            "payout_ledger_http_requests", "Requests answered.", labels=["method", "route", "status"]
        )
        seconds = HistogramMetricFamily(
            "payout_ledger_http_request_seconds", "How long requests took.", labels=["method", "route"]
        )
        for route, timing in self._timings.items():
            labels = _labels(route)
            for status, count in timing.statuses.items():
                requests.add_metric([*labels, str(status)], count)
            reached, buckets = 0, []
            for bound, count in zip([*map(str, BOUNDS), "+Inf"], timing.buckets, strict=True):
                reached += count
                buckets.append((bound, float(reached)))
            seconds.add_metric(labels, buckets, timing.seconds)
        yield from (requests, seconds)


def _labels(route: web.AbstractRoute | None) -> list[str]:
    """Method and route."""
    if route is None or route.resource is None:
        return ["", UNMATCHED]
    return [route.method, route.resource.canonical]


class ReceivedBodies:
    """Bodies of all requests together: how many bytes of them may be on their way in at once.

    One body is bounded (`BODY_BYTES_MAX`), and so are all of them: otherwise many slow ones together fill the memory. Each
    kind of claimant has a room of its own: what a stranger can fill keeps nobody out who has proven a key.
    """

    def __init__(self, bytes_max: int) -> None:
        self._free = dict.fromkeys(Claimant, bytes_max)

    async def read(self, request: web.Request, claimant: Claimant) -> bytes:
        """The whole body. 503 where too much is on its way already; 400 where it does not arrive in time."""
        if not request.can_read_body:
            return b""
        if request.content.is_eof():
            # Most bodies come with their headers. What is here already needs neither room nor time.
            return await (read_body(request) if ENCODING in request.headers else request.read())
        with self._room_for(request, claimant):
            try:
                # Half of the request's time: the other half is for the answer.
                async with asyncio.timeout_at(request[ANSWER_BY] - request.app[SETTINGS].request_seconds_max / 2):
                    return await (read_body(request) if ENCODING in request.headers else request.read())
            except TimeoutError:
                raise ApiError("VALIDATION_ERROR", "the body did not arrive in time", field="body") from None

    @contextmanager
    def _room_for(self, request: web.Request, claimant: Claimant) -> Iterator[None]:
        # A body that does not say how long it is may become as long as any. One that is too long is refused as such.
        most = request.client_max_size
        size = min(request.content_length if request.content_length is not None else most, most)
        if size > self._free[claimant]:
            raise ApiError("UNAVAILABLE", "too many bodies are being received: try again")
        self._free[claimant] -= size
        try:
            yield
        finally:
            self._free[claimant] += size


@dataclass(slots=True, eq=False)
class Deadline:
    """Of one task: it is cancelled then. `at` is in the event loop's time."""

    task: asyncio.Task[object]
    at: float
    cancelling: int
    """How many others have asked the task to end, when the deadline was set."""
    expired: bool = False


class Deadlines:
    """The deadlines of requests that are all given the same time, watched by one timer.

    A timer for each (`asyncio.timeout`) takes 16 microseconds of a request, 3 % of a command. With the same time for all,
    they fall due in the order in which they came, and only the oldest is watched.
    """

    def __init__(self) -> None:
        self._running: dict[Deadline, None] = {}
        """In the order in which they fall due."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, at: float) -> Deadline:
        """Bounds the current task, until `end`. `at` is not before that of any earlier one."""
        task = asyncio.current_task()
        assert task is not None, "only a task can be cancelled"
        deadline = Deadline(task, at, task.cancelling())
        self._running[deadline] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(at, self._expire)
        return deadline

    def end(self, deadline: Deadline) -> bool:
        """Bounds the task no more. True where its deadline has cancelled it, and nobody else has; told only once."""
        self._running.pop(deadline, None)
        if not deadline.expired:
            return False
        deadline.expired = False
        # The task lives on: it serves the next request of its connection.
        return deadline.task.uncancel() <= deadline.cancelling

    def _expire(self) -> None:
        """Cancels what is due, and waits for the next. Where nothing runs any more, no timer does."""
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._running:
            deadline = next(iter(self._running))
            if deadline.at > now:
                self._timer = loop.call_at(deadline.at, self._expire)
                return
            del self._running[deadline]
            deadline.expired = True
            deadline.task.cancel()


class TokenBuckets:
    """How often each of many may come: `per_second` in the long run, and at once what gathers in `burst_seconds`.

    Of each only the moment is stored at which its bucket is full again. Who has not come for longest is forgotten first, and
    finds a full bucket: as much as anybody has who is new, and no more.
    """

    def __init__(self, per_second: float, burst_seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds_each = 1 / per_second
        self._burst_seconds = max(burst_seconds, self._seconds_each)
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, name: str) -> float:
        """Takes a token: 0. Where there is none, nothing is taken: the seconds until there is one."""
        wait = self.wait(name)
        if wait == 0:
            self.spend(name)
        return wait

    def wait(self, name: str) -> float:
        """The seconds until there is a token; 0 where there is one."""
        ahead = self._full_at.get(name, 0.0) + self._seconds_each - self._monotonic()
        wait = ahead - self._burst_seconds
        return wait if wait > _ROUNDING else 0.0

    def spend(self, name: str) -> None:
        """Takes a token, also one that is not there yet: the wait is the longer then, by ten seconds at most."""
        now = self._monotonic()
        full_at = max(self._full_at.get(name, 0.0), now) + self._seconds_each
        self._full_at[name] = min(full_at, now + self._burst_seconds + _DEBT_SECONDS_MAX)
        self._full_at.move_to_end(name)
        if len(self._full_at) > _BUCKETS_MAX:
            self._full_at.popitem(last=False)


class RateLimits(Collector):
    """How often keys, accounts, and strangers of one address may ask.

    A stranger is a request that has proven no key. It is counted when it has been answered, and not when it comes: whoever
    proves a key takes nothing from the others of the same address.
    """

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        def buckets(per_second: float | None) -> TokenBuckets | None:
            return TokenBuckets(per_second, settings.rate_burst_seconds, monotonic) if per_second is not None else None

        self._keys = buckets(settings.key_requests_per_second)
        self._accounts = buckets(settings.account_requests_per_second)
        self._strangers = buckets(settings.stranger_requests_per_second)
        self._limited = {"key": 0, "account": 0, "address": 0}

    def check_key(self, request: web.Request, key: ApiKey) -> None:
        """The request has proven this key. 429 where the key asks too often."""
        request[STRANGER] = False
        if self._keys is not None and (wait := self._keys.take(key.key_id)):
            raise rate_limited("key", "this key asks too often", wait)

    def check_account(self, account_id: str | None) -> None:
        """429 where the account is asked about too often."""
        if self._accounts is not None and account_id is not None and (wait := self._accounts.take(account_id)):
            raise rate_limited("account", "this account is asked about too often", wait)

    def check_stranger(self, request: web.Request) -> None:
        """429 where its address has sent too many strangers. Else it is one, until it has proven who asks."""
        refusal = self.refusal_of_strangers(request)
        if refusal is not None:
            raise refusal
        request[STRANGER] = True

    def refusal_of_strangers(self, request: web.Request) -> ApiError | None:
        """What strangers of the request's address are answered now."""
        if self._strangers is None or len(self._strangers) == 0:
            return None
        wait = self._strangers.wait(network_of(request.remote))
        return (
            rate_limited("address", "too many requests without a valid key come from this address", wait)
            if wait
            else None
        )

    def answered(self, request: web.Request, status: int) -> None:
        """Counts a stranger. One that was refused as such, or for a fault of ours, has taken nothing."""
        if self._strangers is not None and request[STRANGER] and status != 429 and status < 500:
            self._strangers.spend(network_of(request.remote))

    def refused(self, error: ApiError) -> None:
        """Counts an answer with 429, by the limit that it names."""
        assert error.details is not None, "it names its limit"
        self._limited[error.details["limit"]] += 1

    def collect(self) -> Iterator[Metric]:
        """Called by the registry, for each text."""
        limited = CounterMetricFamily("payout_ledger_requests_limited", "Requests answered with 429.", labels=["kind"])
        for kind, number in self._limited.items():
            limited.add_metric([kind], float(number))
        yield limited


REQUESTS = web.AppKey("requests", RequestMetrics)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
BODIES = web.AppKey("bodies", ReceivedBodies)
DEADLINES = web.AppKey("deadlines", Deadlines)


def middleware(runtime: Runtime, settings: Settings, requests: RequestMetrics, limits: RateLimits) -> Middleware:
    """The one middleware. What it needs is looked up once here, and not for each request."""
    seconds_max = settings.request_seconds_max

    @web.middleware
    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        began_at = runtime.monotonic()
        request_id = request[REQUEST_ID] = f"req_{runtime.ulid()}"
        request[ANSWER_BY] = asyncio.get_running_loop().time() + seconds_max
        requests.under_way += 1
        try:
            response = await handler(request)
        except Exception as problem:
            error = error_of(problem)
            fields = {"request_id": request_id, "method": request.method, "path": request.path, "code": error.code}
            if error.code == "INTERNAL":
                log.exception("request_failed", **fields)
            else:
                log.info("request_refused", **fields)
            if error.code == "RATE_LIMITED":
                limits.refused(error)
            response = _error_response(error, request_id, runtime.instant())
            if isinstance(problem, BROKEN_BODIES):
                # Nobody knows where the next request would begin.
                response.force_close()
        finally:
            requests.under_way -= 1
        if STRANGER in request:
            limits.answered(request, response.status)
        if requests.stopping:
            response.force_close()
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
            response.headers.update(SAFE_HEADERS)
        requests.add(request, response.status, runtime.monotonic() - began_at)
        return response

    return serve


def _error_response(error: ApiError, request_id: str, timestamp: Instant) -> web.Response:
    headers = dict(error.headers)
    if error.status == 503:
        headers.setdefault("Retry-After", "1")
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    meta: Meta = {"requestId": request_id, "timestamp": timestamp}
    failure = b'{"data":null,"error":%b,"meta":%b}' % (orjson.dumps(error.document()), orjson.dumps(meta))
    return respond(failure, error.status, headers)
