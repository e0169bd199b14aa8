"""Pages of expected against paid: what a page reads, what is worked out once, and when it is worked out again."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from service.http.cursors import Cursor
from service.ledger.account_profile import read_profile
from service.platform.runtime import Runtime
from service.platform.settings import Settings
from service.reconciliation.claims import Claims
from service.reconciliation.reading import ReconciliationPage, reconciliation
from service.reconciliation.reconciliation_cache import (
    ACCOUNTS_MAX,
    SECONDS_MAX,
    CachedReconciliation,
    ReadPoint,
    ReconciliationCache,
)
from service.reconciliation.rows import BankEntries, RowFilter
from tests.service.http.test_reconciliation import NOW, bank, owed, statement
from tests.service.http.test_settlements import follow, withdrawal
from tests.support.api import Caller, serving
from tests.support.rows_read import PLANS, Read, counted, read_by
from tests.support.tables import as_owner

PATH = "/v1/reconciliation?state=all"
SMALL, LARGE = 300, 1_500

# Orders that were released, and a withdrawal of each of them.
_ORDERS = """
INSERT INTO settlement_totals (lane, account_id, channel, level, key, seller, order_id, currency, payout, derived, released,
                               released_at, stage, source, position)
SELECT 1, 'acc_1', 'shopee', 'order', format('O%s', lpad(n::text, 6, '0')), '', format('O%s', lpad(n::text, 6, '0')), 'IDR',
       10, false, 10, '2000-01-01 00:00+00'::timestamptz + n * interval '1 hour', 'released', 'shopee.escrow_list', 2
  FROM generate_series($1::integer, $2::integer - 1) n
"""
_WITHDRAWALS = """
INSERT INTO settlement_lines (lane, account_id, channel, seller, reference, source, line, position, totals, books, counts,
                              level, kind, stage, amount, text, field, currency, depth, occurred_at)
SELECT 1, 'acc_1', 'shopee', '', format('withdrawal/%s', lpad(n::text, 6, '0')), 'shopee.wallet', 1, 2, true, false, true,
       'global', 'withdrawal', 'paid', -10, '-10', 'amount', 'IDR', 0,
       '2000-01-01 00:30+00'::timestamptz + n * interval '1 hour'
  FROM generate_series($1::integer, $2::integer - 1) n
"""


async def grow(settings: Settings, first: int, behind: int) -> None:
    """So many statements, orders, withdrawals and bank entries more: every other entry names a statement."""
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")
        await owed(seller, *(statement(f"S-{n:06}", f"{1000 + n}.00") for n in range(first, behind)))
        lines = (
            f"2026-11-05,{1000 + n}.00,{f'S-{n:06}' if n % 2 else 'interest'},R-{n:06}" for n in range(first, behind)
        )
        await bank(seller, *lines)
    owner = await as_owner(settings)
    await owner.execute(_ORDERS, first, behind)
    await owner.execute(_WITHDRAWALS, first, behind)
    await owner.close()


async def walked(caller: Caller, path: str, limit: int) -> list[dict[str, Any]]:
    """All rows, page by page."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await caller.get(f"{path}&limit={limit}{cursor}")
        assert answer.status == 200, answer.raw
        seen += answer.data
        if not answer.meta["hasMore"]:
            return seen
        assert len(answer.data) == limit
        cursor = f"&cursor={answer.meta['cursor']}"


async def far_cursors(settings: Settings, count: int) -> dict[str, str]:
    """Nine tenths through the rows of each kind."""
    nth = count * 9 // 10
    owner = await as_owner(settings)
    places: dict[str, list[Any]] = {
        "statement": [await owner.fetchval(f"SELECT first_position FROM statements ORDER BY 1 OFFSET {nth} LIMIT 1")],
        "order": ["shopee", f"O{nth:06}"],
        "withdrawal": ["shopee", f"withdrawal/{nth:06}", "IDR"],
        "bank_entry": [await owner.fetchval(f"SELECT position FROM bank_entries ORDER BY 1 OFFSET {nth} LIMIT 1")],
    }
    await owner.close()
    return {
        kind: Cursor(
            "reconciliation acc_1",
            " ".join(["all", kind, *"------", kind, base64.urlsafe_b64encode(orjson.dumps(place)).decode()]),
            1,
        ).text()
        for kind, place in places.items()
    }


async def pages_read(settings: Settings, plans: str, count: int) -> dict[str, list[Read]]:
    """What the first page of each kind reads, and one far behind it."""
    far = await far_cursors(settings, count)
    found: dict[str, list[Read]] = {}
    async with counted(settings, plans, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")

        async def page(kind: str, cursor: str) -> None:
            answer = await seller.get(f"{PATH}&kind={kind}&limit=20{cursor}")
            assert (answer.status, len(answer.data), answer.meta["hasMore"]) == (200, 20, True), answer.raw

        for kind, cursor in far.items():
            await page(kind, "")  # what could be proposed is worked out by then
            found[kind] = [await read_by(api, page, kind, behind) for behind in ("", f"&cursor={cursor}")]
    return found


async def test_a_page_reads_a_page_however_much_the_account_has(settings: Settings) -> None:
    await grow(settings, 0, SMALL)
    small = {plans: await pages_read(settings, plans, SMALL) for plans in PLANS}
    await grow(settings, SMALL, LARGE)
    large = {plans: await pages_read(settings, plans, LARGE) for plans in PLANS}
    for plans in PLANS:
        for kind, reads in large[plans].items():
            # Of 21 withdrawals each one's line, the line before it, whether there is a later one, and the order; of
            # other kinds less. A table that is small is read whole, which is no more.
            assert max(read.rows for read in reads) <= 21 * 4 + 40, (kind, plans, reads)
            known = max(read.blocks for read in small[plans][kind])
            assert max(read.blocks for read in reads) <= 1.5 * known, (kind, plans, small[plans][kind], reads)


async def test_an_entry_that_comes_between_two_pages_is_in_the_second(settings: Settings) -> None:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")
        await owed(seller, statement("S-00001", "1000.00"), statement("S-00002", "2000.00"))
        first = await seller.get(f"{PATH}&limit=1")
        assert (first.data[0]["id"], first.data[0]["state"]) == ("S-00001", "overdue")
        await bank(seller, "2026-11-05,2000.00,S-00002 from Lazada")
        [second] = (await seller.get(f"{PATH}&limit=1&cursor={first.meta['cursor']}")).data
        assert (second["id"], second["state"], second["evidence"]) == ("S-00002", "matched", "proposal")
        # By a word that the bank wrote, which is kept nowhere: also on a page behind the first.
        for _ in range(2):
            named = (await seller.get("/v1/reconciliation?state=all&reference=lazada")).data
            assert [row["kind"] for row in named] == ["statement", "bank_entry"]


async def test_a_withdrawal_that_settlements_tell_of_later_is_proposed_then(settings: Settings) -> None:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")
        sent = withdrawal(1, 149_000, 1)
        content = orjson.dumps(sent)
        answer = await seller.call("POST", "/v1/settlements/imports?channel=shopee&currency=IDR", raw=content)
        assert answer.status == 200, answer.raw
        await bank(seller, "2026-02-03,149000.00,from the shop")
        [entry] = (await seller.get(PATH + "&kind=bank_entry")).data
        assert entry["state"] == "unexpected", "settlements follow the log by a read_point"
        await follow(api)
        [entry] = (await seller.get(PATH + "&kind=bank_entry")).data
        assert (entry["state"], entry["evidence"]) == ("matched", "proposal")
        [row] = (await seller.get(PATH + "&kind=withdrawal")).data
        assert (row["id"], row["evidence"]) == ("withdrawal/1", "proposal")


async def test_every_row_is_on_one_page_also_where_one_reference_is_of_two_currencies(settings: Settings) -> None:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")
        await owed(seller, *(statement(f"S-{n:05}", "1.00") for n in range(5)))
        for currency in ("IDR", "MYR"):
            amounts = {1: 10, 2: 10 if currency == "IDR" else 11}
            content = b"\n".join(orjson.dumps(withdrawal(n, amount, 1)) for n, amount in amounts.items())
            path = f"/v1/settlements/imports?channel=shopee&currency={currency}&seller={currency}"
            assert (await seller.call("POST", path, raw=content)).status == 200
        await follow(api)
        for limit in (1, 2, 3, 100):
            seen = [(row["id"], row["currency"]) for row in await walked(seller, PATH, limit)]
            assert seen == [
                *((f"S-{n:05}", "IDR") for n in range(5)),
                ("withdrawal/1", "IDR"),
                ("withdrawal/1", "MYR"),
                ("withdrawal/2", "IDR"),
                ("withdrawal/2", "MYR"),
            ]
        # Behind three that are not wanted, which is as many as a page of two looks at first.
        [last] = (await seller.get(f"{PATH}&kind=withdrawal&amount=11&limit=2")).data
        assert (last["id"], last["currency"]) == ("withdrawal/2", "MYR")


def cached() -> CachedReconciliation:
    return CachedReconciliation(Claims(), BankEntries())


def test_a_cached_reconciliation_is_true_for_its_version_once_settlements_were_as_far_as_the_log() -> None:
    kept, told = ReconciliationCache(), cached()
    kept.keep(1, "acc_1", ReadPoint(version=5, head=90, followed=70), told, 0.0)
    # Settlements were behind: what they say by now is not in it.
    assert kept.find(1, "acc_1", ReadPoint(version=5, head=90, followed=70), 1.0) is told
    assert kept.find(1, "acc_1", ReadPoint(version=5, head=120, followed=95), 1.0) is None
    again = cached()
    kept.keep(1, "acc_1", ReadPoint(version=5, head=120, followed=95), again, 1.0)
    # By 90 the account was what it is, and settlements have come by there: others' events change nothing.
    assert kept.find(1, "acc_1", ReadPoint(version=5, head=300, followed=200), 2.0) is again
    assert kept.find(1, "acc_1", ReadPoint(version=6, head=301, followed=200), 2.0) is None
    assert kept.find(1, "acc_2", ReadPoint(version=5, head=300, followed=200), 2.0) is None


def test_a_reconciliation_is_cached_for_a_while_and_of_the_accounts_read_last() -> None:
    kept, read_point = ReconciliationCache(), ReadPoint(1, 1, 1)
    told = [cached() for _ in range(ACCOUNTS_MAX + 1)]
    for number, each in enumerate(told[:-1]):
        kept.keep(1, f"acc_{number}", read_point, each, 0.0)
    assert kept.find(1, "acc_0", read_point, SECONDS_MAX - 1) is told[0]
    kept.keep(1, "acc_new", read_point, told[-1], 1.0)
    assert kept.find(1, "acc_1", read_point, 2.0) is None, "nobody asked about it for longest"
    assert kept.find(1, "acc_0", read_point, 2.0) is told[0]
    assert kept.find(1, "acc_0", read_point, SECONDS_MAX) is None
    assert kept.find(1, "acc_new", read_point, SECONDS_MAX) is told[-1]


async def test_what_the_bank_wrote_is_not_kept(settings: Settings) -> None:
    async with serving(settings, Runtime(now=lambda: NOW)) as api:
        seller = await api.caller("acc_1")
        await owed(seller, statement("S-00001", "1000.00"))
        await bank(seller, "2026-11-05,1000.00,S-00001 SECRETWORD")
        profile = await read_profile(api.ledger, 1, "acc_1")
        assert profile is not None
        reconciliation_cache = ReconciliationCache()
        rows = reconciliation(
            api.ledger,
            1,
            "acc_1",
            profile.key,
            RowFilter(reference="secretword", state="all"),
            ReconciliationPage(),
            reconciliation_cache,
        )
        found = [row.document["kind"] async for row in rows]
        assert found == ["statement", "bank_entry"]
        [kept] = reconciliation_cache._kept.values()
        assert kept.cached.bank.proposals.chosen
        assert "SECRETWORD" not in repr(kept)
