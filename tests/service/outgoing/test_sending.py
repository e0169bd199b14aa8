"""Attempts: repeated over a day, each by one sender at a time, and no endpoint waits for another."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from service.outgoing import retry_schedule
from service.outgoing.sender import LEASE_SECONDS, Sender
from tests.service.outgoing.receiver import ReceivedWebhook
from tests.service.outgoing.stage import PATH, Stage, revenue, sending
from tests.support.waiting import until

UNAVAILABLE: tuple[int, dict[str, str]] = (500, {})


def test_the_schedule_ends_within_about_a_day() -> None:
    assert retry_schedule.RETRY_SECONDS == (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600)
    assert 22 * 3600 < sum(retry_schedule.RETRY_SECONDS) < 26 * 3600
    assert retry_schedule.retry_in(len(retry_schedule.RETRY_SECONDS), None, 0.5) is None
    assert retry_schedule.retry_in(len(retry_schedule.RETRY_SECONDS), 60, 0.5) is None
    assert [retry_schedule.retry_in(1, None, chance) for chance in (0, 0.5, 1)] == [270, 300, 330]
    assert retry_schedule.retry_in(0, 90, 0) == 90
    assert retry_schedule.retry_in(1, 90, 0) == 270


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("999999999", 86_400),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("١٢", None),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 120),
        ("Wed, 21 Oct 2026 07:30:00", 120),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_schedule.retry_after_seconds(header, datetime.fromisoformat("2026-10-21T07:28:00Z")) == seconds


async def test_a_failure_is_repeated_on_the_schedule_under_the_same_id_until_the_day_is_over(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    stage.receiver.answers(*[UNAVAILABLE] * 20)
    await revenue(merchant, "r")
    async with sending(stage):
        for attempt, pause in enumerate((*retry_schedule.RETRY_SECONDS, None), start=1):
            await stage.receiver.until_received(attempt)
            status = "pending" if pause is not None else "failed"
            [delivery] = await stage.until_deliveries(merchant, endpoint["id"], status)
            assert [a["status"] for a in delivery["attempts"]] == [500] * attempt
            if pause is not None:
                last = datetime.fromisoformat(delivery["attempts"][-1]["at"])
                wait = (datetime.fromisoformat(delivery["nextAttemptAt"]) - last).total_seconds()
                assert 0.9 * pause <= wait <= 1.1 * pause + 20, "jitter of a tenth, and the time that the attempt took"
                stage.clock.advance(seconds=wait)
    received = stage.receiver.received
    assert len(received) == 8
    assert len({t.id for t in received}) == 1
    assert len({t.body for t in received}) == 1
    assert len({t.headers["webhook-timestamp"] for t in received}) == 8, "each attempt has a time of its own"
    assert all(t.signed_with(endpoint["secret"]) for t in received)


async def test_a_success_ends_it(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    stage.receiver.answers(UNAVAILABLE, (204, {}))
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        await stage.until_deliveries(merchant, endpoint["id"], "pending")
        assert (await merchant.get(f"{PATH}/{endpoint['id']}")).data["failures"] == 1
        stage.clock.advance(seconds=10)
        [delivery] = await stage.until_deliveries(merchant, endpoint["id"], "delivered")
        stage.clock.advance(days=2)
        await revenue(merchant, "later")
        await stage.until_deliveries(merchant, endpoint["id"], "delivered", "delivered")
    assert [(a["status"], a["problem"] is None) for a in delivery["attempts"]] == [(500, False), (204, True)]
    document = (await merchant.get(f"{PATH}/{endpoint['id']}")).data
    assert (document["failures"], document["failingSince"]) == (0, None)
    assert len(stage.receiver.received) == 3


@pytest.mark.parametrize("as_date", [False, True])
async def test_an_endpoint_that_asks_for_a_pause_gets_it(stage: Stage, as_date: bool) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    until_then = format_datetime(stage.clock.now() + timedelta(seconds=600), usegmt=False) if as_date else "600"
    stage.receiver.answers((503, {"Retry-After": until_then}))
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        [delivery] = await stage.until_deliveries(merchant, endpoint["id"], "pending")
        last = datetime.fromisoformat(delivery["attempts"][0]["at"])
        wait = (datetime.fromisoformat(delivery["nextAttemptAt"]) - last).total_seconds()
        assert 570 < wait < 640, "by itself it would have been five seconds"
        # Nor is anything else sent to it meanwhile; another endpoint shows that sending goes on.
        await stage.endpoint(merchant, "/other")
        await revenue(merchant, "s")
        await stage.receiver.until_received(1, "/other")
        await stage.until_deliveries(merchant, endpoint["id"], "pending", "pending")
        assert len(stage.receiver.at("/hook")) == 1
        stage.clock.advance(seconds=660)
        await stage.until_deliveries(merchant, endpoint["id"], "delivered", "delivered")


async def test_gone_switches_it_off(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    witness = await stage.endpoint(merchant, "/witness")
    stage.receiver.answers()

    async def gone(received: ReceivedWebhook) -> web.StreamResponse:
        return web.Response(status=410 if received.path == "/hook" else 204)

    stage.receiver.answer = gone
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        await stage.until_deliveries(merchant, endpoint["id"], "failed")
        await revenue(merchant, "s")
        await stage.until_deliveries(merchant, witness["id"], "delivered", "delivered")
    document = (await merchant.get(f"{PATH}/{endpoint['id']}")).data
    assert (document["enabled"], document["disabledReason"]) == (False, "gone")
    assert len(stage.receiver.at("/hook")) == 1
    assert len(await stage.deliveries(merchant, endpoint["id"])) == 1


async def test_a_day_of_nothing_but_failures_switches_it_off_and_its_owner_may_switch_it_on_again(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    stage.receiver.answers(*[UNAVAILABLE] * 5)

    async def state() -> tuple[bool, int]:
        document = (await merchant.get(f"{PATH}/{endpoint['id']}")).data
        return document["enabled"], document["failures"]

    async with sending(stage):
        for number in range(1, 6):
            await revenue(merchant, f"r-{number}")

            async def failed(number: int = number) -> bool:
                return (await state())[1] == number

            await until(failed, f"{number} failures")
            assert await state() == (number < 5, number)
            # All that fails now waits for later; the next event comes first.
            await stage.api.ledger.pool.execute(
                "UPDATE webhook_deliveries SET next_attempt_at = $1", stage.clock.now() + timedelta(days=9)
            )
            stage.clock.advance(hours=6, minutes=5)
        document = (await merchant.get(f"{PATH}/{endpoint['id']}")).data
        assert (document["enabled"], document["disabledReason"]) == (False, "failing")
        shown = await stage.deliveries(merchant, endpoint["id"])
        assert {delivery["status"] for delivery in shown} == {"abandoned"}
        await revenue(merchant, "while-off")
        again = await merchant.patch(f"{PATH}/{endpoint['id']}", {"enabled": True})
        assert (again.data["disabledReason"], again.data["failures"], again.data["failingSince"]) == (None, 0, None)
        await revenue(merchant, "on-again")
        await stage.receiver.until_received(6)
        await stage.fanned_out()
        stage.clock.advance(days=10)
        await revenue(merchant, "last")
        await stage.receiver.until_received(7)
    assert [t.document["data"]["reference"] for t in stage.receiver.received[5:]] == ["on-again", "last"]


async def test_a_failure_of_long_ago_does_not_switch_it_off_by_itself(stage: Stage) -> None:
    """Nobody sent anything in between: two failures are not a day of failures."""
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    stage.receiver.answers(UNAVAILABLE, UNAVAILABLE)
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        await stage.until_deliveries(merchant, endpoint["id"], "pending")
    stage.clock.advance(days=3)
    async with sending(stage):
        await stage.receiver.until_received(2)
        await stage.until_deliveries(merchant, endpoint["id"], "pending")
    assert (await merchant.get(f"{PATH}/{endpoint['id']}")).data["enabled"] is True


async def test_a_redirect_is_a_failure_and_is_not_followed(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    stage.receiver.answers((302, {"Location": stage.receiver.url("/elsewhere")}))
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        [delivery] = await stage.until_deliveries(merchant, endpoint["id"], "pending")
    assert delivery["attempts"][0]["status"] == 302
    assert "redirect" in delivery["attempts"][0]["problem"]
    assert stage.receiver.at("/elsewhere") == []


async def test_an_endpoint_that_never_answers_holds_up_nobody_else(stage: Stage) -> None:
    merchant = await stage.merchant()
    stuck = await stage.endpoint(merchant, "/stuck")
    await stage.endpoint(merchant, "/well")
    never = asyncio.Event()

    async def answer(received: ReceivedWebhook) -> web.StreamResponse:
        if received.path == "/stuck":
            await never.wait()
        return web.Response(status=204)

    stage.receiver.answer = answer
    references = [f"r-{number}" for number in range(40)]
    async with sending(stage):
        await revenue(merchant, *references[:20])
        await stage.receiver.until_received(1, "/stuck")
        await stage.receiver.until_received(20, "/well")
        await revenue(merchant, *references[20:])
        await stage.receiver.until_received(40, "/well")
        assert {d["status"] for d in await stage.deliveries(merchant, stuck["id"])} <= {"pending", "sending"}
        assert len(stage.receiver.at("/stuck")) <= 8
        never.set()
        await stage.receiver.until_received(40, "/stuck")
    assert {t.document["data"]["reference"] for t in stage.receiver.at("/well")} == set(references)


async def test_several_senders_send_each_delivery_once_and_never_at_the_same_time(stage: Stage) -> None:
    merchant = await stage.merchant()
    await stage.endpoint(merchant)
    references = [f"r-{number}" for number in range(60)]
    await revenue(merchant, *references)
    everybody_here = asyncio.Event()

    async def slow(_: ReceivedWebhook) -> web.StreamResponse:
        # The first ones stay until all senders have had their turn at what is due.
        if len(stage.receiver.received) >= 24:
            everybody_here.set()
        await everybody_here.wait()
        return web.Response(status=204)

    stage.receiver.answer = slow
    async with sending(stage, senders=3):
        await stage.receiver.until_received(60)
        await stage.fanned_out()
        # A last one behind them: what was taken twice would have come before it.
        await revenue(merchant, "last")
        await stage.receiver.until_received(61)
    assert len(stage.receiver.received) == 61
    assert set(stage.receiver.most_at_once.values()) == {1}


async def test_a_dead_senders_deliveries_are_sent_again_when_its_leases_end(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        await stage.until_deliveries(merchant, endpoint["id"], "delivered")
    # It sends, and dies before it can say so.
    await merchant.post(f"{PATH}/{endpoint['id']}/deliveries/{stage.receiver.received[0].id}/resend")
    dead = Sender(stage.api.ledger, stage.settings)
    rows, _ = await dead._claim(1)
    assert [row["event_id"] for row in rows] == [stage.receiver.received[0].id]
    resent = await merchant.post(f"{PATH}/{endpoint['id']}/deliveries/{stage.receiver.received[0].id}/resend")
    assert (resent.status, resent.error["code"]) == (409, "INVALID_TRANSITION"), "it may be under way"
    async with sending(stage):
        await revenue(merchant, "s")
        await stage.receiver.until_received(2)
        assert stage.receiver.received[1].document["data"]["reference"] == "s"
        stage.clock.advance(seconds=LEASE_SECONDS)
        await stage.receiver.until_received(3)
        await stage.until_deliveries(merchant, endpoint["id"], "delivered", "delivered")
    assert stage.receiver.received[2].id == stage.receiver.received[0].id


async def test_an_attempt_whose_delivery_was_claimed_again_writes_nothing(stage: Stage) -> None:
    """A sender was away for longer than its lease; somebody else has delivered meanwhile."""
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    held = asyncio.Event()

    async def answer(_: ReceivedWebhook) -> web.StreamResponse:
        if len(stage.receiver.received) == 1:
            await held.wait()
            return web.Response(status=500)
        return web.Response(status=204)

    stage.receiver.answer = answer
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.receiver.until_received(1)
        stage.clock.advance(seconds=LEASE_SECONDS + 1)
        async with sending(stage):
            await stage.receiver.until_received(2)
            await stage.until_deliveries(merchant, endpoint["id"], "delivered")
        held.set()
    [delivery] = await stage.deliveries(merchant, endpoint["id"])
    assert delivery["status"] == "delivered"
    assert [a["status"] for a in delivery["attempts"]] == [204]
