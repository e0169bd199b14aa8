"""The worst bodies on the payouts API: refused with a code, a message and the field, and nothing is written."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from service.platform.settings import Settings
from tests.support.api import Api, Caller
from tests.support.refusals import complaints, send
from tests.support.tables import read_tables

WISH = {"amount": 100, "currency": "IDR"}
BANK = {"bankName": "BCA", "bankAccountNumber": "111", "bankAccountHolder": "A"}
WRITES = (
    ("POST", "/v1/payouts"),
    ("PATCH", "/v1/payouts/bank-account"),
    ("POST", "/v1/payouts/{id}/cancel"),
    ("POST", "/v1/payouts/{id}/mark-in-transit"),
    ("POST", "/v1/payouts/{id}/mark-paid"),
    ("POST", "/v1/payouts/{id}/mark-failed"),
    ("POST", "/v1/commands"),
)


@dataclass(frozen=True)
class Place:
    """A merchant with money and a pending payout, and what stands in the database."""

    merchant: Caller
    payout_id: str


@pytest_asyncio.fixture
async def place(api: Api, settings: Settings) -> AsyncIterator[Place]:
    """A place that is as it was when the test is over."""
    merchant = await api.merchant(available=10_000)
    payout_id = (await merchant.post("/v1/payouts", WISH)).data["id"]
    before = await read_tables(settings)
    yield Place(merchant, payout_id)
    assert await read_tables(settings) == before, "a refused request writes nothing"


NOT_JSON_OBJECTS = {
    "cut off": b'{"amount": 100',
    "trailing comma": b'{"amount": 100, "currency": "IDR",}',
    "single quotes": b"{'amount': 100}",
    "two documents": b"{}{}",
    "not UTF-8": b'{"note": "\xff\xfe"}',
    "UTF-16": json.dumps(WISH).encode("utf-16"),
    "overlong NUL": b'{"note": "\xc0\x80"}',
    "raw NUL": b'{"note": "\x00"}',
    "raw line break in a text": b'{"note": "a\nb"}',
    "lone high surrogate": rb'{"amount": 1, "currency": "IDR", "note": "\ud800"}',
    "lone low surrogate": rb'{"amount": 1, "currency": "IDR", "note": "\udc00x"}',
    "lone surrogate as a name": rb'{"\ud800": 1}',
    "not a number": b'{"amount": NaN, "currency": "IDR"}',
    "infinity": b'{"amount": Infinity, "currency": "IDR"}',
    "leading zero": b'{"amount": 0100, "currency": "IDR"}',
    "hexadecimal": b'{"amount": 0x10, "currency": "IDR"}',
    "deep list": b"[" * 200_000,
    "deep object": b'{"a":' * 200_000,
    "whole and deep": b"[" * 100_000 + b"]" * 100_000,
    "null": b"null",
    "list": b"[]",
    "text": b'"amount"',
    "number": b"100",
    "true": b"true",
    "form": b"amount=100&currency=IDR",
    "space": b" ",
}


@pytest.mark.parametrize(("method", "path"), WRITES, ids=[path for _, path in WRITES])
async def test_what_is_no_json_object_is_refused_by_every_write(place: Place, method: str, path: str) -> None:
    wrong = {}
    for name, raw in NOT_JSON_OBJECTS.items():
        answer = await send(place.merchant, method, path.format(id=place.payout_id), raw=raw)
        if found := complaints(answer):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize(("method", "path"), WRITES, ids=[path for _, path in WRITES])
async def test_a_field_that_is_not_known_is_named_by_every_write(place: Place, method: str, path: str) -> None:
    bodies: dict[str, Any] = {
        "/v1/payouts": WISH,
        "/v1/payouts/bank-account": BANK,
        "/v1/payouts/{id}/mark-failed": {"failureReason": "x"},
        "/v1/commands": {"commands": [{"type": "freezeAccount", "reason": "x"}]},
    }
    for name in (
        "surprise",
        "accountId",
        "payoutId",
        "status",
        "type",
        "idempotencyKey",
        "account_id",
        "ünï",
        "a.b",
        "0",
    ):
        body = {**bodies.get(path, {}), name: "acc_2"}
        answer = await send(place.merchant, method, path.format(id=place.payout_id), body)
        assert complaints(answer, field=name) == []


AMOUNTS: tuple[Any, ...] = (
    0, -1, -(2**53), 2**53, 2**63, 2**64, 10**30, 1.0, 100.5, 1e3, -0.0, "100", "", True, False, None, [], [100], {},
)  # fmt: skip
CURRENCIES: tuple[Any, ...] = ("ZZZ", "idr", "", "ID", "IDRR", "IDR ", "ID\0", "RÚP", 360, None, True, ["IDR"], {})
NOT_TEXTS: tuple[Any, ...] = (5, 1.5, True, [], ["x"], {})


def texts(longest: int, *, may_be_empty: bool = False, may_be_null: bool = False) -> tuple[Any, ...]:
    wrong = (*NOT_TEXTS, "x" * (longest + 1), "a\0b", "\0", "x" * 100_000)
    return wrong + (() if may_be_empty else ("",)) + (() if may_be_null else (None,))


PAYOUT_FIELDS = {
    "amount": AMOUNTS,
    "currency": CURRENCIES,
    "note": texts(500, may_be_empty=True, may_be_null=True),
    "bankCode": texts(32, may_be_null=True),
    "bankName": texts(100, may_be_null=True),
    "bankAccountNumber": texts(50, may_be_null=True),
    "bankAccountHolder": texts(100, may_be_null=True),
}
BANK_FIELDS = {
    "bankCode": texts(32, may_be_null=True),
    "bankName": texts(100),
    "bankAccountNumber": texts(50),
    "bankAccountHolder": texts(100),
}


@pytest.mark.parametrize("field", PAYOUT_FIELDS)
async def test_a_payout_with_a_wrong_field_is_refused_and_the_field_is_named(place: Place, field: str) -> None:
    wrong = {}
    for value in PAYOUT_FIELDS[field]:
        answer = await send(place.merchant, "POST", "/v1/payouts", {**WISH, field: value})
        if found := complaints(answer, field=field):
            wrong[repr(value)[:40]] = found
    assert wrong == {}


@pytest.mark.parametrize("field", BANK_FIELDS)
async def test_a_bank_account_with_a_wrong_field_is_refused_and_the_field_is_named(place: Place, field: str) -> None:
    wrong = {}
    for value in BANK_FIELDS[field]:
        answer = await send(place.merchant, "PATCH", "/v1/payouts/bank-account", {**BANK, field: value})
        if found := complaints(answer, field=field):
            wrong[repr(value)[:40]] = found
    assert wrong == {}


async def test_a_required_field_that_is_missing_is_named(place: Place) -> None:
    for method, path, body in (("POST", "/v1/payouts", WISH), ("PATCH", "/v1/payouts/bank-account", BANK)):
        for missing in body:
            answer = await send(place.merchant, method, path, {k: v for k, v in body.items() if k != missing})
            assert complaints(answer, field=missing) == []
        assert complaints(await send(place.merchant, method, path, raw=b"")) == []


async def test_the_words_of_an_operator_are_bounded(place: Place) -> None:
    wrong = {}
    for verb, field, values in (
        ("mark-in-transit", "reference", texts(200, may_be_null=True)),
        ("mark-paid", "reference", texts(200, may_be_null=True)),
        ("mark-failed", "failureReason", texts(500)),
    ):
        for value in values:
            answer = await send(place.merchant, "POST", f"/v1/payouts/{place.payout_id}/{verb}", {field: value})
            if found := complaints(answer, field=field):
                wrong[verb, repr(value)[:40]] = found
    assert wrong == {}
    assert complaints(await send(place.merchant, "POST", f"/v1/payouts/{place.payout_id}/mark-failed", {})) == []


@pytest.mark.parametrize("path", ["/v1/payouts", "/api/v1/commands"])
async def test_a_body_that_is_too_large_is_413_however_it_is_sent(place: Place, settings: Settings, path: str) -> None:
    raw = b'{"note": "' + b"x" * settings.body_bytes_max + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 2**16):
            yield raw[start : start + 2**16]

    merchant = place.merchant
    packed = {"Content-Encoding": "gzip"}
    for data, headers in ((io.BytesIO(raw), {}), (in_pieces(), {}), (gzip.compress(raw), packed)):
        async with merchant.session.post(
            merchant.base + path, data=data, headers={"Authorization": f"Bearer {merchant.key.secret}", **headers}
        ) as response:
            assert response.status == 413
            assert (await response.json())["error"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_body_that_is_not_what_its_encoding_says_is_refused(place: Place) -> None:
    for encoding in ("gzip", "deflate"):
        answer = await send(
            place.merchant, "POST", "/v1/payouts", raw=json.dumps(WISH).encode(), headers={"Content-Encoding": encoding}
        )
        assert complaints(answer) == []
