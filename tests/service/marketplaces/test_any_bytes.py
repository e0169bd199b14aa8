"""Whatever bytes a file has: each reader lists what it cannot read, and raises nothing, since it would raise again."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from service.formats.unreadable import Unreadable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Shop
from service.marketplaces.record_mapping import map_json_records

IDR = Shop(currency="IDR")
HEADS = [
    *(b"", b"PK\x03\x04", b"{", b"[", b"<", b"<a>", b"a,b\n", b"\xff\xfe", b"\xef\xbb\xbf{", b'{"data":[', b"\x1f\x8b"),
    b"No. Pesanan,Tanggal Dana Dilepaskan,Total Penghasilan\n",
    b"Nomor Laporan,Tanggal Transaksi,Nama Biaya,Jumlah (Termasuk Pajak),Nomor Pesanan,ID Pesanan\n",
]


@pytest.mark.parametrize("channel", CHANNELS)
@settings(deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=80), st.sampled_from([b"", b"\r", b'\n"', b"\x00", b"]}", b'"\r\n"']))
def test_no_bytes_stop_a_reader(channel: str, head: bytes, body: bytes, end: bytes) -> None:
    for observed in CHANNELS[channel].read(io.BytesIO(head + body + end), IDR):
        if isinstance(observed, Unreadable):
            assert observed.reason


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats(-9, 9)
    | st.text(max_size=4)
    | st.just("2026-05-01"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        *("order_sn", "order_income", "escrow_amount", "transaction_type", "amount", "escrow_release_time", "items"),
        *("StatementNumber", "statement_number", "Payout", "payout", "orderItem_no", "fee_name", "sub_type", "paid"),
        *("id", "statement_time", "settlement_amount", "type", "sku_id", "paid_time", "currency", "payment_status"),
        *("deposit_id", "note", "create_time", "orderNo", "orderItemNo", "totalPayment", "order_adjustment"),
    ]
)


@pytest.mark.parametrize("channel", CHANNELS)
@settings(deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8), min_size=1, max_size=3))
def test_no_values_stop_a_reader(channel: str, records: list[dict[str, Any]]) -> None:
    """Names that mean something, with values of any kind."""
    content = io.BytesIO(b"\n".join(json.dumps(record).encode() for record in records))
    with capture_logs() as logged:
        list(CHANNELS[channel].read(content, IDR))
    assert [line for line in logged if line["event"] == "record_not_mapped"] == [], "a reader failed on it"


def test_a_record_that_our_code_fails_on_is_listed_and_those_around_it_are_read() -> None:
    def mapped(record: Any, _: Any) -> list[Any]:
        if record.value["n"] == "2":
            raise KeyError("a field of tomorrow")
        return [record.value["n"]]

    with capture_logs():
        found = list(map_json_records(io.BytesIO(b'{"n":1}\n{"n":2}\n{"n":3}\n'), frozenset(), mapped, {}))
    assert [each.reason if isinstance(each, Unreadable) else each for each in found] == [
        "1",
        "reading it failed: KeyError (the log says more)",
        "3",
    ]
