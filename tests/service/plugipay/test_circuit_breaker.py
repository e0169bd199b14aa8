"""A provider in trouble is left alone, and asked again by one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from service.platform.circuit_breaker import FAILURES_MAX, OPEN_SECONDS, BreakerState, CircuitBreaker
from service.plugipay.outbound.client import PlugipayClient
from service.plugipay.outbound.outcomes import Answered, NotSent, ProviderRefused
from tests.service.plugipay.peer import NEW, PAYOUT, Peer, Time, access, hangs_up, is_silent, refuses, says


async def test_after_failures_in_a_row_the_provider_is_left_alone_then_asked_by_one(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    at = access(peer.base)
    for number in range(FAILURES_MAX):
        peer.does(hangs_up)
        assert client.breakers.get(peer.base, CircuitBreaker(clock.runtime.monotonic)).state is BreakerState.CLOSED
        await client.create(at, NEW, f"pout_{number}")
    breaker = client.breakers[peer.base]
    assert (breaker.state, breaker.failures) == (BreakerState.OPEN, FAILURES_MAX)
    outcome = await client.create(at, NEW, "pout_9")
    assert isinstance(outcome, NotSent)
    assert 0 < (outcome.retry_after_seconds or 0) <= OPEN_SECONDS
    assert len(peer.seen) == FAILURES_MAX, "it was not asked"
    clock.ahead += OPEN_SECONDS
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def answers_when_told(_request: web.Request) -> web.Response:
        arrived.set()
        await answer.wait()
        response: web.Response = says(PAYOUT)(_request)
        return response

    peer.does(answers_when_told)
    probe = asyncio.create_task(client.create(at, NEW, "pout_10"))
    await arrived.wait()
    assert breaker.state is BreakerState.HALF_OPEN
    assert isinstance(await client.create(at, NEW, "pout_11"), NotSent)
    answer.set()
    assert isinstance(await probe, Answered)
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 0)
    assert isinstance(await client.create(at, NEW, "pout_11"), Answered)


async def test_a_probe_that_is_given_up_leaves_room_for_another(
    client: PlugipayClient, peer: Peer, clock: Time
) -> None:
    at = access(peer.base)
    peer.does(hangs_up)
    for number in range(FAILURES_MAX):
        await client.create(at, NEW, f"pout_{number}")
    clock.ahead += OPEN_SECONDS
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
    assert client.breakers[refusing].state is BreakerState.OPEN
    peer.does(says(PAYOUT))
    assert isinstance(await client.create(access(peer.base), NEW, "pout_1.1"), Answered)


async def test_refusals_are_no_failures(client: PlugipayClient, peer: Peer) -> None:
    peer.does(refuses(409, "INSUFFICIENT_BALANCE"))
    for number in range(3 * FAILURES_MAX):
        assert isinstance(await client.create(access(peer.base), NEW, f"pout_{number}"), ProviderRefused)
    assert client.breakers[peer.base].state is BreakerState.CLOSED


def test_a_breaker_counts_in_a_row_and_a_failed_probe_opens_it_again() -> None:
    now = [100.0]
    breaker = CircuitBreaker(lambda: now[0], failures_max=2, open_seconds=10)

    def go() -> Any:
        permit = breaker.admit()
        assert permit is not None
        return permit

    go().failed()
    go().succeeded()
    go().failed()
    assert (breaker.state, breaker.failures, breaker.seconds_left()) == (BreakerState.CLOSED, 1, 0)
    late = go()
    go().failed()
    assert (breaker.state, breaker.seconds_left()) == (BreakerState.OPEN, 10)
    assert breaker.admit() is None
    now[0] += 9.9
    assert breaker.admit() is None
    now[0] += 0.1
    assert breaker.seconds_left() == 0
    probe = go()
    assert (breaker.state, breaker.admit()) == (BreakerState.HALF_OPEN, None)
    assert breaker.seconds_left() > 0
    late.failed()
    assert (breaker.state, breaker.admit()) == (BreakerState.HALF_OPEN, None), (
        "an old call's end says nothing of the probe"
    )
    now[0] += 5
    probe.failed()
    assert (breaker.state, breaker.seconds_left()) == (BreakerState.OPEN, 10)
    probe.succeeded()
    assert breaker.seconds_left() == 10, "only what is told first counts"
    now[0] += 10
    go().abandoned()
    go().succeeded()
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 0)
