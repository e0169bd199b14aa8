"""Authentication, idempotency keys, and lists."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from tests.simulator.provider.plugipay import (
    BANK,
    PAYOUT_REQUEST,
    create,
    plugipay,
    request,
    signed,
    with_sdk,
    workspace,
)

LIST = "/api/v1/payouts?status=pending&limit=2"


async def code_of(status: int, document: Any) -> tuple[int, str]:
    assert document["data"] is None
    assert document["meta"]["requestId"].startswith("req_")
    return status, document["error"]["code"]


async def test_a_request_is_accepted_by_its_signature_over_the_path_with_its_query() -> None:
    async with plugipay(moves=False) as simulated:
        for path in (LIST, LIST.removeprefix("/api"), "/v1/payouts?since=2026-01-01T00%3A00%3A00Z"):
            status, document = await request(simulated, "GET", path)
            assert (status, document["data"]) == (200, [])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"secret": "sk_other"}, "INVALID_SIGNATURE"),
        ({"key_id": "ak_other"}, "INVALID_KEY"),
        ({"moment": ""}, "INVALID_TIMESTAMP"),
        ({"moment": "now"}, "INVALID_TIMESTAMP"),
        ({"headers": {"Authorization": "Bearer sk_test_simulator"}}, "INVALID_SIGNATURE"),
        (
            {"headers": {"Authorization": "Plugipay-HMAC-SHA256 keyId=ak_test_simulator, scope=*"}},
            "INVALID_SIGNATURE",
        ),
        ({"headers": {"Idempotency-Key": "k-not-signed"}}, "INVALID_SIGNATURE"),
    ],
)
async def test_a_request_that_is_not_signed_as_documented_is_refused(wrong: dict[str, Any], code: str) -> None:
    async with plugipay(moves=False) as simulated:
        assert await code_of(*await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, **wrong)) == (
            401,
            code,
        )
        assert simulated.control.payouts() == []


async def test_a_signature_is_for_one_method_one_path_and_one_body() -> None:
    async with plugipay(moves=False) as simulated:
        path, body = "/api/v1/payouts", b'{"amount":1}'
        for sent_path, sent_body, method in (
            (path, b'{"amount":2}', "POST"),
            (path + "?limit=1", body, "POST"),
            (path, body, "PATCH"),
        ):
            headers = signed("POST", path, body)
            async with (
                aiohttp.ClientSession() as session,
                session.request(method, simulated.url + sent_path, data=sent_body, headers=headers) as answer,
            ):
                assert await code_of(answer.status, await answer.json()) == (401, "INVALID_SIGNATURE")


@pytest.mark.parametrize(("off", "status"), [(-302, 401), (302, 401), (-290, 200), (290, 200)])
async def test_a_timestamp_may_be_five_minutes_off_in_either_direction(off: int, status: int) -> None:
    async with plugipay(moves=False) as simulated:
        found, document = await request(simulated, "GET", LIST, moment=str(int(time.time()) + off))
        assert found == status
        if status == 401:
            assert document["error"]["code"] == "timestamp_skew"


async def test_a_key_gives_its_first_response_again_and_the_payout_is_made_once() -> None:
    async with plugipay() as simulated:
        first = await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="payout-1-attempt-1")
        assert first[0] == 201
        await simulated.control.settle()
        # The stored answer, not the payout as it is by now.
        assert await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="payout-1-attempt-1") == first
        assert [payout.status for payout in simulated.control.payouts()] == ["paid"]
        assert len(simulated.control.disbursements()) == 1
        other = await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="payout-1-attempt-2")
        assert other[1]["data"]["id"] != first[1]["data"]["id"]


async def test_a_key_of_another_request_is_refused() -> None:
    async with plugipay(moves=False) as simulated:
        await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k")
        changed = {**PAYOUT_REQUEST, "amount": 250_001}
        answer = await request(simulated, "POST", "/api/v1/payouts", changed, key="k")
        assert await code_of(*answer) == (409, "idempotency_mismatch")
        assert len(simulated.control.payouts()) == 1


async def test_a_key_is_forgotten_after_its_day_and_then_makes_a_second_payout() -> None:
    async with plugipay(moves=False, idempotency_hours=0) as simulated:
        for _ in range(2):
            assert (await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k"))[0] == 201
        assert len(simulated.control.payouts()) == 2
    async with plugipay(moves=False) as simulated:
        for _ in range(2):
            assert (await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k"))[0] == 201
            simulated.control.forget_idempotency_keys()
        assert len(simulated.control.payouts()) == 2


async def test_skipped_time_does_not_forget_keys_since_callers_count_real_hours() -> None:
    async with plugipay(moves=False) as simulated:
        first = await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k")
        await simulated.control.advance(hours=100)
        assert await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k") == first


async def test_a_key_belongs_to_its_workspace() -> None:
    other = workspace(id="acc_2", key_id="ak_2")
    async with plugipay(workspace(platform=True), other, moves=False) as simulated:
        for headers in ({}, {"X-Plugipay-On-Behalf-Of": "acc_2"}):
            assert (await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k", headers=headers))[
                0
            ] == 201
        assert [payout.account_id for payout in simulated.control.payouts()] == ["acc_simulated", "acc_2"]


async def test_a_workspace_sees_and_moves_its_own_payouts_alone() -> None:
    other = workspace(id="acc_2", key_id="ak_2", secret="sk_2")
    async with plugipay(workspace(), other, moves=False) as simulated:
        payout = await create(simulated)
        for method, path in (
            ("GET", f"/api/v1/payouts/{payout['id']}"),
            ("POST", f"/api/v1/payouts/{payout['id']}/cancel"),
            ("GET", f"/api/v1/events/{simulated.control.events()[0].id}"),
        ):
            answer = await request(simulated, method, path, key_id="ak_2", secret="sk_2")
            assert await code_of(*answer) == (404, "not_found")
        for path in ("/api/v1/payouts", "/api/v1/events"):
            _, document = await request(simulated, "GET", path, key_id="ak_2", secret="sk_2")
            assert document["data"] == []
        assert simulated.control.payout(payout["id"]).status == "pending"


async def test_one_key_at_the_same_time_makes_one_payout() -> None:
    async with plugipay(moves=False, faults={"slow": 1}, slow_seconds=0.05) as simulated:
        answers = await asyncio.gather(
            *(request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k") for _ in range(5))
        )
        assert len({document["data"]["id"] for _, document in answers}) == 1
        assert len(simulated.control.payouts()) == 1


async def test_a_list_has_its_cursor_in_both_places_and_the_cursor_contains_the_filter() -> None:
    async with plugipay(moves=False) as simulated:
        ids = [(await create(simulated, amount=1))["id"] for _ in range(4)]
        await with_sdk(simulated, lambda c: c.payouts.cancel(ids[0]))
        path = "/api/v1/payouts"
        _, first = await request(simulated, "GET", f"{path}?limit=2&order=asc&status=pending")
        meta = first["meta"]
        assert [one["id"] for one in first["data"]] == ids[1:3]
        assert meta["page"] == {"limit": 2, "hasMore": True, "nextCursor": meta["cursor"]}
        assert meta["hasMore"] is True
        # A payout that is made meanwhile does not move the place.
        ids.append((await create(simulated, amount=1))["id"])
        _, second = await request(simulated, "GET", f"{path}?limit=2&cursor={meta['cursor']}")
        assert [one["id"] for one in second["data"]] == ids[3:5]
        assert second["meta"]["page"] == {"limit": 2, "hasMore": False, "nextCursor": None}
        for query in (
            f"cursor={meta['cursor']}&status=paid",
            f"cursor={meta['cursor']}&direction=desc",
            "cursor=cur_AAAA",
            "cursor=x",
            "limit=0",
            "limit=101",
            "status=done",
            "order=up",
            "since=yesterday",
        ):
            assert await code_of(*await request(simulated, "GET", f"{path}?{query}")) == (400, "VALIDATION_ERROR")


async def test_a_list_is_filtered_by_the_time_of_creation() -> None:
    async with plugipay(moves=False) as simulated:
        first = await create(simulated, amount=1)
        _, none = await request(simulated, "GET", f"/v1/payouts?until={first['createdAt']}")
        _, one = await request(simulated, "GET", f"/v1/payouts?since={first['createdAt']}")
        assert (none["data"], [payout["id"] for payout in one["data"]]) == ([], [first["id"]])


async def test_an_unknown_path_answers_in_the_envelope() -> None:
    async with plugipay() as simulated:
        assert await code_of(*await request(simulated, "GET", "/api/v1/invoices")) == (404, "not_found")


async def test_a_payout_takes_missing_fields_from_the_configured_account() -> None:
    async with plugipay(moves=False) as simulated:
        assert (await request(simulated, "PATCH", "/api/v1/payouts/bank-account", BANK))[0] == 200
        body = {"amount": 5, "currency": "IDR", "bankAccountNumber": "42"}
        _, document = await request(simulated, "POST", "/api/v1/payouts", body)
        assert {name: document["data"][name] for name in BANK} == {**BANK, "bankAccountNumber": "42"}
        _, document = await request(simulated, "GET", "/api/v1/payouts/bank-account")
        assert document["data"] == {**BANK, "configured": True}
        missing = {name: given for name, given in BANK.items() if name != "bankAccountHolder"}
        answer = await request(simulated, "PATCH", "/api/v1/payouts/bank-account", missing)
        assert await code_of(*answer) == (400, "VALIDATION_ERROR")
