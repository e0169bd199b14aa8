"""The client of Plugipay's payouts API against a peer on loopback that answers as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import plugipay
import pytest
import pytest_asyncio
from aiohttp import web

from service.plugipay.breaker import FAILURES_MAX, REST_SECONDS, Breaker, State
from service.plugipay.client import Access, NewPayout, PlugipayClient
from service.plugipay.outcomes import (
    Answered,
    NotSent,
    ProviderBalance,
    ProviderBankAccount,
    Refused,
    Unknown,
)
from service.seam import REAL, Seam

KEY_ID, SECRET = "ak_live_1", "sk_live_secret_of_the_account"
PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "accountId": "acc_1",
    "amount": 400,
    "currency": "IDR",
    "status": "pending",
    "method": "xendit_disbursement",
    "bankCode": "bca",
    "bankName": "BCA",
    "bankAccountNumber": "0000000099",
    "bankAccountHolder": "Michael Chen",
    "note": "April [pout_01M7Y0GDYRBB6J5SH2QCT78D6C]",
    "createdAt": "2026-05-12T07:00:00+07:00",
    "updatedAt": "2026-05-12T00:00:01Z",
}
NEW = NewPayout(400, "IDR", "bca", "BCA", "0000000099", "Michael Chen", "April")

Does = Callable[[web.Request], Any]


class Time:
    """A seam whose sleeping takes no time, and whose chance is at its largest."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []
        self.chance = b"\xff"
        self.seam: Seam = dataclasses.replace(
            REAL, monotonic=lambda: time.monotonic() + self.ahead, sleep=self._sleep, random=self._random
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)

    def _random(self, count: int) -> bytes:
        return self.chance * count


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: Any


class Peer:
    """Answers each request with the next thing it was told to do, and the last one from then on."""

    def __init__(self) -> None:
        self.base = ""
        self.seen: list[Seen] = []
        self.script: list[Does] = []

    def does(self, *script: Does) -> None:
        self.script = list(script)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): text for name, text in request.headers.items()}
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")
        self.seen.append(Seen(request.method, request.raw_path, headers, await request.read(), peer))
        does = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        found = does(request)
        answer: web.StreamResponse = await found if asyncio.iscoroutine(found) else found
        return answer


def says(data: Any, status: int = 200, meta: dict[str, Any] | None = None, **headers: str) -> Does:
    body = {"data": data, "error": None, "meta": {"requestId": "req_1", **(meta or {})}}
    return lambda _: web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def refuses(status: int, code: str, message: str = "no", **headers: str) -> Does:
    body = {"data": None, "error": {"code": code, "message": message}, "meta": {}}
    return lambda _: web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def writes(status: int, text: str, content_type: str = "application/json") -> Does:
    return lambda _: web.Response(status=status, text=text, content_type=content_type)


def hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Half an answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"data": {"id": "po_1"')
    assert request.transport is not None
    request.transport.abort()
    return response


async def is_silent(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", peer.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    await runner.cleanup()


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest_asyncio.fixture
async def client(clock: Time) -> AsyncIterator[PlugipayClient]:
    async with calling(clock.seam) as made:
        yield made


@contextlib.asynccontextmanager
async def calling(seam: Seam, timeout_seconds: float = 10) -> AsyncIterator[PlugipayClient]:
    made = PlugipayClient(seam, timeout_seconds=timeout_seconds)
    try:
        yield made
    finally:
        await made.close()


def access(base: str, on_behalf_of: str | None = None) -> Access:
    return Access(KEY_ID, SECRET, base, on_behalf_of)


@pytest.fixture
def refusing() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def by_hand(seen: Seen) -> str:
    """The signature that domain.md 1.2 asks for."""
    lines = [seen.method, seen.path, seen.headers["x-plugipay-timestamp"], hashlib.sha256(seen.body).hexdigest()]
    if "idempotency-key" in seen.headers:
        lines.append(seen.headers["idempotency-key"])
    return hmac.new(SECRET.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


async def test_each_call_is_signed_as_the_provider_documents_it_and_as_its_own_sdk_does(
    client: PlugipayClient, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = access(peer.base + "/", on_behalf_of="acc_1")
    peer.does(says(PAYOUT))
    await client.create(at, NEW, "pout_1.1")
    await client.cancel(at, "po_1/ä?", "pout_1.c")
    await client.get(at, "po_1")
    peer.does(says([], meta={"hasMore": False}))
    await client.page(at, status="in_transit", cursor="a+b/c=&d", limit=7)
    sdk = plugipay.PlugipayClient(key_id=KEY_ID, secret=SECRET, base_url=peer.base, on_behalf_of="acc_1")
    await asyncio.to_thread(sdk.payouts.list, limit=7, status="in_transit")
    sdk.close()
    assert [(seen.method, seen.path) for seen in peer.seen] == [
        ("POST", "/api/v1/payouts"),
        ("POST", "/api/v1/payouts/po_1%2F%C3%A4%3F/cancel"),
        ("GET", "/api/v1/payouts/po_1"),
        ("GET", "/api/v1/payouts?limit=7&cursor=a%2Bb%2Fc%3D%26d&status=in_transit"),
        ("GET", "/api/v1/payouts?limit=7&status=in_transit"),
    ]
    for seen in peer.seen:
        expected = f"Plugipay-HMAC-SHA256 keyId={KEY_ID}, scope=*, signature={by_hand(seen)}"
        assert seen.headers["authorization"] == expected
        assert seen.headers["x-plugipay-on-behalf-of"] == "acc_1"
        stamp = int(seen.headers["x-plugipay-timestamp"])
        assert abs(stamp - time.time()) < 60
        monkeypatch.setattr(plugipay.client.time, "time", lambda stamp=stamp: stamp)
        assert sdk._sign(
            method=seen.method,
            path=seen.path,
            body=seen.body.decode() or None,
            idempotency_key=seen.headers.get("idempotency-key"),
        ) == (by_hand(seen), str(stamp))
        monkeypatch.undo()
    assert [seen.headers.get("idempotency-key") for seen in peer.seen] == ["pout_1.1", "pout_1.c", None, None, None]
    assert peer.seen[1].body == b"{}"


async def test_a_payout_that_the_provider_takes_is_answered(client: PlugipayClient, peer: Peer) -> None:
    peer.does(says(PAYOUT, status=201))
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert isinstance(outcome, Answered)
    payout = outcome.value
    assert (payout.id, payout.status, payout.amount, payout.currency) == ("po_1", "pending", 400, "IDR")
    assert (payout.note, payout.reference, payout.failure_reason) == (PAYOUT["note"], None, None)
    assert (payout.created_at, payout.updated_at) == ("2026-05-12T00:00:00.000000Z", "2026-05-12T00:00:01.000000Z")
    assert (payout.in_transit_at, payout.completed_at) == (None, None)
    assert json.loads(payout.raw) == PAYOUT
    assert json.loads(outcome.raw)["data"] == PAYOUT
    [seen] = peer.seen
    assert seen.headers["content-type"] == "application/json"
    assert seen.body == json.dumps(json.loads(seen.body), separators=(",", ":")).encode(), "compact"
    assert json.loads(seen.body) == {
        "amount": 400,
        "currency": "IDR",
        "bankCode": "bca",
        "bankName": "BCA",
        "bankAccountNumber": "0000000099",
        "bankAccountHolder": "Michael Chen",
        "note": "April",
    }
    for told in (repr(access(peer.base)), repr(NEW), repr(outcome)):
        assert SECRET not in told
        assert "0000000099" not in told
        assert "Michael" not in told


# What the provider does to a create, what it comes to, and how often it was asked.
ENDINGS: list[tuple[str, Does, type, str, int]] = [
    ("no money", refuses(409, "INSUFFICIENT_BALANCE", "not enough"), Refused, "INSUFFICIENT_BALANCE", 1),
    ("not valid", refuses(400, "VALIDATION_ERROR"), Refused, "VALIDATION_ERROR", 1),
    ("wrong key", refuses(401, "INVALID_SIGNATURE"), Refused, "INVALID_SIGNATURE", 1),
    ("forbidden", refuses(403, "person_only"), Refused, "person_only", 1),
    ("no bank account", refuses(409, "BANK_ACCOUNT_NOT_SET"), Refused, "BANK_ACCOUNT_NOT_SET", 1),
    ("key of another payout", refuses(409, "idempotency_mismatch"), Unknown, "something else was sent", 1),
    ("timed out over there", refuses(408, "TIMEOUT"), Unknown, "HTTP 408", 1),
    ("broken", refuses(500, "INTERNAL"), Unknown, "HTTP 500", 1),
    ("bad gateway", writes(502, "<html>", "text/html"), Unknown, "HTTP 502", 1),
    ("somebody else", writes(403, "<html>", "text/html"), Unknown, "is this the provider", 1),
    ("moved", lambda _: web.Response(status=307, headers={"Location": "/elsewhere"}), Unknown, "HTTP 307", 1),
    ("not JSON", writes(201, "fine"), Unknown, "cannot be read", 1),
    ("no data", says(None, 201), Unknown, "cannot be read", 1),
    ("an error with 200", writes(200, '{"data": {}, "error": {"code": "X"}}'), Unknown, "with an error in it", 1),
    ("hung up", hangs_up, Unknown, "", 1),
    ("half an answer", breaks_off, Unknown, "", 1),
    ("too much", writes(200, " " * 4_000_001), Unknown, "larger than", 1),
]


@pytest.mark.parametrize(("does", "kind", "says_why", "asked"), [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS])
async def test_a_create_is_refused_only_by_a_definite_no_and_unknown_wherever_it_may_have_been_done(
    client: PlugipayClient, peer: Peer, does: Does, kind: type, says_why: str, asked: int
) -> None:
    peer.does(does)
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert type(outcome) is kind, outcome
    assert not isinstance(outcome, Answered)
    assert says_why in (outcome.code if isinstance(outcome, Refused) else outcome.why)
    assert len(peer.seen) == asked


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"id": ""},
        {"status": 7},
        {"amount": "400"},
        {"amount": 400.0},
        {"amount": True},
        {"amount": 2**53},
        {"currency": None},
    ],
    ids=str,
)
async def test_a_payout_that_cannot_be_read_is_unknown(
    client: PlugipayClient, peer: Peer, changed: dict[str, Any]
) -> None:
    peer.does(says({**PAYOUT, **changed}))
    for outcome in (
        await client.create(access(peer.base), NEW, "pout_1.1"),
        await client.get(access(peer.base), "po_1"),
    ):
        assert isinstance(outcome, Unknown)
        assert next(iter(changed)) in outcome.why


async def test_what_is_strange_beside_that_is_no_reason_to_doubt(client: PlugipayClient, peer: Peer) -> None:
    strange = {"note": 7, "createdAt": "yesterday", "requestedAt": "2026-05-12T00:00:00Z", "status": "paused", "x": []}
    peer.does(says({**PAYOUT, **strange, "paidAt": "2026-05-13T00:00:00Z", "failureReason": "x" * 900}))
    outcome = await client.get(access(peer.base), "po_1")
    assert isinstance(outcome, Answered)
    payout = outcome.value
    assert (payout.note, payout.status) == (None, "paused")
    assert payout.created_at == "2026-05-12T00:00:00.000000Z"
    assert payout.completed_at == "2026-05-13T00:00:00.000000Z"
    assert payout.failure_reason == "x" * 500


async def test_what_is_retryable_is_repeated_under_the_same_key_with_the_same_body(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    peer.does(
        refuses(429, "rate_limited", Retry_After="2"),
        refuses(503, "UNAVAILABLE"),
        refuses(409, "REQUEST_IN_PROGRESS"),
        says(PAYOUT, 201),
    )
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert isinstance(outcome, Answered)
    assert {(seen.headers["idempotency-key"], seen.body) for seen in peer.seen} == {("pout_1.1", peer.seen[0].body)}
    assert len(peer.seen) == 4
    # Chance at its largest: the whole of 0.2, 0.4 and 0.8 seconds, after the two that were asked for.
    assert clock.slept == pytest.approx([2.2, 0.4, 0.8])


async def test_jitter_reaches_down_to_nothing(client: PlugipayClient, peer: Peer, clock: Time) -> None:
    clock.chance = b"\x00"
    peer.does(refuses(503, "UNAVAILABLE"), refuses(503, "UNAVAILABLE"), says(PAYOUT))
    assert isinstance(await client.get(access(peer.base), "po_1"), Answered)
    assert clock.slept == [0, 0]


@pytest.mark.parametrize(
    ("script", "kind", "why"),
    [
        ([refuses(503, "UNAVAILABLE"), refuses(409, "INSUFFICIENT_BALANCE")], Unknown, "then the provider said no"),
        ([refuses(503, "UNAVAILABLE"), refuses(429, "rate_limited", Retry_After="60")], Unknown, "HTTP 503"),
        ([refuses(429, "rate_limited"), refuses(409, "INSUFFICIENT_BALANCE")], Refused, ""),
        ([refuses(429, "rate_limited"), hangs_up], Unknown, ""),
    ],
    ids=["503 then no", "503 then 429", "429 then no", "429 then silence"],
)
async def test_what_an_attempt_may_have_done_is_not_undone_by_the_next(
    client: PlugipayClient, peer: Peer, script: list[Does], kind: type, why: str
) -> None:
    """A first attempt that reserved the money may be the very reason why the second is refused."""
    peer.does(*script)
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert type(outcome) is kind, outcome
    assert why in getattr(outcome, "why", "")
    assert len(peer.seen) == 2


async def test_nothing_is_repeated_beyond_the_deadline(client: PlugipayClient, peer: Peer, clock: Time) -> None:
    began = clock.seam.monotonic()
    peer.does(refuses(429, "rate_limited", Retry_After="9"))
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    # One repetition after nine seconds; another nine would be too many of ten.
    assert outcome == NotSent("the provider's rate limit is reached", retry_after_seconds=9)
    assert len(peer.seen) == 2
    assert clock.seam.monotonic() - began < 10
    in_a_minute = "Sun, 06 Nov 2094 08:49:37 GMT"
    peer.does(refuses(429, "rate_limited", Retry_After=in_a_minute))
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert isinstance(outcome, NotSent)
    assert (outcome.retry_after_seconds or 0) > 60
    assert len(peer.seen) == 3


async def test_a_provider_that_stays_unavailable_is_unknown_in_the_end(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    peer.does(refuses(503, "UNAVAILABLE", Retry_After="3"))
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert isinstance(outcome, Unknown)
    assert "503" in outcome.why
    assert len(peer.seen) == 3
    assert sum(clock.slept) < 10


@pytest.mark.parametrize(
    "failure", [refuses(500, "INTERNAL"), writes(502, "<html>", "text/html"), hangs_up, breaks_off]
)
async def test_a_reading_is_repeated_whatever_went_wrong(client: PlugipayClient, peer: Peer, failure: Does) -> None:
    peer.does(failure, failure, says(PAYOUT))
    assert isinstance(await client.get(access(peer.base), "po_1"), Answered)
    peer.does(refuses(404, "NOT_FOUND", "no such payout"))
    assert await client.get(access(peer.base), "po_2") == Refused(404, "NOT_FOUND", "no such payout")


async def test_silence_is_unknown_for_what_was_sent(peer: Peer) -> None:
    async with calling(REAL, timeout_seconds=0.3) as client:
        peer.does(is_silent)
        async with asyncio.timeout(10):
            created = await client.create(access(peer.base), NEW, "pout_1.1")
            read = await client.get(access(peer.base), "po_1")
        assert created == read == Unknown("no answer in time")
        assert len(peer.seen) == 2


async def test_where_nobody_listens_nothing_was_sent(
    client: PlugipayClient, peer: Peer, refusing: str, clock: Time
) -> None:
    outcome = await client.create(access(refusing), NEW, "pout_1.1")
    assert isinstance(outcome, NotSent)
    assert len(clock.slept) == FAILURES_MAX, "repeated until the breaker opened"
    for address in ("http://", "nowhere", peer.base.replace("http:", "https:")):
        outcome = await client.create(access(address), NEW, "pout_1.1")
        assert isinstance(outcome, NotSent), (address, outcome)
    assert peer.seen == []


async def test_a_listener_that_takes_the_connection_and_hangs_up_may_have_got_it(client: PlugipayClient) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert isinstance(await client.create(access(base), NEW, "pout_1.1"), Unknown)


async def test_what_changes_something_never_goes_over_an_old_connection(client: PlugipayClient, peer: Peer) -> None:
    peer.does(says(PAYOUT))
    for _ in range(2):
        await client.get(access(peer.base), "po_1")
    for number in range(3):
        await client.create(access(peer.base), NEW, f"pout_{number}")
    connections = [seen.peer for seen in peer.seen]
    assert connections[0] == connections[1]
    assert len(set(connections)) == 4


async def test_pages_are_read_with_their_cursor_wherever_it_stands(client: PlugipayClient, peer: Peer) -> None:
    at = access(peer.base)
    for meta in (
        {"cursor": "cur_2", "hasMore": True},
        {"page": {"limit": 2, "hasMore": True, "nextCursor": "cur_2"}},
    ):
        peer.does(says([PAYOUT, {"id": "po_2"}], meta=meta))
        outcome = await client.page(at, status="paid")
        assert isinstance(outcome, Answered)
        assert ([p.id for p in outcome.value.payouts], outcome.value.cursor) == (["po_1"], "cur_2")
        assert [json.loads(item) for item in outcome.value.unreadable] == [{"id": "po_2"}]
    peer.does(says([], meta={"cursor": "cur_3", "hasMore": False}))
    outcome = await client.page(at)
    assert isinstance(outcome, Answered)
    assert (outcome.value.payouts, outcome.value.cursor) == ((), None)
    assert peer.seen[-1].path == "/api/v1/payouts?limit=100"
    peer.does(says([PAYOUT], meta={"hasMore": True}))
    assert isinstance(await client.page(at), Unknown), "there is more, and it cannot be got at"
    peer.does(says({"items": []}))
    assert isinstance(await client.page(at), Unknown)


async def test_a_cancellation_is_answered_or_refused(client: PlugipayClient, peer: Peer) -> None:
    peer.does(says({**PAYOUT, "status": "cancelled", "cancelledAt": "2026-05-12T01:00:00Z"}))
    outcome = await client.cancel(access(peer.base), "po_1", "pout_1.c")
    assert isinstance(outcome, Answered)
    assert (outcome.value.status, outcome.value.completed_at) == ("cancelled", "2026-05-12T01:00:00.000000Z")
    peer.does(refuses(409, "invalid_transition", "it is paid"))
    assert await client.cancel(access(peer.base), "po_1", "pout_1.c") == Refused(
        409, "invalid_transition", "it is paid"
    )


async def test_balance_and_bank_account_are_read(client: PlugipayClient, peer: Peer) -> None:
    at = access(peer.base)
    peer.does(says({"ledgerBalance": 900, "locked": 100, "available": 800, "currency": "IDR"}))
    outcome = await client.balance(at)
    assert isinstance(outcome, Answered)
    assert outcome.value == ProviderBalance("IDR", available=800, ledger_balance=900, locked=100)
    peer.does(says({"available": -5, "pending": 3, "currency": "IDR"}))
    outcome = await client.balance(at)
    assert isinstance(outcome, Answered)
    assert outcome.value == ProviderBalance("IDR", available=-5, ledger_balance=None, locked=None)
    peer.does(says({**{k: v for k, v in PAYOUT.items() if k.startswith("bank")}, "configured": True}))
    found = await client.bank_account(at)
    assert isinstance(found, Answered)
    assert found.value == ProviderBankAccount(True, "bca", "BCA", "0000000099", "Michael Chen")
    assert "0000000099" not in repr(found)
    assert [seen.path for seen in peer.seen[1:]] == ["/api/v1/payouts/balance", "/api/v1/payouts/bank-account"]


async def test_after_failures_in_a_row_the_provider_is_left_alone_then_asked_by_one(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    at = access(peer.base)
    for number in range(FAILURES_MAX):
        peer.does(hangs_up)
        assert client.breakers.get(peer.base, Breaker(clock.seam.monotonic)).state is State.CLOSED
        await client.create(at, NEW, f"pout_{number}")
    breaker = client.breakers[peer.base]
    assert (breaker.state, breaker.failures) == (State.OPEN, FAILURES_MAX)
    outcome = await client.create(at, NEW, "pout_9")
    assert isinstance(outcome, NotSent)
    assert 0 < (outcome.retry_after_seconds or 0) <= REST_SECONDS
    assert len(peer.seen) == FAILURES_MAX, "it was not asked"
    clock.ahead += REST_SECONDS
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def answers_when_told(_request: web.Request) -> web.Response:
        arrived.set()
        await answer.wait()
        response: web.Response = says(PAYOUT)(_request)
        return response

    peer.does(answers_when_told)
    probe = asyncio.create_task(client.create(at, NEW, "pout_10"))
    await arrived.wait()
    assert breaker.state is State.HALF_OPEN
    assert isinstance(await client.create(at, NEW, "pout_11"), NotSent)
    answer.set()
    assert isinstance(await probe, Answered)
    assert (breaker.state, breaker.failures) == (State.CLOSED, 0)
    assert isinstance(await client.create(at, NEW, "pout_11"), Answered)


async def test_a_probe_that_is_given_up_leaves_room_for_another(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    at = access(peer.base)
    peer.does(hangs_up)
    for number in range(FAILURES_MAX):
        await client.create(at, NEW, f"pout_{number}")
    clock.ahead += REST_SECONDS
    arrived = asyncio.Event()

    async def arrives(request: web.Request) -> web.Response:
        arrived.set()
        return await is_silent(request)

    peer.does(arrives)
    probe = asyncio.create_task(client.get(at, "po_1"))
    await arrived.wait()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    peer.does(says(PAYOUT))
    assert isinstance(await client.get(at, "po_1"), Answered)


async def test_one_provider_in_trouble_is_not_anothers(client: PlugipayClient, peer: Peer, refusing: str) -> None:
    await client.create(access(refusing), NEW, "pout_1.1")
    assert client.breakers[refusing].state is State.OPEN
    peer.does(says(PAYOUT))
    assert isinstance(await client.create(access(peer.base), NEW, "pout_1.1"), Answered)


async def test_refusals_are_no_failures(client: PlugipayClient, peer: Peer) -> None:
    peer.does(refuses(409, "INSUFFICIENT_BALANCE"))
    for number in range(3 * FAILURES_MAX):
        assert isinstance(await client.create(access(peer.base), NEW, f"pout_{number}"), Refused)
    assert client.breakers[peer.base].state is State.CLOSED


def test_a_breaker_counts_in_a_row_and_a_failed_probe_opens_it_again() -> None:
    now = [100.0]
    breaker = Breaker(lambda: now[0], failures_max=2, rest_seconds=10)

    def go() -> Any:
        passage = breaker.admit()
        assert passage is not None
        return passage

    go().failed()
    go().succeeded()
    go().failed()
    assert (breaker.state, breaker.failures, breaker.seconds_left()) == (State.CLOSED, 1, 0)
    late = go()
    go().failed()
    assert (breaker.state, breaker.seconds_left()) == (State.OPEN, 10)
    assert breaker.admit() is None
    now[0] += 9.9
    assert breaker.admit() is None
    now[0] += 0.1
    assert breaker.seconds_left() == 0
    probe = go()
    assert (breaker.state, breaker.admit()) == (State.HALF_OPEN, None)
    assert breaker.seconds_left() > 0
    late.failed()
    assert (breaker.state, breaker.admit()) == (State.HALF_OPEN, None), "an old call's end says nothing of the probe"
    now[0] += 5
    probe.failed()
    assert (breaker.state, breaker.seconds_left()) == (State.OPEN, 10)
    probe.succeeded()
    assert breaker.seconds_left() == 10, "only what is told first counts"
    now[0] += 10
    go().abandoned()
    go().succeeded()
    assert (breaker.state, breaker.failures) == (State.CLOSED, 0)


async def test_what_is_logged_names_no_secret(
    client: PlugipayClient, peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.does(refuses(503, "UNAVAILABLE"), says(PAYOUT))
    await client.create(access(peer.base), NEW, "pout_1.1")
    told = "".join(capsys.readouterr())
    assert "provider_asked_again" in told
    assert not re.search(f"{SECRET}|0000000099|Michael", told)
