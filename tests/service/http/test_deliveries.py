"""Deliveries: shown without their bodies; those that are parked are replayed or dismissed, once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from events.provider import observe
from service.ledger.access_scope import of_everything
from service.platform.settings import Settings
from service.plugipay.inbound import delivery_unit, topic
from service.plugipay.inbound.stored_deliveries import find
from service.plugipay.quarantine import quarantine
from service.plugipay.quarantine.quarantine import ResolveRequest
from tests.support.api import Answer, Api, Caller, serving
from tests.support.arrivals import AT, arrive, newest, paid, park, provider_payout
from tests.support.own import origin
from tests.support.refusals import complaints
from tests.support.tables import as_owner, read_tables
from tests.support.webhooks import docs_generation, signature

SENSITIVE = "9988776655"


async def waiting_count(api: Api) -> int:
    found = await api.ledger.pool.fetchval("SELECT count(*) FROM parked_deliveries WHERE ended_at IS NULL")
    assert isinstance(found, int)
    return found


async def replay(caller: Caller, delivery_id: str, **headers: str) -> Answer:
    return await caller.post(f"/v1/deliveries/{delivery_id}/replay", None, **headers)


async def dismiss(caller: Caller, delivery_id: str, reason: str = "looked at it", **headers: str) -> Answer:
    return await caller.post(f"/v1/deliveries/{delivery_id}/dismiss", {"reason": reason}, **headers)


async def status_of(merchant: Caller, payout_id: str) -> str:
    return str((await merchant.get(f"/v1/payouts/{payout_id}")).data["status"])


@pytest.mark.parametrize("received", ["", "soon", "future"])
async def test_what_nobody_knows_the_receipt_of_is_parked_and_taken_in_when_a_person_says_so(
    api: Api, settings: Settings, received: str
) -> None:
    merchant, payout_id = await provider_payout(api)
    body = paid()
    # Days old: by now no signature of that time would be believed of itself.
    header = signature(body, at=time.time() - 3 * 86400)
    text = str(int((time.time() + 3600) * 1000)) if received == "future" else received
    delivery_id, verdict = await arrive(api.ledger, settings, body, header=header, received_at=text)
    assert verdict == "parked"
    assert await status_of(merchant, payout_id) == "pending", "what waits for a person has done nothing"
    shown = (await merchant.get(f"/v1/deliveries/{delivery_id}")).data
    assert (shown["accountId"], shown["verdict"], shown["eventId"]) == ("acc_1", "parked", "evt_1")
    assert ("future" if received == "future" else "no received-at") in shown["reason"]
    assert shown["parking"] == {"waiting": True, "endedAt": None, "how": None, "by": None}
    assert shown["receivedAt"] is None

    answer = await replay(merchant, delivery_id)
    assert answer.status == 200, answer.raw
    assert answer.data["replay"] == {"verdict": "accepted"}
    assert answer.data["parking"]["how"] == "replayed"
    assert answer.data["parking"]["by"] == f"key:{merchant.key.key_id}"
    assert await status_of(merchant, payout_id) == "paid"
    assert await waiting_count(api) == 0
    rows = (await merchant.get("/v1/deliveries")).data
    assert [(row["verdict"], row["origin"]) for row in rows] == [
        ("accepted", f"replay/{delivery_id}"),
        ("parked", "test/0/0"),
    ]
    assert (await merchant.get(f"/v1/deliveries/{delivery_id}")).data["parking"] == answer.data["parking"]


async def test_a_replay_is_judged_at_the_time_of_receipt_with_the_secrets_of_that_time(
    api: Api, settings: Settings
) -> None:
    merchant, payout_id = await provider_payout(api)
    body = paid()
    other, another = "whsec_older_1234", "whsec_forged_1234"
    added = await merchant.accepted(type="addWebhookSecret", secret=other)
    believed, _ = await arrive(api.ledger, settings, body, header=signature(body, secret=other), received_at="")
    forged, _ = await arrive(api.ledger, settings, body, header=signature(body, secret=another), received_at="")
    old = signature(body, secret=other, at=time.time() - 600)
    # Retired before the forger used it, and after the provider did.
    stale, _ = await arrive(api.ledger, settings, body, header=old, received_at="")
    await asyncio.sleep(1)
    await merchant.accepted(type="retireWebhookSecret", secretId=added["id"])
    late, _ = await arrive(
        api.ledger, settings, body, header=signature(body, secret=other, at=time.time() + 1), received_at=""
    )
    for refused, why in ((forged, "matches none"), (late, "matches none")):
        before = await read_tables(settings)
        answer = await replay(merchant, refused)
        assert complaints(answer, status=409) == []
        assert why in answer.error["message"]
        assert answer.error["details"]["status"] == "parked"
        assert await read_tables(settings) == before, "a replay that failed changed something"
    assert await status_of(merchant, payout_id) == "pending"
    assert (await replay(merchant, believed)).data["replay"] == {"verdict": "accepted"}
    assert (await replay(merchant, stale)).data["replay"] == {"verdict": "duplicate"}, "the same event again"
    assert await status_of(merchant, payout_id) == "paid"
    assert await waiting_count(api) == 2


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "neither its receipt nor its signature"),
        ("v1=00", "neither"),
        ("t=32503680000,v1=00", "future"),
    ],
)
async def test_without_a_time_that_can_be_believed_nothing_is_replayed(
    api: Api, settings: Settings, header: str, why: str
) -> None:
    merchant, _ = await provider_payout(api)
    delivery_id, _ = await arrive(api.ledger, settings, paid(), header=header, received_at="")
    answer = await replay(merchant, delivery_id)
    assert complaints(answer, status=409) == []
    assert why in answer.error["message"]
    assert await waiting_count(api) == 1


async def test_what_could_not_be_taken_in_is_replayed_once_the_fault_is_gone(
    api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant, payout_id = await provider_payout(api)
    whole = observe.observe

    def broken(observation: Any, *rest: Any) -> Any:
        if observation.event_id == "evt_1":
            raise RuntimeError("a fault of ours")
        return whole(observation, *rest)

    monkeypatch.setattr(delivery_unit, "observe", broken)
    delivery_id, verdict = await arrive(api.ledger, settings, paid())
    assert verdict == "parked"
    _, other = await arrive(api.ledger, settings, paid("evt_2", provider_id="po_2", amount=3))
    assert other == "accepted", "other payouts go on"
    again = await replay(merchant, delivery_id)
    assert complaints(again, status=409) == []
    assert "RuntimeError" in again.error["message"]
    assert await waiting_count(api) == 1
    assert (await merchant.get("/v1/deliveries?verdict=parked")).data[0]["id"] == delivery_id
    assert len((await merchant.get("/v1/deliveries?verdict=parked")).data) == 1, "it was parked a second time"
    monkeypatch.setattr(delivery_unit, "observe", whole)
    assert (await replay(merchant, delivery_id)).data["replay"] == {"verdict": "accepted"}
    assert await status_of(merchant, payout_id) == "paid"


async def test_what_was_sealed_in_transit_is_opened_when_it_is_replayed(api: Api, settings: Settings) -> None:
    merchant, payout_id = await provider_payout(api)
    body = paid()
    milliseconds = int(time.time() * 1000)
    header = signature(body)
    message = topic.sealed(api.ledger.vault, "acc_1", body, header, milliseconds)
    delivery_id, verdict = await arrive(
        api.ledger,
        settings,
        message.value,
        header=header,
        received_at=str(milliseconds),
        quarantine_reason="sealed, and not to be opened",
    )
    assert verdict == "parked"
    platform = await api.caller()
    assert (await merchant.get(f"/v1/deliveries/{delivery_id}")).status == 404, "nobody knows whose it is"
    assert (await replay(platform, delivery_id)).data["replay"] == {"verdict": "accepted"}
    assert await status_of(merchant, payout_id) == "paid"


async def test_a_dismissal_is_an_event_with_actor_and_reason_and_ends_the_parking(api: Api, settings: Settings) -> None:
    merchant, payout_id = await provider_payout(api)
    delivery_id, _ = await arrive(api.ledger, settings, paid(), received_at="")
    position = await api.position()
    answer = await dismiss(merchant, delivery_id, "sent by a test of theirs")
    assert (answer.status, answer.data["parking"]["how"]) == (200, "dismissed")
    assert answer.data["replay"] is None
    assert await api.position() == position + 1
    [event] = [
        row["event"]
        for row in (await merchant.get(f"/v1/events?after={position}")).data
        if row["event"]["type"] == "delivery.dismissed"
    ]
    assert event["data"] == {"deliveryId": delivery_id, "reason": "sent by a test of theirs"}
    assert event["actor"] == {"kind": "key", "id": merchant.key.key_id}
    assert event["accountId"] == "acc_1"
    assert await status_of(merchant, payout_id) == "pending"
    for again in (await dismiss(merchant, delivery_id), await replay(merchant, delivery_id)):
        assert complaints(again, status=409) == []
        assert again.error["details"]["status"] == "dismissed"
    assert await api.position() == position + 1


async def test_what_belongs_to_nobody_is_the_platforms_and_is_dismissed_on_the_lanes_own_stream(
    api: Api, settings: Settings
) -> None:
    await provider_payout(api)
    delivery_id, verdict = await arrive(api.ledger, settings, paid(workspace="ws_nobody"), received_at="")
    assert verdict == "parked"
    platform, other = await api.caller(), await api.caller(mode="test")
    assert (await platform.get(f"/v1/deliveries/{delivery_id}")).data["accountId"] is None
    assert complaints(await other.get(f"/v1/deliveries/{delivery_id}"), status=404) == []
    assert (await other.get("/v1/deliveries")).data == []
    assert complaints(await dismiss(other, delivery_id), status=404) == []
    assert (await dismiss(platform, delivery_id)).status == 200
    account = await api.ledger.pool.fetchval("SELECT account_id FROM events WHERE type = 'delivery.dismissed'")
    assert account == "system"


async def test_the_account_may_have_come_to_be_known_since_in_another_lane(settings: Settings) -> None:
    lanes = settings.model_copy(update={"lanes": 5})
    async with serving(lanes) as api:
        named = next(
            f"ws_{n}" for n in range(50) if api.ledger.lane_for_new(f"ws_{n}") != api.ledger.lane_for_new("acc_1")
        )
        body = paid(workspace=named)
        delivery_id, _ = await arrive(api.ledger, lanes, body, received_at="")
        merchant, payout_id = await provider_payout(api, workspace=False)
        await api.give_workspace("acc_1", named)
        platform = await api.caller()
        answer = await replay(platform, delivery_id, **{"Idempotency-Key": "once"})
        assert (answer.status, answer.data["replay"]) == (200, {"verdict": "accepted"}), answer.raw
        assert await status_of(merchant, payout_id) == "paid"
        assert await waiting_count(api) == 0
        again = await replay(platform, delivery_id, **{"Idempotency-Key": "once"})
        assert (again.raw, again.headers["Idempotency-Replayed"]) == (answer.raw, "true")


async def test_the_same_key_gives_the_first_answer_and_another_wish_under_it_is_refused(
    api: Api, settings: Settings
) -> None:
    merchant, _ = await provider_payout(api)
    first, _ = await arrive(api.ledger, settings, paid(), received_at="")
    second, _ = await arrive(api.ledger, settings, paid("evt_2"), received_at="")
    key = {"Idempotency-Key": "k-1"}
    answer = await replay(merchant, first, **key)
    before = await read_tables(settings)
    again = await replay(merchant, first, **key)
    assert (again.status, again.raw) == (200, answer.raw)
    assert again.headers["Idempotency-Replayed"] == "true"
    for other in (await replay(merchant, second, **key), await dismiss(merchant, first, **key)):
        assert (other.status, other.error["code"]) == (409, "IDEMPOTENCY_MISMATCH")
    assert await read_tables(settings) == before
    assert (await dismiss(merchant, second, **{"Idempotency-Key": "k-2"})).status == 200
    assert (await dismiss(merchant, second, **{"Idempotency-Key": "k-2"})).headers["Idempotency-Replayed"] == "true"
    assert (await dismiss(merchant, second, "why", **{"Idempotency-Key": "k-2"})).status == 409


async def test_of_many_who_end_the_same_parking_at_once_one_does(settings: Settings) -> None:
    """In two processes, so that neither knows of what the other is about."""
    async with serving(settings) as one, serving(settings) as two:
        merchant, _ = await provider_payout(one)
        for number in range(5):
            delivery_id, _ = await arrive(one.ledger, settings, paid(f"evt_{number}"), received_at="")
            there = await two.caller("acc_1")
            answers = await asyncio.gather(
                *(replay(caller, delivery_id) for caller in (merchant, there)),
                *(dismiss(caller, delivery_id) for caller in (merchant, there, merchant, there)),
            )
            assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409, 409]
            [done] = [answer.data["parking"]["how"] for answer in answers if answer.status == 200]
            row = await one.ledger.pool.fetchrow(
                "SELECT ended_how FROM parked_deliveries WHERE delivery_id = $1::text::uuid", delivery_id
            )
            assert row is not None
            assert row["ended_how"] == done
            taken = await one.ledger.pool.fetchval(
                "SELECT count(*) FROM deliveries WHERE origin = $1", f"replay/{delivery_id}"
            )
            dismissed = await one.ledger.pool.fetchval(
                "SELECT count(*) FROM events WHERE type = 'delivery.dismissed' AND envelope LIKE '%' || $1 || '%'",
                delivery_id,
            )
            assert (taken, dismissed) == ((1, 0) if done == "replayed" else (0, 1))


async def test_of_many_in_one_transaction_one_ends_the_parking(api: Api, settings: Settings) -> None:
    await provider_payout(api)
    delivery_id, _ = await arrive(api.ledger, settings, paid(), received_at="")
    stored = await find(api.ledger, of_everything(api.ledger), delivery_id)
    assert stored is not None
    position = await api.position()
    wishes = [
        ResolveRequest(stored, origin(f"req_{n}"), b"", lambda document, _: repr(document).encode()) for n in range(4)
    ]
    # None of them lets go of the loop before it has handed its unit to the writer: they are decided together.
    outcomes = await asyncio.gather(*(quarantine.dismiss(api.ledger, wish, "noise") for wish in wishes))
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Executed",
        "NotQuarantined",
        "NotQuarantined",
        "NotQuarantined",
    ]
    assert await api.position() == position + 1


async def test_only_what_is_parked_is_replayed_or_dismissed(api: Api, settings: Settings) -> None:
    merchant, _ = await provider_payout(api)
    accepted, _ = await arrive(api.ledger, settings, paid())
    duplicate, _ = await arrive(api.ledger, settings, paid())
    rejected, _ = await arrive(api.ledger, settings, paid(), header="t=1,v1=00")
    before = await read_tables(settings)
    for delivery_id, verdict in ((accepted, "accepted"), (duplicate, "duplicate"), (rejected, "rejected")):
        for answer in (await replay(merchant, delivery_id), await dismiss(merchant, delivery_id)):
            assert complaints(answer, status=409) == []
            assert answer.error["details"]["status"] == verdict
    assert await read_tables(settings) == before


async def test_lists_are_filtered_and_go_on_where_a_page_ended(api: Api, settings: Settings) -> None:
    merchant, _ = await provider_payout(api)
    expected = []
    for number in range(7):
        received = "" if number % 2 else None
        delivery_id, verdict = await arrive(api.ledger, settings, paid(f"evt_{number}"), received_at=received)
        expected.append((delivery_id, verdict))
    expected.reverse()
    seen: list[tuple[str, str]] = []
    cursor = ""
    for _ in range(4):
        answer = await merchant.get(f"/v1/deliveries?limit=2{cursor and '&cursor=' + cursor}")
        seen += [(row["id"], row["verdict"]) for row in answer.data]
        # Newer ones do not shift a page.
        await arrive(api.ledger, settings, paid(f"evt_more_{len(seen)}"))
        cursor = answer.meta["cursor"]
        assert (cursor is None) is (len(seen) == len(expected))
    assert seen == expected
    waiting = [delivery_id for delivery_id, verdict in expected if verdict == "parked"]
    assert [row["id"] for row in (await merchant.get("/v1/deliveries?verdict=parked")).data] == waiting
    await dismiss(merchant, waiting[0])
    assert [row["id"] for row in (await merchant.get("/v1/deliveries?waiting=true")).data] == waiting[1:]
    first = (await merchant.get("/v1/deliveries?verdict=parked&limit=1")).meta["cursor"]
    for path in (
        f"?cursor={first}",
        f"?verdict=accepted&cursor={first}",
        "?verdict=none",
        "?waiting=1",
        "?cursor=cur_x",
    ):
        assert complaints(await merchant.get("/v1/deliveries" + path)) == [], path


async def test_bodies_are_shown_only_where_they_are_asked_for_and_to_whom_may_see_them(
    api: Api, settings: Settings
) -> None:
    await provider_payout(api)
    payout = {"id": "po_1", "amount": 400, "currency": "IDR", "bankAccountNumber": SENSITIVE}
    body = docs_generation("paid", payout, event_id="evt_1", workspace="ws_acc_1", at=AT)
    delivery_id, _ = await arrive(api.ledger, settings, body)
    operator = await api.caller("acc_1", scopes=["operator"])
    both = await api.caller("acc_1", scopes=["operator", "payout:read"])
    for caller, path in ((operator, ""), (both, ""), (both, f"/{delivery_id}"), (operator, f"/{delivery_id}")):
        assert SENSITIVE.encode() not in (await caller.get(f"/v1/deliveries{path}")).raw
    assert (await operator.get(f"/v1/deliveries/{delivery_id}?body=true")).status == 403
    shown = (await both.get(f"/v1/deliveries/{delivery_id}?body=true")).data
    assert (shown["body"], shown["bodyEncoding"]) == (body.decode(), "utf-8")
    binary = await park(api.ledger, "acc_1")
    assert (await both.get(f"/v1/deliveries/{binary}?body=true")).data["body"] == "\x00 no JSON"


async def test_what_was_erased_cannot_be_replayed_but_dismissed(api: Api, settings: Settings) -> None:
    await provider_payout(api)
    delivery_id, _ = await arrive(api.ledger, settings, paid(), received_at="")
    owner = await as_owner(settings)
    await owner.execute("DELETE FROM account_keys WHERE account_id = 'acc_1'")
    await owner.close()
    platform = await api.caller()
    answer = await replay(platform, delivery_id)
    assert (answer.status, answer.error["code"]) == (410, "ERASED")
    assert await waiting_count(api) == 1
    assert (await dismiss(platform, delivery_id, "erased meanwhile")).status == 200


async def test_a_dismissal_needs_a_reason(api: Api, settings: Settings) -> None:
    merchant, _ = await provider_payout(api)
    delivery_id, _ = await arrive(api.ledger, settings, paid(), received_at="")
    assert delivery_id == await newest(api.ledger)
    before = await read_tables(settings)
    for body in ({}, {"reason": ""}, {"reason": 5}, {"reason": "x" * 501}, {"reason": "\0"}):
        answer = await merchant.post(f"/v1/deliveries/{delivery_id}/dismiss", body)
        assert complaints(answer, field="reason") == [], body
    answer = await merchant.post(f"/v1/deliveries/{delivery_id}/dismiss", {"reason": "x", "more": 1})
    assert complaints(answer, field="more") == []
    answer = await merchant.post(f"/v1/deliveries/{delivery_id}/replay", {"at": "now"})
    assert complaints(answer, field="at") == []
    for wrong in ("x", "00000000-0000-0000-0000-000000000000", delivery_id[:-1]):
        assert complaints(await replay(merchant, wrong), status=404) == []
    assert await read_tables(settings) == before
