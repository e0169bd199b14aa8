"""What the client retries, what may have been executed, and when it stops: against a peer that fails by a script."""

from __future__ import annotations

import asyncio

import pytest

from service.platform.circuit_breaker import FAILURES_MAX
from service.platform.runtime import REAL
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.outcomes import Answered, NotSent, ProviderRefused, Unknown
from tests.service.plugipay.peer import (
    NEW,
    PAYOUT,
    Behaviour,
    Peer,
    Time,
    access,
    breaks_off,
    calling,
    hangs_up,
    is_silent,
    refuses,
    says,
    writes,
)


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
        ([refuses(429, "rate_limited"), refuses(409, "INSUFFICIENT_BALANCE")], ProviderRefused, ""),
        ([refuses(429, "rate_limited"), hangs_up], Unknown, ""),
    ],
    ids=["503 then no", "503 then 429", "429 then no", "429 then silence"],
)
async def test_what_an_attempt_may_have_done_is_not_undone_by_the_next(
    client: PlugipayClient, peer: Peer, script: list[Behaviour], kind: type, why: str
) -> None:
    """A first attempt that reserved the money may be the very reason why the second is refused."""
    peer.does(*script)
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    assert type(outcome) is kind, outcome
    assert why in getattr(outcome, "why", "")
    assert len(peer.seen) == 2


async def test_nothing_is_repeated_beyond_the_deadline(client: PlugipayClient, peer: Peer, clock: Time) -> None:
    began = clock.runtime.monotonic()
    peer.does(refuses(429, "rate_limited", Retry_After="9"))
    outcome = await client.create(access(peer.base), NEW, "pout_1.1")
    # One repetition after nine seconds; another nine would be too many of ten.
    assert outcome == NotSent("the provider's rate limit is reached", retry_after_seconds=9)
    assert len(peer.seen) == 2
    assert clock.runtime.monotonic() - began < 10
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
async def test_a_reading_is_repeated_whatever_went_wrong(
    client: PlugipayClient, peer: Peer, failure: Behaviour
) -> None:
    peer.does(failure, failure, says(PAYOUT))
    assert isinstance(await client.get(access(peer.base), "po_1"), Answered)
    peer.does(refuses(404, "NOT_FOUND", "no such payout"))
    assert await client.get(access(peer.base), "po_2") == ProviderRefused(404, "NOT_FOUND", "no such payout")


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
