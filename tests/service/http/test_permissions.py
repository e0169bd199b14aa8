"""Every command with every set of scopes, and every route with every scope, key and mode: what docs/permissions.md says.

What is expected follows from what the operation and the command declare, so nothing can be left out: a route or a
command that is new has its cells by itself.
"""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from events.accounts.state import LIVE, TEST
from service.ledger.api_keys import COMMAND_WRITE, SCOPES
from service.platform.settings import Settings
from tests.architecture.permissions import scopes_of
from tests.events.every import COMMAND_TYPES
from tests.events.wire import BODIES
from tests.service.http.test_scopes import BANK_NUMBER, ask, belongings, results
from tests.support.api import Answer, Api
from tests.support.refusals import complaints
from tests.support.routes import ROUTES, Route
from tests.support.tables import read_tables

ALL_SETS = [
    frozenset(each) for each in chain.from_iterable(combinations(SCOPES, count) for count in range(len(SCOPES) + 1))
]


async def test_every_command_is_allowed_with_exactly_the_sets_of_scopes_that_have_all_it_needs(
    api: Api, settings: Settings
) -> None:
    await api.merchant(available=1000)
    callers = [(scopes, await api.caller("acc_1", scopes=sorted(scopes))) for scopes in ALL_SETS]
    before = await read_tables(settings)
    for command in COMMAND_TYPES:
        kind = str(command.model_fields["type"].default)
        needed = scopes_of(command)
        for scopes, caller in callers:
            allowed = needed <= scopes
            # What is refused is refused for good, so it is asked for in earnest.
            path = "/v1/commands?dryRun=true" if allowed else "/v1/commands"
            answer = await caller.post(path, {"commands": [{"type": kind, **BODIES[kind]}]})
            if allowed:
                assert answer.status == 200, (kind, scopes, answer.raw)
                continue
            assert complaints(answer, status=403) == [], (kind, scopes)
            missing = COMMAND_WRITE if COMMAND_WRITE not in scopes else command.scope
            assert (answer.error["code"], answer.error["details"]) == ("FORBIDDEN", {"scopes": [missing]})
    assert await read_tables(settings) == before


OWN, ANOTHER, GRANTED, PLATFORM = "own", "another", "granted", "platform"
NAMES_ACC_1 = {"X-Storlaunch-On-Behalf-Of": "acc_1"}
KEYS = {
    OWN: ("acc_1", False, {}),
    ANOTHER: ("acc_2", False, {}),
    GRANTED: ("acc_2", True, NAMES_ACC_1),
    PLATFORM: (None, True, NAMES_ACC_1),
}
"""Whose key it is, whether it may ask on behalf of others, and the header with which it does."""

FORBIDDEN, HIDDEN, ELSEWHERE, ALLOWED = "forbidden", "hidden", "elsewhere", "allowed"


def expected(route: Route, scope: str, key: str, mode: str) -> str:
    """What becomes of the request about what acc_1 has, which is a live account."""
    if scope not in route.scopes:
        return FORBIDDEN
    if mode != LIVE:
        return HIDDEN
    if key == ANOTHER:
        return HIDDEN if "{" in route.path else ELSEWHERE
    return ALLOWED


def check_hidden(route: Route, answer: Answer) -> None:
    """As if there were no acc_1."""
    if route.path == "/commands":
        assert [result["error"]["code"] for result in results(answer)] == ["NOT_FOUND"], route
    elif route.path == "/accounts":
        assert answer.data == [], route
    else:
        assert complaints(answer, status=404) == [], route


@pytest.mark.parametrize("mode", [LIVE, TEST])
@pytest.mark.parametrize("key", KEYS)
async def test_every_route_with_every_scope_answers_as_it_declares(
    api: Api, settings: Settings, key: str, mode: str
) -> None:
    owner = await api.merchant("acc_1", available=1000, pending=5)
    await api.merchant("acc_2", available=1000, bank=False)
    ids = await belongings(api, owner)
    account, on_behalf_of, headers = KEYS[key]
    callers = {
        scope: await api.caller(account, scopes=[scope], mode=mode, on_behalf_of=on_behalf_of) for scope in SCOPES
    }
    cells = [(route, scope, expected(route, scope, key, mode)) for route in ROUTES for scope in SCOPES]

    before = await read_tables(settings)
    for route, scope, outcome in cells:
        if outcome in (FORBIDDEN, HIDDEN):
            answer = await ask(callers[scope], route, "/v1", ids, **headers)
            if outcome == HIDDEN:
                check_hidden(route, answer)
                continue
            assert complaints(answer, status=403) == [], (route, scope)
            assert answer.error["code"] == "FORBIDDEN"
    assert await read_tables(settings) == before, "what is forbidden or hidden changes nothing"

    for route, scope, outcome in cells:
        if outcome in (FORBIDDEN, HIDDEN):
            continue
        made = {}
        if outcome == ALLOWED:
            payout = await owner.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
            made = {"payout_id": str(payout.data["id"])}
        answer = await ask(callers[scope], route, "/v1", ids | made, **headers)
        # Nothing was sent to an endpoint that could be sent again.
        good = (404,) if route.path.endswith("/resend") else (200, 201, 202, 409)
        assert answer.status in good, (route, scope, answer.raw)
        if outcome == ELSEWHERE and route.method == "GET":
            assert not any(one.encode() in answer.raw for one in ids.values()), route
            assert BANK_NUMBER.encode() not in answer.raw
