"""Webhooks as they are sent: on the retry schedule, signed for each attempt, and wrong on demand."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from aiohttp import web
from plugipay import PlugipaySignatureError, verify_webhook

from service.platform.runtime import REAL
from simulator.provider.lifespan import simulated_plugipay
from simulator.provider.refusals import Refused
from simulator.provider.settings import EndpointSettings, SimulatorSettings
from tests.simulator.provider.plugipay import WEBHOOK_SECRET, create, plugipay, receiving, workspace

MINUTE, HOUR = 60, 3600


async def test_a_webhook_that_is_not_accepted_is_tried_six_times_on_the_schedule_and_given_up() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), moves=False) as simulated:
        receiver.answer = lambda: web.Response(status=500)
        control = simulated.control
        await create(simulated)
        await control.advance()
        for count, wait in enumerate((1 * MINUTE, 5 * MINUTE, 25 * MINUTE, 2 * HOUR, 12 * HOUR), 1):
            await control.advance(seconds=wait - 1)
            delivery = control.deliveries()[0]
            assert (len(receiver.got), delivery.status, delivery.last_error) == (count, "pending", "answered 500")
            await control.advance(seconds=1)
        delivery = control.deliveries()[0]
        assert (len(receiver.got), delivery.status, delivery.next_seconds) == (6, "failed", None)
        waits = [after.seconds - before.seconds for before, after in pairwise(delivery.attempts)]
        assert waits == [60, 300, 1500, 7200, 43200]
        await control.advance(hours=1000)
        assert len(receiver.got) == 6


async def test_each_attempt_carries_the_same_bytes_and_a_signature_of_its_own_moment() -> None:
    moments = [datetime(2026, 5, 13, 10, 42, tzinfo=UTC) + timedelta(hours=n) for n in range(100)]
    ticking = replace(REAL, monotonic=lambda: 0.0, now=lambda: moments[len(receiver.got)])
    async with receiving() as receiver:
        receiver.answer = lambda: web.Response(status=500 if len(receiver.got) < 3 else 200)
        # Requests are signed with the real time, so this payout is the provider's own.
        at = SimulatorSettings(workspaces=(workspace(receiver),), moves=False)
        async with simulated_plugipay(at, ticking) as simulated:
            simulated.control.schedule_payout("acc_simulated", amount=5)
            await simulated.control.settle()
            delivery = simulated.control.deliveries()[0]
            assert (delivery.status, delivery.last_error) == ("succeeded", None)
            assert [attempt.response_code for attempt in delivery.attempts] == [500, 500, 200]
        assert len({one.raw for one in receiver.got}) == 1
        assert len({one.signature for one in receiver.got}) == 3
        for one, moment in zip(receiver.got, moments, strict=False):
            assert re.fullmatch(rf"t={int(moment.timestamp())},v1=[0-9a-f]{{64}}", one.signature)
            verify_webhook(one.raw, one.signature, WEBHOOK_SECRET, now=moment.timestamp())


async def test_the_signature_is_that_of_the_published_vector() -> None:
    """domain.md 1.7; computed by the vendor's SDK, not by ours."""
    from simulator.provider.envelopes import sign  # noqa: PLC0415 - only this test looks inside

    body = (
        '{"id":"evt_x","type":"plugipay.invoice.paid.v1","accountId":"acc_1",'
        '"occurredAt":"2026-01-01T00:00:00Z","data":{"object":{}}}'
    )
    v1 = "a27a43ad604742dd06c12f700419e47e4101167d0c1c7893bf2aaf52a8f2901c"
    assert sign("whsec_test_1234567890", 1_750_000_000, body) == f"t=1750000000,v1={v1}"


async def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), moves=False) as simulated:
        receiver.answer = lambda: web.Response(status=307, headers={"Location": "/elsewhere"})
        await create(simulated)
        await simulated.control.advance()
        assert len(receiver.got) == 1
        assert simulated.control.deliveries()[0].last_error == "answered 307"


async def test_an_endpoint_that_does_not_answer_in_time_or_at_all_has_failed() -> None:
    async with receiving() as receiver:
        slow = web.Application()
        release = asyncio.Event()

        async def hang(_: web.Request) -> web.Response:
            await release.wait()
            return web.Response()

        slow.add_routes([web.post("/", hang)])
        runner = web.AppRunner(slow, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        at = workspace(endpoint=EndpointSettings(f"http://127.0.0.1:{port}/", WEBHOOK_SECRET))
        async with plugipay(at, moves=False, webhook_answer_seconds=0.1) as simulated:
            control = simulated.control
            await create(simulated)
            await control.advance()
            delivery = control.deliveries()[0]
            assert delivery.last_error == "no answer within 0.1 s"
            release.set()
            await runner.cleanup()
            await control.advance(seconds=60)
            assert "cannot be reached" in (delivery.last_error or "")
            # What was missed lands once somebody is there again.
            control.endpoint("acc_simulated", receiver.url, WEBHOOK_SECRET)
            await control.advance(seconds=300)
            assert (delivery.status, receiver.kinds) == ("succeeded", ["created"])


async def test_a_delivery_is_sent_again_on_demand_unless_it_is_queued() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), moves=False) as simulated:
        control = simulated.control
        receiver.answer = lambda: web.Response(status=500)
        await create(simulated)
        await control.advance()
        delivery = control.deliveries(status="pending")[0]
        with pytest.raises(Refused) as caught:
            control.resend(delivery.id)
        assert (caught.value.status, caught.value.code) == (409, "ALREADY_QUEUED")
        await control.settle()
        assert control.deliveries(status="failed") == [delivery]
        control.resend(delivery.id)
        await control.settle()
        assert (len(receiver.got), delivery.status) == (7, "failed")
        receiver.answer = lambda: web.Response(status=202)
        for _ in range(2):
            control.resend(delivery.id)
            await control.settle()
            assert delivery.status == "succeeded"
        assert len({one.raw for one in receiver.got}) == 1
        assert len(receiver.got) == 9
        with pytest.raises(Refused) as caught:
            control.resend("whd_unknown")
        assert caught.value.status == 404


async def test_an_endpoint_gets_only_the_events_while_it_is_set() -> None:
    async with receiving() as receiver, plugipay(workspace()) as simulated:
        await create(simulated)
        await simulated.control.advance()
        simulated.control.endpoint("acc_simulated", receiver.url, WEBHOOK_SECRET)
        await simulated.control.settle()
        assert receiver.kinds == ["in_transit", "paid"]


async def test_a_duplicate_is_the_same_event_and_the_same_bytes_in_two_deliveries() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), faults={"duplicate": 1}) as simulated:
        await create(simulated)
        await simulated.control.settle()
        assert sorted(receiver.kinds) == ["created"] * 2 + ["in_transit"] * 2 + ["paid"] * 2
        assert len({one.raw for one in receiver.got}) == 3
        assert [delivery.faults for delivery in simulated.control.deliveries()] == [[], ["duplicate"]] * 3


async def test_a_reordered_webhook_comes_after_the_next_one_of_its_payout() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver)) as simulated:
        simulated.control.fault("reorder", times=1)
        await create(simulated)
        await simulated.control.settle()
        assert receiver.kinds == ["in_transit", "created", "paid"]
        simulated.control.fault("reorder")
        await create(simulated)
        await simulated.control.settle()
        # The last one has nothing to be overtaken by, and comes by itself.
        assert receiver.kinds[3:] == ["in_transit", "created", "paid"]


async def test_a_dropped_webhook_is_never_sent_unless_somebody_sends_it() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver)) as simulated:
        control = simulated.control
        control.fault("drop", times=1)
        await create(simulated)
        await control.settle()
        assert receiver.kinds == ["in_transit", "paid"]
        dropped = control.deliveries(status="failed")[0]
        assert (dropped.faults, dropped.attempts) == (["drop"], [])
        control.resend(dropped.id)
        await control.settle()
        assert receiver.kinds == ["in_transit", "paid", "created"]


async def test_events_in_the_hours_of_an_outage_send_no_webhooks() -> None:
    async with (
        receiving() as receiver,
        plugipay(workspace(receiver), in_transit_seconds=10, paid_seconds=20 * HOUR) as simulated,
    ):
        control = simulated.control
        control.drop_webhooks(hours=5)
        await create(simulated)
        await control.settle()
        # It was paid after ten hours at least.
        assert receiver.kinds == ["paid"]
        assert [delivery.faults for delivery in control.deliveries()] == [["drop"], ["drop"], []]


async def test_a_wrong_amount_is_in_the_webhook_alone_and_rightly_signed() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), moves=False) as simulated:
        control = simulated.control
        control.fault("wrong_amount", times=1)
        payout = control.payout((await create(simulated))["id"])
        control.move(payout.id, "in_transit")
        await control.settle()
        first, second = (verify_webhook(one.raw, one.signature, WEBHOOK_SECRET).object for one in receiver.got)
        assert first["amount"] != payout.amount == second["amount"] == 250_000
        assert [delivery.faults for delivery in control.deliveries()] == [["wrong_amount"], []]


async def test_a_bad_signature_is_followed_by_a_good_one_a_minute_later() -> None:
    async with (
        receiving() as receiver,
        plugipay(workspace(receiver), moves=False, faults={"bad_signature": 1}) as simulated,
    ):
        receiver.answer = lambda: web.Response(status=401 if len(receiver.got) == 1 else 200)
        await create(simulated)
        await simulated.control.advance()
        with pytest.raises(PlugipaySignatureError):
            verify_webhook(receiver.got[0].raw, receiver.got[0].signature, WEBHOOK_SECRET)
        await simulated.control.advance(seconds=60)
        verify_webhook(receiver.got[1].raw, receiver.got[1].signature, WEBHOOK_SECRET)
        assert receiver.got[0].raw == receiver.got[1].raw
        assert simulated.control.deliveries()[0].status == "succeeded"


async def test_the_other_spelling_of_the_header_is_sent_where_it_is_asked_for() -> None:
    async with receiving() as receiver, plugipay(workspace(), moves=False) as simulated:
        simulated.control.endpoint("acc_simulated", receiver.url, WEBHOOK_SECRET, header="Plugipay-Signature")
        await create(simulated)
        await simulated.control.settle()
        headers = receiver.got[0].headers
        verify_webhook(receiver.got[0].raw, headers["Plugipay-Signature"], WEBHOOK_SECRET)
        assert "X-Plugipay-Signature" not in headers
