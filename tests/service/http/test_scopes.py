"""Which key may do what, to which account, in which mode: generated over every route there is."""

from __future__ import annotations

from typing import Any

import pytest

from service.http.operations import API_PREFIXES
from service.ledger.api_keys import SCOPES
from service.platform.settings import Settings
from tests.events.wire import BODIES
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller
from tests.support.arrivals import open_case, park
from tests.support.refusals import complaints
from tests.support.routes import COMMAND, ROUTES, Route, listed, served
from tests.support.tables import read_tables

OPEN = {("GET", path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json")} | {
    ("POST", "/webhooks/plugipay"),
    *((method, path) for method in ("GET", "POST") for path in ("/lazada", "/lazada/", "/")),
}
"""What asks for no key: the credential of a webhook, and of SellerCenter's callers, is a signature."""
BANK_NUMBER = "0000000099"


NO_DELIVERY = "0198c0de-0000-7000-8000-000000000000"


async def an_endpoint(owner: Caller) -> str:
    made = await owner.post("/v1/webhook-endpoints", {"url": "https://example.com/hook"})
    return str(made.data["id"])


async def a_bank_entry(api: Api, owner: Caller) -> str:
    table = f"date,amount,description\n2026-05-13,12.50,{BANK_NUMBER}\n".encode()
    await owner.call("POST", "/v1/bank-statements?bankAccount=1&currency=IDR", raw=table)
    return str(await api.ledger.pool.fetchval("SELECT entry_id FROM bank_entries WHERE account_id = 'acc_1'"))


DISPUTE = {
    "type": "openDispute",
    "reference": "o-1",
    "amount": 1,
    "currency": "IDR",
    "reason": "x",
    "disputeId": "dsp_1",
}

NOTHING = {
    "payout_id": "pout_1",
    "account_id": "acc_1",
    "endpoint_id": "whep_1",
    "delivery_id": NO_DELIVERY,
    "case_id": "case_1",
    "statement_number": "acc_1-2026-W47-IDR-1",
    "import_id": "imp_of_nobody",
    "entry_id": "ben_1",
    "dispute_id": "dsp_1",
}
"""Ids that nothing has, but for the account."""


async def belongings(api: Api, owner: Caller) -> dict[str, str]:
    """Ids of what acc_1 has: one of everything that a path can name."""
    payout_id = str((await owner.post("/v1/payouts", {"amount": 10, "currency": "IDR"})).data["id"])
    imported = await owner.call(
        "POST", "/v1/settlements/imports?channel=lazada", raw=sample("lazada-get-payout-status.xml")
    )
    assert imported.status == 200, imported.raw
    await owner.accepted(**DISPUTE)
    return NOTHING | {
        "payout_id": payout_id,
        "endpoint_id": await an_endpoint(owner),
        "case_id": await open_case(api.ledger, "acc_1", payout_id),
        "delivery_id": await park(api.ledger, "acc_1"),
        "statement_number": "EG100RT-20141228",
        "import_id": str(imported.data["id"]),
        "entry_id": await a_bank_entry(api, owner),
    }


async def ask(caller: Caller, route: Route, prefix: str, ids: dict[str, str], **headers: str) -> Answer:
    return await caller.call(route.method, prefix + route.path.format(**ids) + route.query, route.body, headers=headers)


NEEDED = {
    "payout:write": {
        *(
            "requestPayout",
            "cancelPayout",
            "changePayoutNote",
            "setBankAccount",
            "addWebhookEndpoint",
            "changeWebhookEndpoint",
        ),
        *("removeWebhookEndpoint", "rotateWebhookSecret", "replayToWebhookEndpoint", "resendWebhookDelivery"),
    },
    "operator": {
        *("markPayoutInTransit", "markPayoutPaid", "markPayoutFailed", "closeCase", "replayDelivery"),
        "dismissDelivery",
    },
    "command:write": {"executeCommands", "importSettlements", "importBankStatement", "rereadImport"},
    "audit": {"readEvents"},
}
"""What changes something or shows all of the log, and the one scope that it needs: said here once more, on purpose."""
READ_BY_OTHERS = {
    "listAccounts": {"payout:read", "command:write", "audit"},
    "getAccount": {"payout:read", "command:write", "audit"},
    "listCases": {"payout:read", "operator", "audit"},
    "getCase": {"payout:read", "operator", "audit"},
    "listDeliveries": {"operator", "audit"},
    "getDelivery": {"operator", "audit"},
    "listImports": {"payout:read", "command:write"},
    "getImport": {"payout:read", "command:write"},
    "listImportProblems": {"payout:read", "command:write"},
}
"""What other scopes than payout:read may read."""


def test_each_route_needs_what_it_always_needed() -> None:
    needed = {name: {scope} for scope, names in NEEDED.items() for name in names} | READ_BY_OTHERS
    for route in ROUTES:
        assert route.scopes == needed.pop(route.id, {"payout:read"}), route
        assert route.id not in needed
        assert route.method == "GET" or "payout:read" not in route.scopes
    assert needed == {}


async def test_no_route_is_forgotten_here(api: Api, settings: Settings) -> None:
    assert served(api, settings) - OPEN == listed()


@pytest.mark.parametrize("prefix", API_PREFIXES)
async def test_a_key_with_one_scope_may_do_exactly_what_that_scope_allows(api: Api, prefix: str) -> None:
    merchant = await api.merchant(available=1000)
    ids = await belongings(api, merchant)
    for scope in SCOPES:
        caller = await api.caller("acc_1", scopes=[scope])
        ids |= {"endpoint_id": await an_endpoint(merchant)}
        for route in ROUTES:
            payout_id = (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).data["id"]
            answer = await ask(caller, route, prefix, ids | {"payout_id": payout_id})
            if scope in route.scopes:
                # Nothing was sent to an endpoint that could be sent again.
                allowed = (404,) if route.path.endswith("/resend") else (200, 201, 202, 409)
                assert answer.status in allowed, (scope, route, answer.raw)
            else:
                assert complaints(answer, status=403) == [], (scope, route)
                assert answer.error["code"] == "FORBIDDEN"
                assert all(needed in answer.error["message"] for needed in route.scopes), (route, answer.error)


async def test_a_key_without_scopes_may_do_nothing(api: Api, settings: Settings) -> None:
    await api.merchant()
    nobody = await api.caller("acc_1", scopes=[])
    before = await read_tables(settings)
    for route in ROUTES:
        assert (await ask(nobody, route, "/v1", NOTHING)).status == 403, route
    assert await read_tables(settings) == before


OF_COMMANDS = {
    "setBankAccount": "payout:write",
    "requestPayout": "payout:write",
    "cancelPayout": "payout:write",
    "changeNote": "payout:write",
    "markInTransit": "operator",
    "markPaid": "operator",
    "markFailed": "operator",
    "resubmitPayout": "operator",
    "closeCase": "operator",
    "makeMatch": "operator",
    "unmakeMatch": "operator",
    "setProvider": "operator",
    "linkProviderPayout": "operator",
    "setPayoutPolicy": "operator",
    "setBackend": "operator",
    "freezeAccount": "operator",
    "unfreezeAccount": "operator",
    "closeAccount": "operator",
    "addWebhookSecret": "operator",
    "retireWebhookSecret": "operator",
    "adjust": "operator",
    "recordBankReturn": "operator",
}


async def test_a_command_needs_the_scope_of_its_own_endpoint_too(api: Api) -> None:
    await api.merchant(available=1000)
    await api.give_workspace("acc_1", BODIES["setProvider"]["workspaceId"])
    for kind, fields in BODIES.items():
        command = {"type": kind, **fields}
        needed = OF_COMMANDS.get(kind)
        body = {"commands": [COMMAND, command]}
        bare = await api.caller("acc_1", scopes=["command:write"])
        answer = await bare.post("/v1/commands?dryRun=true", body)
        if needed is None:
            assert answer.status == 200, kind
        else:
            assert (answer.status, answer.error["code"]) == (403, "FORBIDDEN"), kind
            assert needed in answer.error["message"]
            full = await api.caller("acc_1", scopes=["command:write", needed])
            assert (await full.post("/v1/commands?dryRun=true", body)).status == 200


async def everywhere(caller: Caller, ids: dict[str, str], **headers: str) -> dict[str, Answer]:
    """The answer of every route to somebody to whom acc_1 and what it has are none of their business."""
    return {
        f"{route} under {prefix}": await ask(caller, route, prefix, ids, **headers)
        for prefix in API_PREFIXES
        for route in ROUTES
    }


def results(answer: Answer) -> list[dict[str, Any]]:
    found = answer.data["results"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("bound", [True, False], ids=["account key", "platform key on behalf"])
async def test_a_key_of_the_other_mode_finds_nothing_anywhere(api: Api, settings: Settings, bound: bool) -> None:
    merchant = await api.merchant("acc_1", available=1000, pending=5)
    ids = await belongings(api, merchant)
    caller = await api.caller("acc_1" if bound else None, mode="test")
    headers = {} if bound else {"X-Storlaunch-On-Behalf-Of": "acc_1"}
    before = await read_tables(settings)
    for name, answer in (await everywhere(caller, ids, **headers)).items():
        if "/commands" in name:
            assert [result["error"]["code"] for result in results(answer)] == ["NOT_FOUND"], name
        elif name.startswith("GET /accounts under"):
            assert answer.data == [], name
        else:
            assert complaints(answer, status=404) == [], name
        assert b'"BCA"' not in answer.raw
    opened = await caller.post(
        "/v1/commands", {"commands": [{"type": "openAccount", "currency": "IDR", "accountId": "acc_1"}]}
    )
    assert results(opened)[0]["error"]["code"] == "NOT_FOUND"
    assert await read_tables(settings) == before


async def test_a_test_account_lives_beside_the_live_ones_and_is_not_seen_by_live_keys(api: Api) -> None:
    await api.merchant("acc_live")
    tester = await api.caller("acc_test", mode="test")
    await tester.accepted(type="openAccount", currency="IDR")
    assert (await tester.get("/v1/accounts")).data[0]["mode"] == "test"
    live = await api.caller()
    assert [account["id"] for account in (await live.get("/v1/accounts")).data] == ["acc_live"]
    assert (await live.get("/v1/accounts/acc_test")).status == 404
    assert (await (await api.caller(mode="test")).get("/v1/accounts")).data[0]["id"] == "acc_test"


@pytest.mark.parametrize("bound", [True, False], ids=["account key", "platform key on behalf"])
async def test_a_tenant_never_sees_or_moves_anything_of_another(api: Api, settings: Settings, bound: bool) -> None:
    owner = await api.merchant("acc_1", available=1000, pending=5)
    ids = await belongings(api, owner)
    payout_id = ids["payout_id"]
    stranger = await api.merchant("acc_2", available=1000, bank=False)
    caller = stranger if bound else await api.caller()
    headers = {} if bound else {"X-Storlaunch-On-Behalf-Of": "acc_2"}
    before = await read_tables(settings)
    for prefix in API_PREFIXES:
        for route in ROUTES:
            if "{" in route.path:
                answer = await ask(caller, route, prefix, ids, **headers)
                assert complaints(answer, status=404) == [], route
            elif route.method == "GET":
                answer = await ask(caller, route, prefix, ids, **headers)
                assert not any(one.encode() in answer.raw for one in ids.values()), route
                assert BANK_NUMBER.encode() not in answer.raw
            if bound:
                named = {"X-Storlaunch-On-Behalf-Of": "acc_1"}
                assert (await ask(caller, route, prefix, ids, **named)).status == 403, route
        for kind, fields in BODIES.items():
            body = {"commands": [{"type": kind, **fields, "accountId": "acc_1"}]}
            answer = await caller.call("POST", f"{prefix}/commands", body, headers=headers)
            assert complaints(answer, status=404, field="commands[0].accountId") == [], kind
            if "payoutId" in fields:
                body = {"commands": [{"type": kind, **fields, "payoutId": payout_id}]}
                answer = await caller.call("POST", f"{prefix}/commands", body, headers=headers)
                assert results(answer)[0]["error"]["code"] == "NOT_FOUND", kind
    assert await read_tables(settings) == before


async def test_nobody_reaches_the_ledgers_own_stream(api: Api, settings: Settings) -> None:
    platform = await api.caller()
    bound = await api.caller("system")
    before = await read_tables(settings)
    named = {"X-Storlaunch-On-Behalf-Of": "system"}
    for caller, headers in ((platform, named), (bound, {})):
        for route in ROUTES:
            answer = await ask(caller, route, "/v1", NOTHING | {"account_id": "system"}, **headers)
            if route.path == "/commands":
                assert results(answer)[0]["error"]["code"] == "NOT_FOUND"
            elif route.path == "/accounts":
                assert answer.data == []
            else:
                assert complaints(answer, status=404) == [], route
        opened = await caller.post(
            "/v1/commands", {"commands": [{"type": "openAccount", "currency": "IDR", "accountId": "system"}]}
        )
        assert results(opened)[0]["status"] == "refused"
    assert await read_tables(settings) == before
