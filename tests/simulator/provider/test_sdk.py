"""The official SDK, unmodified, against the simulated Plugipay: what it sends is taken, what it reads is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugipay import PlugipayError, PlugipaySignatureError, verify_webhook

from tests.simulator.provider.plugipay import (
    BANK,
    SDK_BANK,
    WEBHOOK_SECRET,
    plugipay,
    receiving,
    with_sdk,
    workspace,
)


async def test_the_sdk_moves_payouts_by_hand() -> None:
    def life(client: Any) -> None:
        payouts = client.payouts
        assert payouts.get_bank_account()["configured"] is False
        payouts.update_bank_account(**SDK_BANK)
        assert payouts.get_bank_account().raw == {**BANK, "configured": True}

        first, second, third = (payouts.create(amount=100_000, currency="IDR", note=f"no. {n}") for n in range(3))
        assert first["id"].startswith("po_")
        assert {name: first[name] for name in BANK} == BANK
        assert (first["status"], first["amount"], first["currency"], first["note"]) == (
            "pending",
            100_000,
            "IDR",
            "no. 0",
        )
        assert (first["accountId"], first["method"], first["reference"]) == ("acc_simulated", "manual", None)
        assert payouts.balance().raw == {
            "ledgerBalance": 1_000_000,
            "locked": 300_000,
            "available": 700_000,
            "currency": "IDR",
        }
        assert payouts.cancel(first["id"])["status"] == "cancelled"
        sent = payouts.mark_in_transit(second["id"], reference="TRX-1")
        assert (sent["status"], sent["reference"], sent["completedAt"]) == ("in_transit", "TRX-1", None)
        paid = payouts.mark_paid(second["id"])
        assert (paid["status"], paid["reference"]) == ("paid", "TRX-1")
        assert paid["processedAt"] == sent["processedAt"]
        assert paid["createdAt"] < paid["processedAt"] < paid["completedAt"] == paid["updatedAt"]
        assert paid["ledgerTransactionId"]
        failed = payouts.mark_failed(third["id"], failure_reason="Account closed")
        assert (failed["status"], failed["failureReason"]) == ("failed", "Account closed")
        assert payouts.get(third["id"]).raw == failed.raw
        assert payouts.balance().raw == {
            "ledgerBalance": 900_000,
            "locked": 0,
            "available": 900_000,
            "currency": "IDR",
        }

    async with plugipay(moves=False) as simulated:
        await with_sdk(simulated, life)
        assert [one.amount for one in simulated.control.disbursements()] == [100_000]


async def test_the_sdk_lists_in_pages_newest_first_and_by_status() -> None:
    def pages(client: Any) -> None:
        ids = [client.payouts.create(amount=1, currency="IDR", **SDK_BANK)["id"] for _ in range(5)]
        found, cursor, sizes = [], None, []
        while True:
            page = client.payouts.list(limit=2, cursor=cursor)
            found += [payout["id"] for payout in page.data]
            sizes.append(len(page.data))
            if not page.has_more:
                break
            cursor = page.cursor
        assert (found, sizes, page.cursor) == (ids[::-1], [2, 2, 1], None)
        client.payouts.cancel(ids[1])
        assert [payout["id"] for payout in client.payouts.list(status="cancelled").data] == [ids[1]]
        first = client.payouts.list(status="pending", limit=3)
        rest = client.payouts.list(status="pending", limit=3, cursor=first.cursor)
        assert [payout["id"] for payout in first.data + rest.data] == [ids[n] for n in (4, 3, 2, 0)]

    async with plugipay(moves=False) as simulated:
        await with_sdk(simulated, pages)


async def test_the_sdk_sees_refusals_with_their_codes_and_request_ids() -> None:
    async def refused(use: Any) -> PlugipayError:
        with pytest.raises(PlugipayError) as caught:
            await with_sdk(simulated, use)
        assert (caught.value.request_id or "").startswith("req_")
        return caught.value

    async with plugipay(moves=False) as simulated:
        problem = await refused(lambda client: client.payouts.create(amount=1, currency="IDR"))
        assert (problem.status, problem.code) == (409, "BANK_ACCOUNT_NOT_SET")
        problem = await refused(lambda client: client.payouts.create(amount=1_000_001, currency="IDR", **SDK_BANK))
        assert (problem.status, problem.code) == (409, "INSUFFICIENT_BALANCE")
        without_code = {name: given for name, given in SDK_BANK.items() if name != "bank_code"}
        for wrong in (
            {"amount": 1, "currency": "IDR", **without_code},
            {"amount": 0, "currency": "IDR", **SDK_BANK},
            {"amount": 1.5, "currency": "IDR", **SDK_BANK},
            {"amount": 1, "currency": "EUR", **SDK_BANK},
            {"amount": 1, "currency": "IDR", **SDK_BANK, "note": "x" * 501},
        ):
            problem = await refused(lambda client, wrong=wrong: client.payouts.create(**wrong))
            assert (problem.status, problem.code) == (400, "VALIDATION_ERROR")
        payout = await with_sdk(simulated, lambda c: c.payouts.create(amount=1, currency="IDR", **SDK_BANK)["id"])
        problem = await refused(lambda client: client.payouts.mark_paid(payout))
        assert (problem.status, problem.code) == (409, "invalid_transition")
        problem = await refused(lambda client: client.payouts.get("po_unknown"))
        assert (problem.status, problem.code) == (404, "not_found")


async def test_the_sdk_reads_the_events_and_their_types() -> None:
    def read(client: Any) -> None:
        payout = client.payouts.create(amount=7, currency="IDR", **SDK_BANK)
        client.payouts.cancel(payout["id"])
        newest, oldest = client.events.list().data
        assert (newest["type"], oldest["type"]) == ("plugipay.payout.cancelled.v1", "plugipay.payout.created.v1")
        assert client.events.get(oldest["id"])["data"]["object"]["status"] == "pending"
        assert [one["id"] for one in client.events.list(type=oldest["type"]).data] == [oldest["id"]]
        assert set(client.request(method="GET", path="/api/v1/events/types")) == {
            f"plugipay.payout.{kind}.v1" for kind in ("created", "in_transit", "paid", "failed", "cancelled")
        }

    async with plugipay(moves=False) as simulated:
        await with_sdk(simulated, read)


async def test_a_platforms_key_acts_for_its_merchants_and_a_merchants_does_not() -> None:
    merchant = workspace(id="acc_merchant", key_id="ak_merchant")

    def request_for(account_id: str) -> Callable[[Any], Any]:
        def use(client: Any) -> Any:
            with client.for_merchant(account_id) as their:
                return their.payouts.create(amount=5, currency="IDR", **SDK_BANK).raw

        return use

    async with plugipay(workspace(platform=True), merchant, moves=False) as simulated:
        assert (await with_sdk(simulated, request_for("acc_merchant")))["accountId"] == "acc_merchant"
        assert await with_sdk(simulated, lambda c: c.payouts.list().data) == []
        with pytest.raises(PlugipayError) as caught:
            await with_sdk(simulated, request_for("acc_stranger"))
        assert caught.value.status == 404
    async with plugipay(workspace(), merchant, moves=False) as simulated:
        with pytest.raises(PlugipayError) as caught:
            await with_sdk(simulated, request_for("acc_merchant"))
        assert (caught.value.status, caught.value.code) == (403, "FORBIDDEN")


async def test_verify_webhook_accepts_what_is_sent_in_the_generation_of_the_sdks() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver)) as simulated:
        payout = await with_sdk(simulated, lambda c: c.payouts.create(amount=9, currency="IDR", **SDK_BANK).raw)
        await simulated.control.settle()
        events = [verify_webhook(one.raw, one.signature, WEBHOOK_SECRET) for one in receiver.got]
        assert [event.type for event in events] == [
            "plugipay.payout.created.v1",
            "plugipay.payout.in_transit.v1",
            "plugipay.payout.paid.v1",
        ]
        for event, status in zip(events, ("pending", "in_transit", "paid"), strict=True):
            assert (event.account_id, event.object["status"]) == ("acc_simulated", status)
            assert event["data"]["aggregateId"] == event.object["id"] == payout["id"]
            assert event["data"]["aggregateType"] == "payout"
        assert len({event.id for event in events}) == 3
        assert events[0].occurred_at < events[1].occurred_at < events[2].occurred_at
        with pytest.raises(PlugipaySignatureError):
            verify_webhook(receiver.got[0].raw + b" ", receiver.got[0].signature, WEBHOOK_SECRET)


async def test_verify_webhook_accepts_what_is_sent_in_the_generation_of_the_documentation() -> None:
    async with receiving() as receiver, plugipay(workspace(receiver, "a")) as simulated:
        payouts = [
            await with_sdk(simulated, lambda c: c.payouts.create(amount=9, currency="IDR", **SDK_BANK).raw)
            for _ in range(2)
        ]
        await with_sdk(simulated, lambda c: c.payouts.cancel(payouts[1]["id"]))
        await simulated.control.settle()
        events = [verify_webhook(one.raw, one.signature, WEBHOOK_SECRET).raw for one in receiver.got]
        # It has no names for a payout that was made, or cancelled.
        assert [event["type"] for event in events] == ["payout.initiated", "payout.paid"]
        for event, status in zip(events, ("in_transit", "paid"), strict=True):
            assert (event["workspaceId"], event["data"]["id"]) == ("acc_simulated", payouts[0]["id"])
            assert event["data"]["status"] == status
            assert event["createdAt"] == event["data"]["updatedAt"]
        assert events[1]["previousAttributes"] == {"status": "in_transit"}
