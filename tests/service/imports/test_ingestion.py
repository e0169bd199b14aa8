"""Records of banks and marketplaces are ingested by one loop, slice by slice."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from events.accounts.state import LIVE, TEST
from events.envelope import Actor, Source
from events.refusals import AccountNotFound, InvalidCommand
from service.banks.booking import BankUnit
from service.banks.identity import IdentifiedRecord
from service.banks.import_source import BankOptions
from service.formats.detection import HEAD_BYTES
from service.formats.unreadable import Unreadable
from service.imports.import_source import SLICE, ImportRequest, Problem
from service.imports.ingestion import UNREADABLE_MAX, import_file
from service.imports.receipt import Receipt
from service.ledger.commands import RequestOrigin
from service.ledger.write_failures import Unavailable
from service.marketplaces.booking import LocatedRecord, RecordsUnit
from service.marketplaces.import_source import MarketplaceOptions
from service.marketplaces.observations import ObservedStatement
from tests.service.marketplaces.samples import sample
from tests.support.api import Api

LINE = Unreadable("line 1", "nobody knows", b"a line")


def of_a_bank(**common: Any) -> BankUnit:
    return BankUnit(records=[IdentifiedRecord(LINE, "file#line 1")], claimed=set(), **common)


def of_a_marketplace(**common: Any) -> RecordsUnit:
    return RecordsUnit(records=[LocatedRecord(LINE, "file#line 1")], channel="lazada", kept={}, **common)


@pytest.mark.parametrize("unit_of", [of_a_bank, of_a_marketplace])
async def test_an_account_that_was_opened_in_the_other_mode_meanwhile_takes_nothing(api: Api, unit_of: Any) -> None:
    await api.merchant("acc_1")
    lane = await api.ledger.lane_of("acc_1")

    async def ingested(mode: str) -> list[str]:
        unit: BankUnit | RecordsUnit = unit_of(
            account_id="acc_1",
            exponents=api.ledger.exponents,
            origin=RequestOrigin(Actor("operator", "import"), Source("cli", "import"), mode, "req_import"),
            received_at=api.ledger.runtime.instant(),
            before=Receipt(),
        )
        return await api.ledger.run(lane, unit)

    with pytest.raises(AccountNotFound):
        await ingested(TEST)
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 0
    assert await ingested(LIVE) == ["unreadable"]
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 1


ORIGIN = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
ROWS = SLICE + 10


def table(rows: int, padding: bytes = b"") -> bytes:
    lines = (b"2026-05-03,%d.00,R-%d,%s\n" % (n, n, padding) for n in range(1, rows + 1))
    return b"date,amount,reference,note\n" + b"".join(lines)


async def test_a_result_has_the_counts_of_its_source_in_their_order(api: Api) -> None:
    await api.merchant("acc_1")
    bank = ImportRequest("acc_1", "may.csv", BankOptions("111", "IDR"))
    result = await import_file(api.ledger, bank, io.BytesIO(table(ROWS) + b"2026-05-03,much,R-0,\n"), ORIGIN)
    document = result.document()
    [problem] = document["problems"]
    assert (problem["place"], problem["reason"]) == (f"row {ROWS + 2}", "'much' is not an amount")
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries WHERE verdict = 'unreadable'") == 1
    assert list(document.items())[1:7] == [
        ("read", ROWS + 1), ("new", ROWS), ("known", 0), ("leftOut", 0), ("unreadable", 1), ("statements", 1),
    ]  # fmt: skip
    assert document["receipt"]["unusedHeadings"] == ["note"]
    marketplace = ImportRequest("acc_1", "statements.xml", MarketplaceOptions("lazada"))
    result = await import_file(api.ledger, marketplace, io.BytesIO(sample("lazada-get-payout-status.xml")), ORIGIN)
    assert list(result.document().items())[1:8] == [
        ("read", 2), ("new", 2), ("changed", 0), ("unchanged", 0), ("leftOut", 0), ("lines", 0), ("unreadable", 0),
    ]  # fmt: skip


class Watched(io.BytesIO):
    """A file whose second half is read when it is let go on. `is_read` is true while a thread reads it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.is_read = False
        self.is_rewound = False
        self.second_half, self.go_on = threading.Event(), threading.Event()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.is_rewound = True
        return super().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        self.is_read = True
        # The first time it is read as a whole, to know whether the same was imported before.
        if self.is_rewound and self.tell() > len(self.getbuffer()) // 2:
            self.second_half.set()
            assert self.go_on.wait(60)
        found = super().read(HEAD_BYTES if size is None or size < 0 else min(size, HEAD_BYTES))
        self.is_read = False
        return found


class Stopped(Exception):
    """The caller wants no more."""


async def test_an_import_that_is_stopped_ends_when_its_file_is_no_longer_read(api: Api) -> None:
    await api.merchant("acc_1")
    # The middle of the file is in the second of three slices.
    stream = Watched(table(3 * SLICE, b"x" * 1000))

    async def progress(_: list[Problem]) -> None:
        await asyncio.to_thread(stream.second_half.wait, 60)
        assert stream.is_read, "the next slice is read while this one is ingested"
        asyncio.get_running_loop().call_later(0.2, stream.go_on.set)
        raise Stopped

    request = ImportRequest("acc_1", "may.csv", BankOptions("111", "IDR"))
    with pytest.raises(Stopped):
        await import_file(api.ledger, request, stream, ORIGIN, progress)
    assert not stream.is_read


@pytest.mark.parametrize(
    "failure", [KeyError("a field of tomorrow"), TimeoutError("no outage"), asyncpg.DataError("x")]
)
@pytest.mark.parametrize("bad", [(0,), (ROWS - 1,), (3, 4, SLICE + 1)])
async def test_a_record_that_our_code_fails_on_is_kept_as_unreadable_and_all_others_are_booked(
    api: Api, monkeypatch: pytest.MonkeyPatch, failure: Exception, bad: tuple[int, ...]
) -> None:
    """Of a marketplace: else the same page of a pull would end there each time."""
    places = {f"line {number + 1}" for number in bad}
    real_ingest = RecordsUnit._ingest

    def failing(self: RecordsUnit, located: LocatedRecord, *rest: Any) -> str:
        if isinstance(located.record, ObservedStatement) and located.record.place in places:
            raise failure
        return real_ingest(self, located, *rest)

    monkeypatch.setattr(RecordsUnit, "_ingest", failing)
    lines = b"".join(b'{"StatementNumber":"S-%d","Payout":"1.00 IDR","Paid":"0"}\n' % number for number in range(ROWS))
    request = ImportRequest("acc_1", "statements.jsonl", MarketplaceOptions("lazada"))
    with capture_logs():
        result = await import_file(api.ledger, request, io.BytesIO(lines), ORIGIN)
    assert (result.counts["read"], result.counts["new"], result.counts["unreadable"]) == (
        ROWS,
        ROWS - len(bad),
        len(bad),
    )
    assert [problem.number for problem in result.problems] == list(bad)
    assert {problem.reason for problem in result.problems} == {
        f"ingesting it failed: {type(failure).__name__} (the log says more)"
    }
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM statements") == ROWS - len(bad)
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == ROWS


@pytest.mark.parametrize("content", [b"{}\nx\n" * 200_000, b"{}\n" * 300_000], ids=["no JSON", "no record"])
async def test_a_file_that_is_mostly_unreadable_ends_with_a_message_and_takes_little_room(
    api: Api, content: bytes
) -> None:
    request = ImportRequest("acc_1", "statements.jsonl", MarketplaceOptions("lazada"))
    with pytest.raises(InvalidCommand, match=r"cannot be read, such as line \d+: .* right kind of file") as refused:
        await import_file(api.ledger, request, io.BytesIO(content), ORIGIN)
    assert refused.value.field == "file"
    kept = await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries")
    assert UNREADABLE_MAX < kept <= UNREADABLE_MAX + SLICE
    [row] = await api.ledger.pool.fetch("SELECT state, error FROM imports")
    assert row["state"] == "failed"
    assert "right kind of file" in row["error"]


async def test_a_file_that_is_half_readable_is_read_to_its_end(api: Api) -> None:
    line = b'{"StatementNumber":"S-%d","Payout":"1.00 IDR","Paid":"0"}\nx\n'
    count = UNREADABLE_MAX + SLICE
    request = ImportRequest("acc_1", "statements.jsonl", MarketplaceOptions("lazada"))
    lines = b"".join(line % number for number in range(count))
    result = await import_file(api.ledger, request, io.BytesIO(lines), ORIGIN)
    assert (result.counts["new"], result.counts["unreadable"]) == (count, count)


async def test_while_the_database_is_away_no_record_is_taken_for_unreadable(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(api.ledger, "run", away)
    request = ImportRequest("acc_1", "statements.jsonl", MarketplaceOptions("lazada"))
    line = b'{"StatementNumber":"S-1","Payout":"1.00 IDR","Paid":"0"}\n'
    with pytest.raises(Unavailable):
        await import_file(api.ledger, request, io.BytesIO(line), ORIGIN)
    assert await api.ledger.pool.fetchval("SELECT count(*) FROM deliveries") == 0
