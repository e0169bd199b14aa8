"""What a seller says of the files: headings and types, given over HTTP, remembered for the channel, refused by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from events.refusals import InvalidCommand
from service.marketplaces.blibli.reader import REPORT_NAMES
from service.marketplaces.observations import Kind
from service.marketplaces.shop_settings import read_columns, read_types
from tests.service.marketplaces.test_each_cell import as_json
from tests.service.marketplaces.test_importing import balance
from tests.support.api import Api

REPORT = b"No. Pesanan;Penjualan;Komisi;Dibayar\nA1;100;10;90\n"
COLUMNS = "orderNo=No. Pesanan;sales=Penjualan;commission=Komisi;totalPayment=Dibayar"
IMPORTS = "/v1/settlements/imports"


async def sent(api: Api, content: bytes, query: str) -> Any:
    return await (await api.caller("acc_1")).call("POST", f"{IMPORTS}?{query}", raw=content)


async def test_a_reports_headings_are_said_once_and_remembered(api: Api) -> None:
    first = await sent(api, REPORT, f"channel=blibli&columns={quote(COLUMNS)}")
    assert (first.status, first.data["new"], first.data["unreadable"]) == (200, 1, 0), first.raw
    assert await balance(api, "IDR") == {"pending": 9_000}
    again = await sent(api, REPORT, "channel=blibli")
    assert (again.data["unchanged"], again.data["unreadable"]) == (1, 0)
    state = await api.ledger.pool.fetchrow("SELECT columns, types FROM channels WHERE channel = 'blibli'")
    assert state is not None
    assert (state["columns"], state["types"]) == (COLUMNS, None)


async def test_a_types_meaning_is_said_once_and_remembered(api: Api) -> None:
    row = {"deposit_id": 1, "Type": 77, "amount": 500, "note": "", "create_time": "2020-12-08 13:33:56"}
    unknown = as_json({"data": {"saldo_history": [row]}})
    await (await api.caller("acc_1")).accepted(type="openAccount", currency="IDR", backend="manual")
    refused = await sent(api, unknown, "channel=tokopedia")
    assert "types" in refused.data["problems"][0]["reason"]
    named = await sent(api, unknown, f"channel=tokopedia&types={quote('77=service_fee:-1')}")
    assert (named.data["new"], named.data["unreadable"]) == (1, 0)
    assert sum((await balance(api, "IDR")).values()) == -50_000
    assert (await sent(api, unknown, "channel=tokopedia")).data["unchanged"] == 1


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("channel=blibli&columns=harga%3DHarga", "columns", "harga: the names are settlementId"),
        ("channel=blibli&columns=orderNo", "columns", "orderNo=No. Pesanan"),
        ("channel=blibli&columns=%7B%22orderNo%22%3A1%7D", "columns", "JSON object"),
        ("channel=blibli&columns=orderNo%3DX%3BtotalPayment%3DX", "columns", "one heading"),
        ("channel=shopee&columns=orderNo%3DX", "columns", "are known"),
        ("channel=tokopedia&types=77%3Dgratis", "types", "'gratis' is no kind"),
        ("channel=tokopedia&types=77%3Dfee%3A2", "types", "1 or -1"),
        ("channel=lazada&types=77%3Dfee", "types", "leave types out"),
    ],
)
async def test_a_setting_that_nothing_is_read_by_is_refused_by_its_name(
    api: Api, query: str, field: str, words: str
) -> None:
    answer = await sent(api, REPORT, query)
    assert (answer.status, answer.error["field"]) == (400, field)
    assert words in answer.error["message"]


def test_a_json_object_says_names_that_a_text_cannot() -> None:
    assert read_columns('{"orderNo": "No; Pesanan = ID"}', REPORT_NAMES) == {"orderNo": "No; Pesanan = ID"}
    assert read_types("1002 = commission : -1; 1003=shipping") == {
        "1002": (Kind.COMMISSION, -1), "1003": (Kind.SHIPPING, 0),
    }  # fmt: skip
    with pytest.raises(InvalidCommand):
        read_types("{")
