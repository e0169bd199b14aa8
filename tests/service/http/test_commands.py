"""The internal commands API: one command or a thousand, each for itself or all or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from events.payouts.submissions import given_up, start
from events.provider.reports import CaseKind, case_id
from service.ledger.lifespan import running_ledger
from service.platform.settings import Settings, WrongSettings
from service.plugipay.outbound.follow_up import follow_up
from tests.events.wire import BODIES
from tests.support.api import Answer, Api, Caller, serving
from tests.support.refusals import complaints
from tests.support.tables import read_tables

MONEY = {"currency": "IDR"}


def revenue(number: int, amount: int = 10, **more: Any) -> dict[str, Any]:
    return {"type": "recordRevenue", "amount": amount, "reference": f"o-{number}", **MONEY, **more}


def settle(number: int, amount: int = 10, **more: Any) -> dict[str, Any]:
    return {"type": "settleRevenue", "amount": amount, "reference": f"o-{number}", **MONEY, **more}


async def bulk(caller: Caller, *commands: dict[str, Any], query: str = "", **more: Any) -> Answer:
    answer = await caller.post(f"/v1/commands{query}", {"commands": list(commands), **more})
    assert answer.status == 200, answer.raw
    return answer


def outcomes(answer: Answer) -> list[str]:
    """Each result in order: `accepted`, or the code of its refusal."""
    return [r["status"] if r["status"] == "accepted" else r["error"]["code"] for r in answer.data["results"]]


async def give_up(api: Api, payout_id: str) -> str:
    """A payout that was submitted and never answered; the case that this opens."""
    await follow_up(api.ledger, 1, "acc_1", payout_id, lambda _, payout: start(payout_id, payout))
    await follow_up(api.ledger, 1, "acc_1", payout_id, lambda _, payout: given_up("acc_1", payout_id, payout, "no"))
    return case_id("acc_1", CaseKind.SUBMISSION_UNKNOWN, payout_id)


async def test_every_command_goes_through_the_wire(api: Api) -> None:
    merchant = await api.caller("acc_1")
    ids: dict[str, str] = {}

    async def take(kind: str, **changes: Any) -> dict[str, Any]:
        result = await merchant.accepted(type=kind, **{**BODIES[kind], **changes})
        assert set(result) - {"id"} == {"status", "accountId", "version", "position", "lane"}
        assert (result["accountId"], result["lane"]) == ("acc_1", 1)
        taken.append(kind)
        return result

    taken: list[str] = []
    await take("openAccount")
    await take("setBackend")
    await take("setBankAccount")
    await take("recordRevenue", amount=10_000)
    await take("settleRevenue", amount=8000)
    await take("recordRefund", amount=100)
    await take("chargeFee", amount=100)
    await take("adjust", amount=-100)
    ids["reserve"] = (await take("holdReserve"))["id"]
    await take("releaseReserve", reserveId=ids["reserve"])
    for name in ("cancelled", "paid", "failed"):
        ids[name] = (await take("requestPayout"))["id"]
    await take("cancelPayout", payoutId=ids["cancelled"])
    await take("markInTransit", payoutId=ids["paid"])
    await take("markPaid", payoutId=ids["paid"])
    await take("markFailed", payoutId=ids["failed"])
    await take("recordBankReturn", payoutId=ids["paid"])
    await api.give_workspace("acc_1", BODIES["setProvider"]["workspaceId"])
    await take("setProvider")
    secret = (await take("addWebhookSecret"))["id"]
    await take("retireWebhookSecret", secretId=secret)
    await take("setBackend", backend="plugipay")
    linked = (await take("requestPayout"))["id"]
    await take("linkProviderPayout", payoutId=linked)
    silent = (await take("requestPayout"))["id"]
    case = await give_up(api, silent)
    await take("resubmitPayout", payoutId=silent)
    await follow_up(api.ledger, 1, "acc_1", silent, lambda _, payout: given_up("acc_1", silent, payout, "again"))
    await take("closeCase", caseId=case, apply=False)
    await take("setChannel")
    await take("setStatementCycle")
    await take("setPayoutPolicy", minimum=1)
    await take("openDispute")
    await take("resolveDispute")
    await take("setTolerance")
    await take("setSettlementTerms", dueAfterDays=None)
    table = b"date,amount,description\n2026-05-13,10.00,interest\n"
    assert (await merchant.call("POST", "/v1/bank-statements?bankAccount=1&currency=IDR", raw=table)).status == 200
    entry = str(await api.ledger.pool.fetchval("SELECT entry_id FROM bank_entries"))
    match = await take("makeMatch", entryId=entry, targets=[{"kind": "other", "id": "interest", "amount": 700}])
    await take("unmakeMatch", matchId=match["id"])
    pending = (await take("requestPayout"))["id"]
    for kind in sorted(BODIES.keys() - {*taken, "freezeAccount", "unfreezeAccount", "closeAccount"}):
        # A command that this test does not name is one about a payout that has just been requested.
        await take(kind, **{"payoutId": pending} if "payoutId" in BODIES[kind] else {})
    await take("freezeAccount")
    frozen = await merchant.command(type="requestPayout", **BODIES["requestPayout"])
    assert frozen["error"]["code"] == "ACCOUNT_FROZEN"
    await take("unfreezeAccount")
    empty = await api.caller("acc_2")
    await empty.accepted(type="openAccount", **BODIES["openAccount"])
    await empty.accepted(type="closeAccount", **BODIES["closeAccount"])
    closed = await empty.command(type="recordRevenue", **BODIES["recordRevenue"])
    assert closed["error"]["code"] == "ACCOUNT_CLOSED"
    assert (await empty.get("/v1/accounts/acc_2")).data["status"] == "closed"
    assert {*taken, "closeAccount"} == set(BODIES)


async def test_each_for_itself_gives_a_result_for_each_in_order(api: Api) -> None:
    merchant = await api.merchant()
    answer = await bulk(merchant, settle(1), revenue(1), settle(1), settle(1, 1), revenue(2, 5))
    assert outcomes(answer) == ["INSUFFICIENT_BALANCE", "accepted", "accepted", "INSUFFICIENT_BALANCE", "accepted"]
    positions = [r["position"] for r in answer.data["results"] if r["status"] == "accepted"]
    assert positions == list(range(positions[0], positions[0] + 3)), "each decided on what the one before it left"
    assert positions[-1] == await api.position()
    refused = answer.data["results"][0]["error"]
    assert (refused["field"], bool(refused["message"])) == ("amount", True)
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["pending"]) == (10, 5)


async def test_atomic_means_all_of_them(api: Api) -> None:
    merchant = await api.merchant()
    payout = {"type": "requestPayout", "amount": 10, **MONEY}
    answer = await bulk(merchant, revenue(1), settle(1), payout, atomic=True)
    assert outcomes(answer) == ["accepted"] * 3
    assert (await merchant.get("/v1/payouts")).data[0]["id"] == answer.data["results"][2]["id"]


async def test_atomic_means_none_where_one_is_refused(api: Api, settings: Settings) -> None:
    merchant = await api.merchant()
    before = await read_tables(settings)
    keyed = [revenue(1, idempotencyKey="k-1"), settle(1, 11, idempotencyKey="k-2"), revenue(2, idempotencyKey="k-3")]
    answer = await bulk(merchant, *keyed, atomic=True)
    assert outcomes(answer) == ["ABORTED", "INSUFFICIENT_BALANCE", "ABORTED"]
    assert "commands[1]" in answer.data["results"][0]["error"]["message"]
    assert await read_tables(settings) == before
    keyed[1]["amount"] = 10
    assert outcomes(await bulk(merchant, *keyed, atomic=True)) == ["accepted"] * 3, "no key was used up"


async def test_an_atomic_request_that_opens_an_account_takes_that_back_too(api: Api, settings: Settings) -> None:
    platform = await api.caller()
    before = await read_tables(settings)
    opening = {"type": "openAccount", "accountId": "acc_new", **MONEY}
    failing = revenue(1, accountId="acc_other")
    assert outcomes(await bulk(platform, opening, failing, atomic=True)) == ["ABORTED", "NOT_FOUND"]
    assert await read_tables(settings) == before
    good = revenue(1, accountId="acc_new")
    assert outcomes(await bulk(platform, opening, good, atomic=True)) == ["accepted"] * 2


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_dry_run_says_what_would_be_and_changes_nothing(api: Api, settings: Settings, atomic: bool) -> None:
    merchant = await api.merchant()
    before = await read_tables(settings)
    dry = await bulk(merchant, revenue(1), settle(1), query="?dryRun=true", atomic=atomic)
    assert outcomes(dry) == ["accepted"] * 2
    assert dry.meta["dryRun"] is True
    refused = await bulk(merchant, settle(1), query="?dryRun=true", atomic=atomic)
    assert outcomes(refused) == ["INSUFFICIENT_BALANCE"], "not even the next dry run sees the one before"
    assert await read_tables(settings) == before
    real = await bulk(merchant, revenue(1), settle(1), atomic=atomic)
    for would, did in zip(dry.data["results"], real.data["results"], strict=True):
        assert would == did


async def test_a_thousand_commands_go_in_one_request(api: Api) -> None:
    merchant = await api.merchant()
    position = await api.position()
    answer = await bulk(merchant, *(revenue(n, 1) for n in range(1000)))
    assert outcomes(answer) == ["accepted"] * 1000
    assert [r["position"] for r in answer.data["results"]] == list(range(position + 1, position + 1001))
    assert (await merchant.get("/v1/payouts/balance")).data["pending"] == 1000


async def test_a_command_for_a_version_that_has_passed_is_refused(api: Api) -> None:
    merchant = await api.merchant()
    version = (await merchant.get("/v1/accounts/acc_1")).data["version"]
    commands = [
        revenue(1, expectedVersion=version),
        revenue(2, expectedVersion=version),
        revenue(3, expectedVersion=version + 1),
    ]
    answer = await bulk(merchant, *commands)
    assert outcomes(answer) == ["accepted", "VERSION_CONFLICT", "accepted"]
    conflict = answer.data["results"][1]["error"]
    assert (conflict["field"], conflict["details"]["version"]) == ("expectedVersion", version + 1)


async def test_what_a_caller_says_beside_the_command_stands_in_the_event(api: Api) -> None:
    merchant = await api.merchant()
    now = datetime.now(UTC)
    metadata = {"invoice": "INV-1", "lines": [1, None, {"a": "ü"}]}
    in_jakarta = now.astimezone(timezone(timedelta(hours=7))).isoformat()
    await merchant.accepted(**revenue(1), effectiveAt=in_jakarta, metadata=metadata)
    event = (await merchant.get("/v1/events?limit=1000")).data[-1]["event"]
    assert event["effectiveAt"] == now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert event["data"]["metadata"] == metadata
    assert event["recordedAt"] > event["effectiveAt"]
    assert event["actor"] == {"kind": "key", "id": merchant.key.key_id}


async def lanes_of(platform: Caller, accounts: list[str]) -> dict[str, int]:
    found = (await platform.get("/v1/accounts?limit=100")).data
    assert [account["id"] for account in found] == sorted(accounts)
    return {account["id"]: account["lane"] for account in found}


async def test_accounts_are_spread_over_lanes_and_a_request_may_span_them_unless_it_is_atomic(
    settings: Settings,
) -> None:
    four = settings.model_copy(update={"lanes": 4})
    accounts = [f"acc_{number}" for number in range(40)]
    async with serving(four) as api:
        platform = await api.caller()
        opening = [{"type": "openAccount", "accountId": account, **MONEY} for account in accounts]
        opened = await bulk(platform, *opening)
        lanes = await lanes_of(platform, accounts)
        assert set(lanes.values()) == {1, 2, 3, 4}
        assert [(r["accountId"], r["lane"]) for r in opened.data["results"]] == [(a, lanes[a]) for a in accounts]
        for lane in (1, 2, 3, 4):
            events = (await platform.get(f"/v1/events?lane={lane}&limit=1000")).data
            assert [event["position"] for event in events] == list(range(1, len(events) + 1))
            assert events[0]["event"]["type"] == "ledger.begun"
            assert {e["event"]["accountId"] for e in events[1:]} == {a for a in accounts if lanes[a] == lane}

        before = await read_tables(settings)
        across = [revenue(1, accountId=account) for account in accounts[:8]]
        assert len({lanes[account] for account in accounts[:8]}) > 1
        refused = await platform.post("/v1/commands", {"commands": across, "atomic": True})
        assert complaints(refused, field="commands") == []
        assert refused.error["details"]["lanes"] == {account: lanes[account] for account in accounts[:8]}
        assert await read_tables(settings) == before
        together = [account for account in accounts if lanes[account] == 2]
        inside = await bulk(platform, *(revenue(1, accountId=account) for account in together), atomic=True)
        assert outcomes(inside) == ["accepted"] * len(together)
    with pytest.raises(WrongSettings, match="LANES"):
        async with running_ledger(settings.model_copy(update={"lanes": 3})):
            pass


async def test_lanes_may_be_added_and_an_account_stays_where_it_was(settings: Settings) -> None:
    accounts = [f"acc_{number}" for number in range(10)]
    async with serving(settings) as api:
        platform = await api.caller()
        await bulk(platform, *({"type": "openAccount", "accountId": account, **MONEY} for account in accounts))
    async with serving(settings.model_copy(update={"lanes": 4})) as api:
        platform = Caller(api.session, api.base, platform.key)
        answer = await bulk(platform, *(revenue(1, accountId=account) for account in accounts))
        assert {r["lane"] for r in answer.data["results"]} == {1}
        assert set((await lanes_of(platform, accounts)).values()) == {1}
