"""The control over HTTP: what a demo, a person with curl or another process does with a simulated Plugipay."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from simulator.provider.lifespan import Simulated
from tests.simulator.provider.plugipay import WEBHOOK_SECRET, create, plugipay, receiving, request, workspace


async def control(simulated: Simulated, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{simulated.url}/simulator{path}", json=body) as response,
    ):
        document = await response.json()
        return response.status, document["data"] if response.status == 200 else document["error"]


async def test_a_payouts_whole_lifecycle_over_http() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver)) as simulated:
        payout = await create(simulated, note="hello")
        status, state = await control(simulated, "GET")
        assert (status, state["payouts"], state["timeScale"]) == (200, {"pending": 1}, 1)
        assert state["workspaces"][0]["endpoint"] == {"url": receiver.url, "generation": "b"}
        assert WEBHOOK_SECRET not in str(state)

        await control(simulated, "PATCH", "/faults", {"duplicate": 0.25, "return": {"rate": 1, "times": 1}})
        _, state = await control(simulated, "POST", "/advance", {"hours": 1})
        assert (state["payouts"], state["seconds"]) == ({"paid": 1}, 3600)
        assert list(state["faults"]) == ["duplicate"]
        _, found = await control(simulated, "GET", "/disbursements?note=hello")
        assert [(one["payoutId"], one["amount"], one["returnedAt"]) for one in found] == [(payout["id"], 250_000, None)]
        assert (await control(simulated, "GET", "/disbursements?note=other"))[1] == []
        assert (await control(simulated, "DELETE", "/faults"))[1] == {}
        _, state = await control(simulated, "POST", "/settle")
        assert (state["payouts"], state["paidTwice"]) == ({"failed": 1}, [])

        _, scheduled = await control(simulated, "POST", "/payouts", {"workspace": "acc_simulated", "amount": 5})
        moved = await control(simulated, "POST", f"/payouts/{scheduled['id']}/move", {"status": "paid"})
        assert (moved[0], moved[1]["status"]) == (200, "paid")
        _, found = await control(simulated, "GET", "/payouts?status=paid")
        assert [(one["id"], one["requested"]) for one in found] == [(scheduled["id"], False)]

        await control(simulated, "POST", "/settle")
        _, found = await control(simulated, "GET", f"/deliveries?payoutId={scheduled['id']}")
        assert [one["type"].split(".")[2] for one in found] == ["created", "paid"]
        assert {one["status"] for one in found} == {"succeeded"}
        before = len(receiver.got)
        await control(simulated, "POST", f"/deliveries/{found[0]['id']}/resend")
        await control(simulated, "POST", "/settle")
        assert (len(receiver.got), receiver.got[-1].kind) == (before + 1, "created")


async def test_a_reset_returns_to_the_initial_state() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver), faults={"error_done": 1}) as simulated:
        assert (await request(simulated, "POST", "/api/v1/payouts", {"amount": 0}))[0] >= 500
        await control(simulated, "DELETE", "/faults")
        await create(simulated)
        await control(simulated, "POST", "/drop-webhooks", {"hours": 100})
        _, state = await control(simulated, "POST", "/reset")
        assert (state["payouts"], state["deliveries"], state["events"], state["faults"]) == ({}, {}, 0, {})
        assert state["workspaces"][0]["balances"][0]["available"] == 1_000_000
        await create(simulated)
        await control(simulated, "POST", "/settle")
        assert receiver.kinds[-3:] == ["created", "in_transit", "paid"]


async def test_a_workspace_is_opened_with_its_own_key_and_endpoint() -> None:
    async with receiving() as receiver, plugipay() as simulated:
        endpoint = {"url": receiver.url, "secret": WEBHOOK_SECRET, "generation": "a"}
        body = {"keyId": "ak_2", "secret": "sk_2", "balances": {"USD": 100}, "endpoint": endpoint}
        assert (await control(simulated, "PUT", "/workspaces/acc_2", body))[0] == 200
        _, document = await request(simulated, "GET", "/api/v1/payouts/balance", key_id="ak_2", secret="sk_2")
        assert document["data"] == {"ledgerBalance": 100, "locked": 0, "available": 100, "currency": "USD"}
        scheduled = {"workspace": "acc_2", "amount": 40, "currency": "USD"}
        assert (await control(simulated, "POST", "/payouts", scheduled))[0] == 200
        await control(simulated, "POST", "/settle")
        assert [one.document["type"] for one in receiver.got] == ["payout.initiated", "payout.paid"]
        assert {one.document["workspaceId"] for one in receiver.got} == {"acc_2"}
        await control(simulated, "DELETE", "/workspaces/acc_2/endpoint")
        await control(simulated, "POST", "/payouts", scheduled)
        await control(simulated, "POST", "/settle")
        assert len(receiver.got) == 2
        await control(simulated, "PUT", "/workspaces/acc_2/endpoint", endpoint)
        await control(simulated, "POST", "/payouts", {**scheduled, "amount": 20})
        await control(simulated, "POST", "/settle")
        assert len(receiver.got) == 4


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/faults", {"silence": 1}, 400),
        ("PATCH", "/faults", {"silent": 2}, 400),
        ("PATCH", "/faults", {"silent": "often"}, 400),
        ("PATCH", "/faults", {"drop": {"rate": 1, "on": ["create"]}}, 400),
        ("PATCH", "/faults", {"silent": {"rate": 1, "on": ["everything"]}}, 400),
        ("PATCH", "/faults", {"silent": {"rate": 1, "times": 0}}, 400),
        ("PATCH", "/faults", [], 400),
        ("POST", "/advance", {"hours": -1}, 400),
        ("POST", "/advance", {"days": 1}, 400),
        ("POST", "/payouts", {"workspace": "acc_simulated", "amount": 1.5}, 400),
        ("POST", "/payouts", {"workspace": "acc_simulated", "amount": 5, "currency": "EUR"}, 400),
        ("POST", "/payouts", {"workspace": "acc_simulated", "amount": 1_000_001}, 409),
        ("POST", "/payouts", {"workspace": "acc_stranger", "amount": 5}, 404),
        ("POST", "/payouts/po_unknown/move", {"status": "paid"}, 404),
        ("POST", "/payouts/po_unknown/move", {"status": "done"}, 400),
        ("POST", "/deliveries/whd_unknown/resend", None, 404),
        ("PUT", "/workspaces/acc_2", {"keyId": "ak_2"}, 400),
        ("PUT", "/workspaces/acc_2/endpoint", {"url": "http://127.0.0.1:1/", "secret": "s"}, 404),
    ],
)
async def test_an_invalid_request_is_refused_with_a_reason(method: str, path: str, body: Any, status: int) -> None:
    async with plugipay() as simulated:
        found, error = await control(simulated, method, path, body)
        assert (found, bool(error["message"])) == (status, True)
        assert simulated.control.faults() == {}
