"""What an import costs does not grow with what is there already, nor its memory with the file."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator

import pytest

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.imports.kept_files import seekable
from service.ledger.commands import RequestOrigin
from service.ledger.vault import AccountKey
from service.marketplaces.import_source import MarketplaceOptions
from service.platform.settings import Settings
from tests.support.api import Api, serving
from tests.support.tables import as_owner
from tests.support.waiting import until

COUNT = 1500
ASKED = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")


def statements(count: int) -> bytes:
    rows = [
        {
            "statement_number": f"S-{number}",
            "created_at": f"2018-01-01 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}",
            "payout": "1.00 IDR",
            "paid": "0",
        }
        for number in range(count)
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows)


async def test_a_statement_looks_at_a_few_others_however_many_there_are(settings: Settings) -> None:
    async with serving(settings) as api:
        request = ImportRequest("acc_1", "f", MarketplaceOptions("lazada"))
        found = await import_file(api.ledger, request, io.BytesIO(statements(COUNT)), ASKED)
        assert found.counts["new"] == COUNT
    owner = await as_owner(settings)
    try:
        looked = 0

        async def told() -> bool:
            """A connection tells what it read at its end."""
            nonlocal looked
            row = await owner.fetchrow(
                "SELECT idx_scan, idx_tup_fetch + seq_tup_read AS looked FROM pg_stat_user_tables WHERE relname = 'statements'"
            )
            assert row is not None
            looked = row["looked"]
            return bool(row["idx_scan"] >= COUNT)

        await until(told, "the service's connections have told what they read")
        # The one before it, perhaps the one of its number, and those with a deposit: there are none.
        assert looked <= 10 * COUNT
    finally:
        await owner.close()


async def test_a_record_of_many_orders_is_digested_once_and_not_for_each_of_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    digested: list[int] = []
    digest = AccountKey.digest

    def counted(key: AccountKey, content: bytes) -> str:
        digested.append(len(content))
        return digest(key, content)

    monkeypatch.setattr(AccountKey, "digest", counted)
    paid = [{"order_sn": f"A{number}", "escrow_amount": 1, "currency": "IDR"} for number in range(100)]
    info = {"from_currency": "IDR", "from_amount": 100, "payout_time": 1655714431, "encrypted_payout_id": "P1"}
    content = json.dumps({"payout_info": info, "escrow_list": paid}).encode()
    async with serving(settings) as api:
        request = ImportRequest("acc_1", "f", MarketplaceOptions("shopee", currency="IDR"))
        found = await import_file(api.ledger, request, io.BytesIO(content), ASKED)
    assert found.counts["new"] == 101
    assert digested.count(len(content)) == 1


class Orders(io.RawIOBase):
    """Escrow details of Shopee's, one a line, made as they are read."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__()
        self._lines = self._made(first, count)
        self._left = b""
        self._at = 0

    @staticmethod
    def _made(first: int, count: int) -> Iterator[bytes]:
        for number in range(first, first + count):
            income = {
                "escrow_amount": 4.82,
                "buyer_paid_shipping_fee": 1.99,
                "cost_of_goods_sold": 3,
                "commission_fee": 0.07,
                "seller_transaction_fee": 0.1,
            }
            yield (
                json.dumps({"order_sn": f"ORDER{number}", "order_income": {**income, "note": "x" * 700}}).encode()
                + b"\n"
            )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while len(self._left) < len(buffer) and (line := next(self._lines, None)) is not None:
            self._left += line
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._at


async def peak_bytes(api: Api, first: int, count: int) -> int:
    """The most that was held at once while so many orders were imported, beside what was held before."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    request = ImportRequest("acc_1", "orders.jsonl", MarketplaceOptions("shopee", currency="USD"))
    async with seekable(io.BufferedReader(Orders(first, count))) as stream:
        found = await import_file(api.ledger, request, stream, ASKED)
    assert found.counts["lines"] == 5 * count
    assert found.counts["unreadable"] == 0
    return tracemalloc.get_traced_memory()[1] - before


async def test_five_times_as_many_rows_take_no_more_memory(api: Api) -> None:
    tracemalloc.start()
    try:
        # What is kept for good, such as prepared statements and caches, is kept by now.
        await peak_bytes(api, 0, 600)
        small = await peak_bytes(api, 10_000, 1_000)
        large = await peak_bytes(api, 20_000, 5_000)
    finally:
        tracemalloc.stop()
    # 4,000 rows more are 3.4 MB of text alone, and many times that as lines.
    assert large - small < 1_000_000
