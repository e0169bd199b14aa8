"""A key of one mode learns nothing of an account of the other: it is answered as if there were no such account."""

from __future__ import annotations

import re

import pytest

from events.accounts.state import TEST
from service.http.catalog import OPERATIONS
from service.http.operations import ApiOperation, Operation
from service.http.parameters import MIN_POSITION
from tests.support.api import Api

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
