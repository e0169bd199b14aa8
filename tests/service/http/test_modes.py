"""A key of one mode learns nothing of an account of the other: it is answered as if there were no such account."""

from __future__ import annotations

import re

import pytest

from events.accounts.state import LIVE, TEST
from service.http.catalog import OPERATIONS
from service.http.operations import ApiOperation, Operation
from service.http.parameters import MIN_POSITION
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.command_line import environment, payout_ledger

WAITING = [
    operation
    for operation in OPERATIONS
    if isinstance(operation, ApiOperation) and MIN_POSITION in operation.parameters
]


@pytest.mark.parametrize("position", ["", "minPosition=1", "minPosition=900000000000"])
@pytest.mark.parametrize("operation", WAITING, ids=lambda operation: operation.id)
async def test_what_waits_for_a_position_does_not_tell_where_a_lane_stands(
    api: Api, operation: Operation, position: str
) -> None:
    await api.merchant("acc_live", available=10)
    platform = await api.caller(mode=TEST)
    path = "/v1" + re.sub(r"\{\w+\}", "pout_01M8FH4GVA4ARCQKKAPDHJ97NK", operation.path)
    answers = [
        await platform.call(operation.method, f"{path}?{position}", headers={"X-Storlaunch-On-Behalf-Of": account})
        for account in ("acc_live", "acc_none")
    ]
    assert {answer.status for answer in answers} == {404}, [answer.raw for answer in answers]
    live, none = (answer.error["message"].replace("acc_live", "?").replace("acc_none", "?") for answer in answers)
    assert live == none


def test_there_are_such_operations() -> None:
    assert len(WAITING) >= 5


@pytest.mark.parametrize(
    ("mode", "other", "taken", "free"), [(TEST, LIVE, "acc_1", "acc_2"), (LIVE, TEST, "test_1", "test_2")]
)
async def test_with_ids_of_its_own_a_mode_neither_learns_of_the_others_nor_takes_them(
    settings: Settings, mode: str, other: str, taken: str, free: str
) -> None:
    apart = settings.model_copy(update={"test_account_prefix": "test_"})
    async with serving(apart) as api:
        owner, prober = await api.caller(mode=other), await api.caller(mode=mode)
        await owner.accepted(type="openAccount", accountId=taken, currency="IDR")
        told = [await prober.command(type="openAccount", accountId=name, currency="IDR") for name in (taken, free)]
        assert told[0] == told[1]
        assert told[0]["error"]["code"] == "VALIDATION_ERROR"
        assert "test_" in told[0]["error"]["message"]
        assert (await owner.accepted(type="openAccount", accountId=free, currency="IDR"))["version"] == 1, "not taken"
        again = await owner.command(type="openAccount", accountId=free, currency="IDR")
        assert again["error"]["code"] == "ACCOUNT_EXISTS"
    ended = await payout_ledger(
        *("keys", "create", "--account", free, "--mode", mode, "--json"),
        env={**environment(settings), "TEST_ACCOUNT_PREFIX": "test_"},
    )
    assert ended.code != 0
    assert "test_" in ended.err
    assert "exists" not in ended.err


async def test_an_account_from_before_ids_were_kept_apart_keeps_its_id(settings: Settings) -> None:
    async with serving(settings) as api:
        tester = await api.caller("acc_old", mode=TEST)
        await tester.accepted(type="openAccount", currency="IDR")
    async with serving(settings.model_copy(update={"test_account_prefix": "test_"})) as api:
        again = await api.caller("acc_old", mode=TEST)
        assert (await again.command(type="openAccount", currency="IDR"))["error"]["code"] == "ACCOUNT_EXISTS"
        await again.accepted(type="recordRevenue", amount=1, currency="IDR", reference="o-1")
