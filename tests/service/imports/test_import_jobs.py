"""Of two processes with one import, the later one resumes it, and the earlier one writes nothing over it."""

from __future__ import annotations

import io
import json
import threading

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_jobs import File, ImportJobs, PlacesMax
from service.imports.import_source import SLICE, ImportRequest
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from tests.support.api import Api
from tests.support.waiting import until

ASKED = RequestOrigin(Actor("key", "key_1"), Source("command", "key_1"), LIVE, "req_import")
REQUEST = ImportRequest("acc_1", "f", MarketplaceOptions("lazada"))
MOST = PlacesMax(of_account=8, of_all=8, read=8)
COUNT = 3 * SLICE
ROWS = b"".join(
    json.dumps(
        {
            "statement_number": f"S-{n}",
            "created_at": f"2018-01-01 00:{n // 60:02}:{n % 60:02}",
            "payout": "x" if n == 0 else "1.00 IDR",
            "remarks": "x" * 1000,  # longer than what a reader holds
        }
    ).encode()
    + b"\n"
    for n in range(COUNT)
)


class Blocking(io.BytesIO):
    """Gives its first two slices, and the rest when it is let go on."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.go_on = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 2 * len(ROWS) // 3:
            assert self.go_on.wait(60)
        return super().read(min(size, 4096) if size is not None and size > 0 else 4096)


async def test_the_process_that_begins_later_resumes_alone(api: Api) -> None:
    pool = api.ledger.pool
    earlier, later = ImportJobs(api.ledger, MOST), ImportJobs(api.ledger, MOST)
    slow = Blocking(ROWS)
    _, first = await earlier.begin(REQUEST, ASKED, "one", File(slow, len(ROWS), "digest"), earlier.place("acc_1"))
    assert first is not None

    async def begun() -> bool:
        return bool(await pool.fetchval("SELECT read FROM imports"))

    await until(begun, "the first slice is noted")
    _, second = await later.begin(
        REQUEST, ASKED, "one", File(io.BytesIO(ROWS), len(ROWS), "digest"), later.place("acc_1")
    )
    assert second is not None
    await second
    row = await pool.fetchrow("SELECT * FROM imports")
    assert row is not None
    assert (row["state"], row["read"], row["unreadable"]) == ("done", COUNT, 1)
    slow.go_on.set()
    await first
    assert await pool.fetchrow("SELECT * FROM imports") == row
    assert await pool.fetchval("SELECT count(*) FROM import_problems") == 1
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'channel.money_booked'") == COUNT - 1
    assert slow.closed
