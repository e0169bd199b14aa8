"""A workspace at the provider is one account's, in whatever lanes accounts are and however they race for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from service.platform.settings import Settings
from sql import query
from tests.support.api import Answer, Api, Caller, serving
from tests.support.granting import give_right_macs
from tests.support.refusals import complaints
from tests.support.tables import as_owner, read_tables
from tests.support.waiting import until_blocked


def claim(account: str, workspace: str = "ws_1", **fields: Any) -> dict[str, Any]:
    body = {"type": "setProvider", "accountId": account, "workspaceId": workspace}
    return body | {"keyId": "pk_1", "secret": "sk_live_0000", **fields}


async def claims(caller: Caller, account: str, workspace: str = "ws_1", **fields: Any) -> str:
    """Whether it is accepted, or the code with which it is refused."""
    result = await caller.command(**claim(account, workspace, **fields))
    if result["status"] == "accepted":
        return "accepted"
    assert result["error"]["field"] == "workspaceId"
    code = result["error"]["code"]
    assert isinstance(code, str)
    return code


async def opened(api: Api, *accounts: str) -> Caller:
    """The platform's caller, for these accounts."""
    platform = await api.caller()
    for account in accounts:
        await platform.accepted(type="openAccount", accountId=account, currency="IDR", backend="plugipay")
    return platform


async def in_two_lanes(api: Api) -> tuple[str, str]:
    """Accounts of the first lane and of the second."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < 2:
        number += 1
        found.setdefault(await api.ledger.lane_of(f"acc_{number}"), f"acc_{number}")
    return found[1], found[2]


async def test_the_second_claim_is_refused_and_changes_nothing(settings: Settings) -> None:
    # One connection for reads: the claim has to do with it.
    async with serving(settings.model_copy(update={"database_pool_size_max": 1})) as api:
        platform = await opened(api, "acc_1", "acc_2")
        assert await claims(platform, "acc_1") == "accepted"
        before = await api.position()
        assert await claims(platform, "acc_2") == "WORKSPACE_TAKEN"
        assert await api.position() == before
        assert await claims(platform, "acc_2", "ws_2") == "accepted"
        assert await claims(platform, "acc_2", "ws_1") == "WORKSPACE_TAKEN", "nor by moving"
        assert await claims(platform, "acc_1", keyId="pk_2") == "accepted", "a key may be changed at any time"


async def test_a_workspace_that_was_left_is_free_and_a_repeat_of_the_old_claim_has_its_first_answer(
    settings: Settings,
) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2")
        old = claim("acc_1", idempotencyKey="once")
        first = await platform.post("/v1/commands", {"commands": [old]})
        assert await claims(platform, "acc_1", "ws_elsewhere") == "accepted"
        assert await claims(platform, "acc_2") == "accepted"
        again = await platform.post("/v1/commands", {"commands": [old]})
        assert (again.raw, again.headers["Idempotency-Replayed"]) == (first.raw, "true")
        assert await claims(platform, "acc_1") == "WORKSPACE_TAKEN"


async def test_of_one_request_only_the_claim_is_refused_unless_it_is_all_or_nothing(settings: Settings) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2")
        assert await claims(platform, "acc_1") == "accepted"
        both = [{"type": "setBackend", "accountId": "acc_2", "backend": "manual"}, claim("acc_2")]
        answer = await platform.post("/v1/commands", {"commands": both, "atomic": True})
        assert [each["error"]["code"] for each in answer.data["results"]] == ["ABORTED", "WORKSPACE_TAKEN"]
        answer = await platform.post("/v1/commands", {"commands": both})
        assert [each["status"] for each in answer.data["results"]] == ["accepted", "refused"]
        twice = await platform.post("/v1/commands", {"commands": [claim("acc_1", "ws_9"), claim("acc_2", "ws_9")]})
        assert complaints(twice, status=400, field="commands[1].workspaceId") == []


async def test_an_account_takes_no_workspace_for_itself_and_changes_the_key_of_its_own(settings: Settings) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2")
        # Nobody has opened acc_future: what the provider will tell of it would go to acc_1.
        mallory = await api.caller("acc_1")
        before = await api.position()
        for workspace in ("acc_future", "ws_1"):
            answer = await mallory.post("/v1/commands", {"commands": [claim("acc_1", workspace)]})
            assert complaints(answer, status=403, field="commands[0].workspaceId") == []
        assert await api.position() == before
        assert await claims(platform, "acc_1") == "accepted"
        assert await claims(mallory, "acc_1", keyId="pk_2") == "accepted"
        assert await claims(await api.caller("acc_2"), "acc_2", "acc_2") == "accepted", "its own name is its own"


async def test_an_account_of_another_lane_has_it_all_the_same(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"lanes": 2})) as api:
        first, second = await in_two_lanes(api)
        platform = await opened(api, first, second)
        assert await claims(platform, first) == "accepted"
        assert await claims(platform, second) == "WORKSPACE_TAKEN"


async def test_of_two_claims_at_once_in_two_lanes_and_processes_one_is_refused(settings: Settings) -> None:
    two_lanes = settings.model_copy(update={"lanes": 2})
    async with serving(two_lanes) as api, serving(two_lanes) as replica:
        first, second = await in_two_lanes(api)
        platform = await opened(api, first, second)
        elsewhere = await replica.caller()
        owner = await as_owner(settings)
        async with owner.transaction():
            # The first claim is decided, and waits to be written.
            await owner.execute("SELECT FROM lanes WHERE lane = 1 FOR UPDATE")
            one = asyncio.create_task(claims(platform, first))
            await until_blocked(settings)
            other = asyncio.create_task(claims(elsewhere, second))
            await until_blocked(settings, 2)
            assert not other.done()
        assert (await one, await other) == ("accepted", "WORKSPACE_TAKEN")
        await owner.close()
    [row] = (await read_tables(settings, "providers"))["providers"]
    assert first in row


async def test_a_claim_that_somebody_else_is_at_for_too_long_can_be_tried_again(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"database_timeout_seconds": 1})) as api:
        platform = await opened(api, "acc_1")
        owner = await as_owner(settings)
        async with owner.transaction():
            await owner.fetchval(query("provider/hold_workspace"), "ws_1")
            answer: Answer = await platform.post("/v1/commands", {"commands": [claim("acc_1")]})
            assert complaints(answer, status=503) == []
            assert "Retry-After" in answer.headers
            assert "ws_1" in answer.error["message"]
            assert await claims(platform, "acc_1", "ws_2") == "accepted", "another one can be claimed"
        assert await claims(platform, "acc_1") == "accepted"
        await owner.close()


async def test_accounts_that_shared_one_before_keep_it_and_nobody_joins_them(settings: Settings) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2", "acc_3")
        assert await claims(platform, "acc_1") == "accepted"
        assert await claims(platform, "acc_2", "ws_2") == "accepted"
    owner = await as_owner(settings)
    await owner.execute("UPDATE providers SET workspace_id = 'ws_1'")
    await give_right_macs(owner, api.ledger.vault)
    await owner.close()
    async with serving(settings) as api:
        platform = await api.caller()
        assert await claims(platform, "acc_2", keyId="pk_2") == "accepted"
        assert await claims(platform, "acc_3") == "WORKSPACE_TAKEN"
        assert await claims(platform, "acc_2", "ws_2") == "accepted"
        assert await claims(platform, "acc_2") == "WORKSPACE_TAKEN", "it left"


async def test_a_closed_account_can_be_moved_away_so_that_another_has_its_workspace(settings: Settings) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2")
        assert await claims(platform, "acc_1") == "accepted"
        await platform.accepted(type="closeAccount", accountId="acc_1", reason="moved to acc_2")
        assert await claims(platform, "acc_2") == "WORKSPACE_TAKEN", "what is told of its payouts has to find it"
        assert await claims(platform, "acc_1", "acc_1") == "accepted"
        assert await claims(platform, "acc_2") == "accepted"


async def test_another_accounts_name_is_no_workspace_of_ones_own(settings: Settings) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1", "acc_2")
        assert await claims(platform, "acc_2", "acc_1") == "WORKSPACE_TAKEN"
        assert await claims(platform, "acc_1", "acc_1") == "accepted"
        assert await claims(platform, "acc_2", "acc_3") == "accepted", "nobody is called that"


async def test_what_was_carried_out_is_answered_though_the_hold_was_lost_meanwhile(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(settings) as api:
        platform = await opened(api, "acc_1")
        execute = api.ledger.execute

        async def carried_out_and_lost(*given: Any, **named: Any) -> Any:
            outcomes = await execute(*given, **named)
            ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            ended += " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            assert await api.ledger.pool.fetchval(ended) == 1
            return outcomes

        monkeypatch.setattr(api.ledger, "execute", carried_out_and_lost)
        before = await api.position()
        revenue = {"type": "recordRevenue", "accountId": "acc_1", "amount": 5, "currency": "IDR", "reference": "o-1"}
        answer = await platform.post("/v1/commands", {"commands": [claim("acc_1"), revenue]})
        assert [result["status"] for result in answer.data["results"]] == ["accepted", "accepted"]
        assert await api.position() == before + 2
