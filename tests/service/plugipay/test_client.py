"""The client of Plugipay's payouts API against a peer on loopback that answers by a script."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from typing import Any

import plugipay
import pytest
from aiohttp import web

from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.outcomes import Answered, ProviderBalance, ProviderBankAccount, ProviderRefused, Unknown
from tests.service.plugipay.peer import (
    KEY_ID,
    NEW,
    PAYOUT,
    SECRET,
    Behaviour,
    Peer,
    ReceivedRequest,
    access,
    breaks_off,
    hangs_up,
    refuses,
    says,
    writes,
)


def by_hand(seen: ReceivedRequest) -> str:
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
    for text in (repr(access(peer.base)), repr(NEW), repr(outcome)):
        assert SECRET not in text
        assert "0000000099" not in text
        assert "Michael" not in text


# What the provider does to a create, what it comes to, and how often it was asked.
ENDINGS: list[tuple[str, Behaviour, type, str, int]] = [
    ("no money", refuses(409, "INSUFFICIENT_BALANCE", "not enough"), ProviderRefused, "INSUFFICIENT_BALANCE", 1),
    ("not valid", refuses(400, "VALIDATION_ERROR"), ProviderRefused, "VALIDATION_ERROR", 1),
    ("wrong key", refuses(401, "INVALID_SIGNATURE"), ProviderRefused, "INVALID_SIGNATURE", 1),
    ("forbidden", refuses(403, "person_only"), ProviderRefused, "person_only", 1),
    ("no bank account", refuses(409, "BANK_ACCOUNT_NOT_SET"), ProviderRefused, "BANK_ACCOUNT_NOT_SET", 1),
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
    client: PlugipayClient, peer: Peer, does: Behaviour, kind: type, says_why: str, asked: int
) -> None:
    peer.does(does)
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert type(outcome) is kind, outcome
    assert not isinstance(outcome, Answered)
    assert says_why in (outcome.code if isinstance(outcome, ProviderRefused) else outcome.why)
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
    assert await client.cancel(access(peer.base), "po_1", "pout_1.c") == ProviderRefused(
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


async def test_what_is_logged_names_no_secret(
    client: PlugipayClient, peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.does(refuses(503, "UNAVAILABLE"), says(PAYOUT))
    await client.create(access(peer.base), NEW, "pout_1.1")
    text = "".join(capsys.readouterr())
    assert "provider_asked_again" in text
    assert not re.search(f"{SECRET}|0000000099|Michael", text)
