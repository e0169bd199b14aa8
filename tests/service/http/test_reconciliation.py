"""Expected against paid over HTTP: what is open, why, and what a person said about it; and the same rows as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from service.platform.runtime import Runtime
from service.platform.settings import Settings
from service.reconciliation.rows import COLUMNS
from tests.service.marketplaces.samples import sample
from tests.support.api import Answer, Api, Caller, serving

SEED = sample("lazada-get-payout-status.xml")
FIRST, SECOND = "EG100RT-20141228", "EG100RT-20141229"
NOW = datetime.fromisoformat("2026-11-10T03:00:00+00:00")
BANK = "/v1/bank-statements"


@pytest_asyncio.fixture
async def day(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        yield api


@pytest_asyncio.fixture
async def seller(day: Api) -> Caller:
    return await day.caller("acc_1")


async def upload(caller: Caller, content: bytes, query: str = "channel=lazada") -> Answer:
    answer = await caller.call("POST", f"/v1/settlements/imports?{query}", raw=content)
    assert answer.status == 200, answer.raw
    return answer


def statement(number: str, payout: str, *, paid: bool = False, created: str = "2026-11-02 01:00:00") -> dict[str, str]:
    """A statement of the week that ended on Sunday the first of November; five business days later is Friday the 6th."""
    return {"statement_number": number, "created_at": created, "payout": f"{payout} IDR", "paid": str(int(paid))}


async def owed(caller: Caller, *rows: dict[str, str]) -> None:
    await upload(caller, json.dumps({"code": "0", "data": list(rows)}).encode())


async def bank(caller: Caller, *lines: str, query: str = "bankAccount=111&currency=IDR") -> Answer:
    content = "\n".join(["date,amount,description,reference", *lines]).encode()
    answer = await caller.call("POST", f"{BANK}?{query}", raw=content)
    assert answer.status == 200, answer.raw
    return answer


async def rows(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller.get(f"/v1/reconciliation?{query}")
    assert answer.status == 200, answer.raw
    found: list[dict[str, Any]] = answer.data
    return found


async def states(caller: Caller, query: str = "state=all") -> dict[str, str]:
    return {row["id"]: row["state"] for row in await rows(caller, query)}


async def test_the_seeds_statements_are_overdue_and_in_review(seller: Caller) -> None:
    await upload(seller, SEED)
    first, second = await rows(seller)
    assert (first["id"], second["id"]) == (SECOND, FIRST) or (first["id"], second["id"]) == (FIRST, SECOND)
    by_number = {row["id"]: row for row in (first, second)}
    # Made on Saturday 4 January 2014 in Jakarta; its week ended on Sunday 29 December. T2 is closed on New Year's Day:
    # 30, 31, 2, 3, and Monday the 6th.
    assert {name: by_number[FIRST][name] for name in ("state", "date", "dueOn", "expected", "paid", "difference")} == {
        "state": "overdue",
        "date": "2014-01-04",
        "dueOn": "2014-01-06",
        "expected": "3962.41",
        "paid": None,
        "difference": "-3962.41",
    }
    # Its payout is 111.11 less than its closing balance.
    assert by_number[SECOND]["state"] == "needs_review"
    assert "payout_is_closing" in [found["rule"] for found in by_number[SECOND]["findings"]]


async def test_what_is_not_due_is_not_missing(seller: Caller) -> None:
    await owed(
        seller,
        statement("LATE-1", "100000.00"),
        statement("SOON-1", "200000.00", created="2026-11-09 01:00:00"),
        statement("PAID-1", "300000.00", paid=True),
        statement("ZERO-1", "0.00"),
    )
    assert await states(seller) == {
        "LATE-1": "overdue",
        "SOON-1": "not_due",
        "PAID-1": "matched",
        "ZERO-1": "matched",
    }
    assert await states(seller, "") == {"LATE-1": "overdue"}
    await seller.accepted(type="setSettlementTerms", channel="lazada", dueAfterDays=10)
    assert (await rows(seller, "state=all"))[0]["dueOn"] == "2026-11-11"
    assert await states(seller, "") == {}


async def test_a_bank_entry_that_names_a_statement_is_proposed_and_stored_nowhere(day: Api, seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"))
    before = await day.position()
    imported = await bank(seller, "2026-11-05,99950.00,LAZADA LATE-1,REF-1")
    assert {name: imported.data[name] for name in ("read", "new", "known", "statements", "unreadable", "problems")} == {
        "read": 1, "new": 1, "known": 0, "statements": 1, "unreadable": 0, "problems": []
    }  # fmt: skip
    assert await day.position() == before + 2, "an entry and the end of its statement, and no match"
    row, entry, _ = await rows(seller, "state=all")
    shown = {name: row[name] for name in ("state", "paid", "difference", "evidence", "paidAt", "bankReferences")}
    assert shown == {
        "state": "matched",  # within a hundred rupiah
        "paid": "99950.00",
        "difference": "-50.00",
        "evidence": "proposal",
        "paidAt": "2026-11-05",
        "bankReferences": ["REF-1"],
    }
    assert row["candidates"] == [
        {"entryId": entry["id"], "amount": "99950.00", "by": "reference", "on": "2026-11-05", "chosen": True}
    ]
    assert (entry["kind"], entry["state"], entry["evidence"]) == ("bank_entry", "matched", "proposal")
    await seller.accepted(type="setTolerance", currency="IDR", tolerance="0")
    assert (await states(seller))["LATE-1"] == "short"
    balance = (await seller.get("/v1/payouts/balance")).data
    assert (balance["pending"], balance["available"]) == (10_000_000, 0), "no money moves"


async def test_importing_again_or_an_overlapping_file_changes_nothing(day: Api, seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"))
    fee = "2026-11-06,-15000.00,BIAYA ADM,"
    await bank(seller, "2026-11-05,100000.00,A,REF-1", fee, fee)
    again = await bank(seller, "2026-11-05,100000.00,A,REF-1", fee, fee)
    assert (again.data["new"], again.data["known"]) == (0, 3)
    position = await day.position()
    grown = await bank(seller, fee, fee, fee, query="bankAccount=1-1 1&currency=IDR")
    assert (grown.data["new"], grown.data["known"]) == (1, 2), "the third of its kind is new"
    assert await day.position() == position + 2
    other = await bank(seller, fee, query="bankAccount=222&currency=IDR")
    assert other.data["new"] == 1, "another bank account's"


async def test_two_candidates_are_left_to_a_person_who_matches_and_takes_back(seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"), statement("LATE-2", "100000.00"))
    await bank(seller, "2026-11-05,100000.00,TRF,REF-1", "2026-11-06,100000.00,TRF,REF-2")
    found = await rows(seller)
    assert [row["state"] for row in found] == ["needs_review"] * 4
    one, other = (row["id"] for row in found[2:])
    assert {each["entryId"] for each in found[0]["candidates"]} == {one, other}
    assert [each["target"] for each in found[2]["candidates"]] == ["statement/lazada/LATE-1", "statement/lazada/LATE-2"]
    target = {"kind": "statement", "channel": "lazada", "id": "LATE-1"}
    made = await seller.accepted(type="makeMatch", entryId=one, targets=[target], reason="the seller's receipt")
    # The other entry is now the only one for the other statement.
    assert await states(seller, "") == {}
    row = (await rows(seller, "state=all"))[0]
    assert (row["evidence"], row["matches"]) == (
        "match",
        [{"matchId": made["id"], "entryId": one, "amount": "100000.00", "on": "2026-11-05"}],
    )
    refused = await seller.command(type="makeMatch", entryId=one, targets=[target], reason="again")
    assert refused["error"]["code"] == "ALREADY_MATCHED"
    entry = (await seller.get(f"/v1/bank-entries/{one}")).data
    assert (entry["remittance"], entry["claimed"], entry["amount"]) == ("TRF", 10_000_000, 10_000_000)
    assert [(each["reason"], each["unmadeBy"]) for each in entry["matches"]] == [("the seller's receipt", None)]
    await seller.accepted(type="unmakeMatch", matchId=made["id"], reason="mistaken")
    assert [row["state"] for row in await rows(seller)] == ["needs_review"] * 4
    again = await seller.command(type="unmakeMatch", matchId=made["id"], reason="mistaken")
    assert again["error"]["code"] == "INVALID_TRANSITION"


async def test_one_entry_pays_two_statements_and_what_is_left_is_named(seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"), statement("LATE-2", "50000.00"))
    await bank(seller, "2026-11-05,175000.00,TRF,REF-1")
    entry = (await rows(seller, "kind=bank_entry"))[0]
    assert (entry["state"], entry["expected"]) == ("unexpected", None)
    targets = [{"kind": "statement", "channel": "lazada", "id": number} for number in ("LATE-1", "LATE-2")]
    await seller.accepted(type="makeMatch", entryId=entry["id"], targets=targets, reason="both in one transfer")
    assert await states(seller, "state=all&kind=statement") == {"LATE-1": "matched", "LATE-2": "matched"}
    entry = (await rows(seller, "kind=bank_entry"))[0]
    assert (entry["state"], entry["expected"], entry["residual"]) == (
        "over",
        "150000.00",
        {"name": "entry less what it is for", "amount": "25000.00"},
    )
    interest = {"kind": "other", "id": "interest of October"}
    await seller.accepted(type="makeMatch", entryId=entry["id"], targets=[interest], reason="the bank says so")
    assert await rows(seller) == []


async def test_payouts_are_expected_and_confirmed_by_the_bank(day: Api) -> None:
    merchant = await day.merchant(available=100_000_000)
    paid, failed = [
        (await merchant.post("/v1/payouts", {"amount": amount, "currency": "IDR"})).data["id"]
        for amount in (30_000_000, 20_000_000)
    ]
    assert await states(merchant) == {paid: "not_due", failed: "not_due"}
    due = {row["dueOn"] for row in await rows(merchant, "state=all")}
    assert due == {"2026-11-13"}, "three business days after Tuesday the 10th"
    await merchant.post(f"/v1/payouts/{failed}/cancel")
    await merchant.post(f"/v1/payouts/{paid}/mark-in-transit")
    await merchant.post(f"/v1/payouts/{paid}/mark-paid", {"reference": "TRF-77777"})
    assert await states(merchant) == {paid: "matched", failed: "matched"}
    await bank(merchant, "2026-11-10,-300000.00,TRANSFER TRF-77777,", f"2026-11-10,-200000.00,TO {failed},")
    found = {row["id"]: row for row in await rows(merchant, "state=all")}
    assert (found[paid]["evidence"], found[paid]["state"], found[paid]["paid"]) == ("proposal", "matched", "300000.00")
    assert (found[failed]["state"], found[failed]["expected"], found[failed]["paid"]) == (
        "unexpected",
        "0.00",
        "200000.00",
    )


async def test_a_bank_statement_that_does_not_tie_out_is_in_review(seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00", paid=True))
    table = b"date,amount,balance\n2026-11-05,100.00,1100.00\n2026-11-06,50.00,1149.00\n"
    answer = await seller.call("POST", f"{BANK}?bankAccount=1&currency=IDR", raw=table)
    assert answer.status == 200
    [row] = await rows(seller, "kind=bank_statement")
    assert (row["state"], row["expected"], row["paid"], row["residual"]) == (
        "needs_review",
        "1150.00",
        "1149.00",
        {"name": "closing balance less its entries", "amount": "-1.00"},
    )


async def test_rows_are_found_by_reference_amount_and_day(seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"), statement("LATE-22", "70000.00"))
    await bank(seller, "2026-11-05,100000.00,LAZADA LATE-1,REF-1001")
    assert await states(seller, "state=all&reference=ref-1001&kind=statement") == {"LATE-1": "matched"}
    assert await states(seller, "state=all&reference=LATE-22") == {"LATE-22": "overdue"}
    assert set(await states(seller, "state=all&amount=70000")) == {"LATE-22"}
    assert await states(seller, "state=all&from=2026-11-05&to=2026-11-05&kind=statement") == {}
    assert len(await rows(seller, "state=all&from=2026-11-05&to=2026-11-05&kind=bank_entry")) == 1
    assert set(await states(seller, "state=overdue&currency=IDR&channel=lazada")) == {"LATE-22"}
    assert await rows(seller, "state=all&currency=EUR") == []


async def test_pages_go_on_where_they_ended_across_kinds(seller: Caller) -> None:
    await owed(seller, *(statement(f"LATE-{number}", "100000.00") for number in range(1, 4)))
    await bank(seller, "2026-11-05,1.00,a,", "2026-11-05,2.00,b,")
    everything = await rows(seller, "state=all")
    assert len(everything) == 6
    paged: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await seller.get(f"/v1/reconciliation?state=all&limit=2{cursor}")
        paged += answer.data
        if not answer.meta["hasMore"]:
            break
        cursor = f"&cursor={answer.meta['cursor']}"
    assert paged == everything
    assert (await seller.get(f"/v1/reconciliation?state=open&limit=2{cursor}")).status == 400


async def test_csv_has_the_same_rows_and_columns(seller: Caller) -> None:
    await upload(seller, SEED)
    await owed(seller, statement("=1+1", "100000.00"), statement("@x", "-5.00"))
    await bank(seller, "2026-11-05,100000.00,x,+REF")
    documents = await rows(seller, "state=all")
    async with seller.session.get(
        f"{seller.base}/v1/reconciliation?state=all",
        headers={"Authorization": f"Bearer {seller.key.secret}", "Accept": "text/csv"},
    ) as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        text = await response.text()
    lines = list(csv.reader(io.StringIO(text)))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) == 1 + len(documents)
    for cells, document in zip(lines[1:], documents, strict=True):
        for name, cell in zip(COLUMNS, cells, strict=True):
            value = document[name]
            if value is None:
                assert cell == ""
            elif isinstance(value, str):
                assert cell.removeprefix("'") == value
            else:
                assert json.loads(cell) == value
    by_id = {line[1]: line for line in lines}
    assert "'=1+1" in by_id, "a formula is none"
    assert "'@x" in by_id
    assert by_id["'@x"][COLUMNS.index("expected")] == "-5.00", "and a negative amount stays a number"
    page = await raw(seller, "/v1/reconciliation?state=all&format=csv&limit=2")
    assert list(csv.reader(io.StringIO(page[1]))) == lines[:3]
    assert page[0]["Next-Cursor"].startswith("cur_")


async def raw(caller: Caller, path: str) -> tuple[Any, str]:
    async with caller.session.get(
        caller.base + path, headers={"Authorization": f"Bearer {caller.key.secret}"}
    ) as response:
        assert response.status == 200
        return response.headers, await response.text()


async def test_an_account_sees_its_own_and_a_platform_key_names_one(day: Api, seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "100000.00"))
    await bank(seller, "2026-11-05,100000.00,LATE-1,REF-1")
    entry_id = (await rows(seller, "state=all&kind=bank_entry"))[0]["id"]
    other = await day.merchant("acc_2")
    assert await rows(other, "state=all") == []
    assert (await other.get(f"/v1/bank-entries/{entry_id}")).status == 404
    target = {"kind": "other", "id": "mine"}
    theft = await other.command(type="makeMatch", entryId=entry_id, targets=[target], reason="mine")
    assert (theft["error"]["code"], theft["error"]["field"]) == ("NOT_FOUND", "entryId")
    await bank(other, "2026-11-05,100000.00,LATE-1,REF-1")
    ids = {row["id"] for row in await rows(other, "state=all&kind=bank_entry")}
    assert len(ids) == 1
    assert entry_id not in ids, "the same entry of another account has an id that cannot be guessed"
    wrong_mode = await day.caller("acc_1", mode="test")
    assert (await wrong_mode.get("/v1/reconciliation")).status == 404
    assert (await wrong_mode.call("POST", f"{BANK}?bankAccount=1&currency=IDR", raw=b"x")).status == 404
    platform = await day.caller()
    assert (await platform.get("/v1/reconciliation")).status == 400
    on_behalf = await platform.get("/v1/reconciliation?state=all", **{"X-Storlaunch-On-Behalf-Of": "acc_1"})
    assert [row["id"] for row in on_behalf.data][:1] == ["LATE-1"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("kind=invoice", "kind"),
        ("currency=RUPIAH", "currency"),
        ("from=yesterday", "from"),
        ("to=20261109", "to"),
        ("amount=much", "amount"),
        ("reference=", "reference"),
        ("format=xlsx", "format"),
        ("limit=0", "limit"),
    ],
)
async def test_a_question_that_cannot_be_answered_names_its_field(seller: Caller, query: str, field: str) -> None:
    await owed(seller, statement("LATE-1", "1.00"))
    answer = await seller.get(f"/v1/reconciliation?{query}")
    assert (answer.status, answer.error["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "content", "field"),
    [
        ("currency=IDR", b"date,amount\n", "bankAccount"),
        ("bankAccount=1&format=bca", b"x", "format"),
        ("bankAccount=1&currency=IDR", b"{}", "file"),
        ("bankAccount=1&currency=IDR&columns=when", b"x", "columns"),
        ("bankAccount=1&currency=IDR&columns=when=x", b"x", "columns"),
        ("bankAccount=1&currency=IDR&decimal=point", b"x", "decimal"),
        ("bankAccount=1&currency=IDR&dates=ymd", b"x", "dates"),
        ("bankAccount=--&currency=IDR", b"x", "bankAccount"),
    ],
)
async def test_a_file_that_nobody_could_read_names_what_is_missing(
    seller: Caller, query: str, content: bytes, field: str
) -> None:
    await owed(seller, statement("LATE-1", "1.00"))
    answer = await seller.call("POST", f"{BANK}?{query}", raw=content)
    assert (answer.status, answer.error["field"]) == (400, field)


async def test_what_the_bank_wrote_is_sealed_in_the_log(day: Api, seller: Caller) -> None:
    await owed(seller, statement("LATE-1", "1.00"))
    await bank(
        seller, "2026-11-05,100.00,TRANSFER SITI RAHMA 987654321,REF-1", query="bankAccount=5550123456&currency=IDR"
    )
    stored = await day.ledger.pool.fetch(
        "SELECT envelope FROM events UNION ALL SELECT row_to_json(b)::text FROM bank_entries b"
    )
    text = "".join(str(row[0]) for row in stored)
    assert "SITI" not in text
    assert "5550123456" not in text
    assert "REF-1" in text


async def test_a_bank_entry_of_the_year_one_is_unreadable_and_hides_nothing(seller: Caller) -> None:
    await owed(seller, statement("S-10001", "100.00"))
    answer = await bank(seller, "0001-01-01,1000.00,hello,REF12345")
    assert answer.data["unreadable"] == 1
    assert (await seller.get("/v1/reconciliation")).status == 200
