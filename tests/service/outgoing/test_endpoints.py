"""The endpoints themselves: made, changed, rotated, replayed to and taken away by their account alone."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from service.outgoing import endpoints, event_names
from service.outgoing.endpoints import ENDPOINTS_MAX, Owner
from service.outgoing.fan_out import fan_out
from service.platform.settings import Settings
from tests.service.outgoing.stage import PATH, Stage, payout, revenue, sending
from tests.support.refusals import complaints
from tests.support.tables import places_of, read_tables
from tests.support.waiting import until

URL = "https://example.com/hook"


async def test_an_endpoint_is_off_until_it_is_switched_on_and_its_secret_is_shown_once(
    stage: Stage, settings: Settings
) -> None:
    merchant = await stage.merchant()
    made = await merchant.post(PATH, {"url": URL, "events": ["payout.*"], "description": "shop"})
    assert made.status == 201
    secret = made.data["secret"]
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    shown = (await merchant.get(f"{PATH}/{made.data['id']}")).data
    assert shown == {key: value for key, value in made.data.items() if key != "secret"}
    assert (shown["url"], shown["events"], shown["description"]) == (URL, ["payout.*"], "shop")
    assert (shown["enabled"], shown["replay"], shown["accountId"]) == (False, None, "acc_1")
    assert (await merchant.get(PATH)).data == [shown]
    on = (await merchant.patch(f"{PATH}/{shown['id']}", {"enabled": True})).data
    assert (on["enabled"], on["afterPosition"]) == (True, await stage.api.position())
    off = (await merchant.patch(f"/api{PATH}/{shown['id']}", {"enabled": False, "description": None})).data
    assert (off["enabled"], off["disabledReason"], off["description"]) == (False, None, None)
    assert (off["url"], off["events"]) == (URL, ["payout.*"])
    tables = await read_tables(settings)
    assert places_of(secret, tables) == set()
    assert places_of(secret.removeprefix("whsec_"), tables) == set()
    assert "webhook_endpoint_secrets" in places_of("enc1:", tables)
    gone = await merchant.call("DELETE", f"{PATH}/{shown['id']}")
    assert (gone.status, gone.data) == (200, {"id": shown["id"], "deleted": True})
    assert (await merchant.get(f"{PATH}/{shown['id']}")).status == 404
    assert (await read_tables(settings, "webhook_endpoint_secrets")) == {"webhook_endpoint_secrets": []}


def requests(endpoint_id: str, delivery_id: str) -> list[tuple[str, str, Any]]:
    one = f"{PATH}/{endpoint_id}"
    return [
        ("GET", one, None),
        ("PATCH", one, {"enabled": False}),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate-secret", {}),
        ("POST", f"{one}/replay", {"fromPosition": 1}),
        ("GET", f"{one}/deliveries", None),
        ("POST", f"{one}/deliveries/{delivery_id}/resend", {}),
    ]


async def test_the_endpoints_of_another_account_do_not_exist(stage: Stage, settings: Settings) -> None:
    merchant = await stage.merchant("acc_1")
    endpoint = await stage.endpoint(merchant)
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.until_deliveries(merchant, endpoint["id"], "delivered")
    stranger = await stage.merchant("acc_2")
    platform = await stage.api.caller()
    tester = await stage.api.caller("acc_1", mode="test")
    before = await read_tables(settings)
    delivery_id = stage.receiver.received[0].id
    for caller, headers in (
        (stranger, {}),
        (platform, {"X-Storlaunch-On-Behalf-Of": "acc_2"}),
        (tester, {}),
    ):
        for method, path, body in requests(endpoint["id"], delivery_id):
            answer = await caller.call(method, path, body, headers=headers)
            assert complaints(answer, status=404) == [], (method, path)
    assert (await stranger.get(PATH)).data == []
    assert (await stranger.post(PATH, {"url": URL}, **{"X-Storlaunch-On-Behalf-Of": "acc_1"})).status == 403
    after = await read_tables(settings)
    assert after == before
    assert (await platform.get(f"{PATH}/{endpoint['id']}", **{"X-Storlaunch-On-Behalf-Of": "acc_1"})).status == 200


async def test_reading_needs_the_scope_to_read_and_changing_the_scope_to_write(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    for scope, allowed in (("payout:read", "GET"), ("payout:write", None), ("audit", ""), ("command:write", "")):
        caller = await stage.api.caller("acc_1", scopes=[scope])
        for method, path, body in [("GET", PATH, None), *requests(endpoint["id"], "x")]:
            may = method == allowed or (allowed is None and method != "GET")
            if may and method != "DELETE":
                assert (await caller.call(method, path, body)).status in (200, 202, 404, 409), (scope, method, path)
            elif not may:
                assert (await caller.call(method, path, body)).status == 403, (scope, method, path)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": "payout.*"}, "events"),
        ({"url": URL, "events": ["payout.payed"]}, "events[0]"),
        ({"url": URL, "events": ["*", "pay*"]}, "events[1]"),
        ({"url": URL, "events": ["payout.*", 1]}, "events[1]"),
        ({"url": URL, "events": ["provider.observed"]}, "events[0]"),
        ({"url": URL, "events": ["*"] * 51}, "events"),
        ({"url": URL, "description": "x" * 201}, "description"),
        ({"url": URL, "description": "\x00"}, "description"),
        ({"url": URL, "enabled": True}, "enabled"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
    ],
)
async def test_an_invalid_body_is_refused_with_the_name_of_its_field(stage: Stage, body: Any, field: str) -> None:
    merchant = await stage.merchant()
    assert complaints(await merchant.post(PATH, body), status=400, field=field) == []
    assert (await merchant.get(PATH)).data == []


async def test_the_other_bodies_are_checked_too(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    one = f"{PATH}/{endpoint['id']}"
    wrong: list[tuple[str, str, Any, str]] = [
        ("PATCH", one, {"enabled": "yes"}, "enabled"),
        ("PATCH", one, {"url": None}, "url"),
        ("PATCH", one, {"events": []}, "events"),
        ("POST", f"{one}/rotate-secret", {"overlapSeconds": -1}, "overlapSeconds"),
        ("POST", f"{one}/rotate-secret", {"overlapSeconds": 604801}, "overlapSeconds"),
        ("POST", f"{one}/rotate-secret", {"overlapSeconds": True}, "overlapSeconds"),
        ("POST", f"{one}/replay", {}, "fromPosition"),
        ("POST", f"{one}/replay", {"fromPosition": 0}, "fromPosition"),
        ("POST", f"{one}/replay", {"fromPosition": 2**63}, "fromPosition"),
        ("GET", f"{one}/deliveries?status=lost", None, "status"),
        ("GET", f"{one}/deliveries?cursor=cur_x", None, "cursor"),
        ("GET", f"{one}/deliveries?limit=0", None, "limit"),
    ]
    for method, path, body, field in wrong:
        assert complaints(await merchant.call(method, path, body), status=400, field=field) == [], (path, body)
    for delivery in ("nothing", "0198c0de-0000-7000-8000-000000000000"):
        answer = await merchant.post(f"{one}/deliveries/{delivery}/resend", {})
        assert complaints(answer, status=404, field="deliveryId") == []


async def test_the_number_of_an_accounts_endpoints_is_limited(stage: Stage) -> None:
    merchant = await stage.merchant()
    for _ in range(ENDPOINTS_MAX):
        assert (await merchant.post(PATH, {"url": URL})).status == 201
    refused = await merchant.post(PATH, {"url": URL})
    assert complaints(refused, status=400) == []
    assert str(ENDPOINTS_MAX) in refused.error["message"]


async def test_a_key_makes_a_mutation_one_mutation_with_the_same_secret_in_its_answer(
    stage: Stage, settings: Settings
) -> None:
    merchant = await stage.merchant()
    key = {"Idempotency-Key": "make-1"}
    first, again = await asyncio.gather(*(merchant.post(PATH, {"url": URL}, **key) for _ in range(2)))
    third = await merchant.post(PATH, {"url": URL}, **key)
    assert first.raw == again.raw == third.raw
    assert (first.status, again.status, third.status) == (201, 201, 201)
    assert third.headers["Idempotency-Replayed"] == "true"
    assert len((await merchant.get(PATH)).data) == 1
    other = await merchant.post(PATH, {"url": URL + "/2"}, **key)
    assert complaints(other, status=409) == []
    assert other.error["code"] == "IDEMPOTENCY_MISMATCH"
    assert places_of(first.data["secret"], await read_tables(settings)) == set()
    # The same key still is a key of its own for a command.
    assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"}, **key)).status == 201
    one = f"{PATH}/{first.data['id']}"
    rotated = [await merchant.post(f"{one}/rotate-secret", {}, **{"Idempotency-Key": "turn-1"}) for _ in range(2)]
    assert rotated[0].raw == rotated[1].raw
    assert rotated[0].data["secret"] != first.data["secret"]


async def test_while_a_secret_is_replaced_both_sign_and_then_only_the_new_one(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    turned = await merchant.post(f"{PATH}/{endpoint['id']}/rotate-secret", {"overlapSeconds": 3600})
    old, new = endpoint["secret"], turned.data["secret"]
    async with sending(stage):
        await revenue(merchant, "during")
        await stage.receiver.until_received(1)
        stage.clock.advance(seconds=3601)
        await revenue(merchant, "after")
        await stage.receiver.until_received(2)
        at_once = await merchant.post(f"{PATH}/{endpoint['id']}/rotate-secret", {"overlapSeconds": 0})
        await revenue(merchant, "at once")
        await stage.receiver.until_received(3)
    during, after, last = stage.receiver.received
    assert during.signed_with(old)
    assert during.signed_with(new)
    assert after.signed_with(new)
    assert not after.signed_with(old)
    assert last.signed_with(at_once.data["secret"])
    assert not last.signed_with(new)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert len(last.headers["webhook-signature"].split(" ")) == 1


async def test_a_replay_sends_what_happened_from_a_position_on_and_only_that(stage: Stage) -> None:
    merchant = await stage.merchant()
    early = await payout(merchant)
    await revenue(merchant, "before")
    from_position = await stage.api.position() + 1
    await merchant.post(f"/v1/payouts/{early}/mark-in-transit", {})
    await revenue(merchant, "missed")
    await merchant.post(f"/v1/payouts/{early}/mark-paid", {})
    endpoint = await stage.endpoint(merchant)
    await revenue(merchant, "live")
    async with sending(stage):
        await stage.receiver.until_received(1)
        begun = await merchant.post(f"{PATH}/{endpoint['id']}/replay", {"fromPosition": from_position})
        assert begun.status == 202
        assert begun.data["replay"]["fromPosition"] == from_position
        assert begun.data["replay"]["toPosition"] == await stage.api.position()
        await stage.receiver.until_received(5)

        async def done() -> bool:
            replay = (await merchant.get(f"{PATH}/{endpoint['id']}")).data["replay"]
            return bool(replay["done"])

        await until(done, "the replay has come to its end")
        deliveries = await stage.until_deliveries(merchant, endpoint["id"], *["delivered"] * 4)
        await revenue(merchant, "next")
        await stage.receiver.until_received(6)
    told = sorted((t.document["type"], t.document["data"].get("status")) for t in stage.receiver.received)
    assert told == [
        ("payout.in_transit", "in_transit"),
        ("payout.paid", "paid"),
        ("revenue.recorded", None),
        ("revenue.recorded", None),
        ("revenue.recorded", None),
        ("revenue.recorded", None),
    ]
    references = [
        t.document["data"]["reference"] for t in stage.receiver.received if "payout" not in t.document["type"]
    ]
    assert sorted(references) == ["live", "live", "missed", "next"], "what was sent before is sent again, under its id"
    assert len({t.id for t in stage.receiver.received}) == 5
    assert [d["position"] for d in deliveries] == sorted(d["position"] for d in deliveries)
    assert deliveries[0]["position"] == from_position


async def test_a_replay_to_an_endpoint_that_is_off_is_refused(stage: Stage) -> None:
    merchant = await stage.merchant()
    made = await merchant.post(PATH, {"url": URL})
    answer = await merchant.post(f"{PATH}/{made.data['id']}/replay", {"fromPosition": 1})
    assert complaints(answer, status=409, field="enabled") == []


async def test_a_delivery_is_sent_again_whatever_became_of_it_and_the_log_has_every_attempt(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    one = f"{PATH}/{endpoint['id']}"
    stage.receiver.answers((204, {}), (400, {}), (200, {}))
    await revenue(merchant, "r")
    async with sending(stage):
        await stage.until_deliveries(merchant, endpoint["id"], "delivered")
        delivery_id = stage.receiver.received[0].id
        again = await merchant.post(f"{one}/deliveries/{delivery_id}/resend", {})
        assert (again.status, again.data) == (202, {"id": delivery_id, "status": "pending"})
        await stage.receiver.until_received(2)
        await stage.until_deliveries(merchant, endpoint["id"], "pending")
        await merchant.post(f"{one}/deliveries/{delivery_id}/resend", {})
        await stage.receiver.until_received(3)
        [delivery] = await stage.until_deliveries(merchant, endpoint["id"], "delivered")
        await merchant.patch(one, {"enabled": False})
        off = await merchant.post(f"{one}/deliveries/{delivery_id}/resend", {})
        assert complaints(off, status=409, field="enabled") == []
    assert len({(t.id, t.body) for t in stage.receiver.received}) == 1
    assert [(a["attempt"], a["status"], a["problem"]) for a in delivery["attempts"]] == [
        (1, 204, None),
        (2, 400, "it answers 400"),
        (3, 200, None),
    ]
    assert all(a["at"].endswith("Z") and a["milliseconds"] >= 0 for a in delivery["attempts"])


async def test_the_log_of_deliveries_has_pages_and_can_be_filtered(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    one = f"{PATH}/{endpoint['id']}/deliveries"
    stage.receiver.answers((400, {}))
    async with sending(stage):
        await revenue(merchant, "fails")
        await stage.until_deliveries(merchant, endpoint["id"], "pending")
        await revenue(merchant, *[f"r-{number}" for number in range(5)])
        await stage.receiver.until_received(2)
        await stage.api.ledger.pool.execute(
            "UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 day' WHERE retries = 1"
        )
        await stage.until_deliveries(merchant, endpoint["id"], "pending", *["delivered"] * 5)
    pages, cursor = [], ""
    while True:
        page = await merchant.get(f"{one}?status=delivered&limit=2{cursor}")
        pages.append([d["position"] for d in page.data])
        if not page.meta["hasMore"]:
            break
        cursor = f"&cursor={page.meta['cursor']}"
    assert [len(page) for page in pages] == [2, 2, 1]
    positions = [position for page in pages for position in page]
    assert positions == sorted(positions, reverse=True)
    assert len((await merchant.get(f"{one}?status=pending")).data) == 1
    other = await stage.endpoint(merchant, "/other")
    wrong = await merchant.get(f"{PATH}/{other['id']}/deliveries?status=delivered&limit=2{cursor}")
    assert complaints(wrong, status=400, field="cursor") == []


async def test_old_deliveries_are_deleted(stage: Stage, settings: Settings) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)
    await revenue(merchant, "old")
    async with sending(stage):
        await stage.until_deliveries(merchant, endpoint["id"], "delivered")
    stage.clock.advance(days=31)
    await revenue(merchant, "new")
    async with sending(stage), asyncio.timeout(60):
        # The new one is delivered, and the old one, delivered long before, is gone.
        while True:
            tables = await read_tables(settings, "webhook_deliveries", "webhook_attempts")
            if (len(tables["webhook_deliveries"]), len(tables["webhook_attempts"])) == (1, 1):
                break
            await asyncio.sleep(0.05)
    [kept] = await stage.deliveries(merchant, endpoint["id"])
    assert kept["position"] == await stage.api.position()


async def test_an_event_appended_while_an_endpoint_is_being_switched_on_is_not_missed(stage: Stage) -> None:
    """The head is read, an event is appended and fanned out, and only then the endpoint is there to be seen."""
    merchant = await stage.merchant()
    made = await merchant.post(PATH, {"url": stage.receiver.url()})
    pool, runtime = stage.api.ledger.pool, stage.api.ledger.runtime
    async with pool.acquire() as switching, pool.acquire() as following:
        while (await fan_out(following, 1, runtime))[0]:
            pass
        async with switching.transaction():
            await endpoints.switch(
                switching, Owner(1, "acc_1"), stage.api.ledger.vault, runtime, made.data["id"], on=True
            )
            await revenue(merchant, "meanwhile")
            await fan_out(following, 1, runtime)
        await fan_out(following, 1, runtime)
    document = (await merchant.get(f"{PATH}/{made.data['id']}")).data
    assert document["afterPosition"] == await stage.api.position() - 1
    [delivery] = await stage.deliveries(merchant, made.data["id"])
    assert delivery["position"] == await stage.api.position()


@pytest.mark.parametrize(
    ("patterns", "name", "wanted"),
    [
        (["*"], "fee.charged", True),
        (["payout.*"], "payout.paid", True),
        (["payout.*"], "payouts.paid", False),
        (["payout.paid"], "payout.paid", True),
        (["payout.paid"], "payout.paid_twice", False),
        (["fee.*", "payout.paid"], "payout.paid", True),
        ([], "payout.paid", False),
    ],
)
def test_a_pattern_is_everything_a_name_or_the_beginning_of_one(patterns: list[str], name: str, wanted: bool) -> None:
    assert event_names.matches(patterns, name) is wanted
