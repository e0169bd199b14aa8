"""S2's payouts API, as its document says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from service.ledger.payout_document import PayoutDocument
from service.ledger.replay import rebuild_inline
from tests.support.api import Api


def test_the_documents_payout_has_every_field_and_no_other() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    shown = json.loads(text.partition("\nA payout:\n\n```json\n")[2].partition("```")[0])
    assert shown.keys() == PayoutDocument.__annotations__.keys()


async def test_s2s_worked_example(api: Api) -> None:
    merchant = await api.merchant(available=5_230_000, pending=750_000)
    balance = await merchant.get("/v1/payouts/balance")
    assert balance.status == 200
    assert balance.document["error"] is None
    assert (balance.data["available"], balance.data["pending"], balance.data["currency"]) == (5_230_000, 750_000, "IDR")

    request = {"amount": 5_000_000, "currency": "IDR", "note": "April revenue"}
    created = await merchant.post("/api/v1/payouts", request)
    assert created.status == 201
    payout = created.data
    assert re.fullmatch(r"pout_[0-9A-HJKMNP-TV-Z]{26}", payout["id"])
    assert (payout["status"], payout["amount"], payout["note"]) == ("pending", 5_000_000, "April revenue")
    assert (payout["bankAccountNumber"], payout["bankAccountHolder"]) == ("0000000099", "Michael Chen")
    assert payout["inTransitAt"] is payout["paidAt"] is payout["failedAt"] is payout["cancelledAt"] is None
    after = (await merchant.get("/v1/payouts/balance")).data
    assert (after["available"], after["pending"], after["reserved"]) == (230_000, 750_000, 5_000_000)

    again = await merchant.post("/v1/payouts", request)
    assert (again.status, again.error["code"], again.error["field"]) == (409, "INSUFFICIENT_BALANCE", "amount")

    cancelled = await merchant.post(f"/v1/payouts/{payout['id']}/cancel")
    assert (cancelled.status, cancelled.data["status"]) == (200, "cancelled")
    assert cancelled.data["cancelledAt"] is not None
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 5_230_000


async def test_the_manual_life_from_request_to_paid_and_the_refused_shortcut(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    payout_id = (await merchant.post("/v1/payouts", {"amount": 1000, "currency": "IDR"})).data["id"]
    early = await merchant.post(f"/v1/payouts/{payout_id}/mark-paid", {"reference": "TRX-1"})
    assert (early.status, early.error["code"]) == (409, "INVALID_TRANSITION")
    sent = await merchant.post(f"/v1/payouts/{payout_id}/mark-in-transit", {"reference": "TRX-1"})
    assert (sent.status, sent.data["status"], sent.data["reference"]) == (200, "in_transit", "TRX-1")
    paid = await merchant.post(f"/v1/payouts/{payout_id}/mark-paid", {"reference": None})
    assert (paid.status, paid.data["status"], paid.data["reference"]) == (200, "paid", "TRX-1")
    assert paid.data["paidAt"] > sent.data["inTransitAt"]
    balance = (await merchant.get("/v1/payouts/balance")).data
    assert (balance["available"], balance["reserved"], balance["paidOut"]) == (0, 0, 1000)


async def test_a_failed_payout_gives_the_money_back(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    payout_id = (await merchant.post("/v1/payouts", {"amount": 700, "currency": "IDR"})).data["id"]
    unexplained = await merchant.post(f"/v1/payouts/{payout_id}/mark-failed", {})
    assert (unexplained.status, unexplained.error["field"]) == (400, "failureReason")
    failed = await merchant.post(f"/v1/payouts/{payout_id}/mark-failed", {"failureReason": "Wrong account number"})
    assert (failed.data["status"], failed.data["failureReason"]) == ("failed", "Wrong account number")
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 1000


async def test_the_note_of_a_pending_payout_can_be_corrected_and_a_rebuild_knows_it(
    api: Api,
) -> None:
    merchant = await api.merchant(available=1000)
    body = {"amount": 700, "currency": "IDR", "note": "April revenue"}
    payout_id = (await merchant.post("/v1/payouts", body)).data["id"]
    changed = await merchant.call("PATCH", f"/v1/payouts/{payout_id}", {"note": "May revenue"})
    assert (changed.status, changed.data["note"], changed.data["status"]) == (200, "May revenue", "pending")
    live = (await merchant.get(f"/v1/payouts/{payout_id}")).data
    assert live["note"] == "May revenue"
    async with api.ledger.pool.acquire() as connection:
        await connection.execute("UPDATE payouts SET note = 'x'")
        await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
    assert (await merchant.get(f"/v1/payouts/{payout_id}")).data == live
    left_out = await merchant.call("PATCH", f"/v1/payouts/{payout_id}", {})
    assert (left_out.status, left_out.error["field"]) == (400, "note")
    removed = await merchant.call("PATCH", f"/v1/payouts/{payout_id}", {"note": None})
    assert (removed.status, removed.data["note"]) == (200, None)
    await merchant.post(f"/v1/payouts/{payout_id}/mark-in-transit")
    late = await merchant.call("PATCH", f"/v1/payouts/{payout_id}", {"note": "June revenue"})
    assert (late.status, late.error["code"]) == (409, "INVALID_TRANSITION")


async def test_in_plugipay_mode_nobody_marks_by_hand(api: Api) -> None:
    merchant = await api.merchant(available=1000, backend="plugipay")
    payout_id = (await merchant.post("/v1/payouts", {"amount": 700, "currency": "IDR"})).data["id"]
    for verb, body in (("in-transit", {}), ("paid", {}), ("failed", {"failureReason": "no"})):
        answer = await merchant.post(f"/v1/payouts/{payout_id}/mark-{verb}", body)
        assert (answer.status, answer.error["code"]) == (409, "INVALID_TRANSITION")
        assert answer.error["details"]["backend"] == "plugipay"
    await merchant.accepted(type="setBackend", backend="manual")
    kept = await merchant.post(f"/v1/payouts/{payout_id}/mark-in-transit", {})
    assert kept.status == 409, "a payout keeps the backend it was requested with"


async def test_the_bank_account_is_set_read_and_kept_in_each_payout_as_it_was(api: Api) -> None:
    merchant = await api.merchant(available=1000, bank=False)
    assert (await merchant.get("/v1/payouts/bank-account")).data["configured"] is False
    none = await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
    assert (none.status, none.error["code"]) == (409, "BANK_ACCOUNT_NOT_SET")
    first = {"bankName": "BCA", "bankAccountNumber": "111", "bankAccountHolder": "A"}
    assert (await merchant.patch("/v1/payouts/bank-account", first)).data | first == (
        await merchant.get("/v1/payouts/bank-account")
    ).data
    payout = (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).data
    override = {"amount": 1, "currency": "IDR", "bankAccountNumber": "333"}
    one_off = (await merchant.post("/v1/payouts", override)).data
    assert (one_off["bankName"], one_off["bankAccountNumber"], one_off["bankAccountHolder"]) == ("BCA", "333", "A")
    await merchant.patch("/v1/payouts/bank-account", {**first, "bankAccountNumber": "222"})
    kept = (await merchant.get(f"/v1/payouts/{payout['id']}")).data
    assert kept["bankAccountNumber"] == "111"


async def test_pages_are_stable_while_payouts_are_added_and_a_cursor_keeps_its_filter(api: Api) -> None:
    merchant = await api.merchant(available=1000)
    ids = [(await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).data["id"] for _ in range(7)]
    for payout_id in ids[:3]:
        await merchant.post(f"/v1/payouts/{payout_id}/cancel")
    first = await merchant.get("/v1/payouts?status=pending&limit=3")
    assert [payout["id"] for payout in first.data] == ids[:3:-1]
    assert first.meta["page"] == {"limit": 3, "hasMore": True, "nextCursor": first.meta["cursor"]}
    await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
    rest = await merchant.get(f"/v1/payouts?limit=3&cursor={first.meta['cursor']}")
    assert [payout["id"] for payout in rest.data] == [ids[3]]
    assert (rest.meta["hasMore"], rest.meta["cursor"]) == (False, None)
    other = await merchant.get(f"/v1/payouts?status=paid&cursor={first.meta['cursor']}")
    assert (other.status, other.error["field"]) == (400, "cursor")
    stranger = await api.merchant("acc_2")
    stolen = await stranger.get(f"/v1/payouts?cursor={first.meta['cursor']}")
    assert (stolen.status, stolen.error["field"]) == (400, "cursor")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=x", "status=done", "cursor=x", "cursor=cur_e30"]
)
async def test_a_wrong_list_query_names_its_field(api: Api, query: str) -> None:
    merchant = await api.merchant()
    answer = await merchant.get(f"/v1/payouts?{query}")
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")
    assert answer.error["field"] == query.split("=", maxsplit=1)[0]


async def test_another_accounts_payout_is_not_there(api: Api) -> None:
    owner = await api.merchant("acc_1", available=10)
    stranger = await api.merchant("acc_2", available=10)
    payout_id = (await owner.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).data["id"]
    for answer in (
        await stranger.get(f"/v1/payouts/{payout_id}"),
        await stranger.post(f"/v1/payouts/{payout_id}/cancel"),
        await stranger.post(f"/v1/payouts/{payout_id}/mark-in-transit"),
        await stranger.get("/v1/accounts/acc_1"),
    ):
        assert (answer.status, answer.error["code"]) == (404, "NOT_FOUND")
    assert (await stranger.get("/v1/payouts")).data == []
    assert (await owner.get(f"/v1/payouts/{payout_id}")).data["status"] == "pending"


async def test_a_write_tells_its_position_and_a_read_waits_for_one(api: Api) -> None:
    merchant = await api.merchant(available=10)
    created = await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})
    position = created.meta["position"]
    assert position == await api.position()
    for path in ("", f"/{created.data['id']}", "/balance", "/bank-account"):
        answer = await merchant.get(f"/v1/payouts{path}?minPosition={position}")
        assert (answer.status, answer.meta["position"]) == (200, position)
    assert (await merchant.get("/v1/payouts/balance?minPosition=x")).error["field"] == "minPosition"


async def test_currencies_are_kept_apart(api: Api) -> None:
    merchant = await api.merchant(available=500)
    await merchant.accepted(type="recordRevenue", amount=900, currency="USD", reference="usd-1")
    await merchant.accepted(type="settleRevenue", amount=900, currency="USD", reference="usd-1")
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 500
    assert (await merchant.get("/v1/payouts/balance?currency=USD")).data["available"] == 900
    assert (await merchant.get("/v1/payouts/balance?currency=EUR")).error["field"] == "currency"
    foreign = await merchant.post("/v1/payouts", {"amount": 1, "currency": "EUR"})
    assert (foreign.status, foreign.error["code"], foreign.error["field"]) == (400, "VALIDATION_ERROR", "currency")
    assert (await merchant.post("/v1/payouts", {"amount": 900, "currency": "USD"})).status == 201
    assert (await merchant.get("/v1/payouts/balance")).data["available"] == 500
