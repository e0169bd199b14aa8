"""Files of every marketplace, imported in any order and again: one state, and the second round adds no event."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import pytest

from events.refusals import InvalidCommand
from service.imports.import_source import ImportRequest, ImportResult
from service.imports.ingestion import import_file
from service.marketplaces.channels import CHANNELS
from service.marketplaces.import_source import MarketplaceOptions
from tests.service.http.test_settlements import follow
from tests.support.api import Api
from tests.support.own import origin

Files = list[tuple[bytes, str | None]]
"""Each file, with the time that its sender gives, where the records have none of their own."""


def lazada(updated_at: str, payout: str, paid: str, number: str = "ID-2026-01", **more: str) -> bytes:
    statement = {
        "statement_number": number,
        "created_at": "2026-01-05 00:00:00",
        "updated_at": updated_at,
        "payout": f"{payout} IDR",
        "paid": paid,
        **more,
    }
    return json.dumps({"code": "0", "data": [statement]}).encode()


def shopee(name: str, *records: dict[str, Any]) -> bytes:
    return json.dumps({"error": "", "response": {name: list(records)}}).encode()


def escrow(amount: int, adjustment: int = 0) -> bytes:
    income = {"escrow_amount": amount, "total_adjustment_amount": adjustment, "commission_fee": 10}
    return json.dumps({"error": "", "response": {"order_sn": "A1", "order_income": income}}).encode()


def wallet(number: int, kind: str, amount: int, at: int, **more: Any) -> dict[str, Any]:
    row = {"transaction_id": number, "transaction_type": kind, "amount": amount, "create_time": 1_770_000_000 + at}
    return {**row, "status": "COMPLETED", **more}


def tokopedia(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"header": {}, "data": {"have_next_page": False, "saldo_history": list(rows)}}).encode()


def saldo(number: int, amount: int, note: str, at: str, **more: Any) -> dict[str, Any]:
    row = {"deposit_id": number, "amount": amount, "note": note, "create_time": f"2026-01-{at} 10:00:00"}
    return {**row, "type_description": note, "Type": 0, **more}


def tiktok(status: str, amount: str) -> bytes:
    statement = {"id": "T1", "statement_time": 1_770_000_000, "payment_status": status, "currency": "IDR"}
    return json.dumps({"code": 0, "data": {"statements": [{**statement, "settlement_amount": amount}]}}).encode()


def tiktok_payment(status: str, **more: Any) -> bytes:
    money = {"value": "450", "currency": "IDR"}
    payment = {"id": "P1", "status": status, "create_time": 1_770_000_100, "amount": money, **more}
    return json.dumps({"code": 0, "data": {"payments": [payment]}}).encode()


def blibli(status: str, amount: str, *, held: bool = False) -> bytes:
    settlement = {"settlementId": "B1", "status": status, "paymentHold": held, "totalPayment": amount}
    return json.dumps({"content": [settlement]}).encode()


def blibli_items(amount: str) -> bytes:
    item = {"orderItemNo": "I1", "orderNo": "O1", "settlementId": "B1", "totalPayment": amount, "sales": amount}
    return json.dumps({"content": {"orderItems": [item]}}).encode()


FILES: dict[str, Files] = {
    "lazada": [
        (lazada("2026-01-06 00:00:00", "1500000", "0"), None),
        (lazada("2026-01-08 00:00:00", "1490000", "1", closing_balance="5"), None),
        (lazada("2026-01-10 00:00:00", "1480000", "0", closing_balance="8"), None),
        (lazada("2026-01-07 00:00:00", "200", "0", "ID-2026-02", guarantee_deposit="50", opening_balance="7"), None),
        (lazada("2026-01-09 00:00:00", "-300", "0", "ID-2026-02", guarantee_deposit="20"), None),
        (lazada("2026-01-11 00:00:00", "250", "1", "ID-2026-02", opening_balance="9"), None),
    ],
    "shopee": [
        (escrow(480), "2026-02-01"),
        (escrow(480, -30), "2026-02-09"),
        (shopee("escrow_list", {"order_sn": "A1", "payout_amount": 480, "escrow_release_time": 1_770_000_000}), None),
        (shopee("transaction_list", wallet(1, "ESCROW_VERIFIED_ADD", 480, 0, order_sn="A1")), None),
        (shopee("transaction_list", wallet(2, "WITHDRAWAL_CREATED", 400, 50, withdrawal_id=7)), None),
        (shopee("transaction_list", wallet(3, "WITHDRAWAL_COMPLETED", 400, 90, withdrawal_id=7)), None),
    ],
    "tokopedia": [
        (tokopedia(saldo(1, 4000, "Transaksi Penjualan Berhasil - INV/20260101/XX/1", "03", Type=1001)), None),
        (tokopedia(saldo(2, 9000, "Biaya layanan komisi - INV/20260101/XX/1", "03")), None),
        (tokopedia(saldo(3, 7000, "Transaksi Penjualan Berhasil - INV/20260101/XX/2", "04", Type=1001)), None),
        (tokopedia(saldo(4, 2000, "Penarikan dana", "05")), None),
        (tokopedia(saldo(4, 2000, "Penarikan dana", "05", withdrawal_date="2026-01-06 10:00:00")), None),
        (tokopedia(saldo(5, 100, "Biaya layanan komisi - INV/20260101/XX/2", "04")), None),
    ],
    "tiktok": [
        (tiktok("PROCESSING", "480"), "2026-02-01"),
        (tiktok("PROCESSING", "460"), "2026-02-02"),
        (tiktok("PAID", "450"), "2026-02-03"),
        (tiktok("PAID", "470"), "2026-02-04"),
        (tiktok_payment("PROCESSING"), None),
        (tiktok_payment("PAID", paid_time=1_770_000_900), None),
    ],
    "blibli": [
        (blibli("PENDING", "480"), "2026-02-01"),
        (blibli("PAID", "470", held=True), "2026-02-02"),
        (blibli("PAID", "470"), "2026-02-03"),
        (blibli("PAID", "440"), "2026-02-04"),
        (blibli_items("480"), "2026-02-01"),
        (blibli_items("440"), "2026-02-04"),
    ],
}


async def imported(api: Api, account: str, channel: str, content: bytes, observed_at: str | None) -> ImportResult:
    options = MarketplaceOptions(channel, currency="IDR", zone="Asia/Jakarta", observed_at=observed_at)
    return await import_file(api.ledger, ImportRequest(account, "file", options), io.BytesIO(content), origin())


# Without what was said when: each arrival has its time.
SHOWN = (
    "SELECT currency, pending, available, reserved, held, paid_out FROM balances",
    "SELECT currency, reference, recorded, pending, refunded, told, let_go FROM orders",
    "SELECT channel, collects, paid_out, owed FROM channels",
    "SELECT reference, currency, counts_for, booked, released FROM settlements",
    "SELECT number, currency, content, paid, was_paid, booked, paid_out, deposit FROM statements",
)


async def state(api: Api, account: str) -> Any:
    rows = [await api.ledger.pool.fetch(f"{shown} WHERE account_id = $1", account) for shown in SHOWN]
    found = [
        sorted(
            json.dumps([json.loads(each) if str(each)[:1] in "{[" else each for each in row.values()], sort_keys=True)
            for row in of
        )
        for of in rows
    ]
    return {name.split()[-1]: of for name, of in zip(SHOWN, found, strict=True)}


async def shown_to_callers(api: Api, account: str) -> dict[str, Any]:
    """Statements, settlements and reconciliation, without places in the log and digests with the account's key."""
    await follow(api)
    caller, found = await api.caller(account), {}
    for path in (
        "statements",
        "reconciliation?state=all",
        *(f"settlements?level={level}" for level in ("global", "order", "item")),
        "settlements/lines",
    ):
        answer = await caller.get(f"/v1/{path}")
        assert answer.status == 200, answer.raw
        rows = [{name: each for name, each in row.items() if name not in ("position", "digest")} for row in answer.data]
        for row in rows:
            row.get("findings", []).sort(key=lambda finding: finding["rule"])
        found[path] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return found


async def events(api: Api) -> int:
    return int(await api.ledger.pool.fetchval("SELECT count(*) FROM events"))


def test_every_channel_has_files_here() -> None:
    assert FILES.keys() == CHANNELS.keys()


@pytest.mark.parametrize("channel", FILES)
async def test_files_in_many_orders_and_again_end_in_one_state(api: Api, channel: str) -> None:
    files = FILES[channel]
    orders = [*itertools.islice(itertools.permutations(files), 0, None, 83), files[::-1]]
    states = []
    for number, order in enumerate(orders):
        account = f"acc_{number}"
        for content, observed_at in (*order, order[0], *order[:2]):
            result = await imported(api, account, channel, content, observed_at)
            assert result.counts["unreadable"] == 0, result.problems
        states.append(await state(api, account) | await shown_to_callers(api, account))
        before = await events(api)
        for content, observed_at in files:
            assert (await imported(api, account, channel, content, observed_at)).counts["changed"] == 0
        assert await events(api) == before, "the second round adds no event"
    for each in states:
        assert each == states[0]
    assert states[0]["balances"]


async def test_a_withdrawal_whose_creation_comes_after_its_completion_is_paid(api: Api) -> None:
    created, completed = FILES["shopee"][4], FILES["shopee"][5]
    caller = await api.caller("acc_1")
    for content, _ in (completed, created, created):
        await imported(api, "acc_1", "shopee", content, None)
    before = await events(api)
    await imported(api, "acc_1", "shopee", created[0], None)
    assert await events(api) == before
    await follow(api)
    (row,) = (await caller.get("/v1/reconciliation?state=all")).data
    assert (row["id"], row["state"], row["paid"]) == ("withdrawal/7", "matched", "400.00")


async def test_a_stale_answer_that_comes_last_puts_no_money_back(api: Api) -> None:
    older, newer = FILES["lazada"][0], FILES["lazada"][1]
    for content, _ in (older, newer, older):
        await imported(api, "acc_1", "lazada", content, None)
    row = await api.ledger.pool.fetchrow("SELECT pending, paid_out FROM balances")
    assert row is not None
    assert tuple(row.values()) == (0, 149_000_000)


async def test_a_receipt_counts_what_a_person_has_to_know_of_the_order(api: Api) -> None:
    """Older than what is known: kept, and changes nothing. Newer by its arrival alone: it may be the older one."""
    older, newer = FILES["lazada"][0], FILES["lazada"][1]
    await imported(api, "acc_1", "lazada", newer[0], None)
    result = await imported(api, "acc_1", "lazada", older[0], None)
    found = {each["rule"]: each["records"] for each in result.receipt.document()["findings"]}
    assert found["older_than_known"] == 1
    await imported(api, "acc_1", "shopee", escrow(480), None)
    result = await imported(api, "acc_1", "shopee", escrow(470), None)
    assert result.receipt.document()["findings"] == [{"rule": "order_is_by_arrival", "records": 1}]
    again = await imported(api, "acc_1", "shopee", escrow(470), None)
    assert again.receipt.document()["findings"] == []


async def test_a_time_that_its_sender_gives_is_read_in_the_zone_and_is_not_in_the_future(api: Api) -> None:
    for given, said in (("soon", "date or time"), ("2999-01-01", "future")):
        with pytest.raises(InvalidCommand, match=said) as caught:
            await imported(api, "acc_1", "shopee", escrow(480), given)
        assert caught.value.field == "observedAt"
    await imported(api, "acc_1", "shopee", escrow(480), "2026-02-01 07:00")
    at = await api.ledger.pool.fetchval(
        "SELECT envelope::json -> 'data' ->> 'observedAt' FROM events WHERE type = 'settlement.observed'"
    )
    assert at == "2026-02-01T00:00:00.000000Z"
