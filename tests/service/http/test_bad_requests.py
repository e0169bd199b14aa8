"""Wrong methods, paths, queries and headers: refused as an envelope, whoever asks, and nothing is written."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from service.platform.settings import Settings
from tests.support.api import Api, Caller, serving
from tests.support.refusals import complaints, send, send_bytes
from tests.support.tables import as_owner, read_tables

WISH = {"amount": 100, "currency": "IDR"}
NO_PAYOUT = "pout_00000000000000000000000000"

STRANGE_IDS = {
    "NUL": "%00",
    "NUL inside": "pout_%00",
    "not UTF-8": "%ff%fe",
    "surrogate": "%ed%a0%80",
    "overlong": "%c0%af",
    "dots": "%2e%2e",
    "slashes": "..%2f..%2fetc%2fpasswd",
    "quote": "'%20OR%201=1--",
    "percent": "%25s",
    "half an escape": "%",
    "no escape": "%zz",
    "emoji": "%f0%9f%92%b8",
    "line break": "a%0d%0aX-Evil:%201",
    "space": "%20",
    "long": "x" * 8000,
    "long and wide": "%f0%9f%92%b8" * 600,
}


@pytest_asyncio.fixture
async def callers(api: Api, settings: Settings) -> AsyncIterator[list[Caller]]:
    """A merchant, and the platform's key on its own and on the merchant's behalf."""
    merchant = await api.merchant(available=10_000)
    platform = await api.caller()
    before = await read_tables(settings)
    yield [merchant, platform]
    assert await read_tables(settings) == before, "a refused request writes nothing"


ON_BEHALF = {"X-Storlaunch-On-Behalf-Of": "acc_1"}


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
async def test_a_strange_id_in_the_path_is_not_found_or_refused(callers: list[Caller], prefix: str) -> None:
    wrong = {}
    for name, text in STRANGE_IDS.items():
        for method, path in (
            ("GET", f"/payouts/{text}"),
            ("POST", f"/payouts/{text}/cancel"),
            ("POST", f"/payouts/{text}/mark-in-transit"),
            ("POST", f"/payouts/{text}/mark-paid"),
            ("GET", f"/accounts/{text}"),
            ("GET", f"/cases/{text}"),
            ("POST", f"/deliveries/{text}/replay"),
            ("GET", f"/settlements/imports/{text}"),
            ("GET", f"/settlements/imports/{text}/problems"),
        ):
            for number, caller in enumerate(callers):
                headers = ON_BEHALF if number and not path.startswith("/accounts") else {}
                answer = await send(caller, method, prefix + path, headers=headers)
                if found := complaints(answer, status=answer.status if answer.status == 400 else 404):
                    wrong[method, path[:40], name, number] = found
    assert wrong == {}


async def test_a_path_longer_than_the_server_reads_is_refused_without_a_word_about_its_inside(
    callers: list[Caller],
) -> None:
    for method, path in (("GET", "/v1/payouts/" + "x" * 10_000), ("POST", f"/v1/payouts/{'x' * 10_000}/cancel")):
        answer = await send(callers[0], method, path)
        assert 400 <= answer.status < 500
        assert b"Traceback" not in answer.raw


async def test_a_wrong_method_is_405_and_says_which_are_right(callers: list[Caller]) -> None:
    for method, path, allowed in (
        ("PUT", "/v1/payouts", "GET, HEAD, POST"),
        ("DELETE", "/v1/payouts/" + NO_PAYOUT, "GET, HEAD, PATCH"),
        ("GET", f"/v1/payouts/{NO_PAYOUT}/cancel", "POST"),
        ("POST", "/v1/payouts/balance", "GET, HEAD, PATCH"),  # PATCH: of a payout of that id
        ("PUT", "/v1/payouts/bank-account", "GET, HEAD, PATCH"),
        ("GET", "/api/v1/commands", "POST"),
        ("PATCH", "/api/v1/events", "GET, HEAD"),
        ("PROPFIND", "/v1/accounts", "GET, HEAD"),
    ):
        answer = await send(callers[0], method, path)
        assert complaints(answer, status=405) == []
        assert (answer.error["code"], answer.headers["Allow"]) == ("METHOD_NOT_ALLOWED", allowed)


@pytest.mark.parametrize(
    "path", ["/v1", "/v2/payouts", "/v1/payouts/", "/v1//payouts", "/v1/payouts/x/refund", "/%00", "/%ff"]
)
async def test_an_unknown_path_is_404(callers: list[Caller], path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await send(callers[0], method, path)
        assert complaints(answer, status=404) == []
        assert answer.error["code"] == "NOT_FOUND"


async def test_the_root_answers_sellercenters_callers_and_nobody_else(callers: list[Caller]) -> None:
    for method in ("GET", "POST"):
        assert complaints(await send(callers[0], method, "/"), status=404) == []
    answer = await send(callers[0], "PUT", "/")
    assert complaints(answer, status=405) == []
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def forged(*parts: Any) -> str:
    return "cur_" + base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


CURSORS = (
    "x", "cur_", "cur_%", "cur_%00", "cur_%ff", "cur_e30", "cur_" + "A" * 600, "cur_%C3%BC",
    forged("acc_2", None, 5), forged("acc_1", "\0", 5), forged("acc_1", "done", 5), forged("acc_1", None, 0),
    forged("acc_1", None, -1), forged("acc_1", None, 2**70), forged("acc_1", None, 1.5), forged("acc_1", None, "5"),
    forged("acc_1", None, True), forged("acc_1", 5, 5), forged("acc_1", None), forged("acc_1", None, 5, 6), forged(),
    "cur_" + base64.urlsafe_b64encode(b"[" * 300).decode(), "cur_" + base64.urlsafe_b64encode(b"\xff\xff\xff").decode(),
)  # fmt: skip
NUMBERS = ("-1", "1.0", "1e1", "x", "%D9%A3", "+1", "0x1", "%00", "%ff", "9" * 40, "", "%201", "1%20")
QUERIES = {
    ("/v1/payouts", "limit"): (*NUMBERS, "0", "101"),
    ("/v1/payouts", "status"): ("done", "PAID", "", "%00", "%ff", "paid,failed", "x" * 5000),
    ("/v1/payouts", "cursor"): CURSORS,
    ("/v1/payouts", "minPosition"): NUMBERS,
    (f"/v1/payouts/{NO_PAYOUT}", "minPosition"): NUMBERS,
    ("/v1/payouts/bank-account", "minPosition"): NUMBERS,
    ("/v1/payouts/balance", "minPosition"): NUMBERS,
    ("/v1/payouts/balance", "currency"): ("USD", "idr", "", "%00", "%ff", "ZZZ", "I" * 5000),
    ("/v1/accounts", "limit"): (*NUMBERS, "0", "101"),
    ("/v1/accounts", "cursor"): (*CURSORS, forged("accounts", "\0", 1), forged("accounts", None, -1)),
    ("/v1/events", "limit"): (*NUMBERS, "0", "1001"),
    ("/v1/events", "after"): NUMBERS,
}


@pytest.mark.parametrize(("path", "name"), QUERIES, ids=[f"{path}?{name}" for path, name in QUERIES])
async def test_a_wrong_query_parameter_is_refused_and_named(callers: list[Caller], path: str, name: str) -> None:
    wrong = {}
    for value in QUERIES[path, name]:
        answer = await send(callers[0], "GET", f"{path}?{name}={value}")
        if found := complaints(answer, field=name):
            wrong[value[:40]] = found
    assert wrong == {}


async def test_a_wrong_lane_is_refused_and_named(callers: list[Caller]) -> None:
    wrong = {}
    for value in (*NUMBERS, "0", "2", "9" * 18):
        answer = await send(callers[1], "GET", f"/v1/events?lane={value}")
        if found := complaints(answer, field="lane"):
            wrong[value] = found
    assert wrong == {}


async def test_a_wrong_dry_run_is_refused_and_not_taken_for_a_real_one(callers: list[Caller]) -> None:
    bulk = {"commands": [{"type": "freezeAccount", "reason": "x"}]}
    for value in ("True", "1", "yes", "", "%00", "%ff"):
        answer = await send(callers[0], "POST", f"/v1/commands?dryRun={value}", bulk)
        assert complaints(answer, field="dryRun") == []


BAD_KEYS = ("", "with space", "x" * 256, "ключ", "tab\there", "ü")


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Idempotency-Key"])
async def test_a_bad_idempotency_key_is_refused(callers: list[Caller], header: str) -> None:
    bulk = {"commands": [{"type": "freezeAccount", "reason": "x"}]}
    for key in BAD_KEYS:
        for path, body in (("/v1/payouts", WISH), ("/v1/commands", bulk)):
            answer = await send(callers[0], "POST", path, body, headers={header: key})
            assert complaints(answer, field="Idempotency-Key") == [], key


async def test_two_keys_that_differ_are_refused(callers: list[Caller]) -> None:
    keys = {"Idempotency-Key": "one", "X-Idempotency-Key": "two"}
    assert complaints(await send(callers[0], "POST", "/v1/payouts", WISH, headers=keys), field="Idempotency-Key") == []
    command = {"type": "freezeAccount", "reason": "x", "idempotencyKey": "two"}
    bulk = {"commands": [command]}
    answer = await send(callers[0], "POST", "/v1/commands", bulk, headers={"Idempotency-Key": "one"})
    assert complaints(answer, field="Idempotency-Key") == []


async def test_one_key_for_several_commands_is_refused(callers: list[Caller]) -> None:
    bulk = {"commands": [{"type": "freezeAccount", "reason": "x"}] * 2}
    answer = await send(callers[0], "POST", "/v1/commands", bulk, headers={"Idempotency-Key": "one"})
    assert complaints(answer, field="Idempotency-Key") == []
    twice = {"commands": [{"type": "freezeAccount", "reason": "x", "idempotencyKey": "k"}] * 2}
    answer = await send(callers[0], "POST", "/v1/commands", twice)
    assert complaints(answer, field="commands[1].idempotencyKey") == []


WILD = b"\xff\xfe"


async def test_an_authorization_that_is_no_text_is_401(callers: list[Caller]) -> None:
    key_id = callers[0].key.key_id.encode()
    for value in (
        b"Bearer sk_live_" + WILD,
        WILD,
        b"Storlaunch-HMAC-SHA256 keyId=" + key_id + b", scope=*, signature=" + WILD,
        b"Storlaunch-HMAC-SHA256 keyId=" + WILD + b", scope=*, signature=00",
    ):
        for method in (b"GET", b"POST"):
            head = method + b" /v1/payouts HTTP/1.1\r\nAuthorization: " + value + b"\r\nX-Storlaunch-Timestamp: 1"
            assert complaints(await send_bytes(callers[0], head), status=401) == [], value


async def test_headers_that_are_no_text_are_refused_and_not_echoed(callers: list[Caller]) -> None:
    for number, method, name, status in (
        (0, b"POST", b"Idempotency-Key", 400),
        (0, b"POST", b"X-Idempotency-Key", 400),
        (1, b"GET", b"X-Storlaunch-On-Behalf-Of", 404),
        (1, b"GET", b"X-Plugipay-On-Behalf-Of", 404),
    ):
        for value in (WILD, b"acc_" + WILD, "\u00fc".encode(), b"acc 1", b"../acc_1", b"x" * 300):
            bearer = b"Authorization: Bearer " + callers[number].key.secret.encode()
            head = method + b" /v1/payouts HTTP/1.1\r\n" + bearer + b"\r\n" + name + b": " + value
            answer = await send_bytes(callers[number], head)
            assert complaints(answer, status=status) == [], (name, value)


async def test_a_request_line_that_is_no_text_is_refused(callers: list[Caller]) -> None:
    bearer = b"Authorization: Bearer " + callers[0].key.secret.encode()
    for target in (b"/v1/payouts/" + WILD, b"/v1/payouts?status=" + WILD, WILD, b"/v1/payouts/\x7f"):
        answer = await send_bytes(callers[0], b"GET " + target + b" HTTP/1.1\r\n" + bearer)
        assert 400 <= answer.status < 500, target
        assert b"Traceback" not in answer.raw


async def test_a_database_that_takes_too_long_is_503_and_nothing_is_done(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"database_timeout_seconds": 1})) as api:
        merchant = await api.merchant(available=1000)
        before = await api.position()
        owner = await as_owner(settings)
        try:
            async with owner.transaction():
                await owner.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
                asked, read = await asyncio.gather(
                    merchant.post("/v1/payouts", {"amount": 100, "currency": "IDR"}),
                    merchant.get("/v1/payouts/balance"),
                )
        finally:
            await owner.close()
        for answer in (asked, read):
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert answer.headers["Retry-After"]
        assert await api.position() == before
