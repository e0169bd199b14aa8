"""The official SDKs, unmodified, against the service: what they send is taken, what they read is there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from plugipay import PlugipayClient, PlugipayError
from storlaunch import StorlaunchClient, StorlaunchError

from tests.support.api import Api, Caller

T = TypeVar("T")

BANK = {"bankCode": "bca", "bankName": "BCA", "bankAccountNumber": "1234567890", "bankAccountHolder": "Siti Rahma"}
STAMPS = ("inTransitAt", "paidAt", "failedAt", "cancelledAt")


async def with_storlaunch(caller: Caller, use: Callable[[Any], T]) -> T:
    """Runs `use` with a client, away from the loop that serves: the SDK blocks."""

    def run() -> T:
        with StorlaunchClient(key_id=caller.key.key_id, secret=caller.key.secret, base_url=caller.base) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def with_plugipay(caller: Caller, use: Callable[[Any], T]) -> T:
    def run() -> T:
        with PlugipayClient(key_id=caller.key.key_id, secret=caller.key.secret, base_url=caller.base) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def refused(caller: Caller, use: Callable[[Any], object]) -> StorlaunchError:
    with pytest.raises(StorlaunchError) as caught:
        await with_storlaunch(caller, use)
    assert re.fullmatch(r"req_[0-9A-HJKMNP-TV-Z]{26}", caught.value.request_id or "")
    assert caught.value.message
    return caught.value


def mark(verb: str, payout_id: str, body: object) -> Callable[[Any], Any]:
    return lambda client: client.passthrough("POST", f"/api/v1/payouts/{payout_id}/{verb}", body)


async def test_the_storlaunch_sdk_lives_the_manual_life_from_bank_account_to_paid(api: Api) -> None:
    merchant = await api.merchant(available=5_230_000, pending=750_000, bank=False)

    def life(client: Any) -> None:
        assert client.payouts.bank_account()["configured"] is False
        configured = client.payouts.update_bank_account(BANK)
        assert {name: configured[name] for name in BANK} == BANK
        assert client.payouts.bank_account() == configured
        balance = client.passthrough("GET", "/api/v1/payouts/balance")
        assert (balance["available"], balance["pending"], balance["currency"]) == (5_230_000, 750_000, "IDR")

        payout = client.payouts.request_payout({"amount": 5_000_000, "currency": "IDR", "note": "April revenue"})
        assert re.fullmatch(r"pout_[0-9A-HJKMNP-TV-Z]{26}", payout["id"])
        assert {name: payout[name] for name in BANK} == BANK
        assert (payout["accountId"], payout["status"], payout["amount"]) == ("acc_1", "pending", 5_000_000)
        assert (payout["note"], payout["reference"], payout["failureReason"]) == ("April revenue", None, None)
        assert [payout[stamp] for stamp in STAMPS] == [None] * 4
        assert client.payouts.get(payout["id"]) == payout
        assert client.payouts.list() == [payout]
        assert client.payouts.list({"status": "pending", "limit": 1}) == [payout]
        assert client.payouts.list({"status": "paid"}) == []

        sent = mark("mark-in-transit", payout["id"], {"reference": "TRX-1"})(client)
        assert (sent["status"], sent["reference"]) == ("in_transit", "TRX-1")
        paid = mark("mark-paid", payout["id"], {"reference": None})(client)
        assert (paid["status"], paid["reference"]) == ("paid", "TRX-1")
        assert paid["inTransitAt"] is not None
        assert paid["paidAt"] is not None
        after = client.passthrough("GET", "/api/v1/payouts/balance")
        assert (after["available"], after["pending"], after["reserved"]) == (230_000, 750_000, 0)

    await with_storlaunch(merchant, life)


async def test_the_storlaunch_sdk_cancels_and_fails_payouts_and_the_money_is_back_at_once(api: Api) -> None:
    merchant = await api.merchant(available=1000)

    def life(client: Any) -> None:
        first = client.payouts.request_payout({"amount": 400, "currency": "IDR"})
        second = client.payouts.request_payout({"amount": 600, "currency": "IDR"})
        assert mark("cancel", first["id"], {})(client)["status"] == "cancelled"
        assert client.passthrough("GET", "/api/v1/payouts/balance")["available"] == 400
        failed = mark("mark-failed", second["id"], {"failureReason": "Wrong account number"})(client)
        assert (failed["status"], failed["failureReason"]) == ("failed", "Wrong account number")
        assert client.passthrough("GET", "/api/v1/payouts/balance")["available"] == 1000
        assert [payout["status"] for payout in client.payouts.list()] == ["failed", "cancelled"]

    await with_storlaunch(merchant, life)


async def test_each_request_of_the_sdk_is_a_payout_of_its_own_since_it_makes_a_new_key(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    wish = {"amount": 100, "currency": "IDR"}
    ids = await with_storlaunch(merchant, lambda client: [client.payouts.request_payout(wish)["id"] for _ in range(2)])
    assert ids[0] != ids[1]
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 800


async def test_more_than_the_balance_arrives_as_insufficient_balance(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    problem = await refused(merchant, lambda client: client.payouts.request_payout({"amount": 1001, "currency": "IDR"}))
    assert (problem.status, problem.code) == (409, "INSUFFICIENT_BALANCE")


async def test_a_wrong_shape_arrives_as_validation_error(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    wrong = [
        lambda client: client.payouts.request_payout({"currency": "IDR"}),
        lambda client: client.payouts.request_payout({"amount": 10}),
        lambda client: client.payouts.request_payout({"amount": 10.5, "currency": "IDR"}),
        lambda client: client.payouts.request_payout({"amount": 10, "currency": "USD"}),
        lambda client: client.payouts.update_bank_account({"bankName": "BCA"}),
        lambda client: client.payouts.list({"limit": 101}),
    ]
    for use in wrong:
        problem = await refused(merchant, use)
        assert (problem.status, problem.code) == (400, "VALIDATION_ERROR")


async def test_a_shortcut_to_paid_arrives_as_invalid_transition(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    wish = {"amount": 10, "currency": "IDR"}
    payout = await with_storlaunch(merchant, lambda client: client.payouts.request_payout(wish))
    problem = await refused(merchant, mark("mark-paid", payout["id"], {"reference": "TRX-1"}))
    assert (problem.status, problem.code) == (409, "INVALID_TRANSITION")


async def test_a_payout_with_nowhere_to_go_arrives_as_bank_account_not_set(api: Api) -> None:
    merchant = await api.merchant(available=1000, bank=False)
    problem = await refused(merchant, lambda client: client.payouts.request_payout({"amount": 10, "currency": "IDR"}))
    assert (problem.status, problem.code) == (409, "BANK_ACCOUNT_NOT_SET")


async def test_an_unknown_payout_arrives_as_not_found(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    unknown = "pout_00000000000000000000000000"
    for use in (lambda client: client.payouts.get(unknown), mark("cancel", unknown, {})):
        problem = await refused(merchant, use)
        assert (problem.status, problem.code) == (404, "NOT_FOUND")


async def test_a_wrong_secret_arrives_as_invalid_signature(api: Api) -> None:
    merchant = await api.merchant(available=1000)

    def run() -> None:
        with StorlaunchClient(key_id=merchant.key.key_id, secret="sk_live_other", base_url=api.base) as client:
            client.payouts.list()

    with pytest.raises(StorlaunchError) as caught:
        await asyncio.to_thread(run)
    assert (caught.value.status, caught.value.code) == (401, "INVALID_SIGNATURE")


async def test_a_platform_key_works_for_each_merchant_through_for_merchant(api: Api) -> None:
    for account, available in (("acc_1", 100), ("acc_2", 200)):
        await api.merchant(account, available=available)
    platform = await api.caller()

    def run(client: Any) -> list[dict[str, Any]]:
        found = [
            client.for_merchant(account).payouts.request_payout({"amount": 10, "currency": "IDR"})
            for account in ("acc_1", "acc_2")
        ]
        for payout in found:
            assert client.for_merchant(payout["accountId"]).payouts.list() == [payout]
        return found

    payouts = await with_storlaunch(platform, run)
    assert [payout["accountId"] for payout in payouts] == ["acc_1", "acc_2"]
    problem = await refused(platform, lambda client: client.for_merchant("acc_2").payouts.get(payouts[0]["id"]))
    assert (problem.status, problem.code) == (404, "NOT_FOUND")


async def test_a_merchants_own_key_may_not_use_for_merchant(api: Api) -> None:
    merchant = await api.merchant("acc_1")
    await api.merchant("acc_2")
    problem = await refused(merchant, lambda client: client.for_merchant("acc_2").payouts.list())
    assert (problem.status, problem.code) == (403, "FORBIDDEN")


async def test_the_plugipay_sdk_makes_the_same_payouts_calls(api: Api) -> None:
    merchant = await api.merchant(available=1000, bank=False)

    def life(client: Any) -> None:
        payouts = client.payouts
        assert payouts.get_bank_account()["configured"] is False
        payouts.update_bank_account(
            bank_name="BCA", bank_account_number="1234567890", bank_account_holder="Siti Rahma", bank_code="bca"
        )
        bank = payouts.get_bank_account()
        assert {name: bank[name] for name in BANK} == BANK
        assert payouts.balance()["available"] == 1000
        ids = [payouts.create(amount=100, currency="IDR", note=f"no. {n}")["id"] for n in range(4)]
        assert payouts.get(ids[0])["note"] == "no. 0"

        page = payouts.list(limit=3)
        assert [payout["id"] for payout in page.data] == ids[:0:-1]
        assert page.has_more is True
        rest = payouts.list(limit=3, cursor=page.cursor)
        assert ([payout["id"] for payout in rest.data], rest.has_more, rest.cursor) == ([ids[0]], False, None)

        assert payouts.cancel(ids[0])["status"] == "cancelled"
        assert payouts.mark_in_transit(ids[1])["status"] == "in_transit"
        assert payouts.mark_paid(ids[1], reference="TRX-9")["reference"] == "TRX-9"
        assert payouts.mark_failed(ids[2], failure_reason="Account closed")["failureReason"] == "Account closed"
        assert [payout["id"] for payout in payouts.list(status="pending").data] == [ids[3]]
        with pytest.raises(PlugipayError) as caught:
            payouts.create(amount=801, currency="IDR")
        assert (caught.value.status, caught.value.code) == (409, "INSUFFICIENT_BALANCE")
        assert caught.value.request_id is not None

    await with_plugipay(merchant, life)


async def test_a_plugipay_platform_key_names_the_merchant_in_its_own_header(api: Api) -> None:
    await api.merchant("acc_1", available=100)
    platform = await api.caller()

    def run(client: Any) -> Any:
        with client.for_merchant("acc_1") as merchant:
            return merchant.payouts.balance()

    assert (await with_plugipay(platform, run))["available"] == 100
