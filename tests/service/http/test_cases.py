"""Cases over HTTP: listed, shown with both facts side by side, and closed with an actor and a reason."""

from __future__ import annotations

from typing import Any

import pytest

from service.platform.settings import Settings
from tests.support.api import Answer, Api, Caller, serving
from tests.support.arrivals import arrive, open_case, paid, provider_payout
from tests.support.refusals import complaints
from tests.support.tables import read_tables

INSTANT = "2026-05-12T00:00:00.000000Z"


async def by_hand(api: Api, account: str = "acc_1") -> tuple[Caller, str, str]:
    """A manual payout of which the provider speaks: the merchant, the payout and the case."""
    merchant = await api.merchant(account, available=1000)
    payout_id = str((await merchant.post("/v1/payouts", {"amount": 7, "currency": "IDR"})).data["id"])
    return merchant, payout_id, await open_case(api.ledger, account, payout_id, f"evt_{account}")


async def close(caller: Caller, case_id: str, **body: Any) -> Answer:
    return await caller.post(f"/v1/cases/{case_id}/close", {"reason": "the bank has one", **body})


async def ids(caller: Caller, query: str = "", **headers: str) -> list[str]:
    answer = await caller.get(f"/v1/cases{query}", **headers)
    assert answer.status == 200, answer.raw
    return [case["id"] for case in answer.data]


async def test_a_case_shows_what_was_known_what_was_said_and_what_was_not_applied(api: Api, settings: Settings) -> None:
    merchant, payout_id = await provider_payout(api)
    await arrive(api.ledger, settings, paid(amount=399))
    [case] = (await merchant.get("/v1/cases")).data
    assert (case["kind"], case["status"], case["payoutId"]) == ("amount_differs", "open", payout_id)
    assert (case["accountId"], case["providerPayoutId"]) == ("acc_1", "po_1")
    assert "400 IDR" in case["known"]
    assert "399 IDR" in case["said"]
    assert "evt_1" in case["said"]
    assert (case["amount"], case["currency"], case["mayBeApplied"]) == (399, "IDR", True)
    assert case["statements"] == [{"says": "paid", "at": INSTANT, "reference": "TRX-9"}]
    assert (case["closedAt"], case["reason"], case["closedBy"]) == (None, None, None)
    assert (await merchant.get(f"/v1/cases/{case['id']}")).data == case
    shown = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (shown["status"], shown["cases"]) == ("pending", ["amount_differs"])


async def test_closing_says_who_and_why_and_changes_nothing_else(api: Api) -> None:
    merchant, payout_id, case_id = await by_hand(api)
    balance = (await merchant.get("/v1/payouts/balance")).data
    operator = await api.caller("acc_1", scopes=["operator"])
    answer = await close(operator, case_id)
    assert answer.status == 200, answer.raw
    assert (answer.data["status"], answer.data["reason"]) == ("closed", "the bank has one")
    assert answer.data["closedBy"] == f"key:{operator.key.key_id}"
    assert (await merchant.get(f"/v1/cases/{case_id}")).data == answer.data
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["cases"] == []
    after = (await merchant.get("/v1/payouts/balance")).data
    assert {**after, "position": 0} == {**balance, "position": 0}
    event = (await merchant.get(f"/v1/events?after={answer.meta['position'] - 1}")).data[0]["event"]
    assert (event["type"], event["actor"]) == ("case.closed", {"kind": "key", "id": operator.key.key_id})
    again = await close(operator, case_id)
    assert complaints(again, status=409) == []
    assert again.error["code"] == "INVALID_TRANSITION"


async def test_apply_takes_the_provider_at_its_word(api: Api, settings: Settings) -> None:
    merchant, payout_id = await provider_payout(api)
    await arrive(api.ledger, settings, paid(amount=399))
    [case_id] = await ids(merchant)
    answer = await close(merchant, case_id, apply=True)
    assert (answer.status, answer.data["status"], answer.data["mayBeApplied"]) == (200, "closed", False)
    shown = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (shown["status"], shown["amount"], shown["reference"]) == ("paid", 399, "TRX-9")
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["reserved"], balance["paidOut"]) == (601, 0, 399)


async def test_where_nothing_can_be_applied_nothing_is_closed(api: Api) -> None:
    merchant, _, case_id = await by_hand(api)
    assert (await merchant.get(f"/v1/cases/{case_id}")).data["mayBeApplied"] is False
    answer = await close(merchant, case_id, apply=True)
    assert complaints(answer, status=409) == []
    assert await ids(merchant, "?status=open") == [case_id]


async def test_the_same_key_gives_the_first_answer_again(api: Api, settings: Settings) -> None:
    merchant, _, case_id = await by_hand(api)
    path, key = f"/v1/cases/{case_id}/close", {"Idempotency-Key": "k-1"}
    first = await merchant.call("POST", path, {"reason": "a", "apply": False}, headers=key)
    before = await read_tables(settings)
    again = await merchant.call("POST", path, {"apply": False, "reason": "a"}, headers=key)
    assert (again.status, again.raw, again.headers["Idempotency-Replayed"]) == (200, first.raw, "true")
    other = await merchant.call("POST", path, {"reason": "b"}, headers=key)
    assert (other.status, other.error["code"]) == (409, "IDEMPOTENCY_MISMATCH")
    assert await read_tables(settings) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": 1}, "reason"),
        ({"reason": "x", "apply": "perhaps"}, "apply"),
        ({"reason": "x", "accountId": "acc_2"}, "accountId"),
    ],
)
async def test_a_closing_that_says_too_little_or_too_much_is_refused(
    api: Api, settings: Settings, body: dict[str, Any], field: str
) -> None:
    merchant, _, case_id = await by_hand(api)
    before = await read_tables(settings)
    assert complaints(await merchant.post(f"/v1/cases/{case_id}/close", body), field=field) == []
    assert await read_tables(settings) == before


async def test_who_sees_which_cases(api: Api) -> None:
    one, _, case_1 = await by_hand(api, "acc_1")
    two, _, case_2 = await by_hand(api, "acc_2")
    assert (await ids(one), await ids(two)) == ([case_1], [case_2])
    for scope in ("operator", "audit"):
        platform = await api.caller(scopes=[scope])
        assert await ids(platform) == [case_2, case_1], "newest first"
        assert await ids(platform, "?accountId=acc_1") == [case_1]
        assert (await platform.get(f"/v1/cases/{case_2}")).data["id"] == case_2
        assert complaints(await platform.get("/v1/cases?accountId=acc_3"), status=404) == []
    reader = await api.caller(scopes=["payout:read"])
    refused = await reader.get("/v1/cases")
    assert (refused.status, refused.error["details"]) == (403, {"scopes": ["operator", "audit"]})
    assert (await reader.get(f"/v1/cases/{case_1}")).status == 403
    assert (await reader.get("/v1/cases?accountId=acc_1")).status == 403
    assert await ids(reader, **{"X-Storlaunch-On-Behalf-Of": "acc_1"}) == [case_1]
    for answer in (
        await one.get(f"/v1/cases/{case_2}"),
        await close(one, case_2),
        await one.get("/v1/cases?accountId=acc_2"),
        await (await api.caller(mode="test")).get(f"/v1/cases/{case_1}"),
        await one.get("/v1/cases/case_00000000000000000000000000"),
    ):
        assert complaints(answer, status=404) == []
    assert await ids(await api.caller(mode="test")) == []
    assert await ids(one, "?accountId=acc_1") == [case_1]


async def test_lists_are_filtered(api: Api, settings: Settings) -> None:
    merchant, _ = await provider_payout(api)
    await arrive(api.ledger, settings, paid(amount=399))
    [differs] = await ids(merchant)
    for number in (2, 3):
        # Nobody knows them, and no amount is named: they cannot be adopted.
        body = paid(f"evt_{number}", provider_id=f"po_{number}").replace(b'"amount": 400, ', b"")
        assert b"amount" not in body
        await arrive(api.ledger, settings, body)
    third, second, first = await ids(merchant)
    assert first == differs
    assert await ids(merchant, "?kind=unrequested") == [third, second]
    assert await ids(merchant, "?kind=amount_differs") == [first]
    await close(merchant, second)
    assert await ids(merchant, "?status=open") == [third, first]
    assert await ids(merchant, "?status=closed") == [second]
    assert await ids(merchant, "?status=open&kind=unrequested") == [third]
    assert await ids(merchant, "?kind=submission_unknown") == []
    for wrong in ("?status=shut", "?kind=strange", "?limit=0", "?limit=101"):
        assert complaints(await merchant.get("/v1/cases" + wrong)) == [], wrong


@pytest.mark.parametrize("lanes", [1, 4])
async def test_pages_go_on_where_they_ended_across_lanes_and_nothing_moves_them(settings: Settings, lanes: int) -> None:
    async with serving(settings.model_copy(update={"lanes": lanes})) as api:
        expected = []
        for number in range(9):
            _, _, case_id = await by_hand(api, f"acc_{number}")
            expected.append(case_id)
        expected.reverse()
        platform = await api.caller()
        assert len({case["lane"] for case in (await platform.get("/v1/cases")).data}) == lanes
        seen: list[str] = []
        cursor = None
        while True:
            answer = await platform.get(f"/v1/cases?status=open&limit=2{'&cursor=' + cursor if cursor else ''}")
            seen += [case["id"] for case in answer.data]
            cursor = answer.meta["cursor"]
            assert answer.meta["page"] == {"limit": 2, "hasMore": cursor is not None, "nextCursor": cursor}
            if cursor is None:
                break
            await by_hand(api, f"acc_more_{len(seen)}")
            await close(platform, seen[-1])
        assert seen == expected
        first = (await platform.get("/v1/cases?limit=1")).meta["cursor"]
        for path in (
            f"?status=open&cursor={first}",
            f"?kind=unrequested&cursor={first}",
            "?cursor=x",
            "?cursor=cur_e30",
        ):
            assert complaints(await platform.get("/v1/cases" + path)) == [], path
        bound = await api.caller("acc_1")
        assert complaints(await bound.get(f"/v1/cases?cursor={first}")) == []
        assert complaints(await (await api.caller(mode="test")).get(f"/v1/cases?cursor={first}")) == []


async def test_a_case_of_nobody_is_the_live_platforms_and_is_closed_on_the_lanes_own_stream(settings: Settings) -> None:
    believed = settings.model_copy(update={"plugipay_webhook_secret": "whsec_test_1234567890", "lanes": 3})
    believed = Settings.model_validate(believed.model_dump())
    async with serving(believed) as api:
        await api.merchant()
        verdicts = [
            (await arrive(api.ledger, believed, paid(f"evt_{n}", workspace=f"ws_{n}", provider_id=f"po_{n}")))[1]
            for n in range(6)
        ]
        assert verdicts == ["accepted"] * 6
        platform = await api.caller()
        cases = (await platform.get("/v1/cases")).data
        assert [case["accountId"] for case in cases] == [None] * 6
        assert len({case["lane"] for case in cases}) > 1
        assert {(case["kind"], case["mayBeApplied"]) for case in cases} == {("unrequested", False)}
        assert await ids(await api.caller(mode="test")) == []
        assert await ids(await api.caller("acc_1")) == []
        for case in cases:
            refused = await close(platform, case["id"], apply=True)
            assert complaints(refused, status=409) == []
            answer = await close(platform, case["id"])
            assert (answer.status, answer.data["status"], answer.data["lane"]) == (200, "closed", case["lane"])
            assert (await platform.get(f"/v1/cases/{case['id']}")).data["closedBy"] == f"key:{platform.key.key_id}"
        payouts = await api.ledger.pool.fetchval("SELECT count(*) FROM payouts")
        assert payouts == 0, "a payout was adopted by nobody"


async def test_the_payout_shows_its_submission_and_that_the_provider_was_asked_to_cancel(api: Api) -> None:
    merchant = await api.merchant(available=1000, backend="plugipay")
    payout_id = (await merchant.post("/v1/payouts", {"amount": 400, "currency": "IDR"})).data["id"]
    shown = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert (shown["submission"], shown["cancelRequestedAt"], shown["cases"]) == (None, None, [])
    await merchant.accepted(type="linkProviderPayout", payoutId=payout_id, providerPayoutId="po_1")
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data["submission"] == "accepted"
    answer = await merchant.post(f"/v1/payouts/{payout_id}/cancel")
    assert (answer.status, answer.data["status"]) == (200, "pending"), answer.raw
    assert answer.data["cancelRequestedAt"] is not None
    assert answer.data["cancelledAt"] is None
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["reserved"]) == (600, 400), "the money came back before the provider's yes"
