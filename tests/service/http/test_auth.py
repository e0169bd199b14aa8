"""Who may call: bearer keys, signed requests, and on whose behalf."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta

import pytest

from service.ledger.api_keys import revoke_key
from service.platform.runtime import REAL
from service.platform.settings import Settings
from tests.support.api import Api, Caller, serving
from tests.support.refusals import complaints
from tests.support.signing import plain, signed

BRANDS = ("Storlaunch", "Plugipay")
NOW = datetime(2026, 5, 13, 10, 42, tzinfo=UTC)
WISH = b'{"amount":10,"currency":"IDR"}'


async def test_without_a_key_there_is_no_answer(api: Api) -> None:
    merchant = await api.merchant()
    secret = merchant.key.secret
    for value in (
        None, "", "Bearer", "Bearer ", f"Bearer {secret}x", f"Bearer {secret[:-1]}", "Bearer sk_live_" + "0" * 64,
        secret, f"bearer{secret}", f"Basic {secret}", f"Token {secret}", f"Bearer {merchant.key.key_id}", "Bearer null",
        f"Acme-HMAC-SHA256 keyId={merchant.key.key_id}, scope=*, signature=00", f"Bearer {secret.upper()}",
    ):  # fmt: skip
        for method in ("GET", "POST"):
            answer = await plain(api, method, "/v1/payouts", {} if value is None else {"Authorization": value}, WISH)
            assert complaints(answer, status=401) == [], value
            assert answer.error["code"] == "UNAUTHORIZED"
            assert "WWW-Authenticate" in answer.headers
            assert secret.encode() not in answer.raw


async def test_a_revoked_key_is_out_within_a_second_also_for_signing_and_at_every_service(settings: Settings) -> None:
    async with serving(settings) as one, serving(settings) as two:
        merchant = await one.merchant()
        other = await one.caller("acc_1")

        async def statuses() -> list[int]:
            found = []
            for api in (one, two):
                found.append(
                    (await plain(api, "GET", "/v1/payouts", {"Authorization": f"Bearer {merchant.key.secret}"})).status
                )
                found.append((await plain(api, "GET", "/v1/payouts", signed(merchant, "GET", "/v1/payouts"))).status)
            return found

        assert await statuses() == [200] * 4
        await revoke_key(one.ledger.pool, one.ledger.runtime, merchant.key.key_id)
        revoked = time.monotonic()
        while True:
            begun = time.monotonic()
            found = await statuses()
            if found == [401] * 4:
                break
            assert begun - revoked < 1, f"still {found} after a second"
        assert (await other.get("/v1/payouts")).status == 200, "only that key was revoked"


@pytest.mark.parametrize("brand", BRANDS)
async def test_a_signed_request_is_as_good_as_a_bearer_key(api: Api, brand: str) -> None:
    merchant = await api.merchant(available=100)
    for method, path, body, key in (
        ("GET", "/v1/payouts", b"", None),
        ("GET", "/api/v1/payouts?status=pending&limit=5", b"", None),
        ("GET", "/v1/payouts?limit=5&status=%70ending", b"", None),
        ("POST", "/api/v1/payouts", WISH, None),
        ("POST", "/v1/payouts", WISH, "idem_1"),
    ):
        answer = await plain(api, method, path, signed(merchant, method, path, body, brand=brand, key=key), body)
        assert answer.status in (200, 201), (path, answer.raw)


@pytest.mark.parametrize("brand", BRANDS)
async def test_the_signature_covers_method_path_query_body_and_key(api: Api, brand: str) -> None:
    merchant = await api.merchant(available=1000)
    other = await api.caller("acc_1")
    get, post = "/v1/payouts?status=paid&limit=5", "/v1/payouts"
    headers = signed(merchant, "POST", post, WISH, brand=brand, key="idem_1")
    keyless = signed(merchant, "POST", post, WISH, brand=brand)
    stolen = signed(
        Caller(other.session, other.base, dataclasses.replace(other.key, key_id=merchant.key.key_id)), "GET", get
    )
    wrong = {
        "another query": ("GET", "/v1/payouts?status=paid&limit=6", signed(merchant, "GET", get, brand=brand), b""),
        "the query in another order": (
            "GET",
            "/v1/payouts?limit=5&status=paid",
            signed(merchant, "GET", get, brand=brand),
            b"",
        ),
        "no query": ("GET", "/v1/payouts", signed(merchant, "GET", get, brand=brand), b""),
        "query not signed": ("GET", get, signed(merchant, "GET", "/v1/payouts", brand=brand), b""),
        "the other prefix": ("GET", "/api" + get, signed(merchant, "GET", get, brand=brand), b""),
        "another method": ("POST", post, signed(merchant, "GET", post, WISH, brand=brand), WISH),
        "another body": ("POST", post, keyless, WISH.replace(b"10", b"99")),
        "a space more": ("POST", post, keyless, WISH + b" "),
        "no body": ("POST", post, keyless, b""),
        "another key": ("POST", post, {**headers, "Idempotency-Key": "idem_2"}, WISH),
        "no key": ("POST", post, {k: v for k, v in headers.items() if k != "Idempotency-Key"}, WISH),
        "a key not signed": ("POST", post, {**keyless, "Idempotency-Key": "idem_1"}, WISH),
        "another's secret": ("GET", get, stolen, b""),
    }
    for name, (method, path, sent, body) in wrong.items():
        answer = await plain(api, method, path, sent, body)
        assert complaints(answer, status=401) == [], name
        assert answer.error["code"] == "INVALID_SIGNATURE", name
    assert (await merchant.get("/v1/payouts")).data == []


async def test_a_signature_that_is_not_whole_is_refused(api: Api) -> None:
    merchant = await api.merchant()
    good = signed(merchant, "GET", "/v1/payouts")
    header = good["Authorization"]
    for change, code in (
        (header.upper().replace("KEYID", "keyId"), "INVALID_KEY"),
        (header.rsplit("=", 1)[0] + "=", "INVALID_SIGNATURE"),
        (header.replace(", signature=", ", x="), "INVALID_SIGNATURE"),
        (header[:-1], "INVALID_SIGNATURE"),
        (header + "00", "INVALID_SIGNATURE"),
        (header.replace(merchant.key.key_id, "key_unknown"), "INVALID_KEY"),
        (header.replace(f"keyId={merchant.key.key_id}, ", ""), "INVALID_KEY"),
        (header.replace("Storlaunch", "Plugipay"), "INVALID_TIMESTAMP"),
    ):
        answer = await plain(api, "GET", "/v1/payouts", {**good, "Authorization": change})
        assert answer.status == 401, change
        assert answer.error["code"] in (code, "UNAUTHORIZED"), change


@pytest.mark.parametrize("brand", BRANDS)
async def test_the_clock_of_a_caller_may_be_off_by_five_minutes(settings: Settings, brand: str) -> None:
    runtime = dataclasses.replace(REAL, now=lambda: NOW)
    async with serving(settings, runtime) as api:
        caller = await api.merchant()
        path = "/v1/payouts"
        for off in (-300, -299, 0, 299, 300):
            headers = signed(caller, "GET", path, at=NOW + timedelta(seconds=off), brand=brand)
            assert (await plain(api, "GET", path, headers)).status == 200, off
        for off in (-301, 301, -86400, 86400):
            headers = signed(caller, "GET", path, at=NOW + timedelta(seconds=off), brand=brand)
            answer = await plain(api, "GET", path, headers)
            assert (answer.status, answer.error["code"]) == (401, "INVALID_TIMESTAMP"), off
        good = signed(caller, "GET", path, at=NOW, brand=brand)
        for text in ("", "x", "-1", "1e9", "1.5", "٣", "9" * 30, f"{int(NOW.timestamp())}000"):
            answer = await plain(api, "GET", path, {**good, f"X-{brand}-Timestamp": text})
            assert (answer.status, answer.error["code"]) == (401, "INVALID_TIMESTAMP"), text
        del good[f"X-{brand}-Timestamp"]
        answer = await plain(api, "GET", path, good)
        assert (answer.status, answer.error["code"]) == (401, "INVALID_TIMESTAMP")


HEADERS = ("X-Storlaunch-On-Behalf-Of", "X-Plugipay-On-Behalf-Of")


@pytest.mark.parametrize("header", HEADERS)
async def test_only_a_key_that_was_granted_it_asks_on_behalf_of_another(api: Api, header: str) -> None:
    one = await api.merchant("acc_1", available=10)
    await api.merchant("acc_2", available=20)
    refused = await one.get("/v1/payouts/balance", **{header: "acc_2"})
    assert complaints(refused, status=403) == []
    assert refused.error["code"] == "FORBIDDEN"
    assert (await one.get("/v1/payouts/balance", **{header: "acc_1"})).data["available"] == 10, "itself is no other"
    for granted in (await api.caller("acc_1", on_behalf_of=True), await api.caller()):
        assert (await granted.get("/v1/payouts/balance", **{header: "acc_2"})).data["available"] == 20
        assert (await granted.get("/v1/payouts/balance", **{header: "acc_9"})).error["code"] == "NOT_FOUND"
    barred = await api.caller(on_behalf_of=False)
    assert (await barred.get("/v1/payouts/balance", **{header: "acc_2"})).error["code"] == "FORBIDDEN"


async def test_a_platform_key_that_names_no_account_is_told_how_to(api: Api) -> None:
    platform = await api.caller()
    for method, path, body in (
        ("GET", "/v1/payouts", None),
        ("GET", "/v1/payouts/balance", None),
        ("GET", "/v1/payouts/bank-account", None),
        ("GET", "/v1/payouts/pout_1", None),
        ("POST", "/v1/payouts", {"amount": 1, "currency": "IDR"}),
        ("POST", "/v1/payouts/pout_1/cancel", {}),
    ):
        answer = await platform.call(method, path, body)
        assert complaints(answer, field=HEADERS[0]) == []


async def test_health_and_the_description_ask_for_no_key(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        async with api.session.get(api.base + path) as response:
            assert response.status == 200
