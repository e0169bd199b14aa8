"""Reading an import anew, over HTTP and at the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.service.marketplaces.samples import sample
from tests.service.rereading.test_reread import PLAIN_TABLE
from tests.service.rereading.wrong_imports import events_count
from tests.support.api import Api, Caller
from tests.support.waiting import until

IMPORTS = "/v1/settlements/imports"
LAZADA = sample("lazada-get-payout-status.xml")


@pytest.fixture
async def seller(api: Api) -> Caller:
    return await api.merchant("acc_1")


async def posted(seller: Caller, query: str = "", content: bytes = LAZADA) -> str:
    answer = await seller.call("POST", f"{IMPORTS}?channel=lazada{query}", raw=content)
    assert answer.status == 200, answer.raw
    found = answer.data["id"]
    assert isinstance(found, str)
    return found


def rules(document: dict[str, Any]) -> list[str]:
    return [found["rule"] for found in document["receipt"]["findings"]]


async def test_an_assumed_zone_is_a_finding_until_a_reread_or_an_import_gives_it(api: Api, seller: Caller) -> None:
    import_id = await posted(seller)
    shown = (await seller.call("GET", f"{IMPORTS}/{import_id}")).data
    assert "zone_was_assumed" in rules(shown)
    answer = await seller.call("POST", f"{IMPORTS}/{import_id}/reread?zone=Asia/Jakarta")
    assert answer.status == 200, answer.raw
    assert "zone_was_assumed" not in rules(answer.data)
    assert answer.data["reread"]["receipt"]["unchanged"] == 2, "it is the zone that was assumed"
    # And where an import gives it.
    await posted(seller, content=LAZADA + b"\n")
    again = await posted(seller, "&zone=Asia/Jakarta", content=LAZADA + b"\n")
    assert "zone_was_assumed" not in rules((await seller.call("GET", f"{IMPORTS}/{again}")).data)
    for each in (await seller.call("GET", IMPORTS)).data:
        assert "zone_was_assumed" not in rules(each), each["id"]


async def test_a_reread_shows_what_changed_and_again_changes_nothing(api: Api, seller: Caller) -> None:
    import_id = await posted(seller)
    path = f"{IMPORTS}/{import_id}/reread?zone=America/New_York"
    first = (await seller.call("POST", path)).data["reread"]
    assert (first["state"], first["receipt"]["imports"]) == ("done", [import_id])
    change = first["receipt"]["changes"][0]
    assert change["before"]["date"] != change["after"]["date"]
    count = await events_count(api, "acc_1")
    second = (await seller.call("POST", path)).data["reread"]["receipt"]
    assert (second["unchanged"], second["changed"]) == (2, 0)
    assert await events_count(api, "acc_1") == count


async def test_a_reread_that_nobody_waits_for_is_shown_by_the_import(api: Api, seller: Caller) -> None:
    import_id = await posted(seller)
    begun = await seller.call("POST", f"{IMPORTS}/{import_id}/reread?zone=America/New_York&wait=false")
    assert begun.status == 202
    assert begun.headers["Location"] == f"{IMPORTS}/{import_id}"

    async def done() -> bool:
        found = (await seller.call("GET", f"{IMPORTS}/{import_id}")).data["reread"]
        return found is not None and found["state"] == "done"

    await until(done, "the import is read anew")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("zone=Mars/Olympus", "zone"),
        ("currency=ZZZ", "currency"),
        ("bankAccount=1", "bankAccount"),
        ("dates=mdy", "dates"),
        ("columns=orderNo=x", "columns"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_its_name_and_changes_nothing(
    api: Api, seller: Caller, query: str, field: str
) -> None:
    import_id = await posted(seller)
    before = await events_count(api, "acc_1")
    answer = await seller.call("POST", f"{IMPORTS}/{import_id}/reread?{query}")
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, "VALIDATION_ERROR", field)
    assert await events_count(api, "acc_1") == before


async def test_an_import_that_is_not_there_is_not_found(seller: Caller) -> None:
    assert (await seller.call("POST", f"{IMPORTS}/imp_none/reread")).status == 404


async def test_a_banks_import_is_read_anew_under_its_id(api: Api, seller: Caller) -> None:
    answer = await seller.call(
        "POST", "/v1/bank-statements?bankAccount=5550001112&currency=IDR&dates=mdy", raw=PLAIN_TABLE
    )
    import_id = answer.data["id"]
    assert "5550001112" not in json.dumps(
        [dict(row) for row in await api.ledger.pool.fetch("SELECT wish FROM imports")]
    )
    found = (await seller.call("POST", f"{IMPORTS}/{import_id}/reread?dates=dmy")).data
    assert (found["channel"], found["reread"]["receipt"]["changed"]) == ("bank", 4 + 1), (
        "the entries, and the days of the statement"
    )
