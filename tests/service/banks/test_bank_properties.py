"""For any statement of a bank, in any format, split and repeated in any way: the true entries, and a receipt that closes."""

from __future__ import annotations

import io
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.imports.import_source import ImportRequest
from service.imports.ingestion import import_file
from service.imports.receipt import ReceiptDocument
from tests.service.banks.generated import (
    ENTRIES,
    FORMATS,
    ONLY_ROW_BALANCES,
    OPENING,
    TrueEntry,
    camt,
    csv_with_balances,
    damaged,
    listed_of,
    reads_backwards,
)
from tests.service.banks.test_bank_cases import OPTIONS, ORIGIN
from tests.support.api import Api

OFTEN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SELDOM = settings(OFTEN, max_examples=6)


class Accounts:
    """A new account for each example: a database for each would take seconds."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.number = 0

    async def fresh(self) -> str:
        self.number += 1
        account = f"acc_{self.number}_{random.getrandbits(40)}"
        await self.api.merchant(account)
        return account

    async def take_in(self, account: str, content: bytes) -> ReceiptDocument:
        request: ImportRequest[Any] = ImportRequest(account, "file", OPTIONS)
        return (await import_file(self.api.ledger, request, io.BytesIO(content), ORIGIN)).receipt.document()

    async def kept(self, account: str) -> Counter[tuple[str, int]]:
        rows = await self.api.ledger.pool.fetch(
            "SELECT booked_on::text AS day, amount / 100 AS amount FROM bank_entries WHERE account_id = $1", account
        )
        return Counter((row["day"], row["amount"]) for row in rows)


@pytest.fixture
def accounts(api: Api) -> Accounts:
    return Accounts(api)


def truth(entries: Sequence[TrueEntry]) -> Counter[tuple[str, int]]:
    return Counter((entry.on.isoformat(), entry.amount) for entry in entries)


def is_closed(receipt: ReceiptDocument) -> bool:
    accounted = receipt["booked"] + receipt["known"] + sum(each["records"] for each in receipt["leftOut"])
    return receipt["closes"] and receipt["read"] == accounted + receipt["unreadable"]


@pytest.mark.parametrize("name", FORMATS)
@given(entries=ENTRIES)
@SELDOM
async def test_a_statement_is_kept_whole_its_receipt_closes_and_again_it_adds_nothing(
    accounts: Accounts, name: str, entries: list[TrueEntry]
) -> None:
    account = await accounts.fresh()
    content = FORMATS[name](entries)
    first, again = await accounts.take_in(account, content), await accounts.take_in(account, content)
    assert await accounts.kept(account) == truth(entries)
    assert (first["booked"], again["booked"], again["known"]) == (len(entries), 0, len(entries))
    assert is_closed(first)
    assert is_closed(again)


@pytest.mark.parametrize("how", ["taken out", "sign turned", "amount changed"])
@pytest.mark.parametrize("name", FORMATS)
@given(entries=ENTRIES.filter(lambda entries: len(entries) > 2), place=st.integers(0, 8))
@SELDOM
async def test_a_receipt_does_not_close_where_a_row_is_not_what_the_bank_wrote(
    accounts: Accounts, name: str, how: str, entries: list[TrueEntry], place: int
) -> None:
    inside = range(1, len(entries) - 1) if name in ONLY_ROW_BALANCES else range(len(entries))
    rows = damaged(listed_of(entries), how, inside[place % len(inside)])
    assume(name not in ONLY_ROW_BALANCES or not reads_backwards(rows))
    receipt = await accounts.take_in(await accounts.fresh(), FORMATS[name](entries, rows))
    assert not receipt["closes"]
    assert any(Decimal(total["difference"] or 0) for total in receipt["totals"])


def shows_a_row_twice(entries: Sequence[TrueEntry], places: Sequence[int]) -> bool:
    """Whether two files have rows that are equal in all that a table shows, also the balance after the row.

    Overlapping tables have such rows too, of one entry: nothing tells the two cases apart.
    """
    balances = list(itertools.accumulate(entry.amount for entry in entries))
    shown = [set(list(zip(entries, balances, strict=True))[start:end]) for start, end in itertools.pairwise(places)]
    return sum(map(len, shown)) > len(set().union(*shown))


@given(entries=ENTRIES, cuts=st.lists(st.integers(0, 9), max_size=3), order=st.randoms(use_true_random=False))
@OFTEN
async def test_pages_and_files_of_a_statement_in_any_order_twice_are_the_true_entries(
    accounts: Accounts, entries: list[TrueEntry], cuts: list[int], order: random.Random
) -> None:
    places = sorted({0, *(cut % (len(entries) + 1) for cut in cuts), len(entries)})
    for paged in (True, False):
        if not paged:
            assume(not shows_a_row_twice(entries, places))
        account = await accounts.fresh()
        files = []
        for page, (start, end) in enumerate(itertools.pairwise(places), start=1):
            opening = OPENING + sum(entry.amount for entry in entries[:start])
            part = entries[start:end]
            files.append(camt(part, opening=opening, page=page) if paged else csv_with_balances(part, opening=opening))
        twice = [*files, *files]
        order.shuffle(twice)
        receipts = [await accounts.take_in(account, file) for file in twice]
        assert await accounts.kept(account) == truth(entries)
        assert all(map(is_closed, receipts))


@given(entries=ENTRIES, order=st.randoms(use_true_random=False))
@OFTEN
async def test_rows_in_any_order_are_the_true_entries(
    accounts: Accounts, entries: list[TrueEntry], order: random.Random
) -> None:
    account = await accounts.fresh()
    rows = listed_of(entries)
    for _ in range(2):
        order.shuffle(rows)
        assert is_closed(await accounts.take_in(account, camt(entries, rows)))
    assert await accounts.kept(account) == truth(entries)


@given(days=st.lists(ENTRIES, min_size=2, max_size=3), order=st.randoms(use_true_random=False))
@OFTEN
async def test_statements_of_days_and_one_that_covers_them_are_the_same_entries(
    accounts: Accounts, days: list[list[TrueEntry]], order: random.Random
) -> None:
    """Daily statements with ids that the bank uses again, and a monthly one, in any order."""
    account = await accounts.fresh()
    opening, files, all_entries = OPENING, [], []
    for number, entries in enumerate(days):
        own = [TrueEntry(number * 7, entry.amount, entry.reference, entry.text) for entry in entries]
        files.append(camt(own, opening=opening, number="00001"))
        opening += sum(entry.amount for entry in own)
        all_entries += own
    files.append(camt(all_entries, number="MONTH"))
    order.shuffle(files)
    for file in files:
        assert is_closed(await accounts.take_in(account, file))
    assert await accounts.kept(account) == truth(all_entries)
