"""A key makes a request one request, however often it is sent: the first answer comes back byte for byte."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from service.platform.settings import Settings
from tests.support.api import Answer, Api, Caller, serving
from tests.support.tables import as_owner, read_tables
from tests.support.waiting import until_blocked

WISH = {"amount": 100, "currency": "IDR"}
BANK = {"bankName": "BCA", "bankAccountNumber": "111", "bankAccountHolder": "A"}
HEADERS = ("Idempotency-Key", "X-Idempotency-Key")


async def request_payout(caller: Caller, key: str, body: Any = None, prefix: str = "/v1") -> Answer:
    return await caller.post(f"{prefix}/payouts", body or WISH, **{"Idempotency-Key": key})


def assert_replay(first: Answer, again: Answer) -> None:
    assert again.status == first.status
    assert again.raw == first.raw
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert first.headers["X-Request-Id"] == first.meta["requestId"]
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"], "the repeat is a request of its own"


async def payouts_of(caller: Caller) -> list[Any]:
    payouts = (await caller.get("/v1/payouts")).data
    assert isinstance(payouts, list)
    return payouts


@dataclass(frozen=True)
class Mutation:
    """A write, as it is sent to the payouts `{pending}` and `{sent}`, and the same with another body."""

    method: str
    path: str
    body: Any
    other: Any


MUTATIONS = {
    "request a payout": Mutation("POST", "/v1/payouts", WISH, {**WISH, "amount": 99}),
    "set the bank account": Mutation("PATCH", "/v1/payouts/bank-account", BANK, {**BANK, "bankAccountNumber": "222"}),
    "mark in transit": Mutation(
        "POST", "/v1/payouts/{pending}/mark-in-transit", {"reference": "TRX-1"}, {"reference": "TRX-2"}
    ),
    "mark paid": Mutation("POST", "/v1/payouts/{sent}/mark-paid", {"reference": "TRX-1"}, {"reference": "TRX-2"}),
    "mark failed": Mutation("POST", "/v1/payouts/{sent}/mark-failed", {"failureReason": "x"}, {"failureReason": "y"}),
    "a command": Mutation(
        "POST",
        "/v1/commands",
        {"commands": [{"type": "recordRevenue", "amount": 5, "currency": "IDR", "reference": "o-9"}]},
        {"commands": [{"type": "recordRevenue", "amount": 6, "currency": "IDR", "reference": "o-9"}]},
    ),
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=list(MUTATIONS))
async def test_every_mutation_honours_either_header(api: Api, mutation: Mutation, header: str) -> None:
    merchant = await api.merchant(available=1000)
    pending, sent = [(await merchant.post("/v1/payouts", WISH)).data["id"] for _ in range(2)]
    await merchant.post(f"/v1/payouts/{sent}/mark-in-transit", {})
    path = mutation.path.format(pending=pending, sent=sent)

    first = await merchant.call(mutation.method, path, mutation.body, headers={header: "key-1"})
    assert first.status in (200, 201)
    position = await api.position()
    again = await merchant.call(mutation.method, path, mutation.body, headers={header: "key-1"})
    assert_replay(first, again)
    other = await merchant.call(mutation.method, path, mutation.other, headers={header: "key-1"})
    assert (other.status, other.error["code"]) == (409, "IDEMPOTENCY_MISMATCH")
    assert await api.position() == position, "a repeat writes nothing"


async def test_a_cancel_is_repeated_although_the_payout_is_no_longer_pending(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    one, two = [(await merchant.post("/v1/payouts", WISH)).data["id"] for _ in range(2)]
    key = {"Idempotency-Key": "key-1"}
    first = await merchant.post(f"/v1/payouts/{one}/cancel", {}, **key)
    assert_replay(first, await merchant.post(f"/v1/payouts/{one}/cancel", {}, **key))
    for path in (f"/v1/payouts/{two}/cancel", f"/v1/payouts/{one}/mark-paid"):
        other = await merchant.post(path, {}, **key)
        assert (other.status, other.error["code"]) == (409, "IDEMPOTENCY_MISMATCH"), "another operation is no repeat"
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 900


async def test_both_prefixes_are_the_same_operation(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    first = await request_payout(merchant, "key-1", prefix="/v1")
    assert_replay(first, await request_payout(merchant, "key-1", prefix="/api/v1"))
    assert len(await payouts_of(merchant)) == 1


async def test_both_headers_are_one_key(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    first = await merchant.post("/v1/payouts", WISH, **dict.fromkeys(HEADERS, "key-1"))
    for header in HEADERS:
        assert_replay(first, await merchant.post("/v1/payouts", WISH, **{header: "key-1"}))


async def test_a_read_does_not_ask_for_a_key_and_ignores_one(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    key = {"Idempotency-Key": "key-1"}
    assert (await merchant.get("/v1/payouts", **key)).data == []
    await request_payout(merchant, "key-1")
    assert len((await merchant.get("/v1/payouts", **key)).data) == 1


def assert_one_payout(answers: Sequence[Answer]) -> None:
    assert {answer.status for answer in answers} == {201}
    assert len({answer.raw for answer in answers}) == 1
    replayed = Counter("Idempotency-Replayed" in answer.headers for answer in answers)
    assert replayed == {False: 1, True: len(answers) - 1}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)


async def test_of_twenty_concurrent_requests_with_one_key_one_makes_a_payout_and_all_get_its_answer(api: Api) -> None:
    merchant = await api.merchant(available=10_000)
    assert_one_payout(await asyncio.gather(*(request_payout(merchant, "key-1") for _ in range(20))))
    assert len(await payouts_of(merchant)) == 1
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 9900


async def test_two_services_that_race_with_one_key_make_one_payout(settings: Settings) -> None:
    async with serving(settings) as one, serving(settings) as two:
        merchant = await one.merchant(available=10_000)
        same = Caller(two.session, two.base, merchant.key)
        # The second service has to have books of its own, so that it decides without asking anybody.
        await same.accepted(type="recordRevenue", amount=1, currency="IDR", reference="order-9")
        await merchant.accepted(type="recordRevenue", amount=1, currency="IDR", reference="order-9")
        owner = await as_owner(settings)
        try:
            async with owner.transaction():
                await owner.execute("SELECT FROM lanes FOR UPDATE")
                racing = [asyncio.ensure_future(request_payout(c, "key-1")) for c in (merchant, same, merchant, same)]
                await until_blocked(settings, 2)
            answers = await asyncio.gather(*racing)
        finally:
            await owner.close()
        assert_one_payout(answers)
        assert len(await payouts_of(merchant)) == 1


async def test_the_first_answer_outlives_the_service(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant(available=1000)
        first = await request_payout(merchant, "key-1")
        await merchant.post(f"/v1/payouts/{first.data['id']}/cancel", {})
    async with serving(settings) as api:
        merchant = Caller(api.session, api.base, merchant.key)
        again = await request_payout(merchant, "key-1")
        assert_replay(first, again)
        assert again.data["status"] == "pending", "the first answer, not what has become of the payout"
        other = await request_payout(merchant, "key-1", {**WISH, "amount": 1})
        assert (other.status, other.error["code"]) == (409, "IDEMPOTENCY_MISMATCH")


async def test_a_refusal_is_not_remembered_so_the_key_succeeds_once_the_money_is_there(api: Api) -> None:
    merchant = await api.merchant(available=50)
    refused = await request_payout(merchant, "key-1")
    assert (refused.status, refused.error["code"]) == (409, "INSUFFICIENT_BALANCE")
    await merchant.accepted(type="adjust", amount=50, currency="IDR", reason="missing revenue")
    created = await request_payout(merchant, "key-1")
    assert created.status == 201
    assert "Idempotency-Replayed" not in created.headers
    assert_replay(created, await request_payout(merchant, "key-1"))


async def test_a_key_belongs_to_its_account(api: Api) -> None:
    one = await api.merchant("acc_1", available=1000)
    two = await api.merchant("acc_2", available=1000)
    first, second = [await request_payout(caller, "key-1") for caller in (one, two)]
    assert (first.status, second.status) == (201, 201)
    assert first.data["id"] != second.data["id"]
    assert_replay(second, await request_payout(two, "key-1"))


async def test_another_key_of_the_same_account_repeats_the_same_request(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    first = await request_payout(merchant, "key-1")
    assert_replay(first, await request_payout(await api.caller("acc_1"), "key-1"))


def revenue(key: str | None, reference: str, amount: int = 10) -> dict[str, Any]:
    command = {"type": "recordRevenue", "amount": amount, "currency": "IDR", "reference": reference}
    return command if key is None else {**command, "idempotencyKey": key}


async def test_in_bulk_each_command_has_a_key_of_its_own(api: Api) -> None:
    merchant = await api.merchant()
    bulk = {"commands": [revenue("k-1", "o-1"), revenue("k-2", "o-2"), revenue(None, "o-3")]}
    first = (await merchant.post("/v1/commands", bulk)).data["results"]
    again = (await merchant.post("/v1/commands", bulk)).data["results"]
    assert again[:2] == first[:2]
    assert again[2]["position"] == first[2]["position"] + 1, "no key: another revenue"
    mixed = {"commands": [revenue("k-2", "o-2"), revenue("k-1", "o-1", amount=11), revenue("k-4", "o-4")]}
    results = (await merchant.post("/v1/commands", mixed)).data["results"]
    assert results[0] == first[1]
    assert (results[1]["status"], results[1]["error"]["code"]) == ("refused", "IDEMPOTENCY_MISMATCH")
    assert results[2]["status"] == "accepted"
    assert (await merchant.get("/v1/payouts/balance")).data["pending"] == 50


async def test_a_command_alone_may_carry_its_key_in_the_header_or_in_itself(api: Api) -> None:
    merchant = await api.merchant()
    first = await merchant.post("/v1/commands", {"commands": [revenue(None, "o-1")]}, **{"Idempotency-Key": "k-1"})
    assert_replay(first, await merchant.post("/v1/commands", {"commands": [revenue("k-1", "o-1")]}))


async def test_a_dry_run_remembers_nothing_and_reads_what_is_remembered(api: Api, settings: Settings) -> None:
    merchant = await api.merchant()
    before = await read_tables(settings)
    dry = await merchant.post("/v1/commands?dryRun=true", {"commands": [revenue("k-1", "o-1")]})
    assert dry.data["results"][0]["status"] == "accepted"
    assert await read_tables(settings) == before
    other = await merchant.post("/v1/commands", {"commands": [revenue("k-1", "o-2")]})
    assert other.data["results"][0]["status"] == "accepted", "the dry run did not use the key up"
    clash = await merchant.post("/v1/commands?dryRun=true", {"commands": [revenue("k-1", "o-1")]})
    assert clash.data["results"][0]["error"]["code"] == "IDEMPOTENCY_MISMATCH"


async def test_once_the_accounts_key_is_destroyed_a_repeat_is_gone(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant(available=1000)
        await request_payout(merchant, "key-1")
    owner = await as_owner(settings)
    await owner.execute("DELETE FROM account_keys WHERE account_id = 'acc_1'")
    await owner.close()
    async with serving(settings) as api:
        again = await request_payout(Caller(api.session, api.base, merchant.key), "key-1")
        assert (again.status, again.error["code"]) == (410, "ERASED")
        bank = (await Caller(api.session, api.base, merchant.key).get("/v1/payouts/bank-account")).data
        assert (bank["bankAccountNumber"], bank["bankAccountHolder"]) == ("erased", "erased")
        assert bank["bankAccountKnown"] is False
