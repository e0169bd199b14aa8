"""Pages of settlements at the highest level: each row on one page, whatever the pages' size; and what a page costs."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from service.http.cursors import Cursor
from service.platform.settings import Settings
from tests.service.http.test_settlements import escrow, follow, released, rows, upload, withdrawal
from tests.support.api import Api, Caller, serving
from tests.support.rows_read import PLANS, Read, counted, read_by
from tests.support.tables import as_owner

GLOBAL = "/v1/settlements?level=global"

# Each withdrawal is of the two orders released on its day; behind the last one there are days without any.
_ORDERS = """
INSERT INTO settlement_totals (lane, account_id, channel, level, key, seller, order_id, currency, payout, derived, released,
                               released_at, stage, source, position)
SELECT 1, 'acc_1', 'shopee', 'order', format('O%s', lpad(n::text, 6, '0')), '', format('O%s', lpad(n::text, 6, '0')), 'IDR',
       10, false, 10, '2000-01-01 00:00+00'::timestamptz + n / 2 * interval '1 day', 'released', 'shopee.escrow_list', 1
  FROM generate_series($1::integer * 2, $2::integer * 2 - 1) n
"""
_WITHDRAWALS = """
INSERT INTO settlement_lines (lane, account_id, channel, seller, reference, source, line, position, totals, books, counts,
                              level, kind, stage, amount, text, field, currency, depth, occurred_at)
SELECT 1, 'acc_1', 'shopee', '', format('withdrawal/%s', lpad(n::text, 6, '0')), 'shopee.wallet', 1, 1, true, false, true,
       'global', 'withdrawal', 'paid', -20, '-20', 'amount', 'IDR', 0,
       '2000-01-01 01:00+00'::timestamptz + n * interval '1 day'
  FROM generate_series($1::integer, $2::integer - 1) n
"""


async def walk(caller: Caller, path: str, limit: int) -> list[dict[str, Any]]:
    """All rows, page by page."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await caller.get(f"{path}&limit={limit}{cursor}")
        assert answer.status == 200, answer.raw
        assert len(answer.data) <= limit
        seen += answer.data
        if not answer.meta["hasMore"]:
            return seen
        assert len(answer.data) == limit, "a page that is not the last one is full"
        cursor = f"&cursor={answer.meta['cursor']}"


def cursor_of(level: str, *place: str) -> str:
    """Where a page would have ended, far behind the first."""
    hidden = [base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") or "." for text in place]
    name = "settlement lines" if level == "lines" else "settlements"
    filters = "- - - - -" if level == "lines" else f"{level} - - - - - -"
    return Cursor(f"{name} acc_1", " ".join([filters, *hidden]), 1).text()


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_every_group_is_on_one_page_with_its_money_whole(api: Api, limit: int) -> None:
    seller = await api.caller("acc_1")
    orders = [("A1", 100, 0), ("A2", 50, 1), ("A3", 30, 2), ("A4", 7, 5), ("A5", 4, 5), ("A6", 2, 7)]
    await upload(
        seller,
        rows(
            *(escrow(name, amount, 1) for name, amount, _ in orders),
            escrow("A7", 1, 1),
            *(released(name, str(amount), on) for name, amount, on in orders),
            # The second one of a moment finds nothing left, and stands by itself; the one of the second day two days' orders.
            *(withdrawal(1, 100, 0), withdrawal(2, 5, 0), withdrawal(3, 80, 2)),
        ),
        "channel=shopee&currency=IDR",
    )
    await upload(seller, rows(escrow("B1", 9, 1), released("B1", "9", 7)), "channel=shopee&currency=MYR")
    report = b"settlementId,orderNo,sales,commission,totalPayment\nS1,C1,100,10,90\nS2,C2,50,5,45\n"
    await upload(seller, report, "channel=blibli")
    await follow(api)
    shown = [
        (row["channel"], row["key"], row["currency"], row["payoutAmount"]) for row in await walk(seller, GLOBAL, limit)
    ]
    assert shown == [
        ("blibli", "S1", "IDR", "90"),
        ("blibli", "S2", "IDR", "45"),
        ("shopee", "2026-02-06", "IDR", "11"),
        ("shopee", "2026-02-08", "IDR", "2"),
        ("shopee", "2026-02-08", "MYR", "9"),
        ("shopee", "unreleased", "IDR", "1"),
        ("shopee", "withdrawal/1", "IDR", "100"),
        ("shopee", "withdrawal/2", "IDR", "5"),
        ("shopee", "withdrawal/3", "IDR", "80"),
    ]
    # From the sixth of February on, and before the eighth: of days, when their last money was released.
    asked = f"{GLOBAL}&from=2026-02-03T00:00:00Z&before=2026-02-08T00:00:00Z"
    assert [row["key"] for row in await walk(seller, asked, limit)] == ["2026-02-06", "withdrawal/3"]
    assert [row["key"] for row in await walk(seller, f"{GLOBAL}&statement=S2", limit)] == ["S2"]


@pytest.mark.parametrize("key", ["day/2026-13-01", "day/", "day/x"])
async def test_a_cursor_of_a_day_that_is_none_is_refused(api: Api, key: str) -> None:
    seller = await api.caller("acc_1")
    await upload(seller, rows(escrow("A1", 1, 0)), "channel=shopee&currency=IDR")
    await follow(api)
    answer = await seller.get(f"{GLOBAL}&cursor={cursor_of('global', 'shopee', key, 'IDR', '')}")
    assert (answer.status, answer.error["field"]) == (400, "cursor")


async def grow(settings: Settings, first: int, behind: int) -> None:
    owner = await as_owner(settings)
    await owner.execute(_ORDERS, first, behind)
    await owner.execute(_WITHDRAWALS, first, behind)
    await owner.close()


async def pages_read(settings: Settings, plans: str, path: str, far: str) -> list[Read]:
    """What the first page reads, and one that goes on behind `far`."""
    async with counted(settings, plans) as api:
        seller = await api.caller("acc_1")

        async def page(cursor: str) -> None:
            answer = await seller.get(f"{path}limit=20{cursor}")
            assert (answer.status, len(answer.data), answer.meta["hasMore"]) == (200, 20, True), answer.raw

        await page("")  # what is read once, such as the key, is known by then
        return [await read_by(api, page, cursor) for cursor in ("", f"&cursor={far}")]


@pytest.mark.parametrize("plans", PLANS)
@pytest.mark.parametrize(
    ("path", "level", "rows_most"),
    [
        # 22 withdrawals: each one's line, the line before it, twice whether there is a later one, and two orders.
        ("/v1/settlements?level=global&", "global", 22 * 6 + 40),
        ("/v1/settlements?level=order&", "order", 21 + 20),
        ("/v1/settlements/lines?", "lines", 21 + 20),
    ],
)
async def test_a_page_reads_a_page_however_much_the_account_has(
    settings: Settings, plans: str, path: str, level: str, rows_most: int
) -> None:
    def far(groups: int) -> str:
        """Nine tenths through."""
        order, sent = f"O{groups * 18 // 10:06}", f"withdrawal/{groups * 9 // 10:06}"
        place = {"global": (sent, "IDR", ""), "order": (order,), "lines": ("", sent, "shopee.wallet", "1")}
        return cursor_of(level, "shopee", *place[level])

    async with serving(settings) as api:
        await (await api.caller("acc_1")).accepted(type="openAccount", currency="IDR", backend="manual")
    await grow(settings, 0, 1_000)
    small = await pages_read(settings, plans, path, far(1_000))
    await grow(settings, 1_000, 6_000)
    large = await pages_read(settings, plans, path, far(6_000))
    assert max(read.rows for read in (*small, *large)) <= rows_most, (small, large)
    # An index six times as large may be a level deeper.
    assert max(read.blocks for read in large) <= 1.5 * max(read.blocks for read in small), (small, large)
