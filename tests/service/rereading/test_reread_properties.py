"""Whatever was imported wrongly, in whatever order, and interrupted wherever: read anew, it stands as if read rightly."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.imports.import_source import Problem
from service.rereading.parameters import ReadingParameters
from service.rereading.reread import imports_of, reread
from tests.service.banks.generated import ENTRIES, TrueEntry
from tests.service.marketplaces.shopee.test_adjusted_orders import FILES as ADJUSTED_ORDER
from tests.service.marketplaces.test_observation_order import FILES, Files
from tests.service.rereading.test_reread import BANK, BLIBLI, RIGHT_COLUMNS, WRONG_COLUMNS
from tests.service.rereading.wrong_imports import ORIGIN, events_count, fresh, imported, read_anew, stands
from tests.support.api import Api

FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WRONG, RIGHT = {"currency": "USD", "zone": "Pacific/Auckland"}, {"currency": "IDR", "zone": "Asia/Jakarta"}


ADJUSTED: Files = [(file.content, file.made_at.isoformat()) for file in ADJUSTED_ORDER]
"""All that Shopee's sources tell of the adjustments of one order: in another zone, rows have other references and days."""
OF_CHANNEL: dict[str, tuple[str, Files]] = {
    **{channel: (channel, files) for channel, files in FILES.items()},
    "adjustments": ("shopee", ADJUSTED),
}


@pytest.mark.parametrize("of", OF_CHANNEL)
@given(order=st.randoms(use_true_random=False), mistaken=st.sets(st.integers(0, 5), min_size=1))
@FEW
async def test_files_of_a_channel_some_of_them_wrong_stand_as_if_all_had_been_right(
    api: Api, of: str, order: random.Random, mistaken: set[int]
) -> None:
    account, at_once = await fresh(api), await fresh(api)
    channel, of_channel = OF_CHANNEL[of]
    files = list(enumerate(of_channel))
    order.shuffle(files)
    wrong_ids = []
    for number, (content, observed_at) in files:
        time = {} if observed_at is None else {"observed_at": observed_at}
        found = await imported(api, account, channel, content, {**(WRONG if number in mistaken else RIGHT), **time})
        wrong_ids += [found.id] if number in mistaken else []
        await imported(api, at_once, channel, content, {**RIGHT, **time})
    await read_anew(api, account, RIGHT, *wrong_ids)
    standing, expected = await stands(api, account), await stands(api, at_once)
    assert {view: set(rows) ^ set(expected[view]) for view, rows in standing.items() if rows != expected[view]} == {}
    before = await events_count(api, account)
    await read_anew(api, account, RIGHT)
    assert await events_count(api, account) == before, "again, it adds no event"


def table(entries: list[TrueEntry]) -> bytes:
    rows = [f"{each.on:%d/%m/%Y},{each.text},{each.amount}.00,{each.amount * 3}.00" for each in entries]
    return "\n".join(["Tanggal,Uraian,Jumlah,Lain", *rows, ""]).encode()


@given(
    entries=ENTRIES, wrong=st.sampled_from(["columns=amount=Lain;ignore=Jumlah", "currency=USD", "bank_account=777"])
)
@FEW
async def test_any_table_of_a_bank_stands_as_if_it_had_been_read_rightly(
    api: Api, entries: list[TrueEntry], wrong: str
) -> None:
    account, at_once = await fresh(api), await fresh(api)
    name, _, value = wrong.partition("=")
    content, right = table(entries), {**BANK, "columns": "amount=Jumlah"}
    await imported(api, account, "bank", content, {**right, name: value})
    await imported(api, at_once, "bank", content, right)
    await read_anew(api, account, right)
    assert await stands(api, account) == await stands(api, at_once)


class Interrupted(Exception):
    """The process ends here."""


@pytest.mark.parametrize("slices", [1, 2])
async def test_a_reread_that_was_interrupted_and_is_repeated_ends_right(api: Api, slices: int) -> None:
    rows = [b"%02d/%02d/2026,row %d,%d.00" % (1 + n % 12, 1 + n % 11, n, n + 1) for n in range(450)]
    content = b"\n".join([b"Tanggal,Uraian,Jumlah", *rows, b""])
    account, at_once = await fresh(api), await fresh(api)
    await imported(api, account, "bank", content, {**BANK, "dates": "mdy"})
    await imported(api, at_once, "bank", content, BANK)
    left = slices

    async def progress(_: list[Problem]) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Interrupted

    ids = await imports_of(api.ledger, account, "live", None)
    parameters = ReadingParameters(dates="dmy")
    with pytest.raises(Interrupted):
        await reread(api.ledger, account, ids, parameters, ORIGIN, progress)
    await reread(api.ledger, account, ids, parameters, ORIGIN)
    assert await stands(api, account) == await stands(api, at_once)
    before = await events_count(api, account)
    await reread(api.ledger, account, ids, parameters, ORIGIN)
    assert await events_count(api, account) == before


async def test_the_same_file_imported_again_with_the_right_parameters_is_the_same_repair(api: Api) -> None:
    account, at_once = await fresh(api), await fresh(api)
    wrong, right = ({"currency": "IDR", "columns": columns} for columns in (WRONG_COLUMNS, RIGHT_COLUMNS))
    await imported(api, account, "blibli", BLIBLI, wrong)
    await imported(api, account, "blibli", BLIBLI, right)
    await imported(api, at_once, "blibli", BLIBLI, right)
    assert await stands(api, account) == await stands(api, at_once)


async def test_what_another_file_states_too_stays_until_that_one_is_read_anew(api: Api) -> None:
    rows = [f"{day:02d}/09/2026,ROW {day},{day}.00,{day * 3}.00" for day in range(1, 7)]
    first, second = ("\n".join(["Tanggal,Uraian,Jumlah,Lain", *part, ""]).encode() for part in (rows[:4], rows[2:]))
    account, at_once = await fresh(api), await fresh(api)
    wrong, right = {**BANK, "columns": "amount=Lain;ignore=Jumlah"}, {**BANK, "columns": "amount=Jumlah"}
    ids = [(await imported(api, account, "bank", content, wrong)).id for content in (first, second)]
    for content in (first, second):
        await imported(api, at_once, "bank", content, right)
    await read_anew(api, account, {"columns": "amount=Jumlah"}, ids[0])
    amounts = {row[1] // 100 for row in (await stands(api, account))["bank_entries"]}
    assert amounts == {1, 2, 3, 4, 9, 12, 15, 18}, "the second file still says 9 and 12"
    await read_anew(api, account, {"columns": "amount=Jumlah"}, ids[1])
    assert await stands(api, account) == await stands(api, at_once)


async def test_a_file_whose_key_is_gone_is_listed_and_stops_no_other(api: Api) -> None:
    account = await fresh(api)
    first = await imported(api, account, "bank", table([]) + b"01/09/2026,x,1.00,3.00\n", BANK, "first.csv")
    second = await imported(api, account, "bank", table([]) + b"02/09/2026,x,2.00,6.00\n", BANK, "second.csv")
    await api.ledger.pool.execute(
        "UPDATE import_files f SET generation = 9 FROM imports i"
        " WHERE i.import_id = $1 AND f.account_id = i.account_id AND f.digest = i.digest",
        first.id,
    )
    found: Any = await read_anew(api, account, {})
    assert [(each["file"], "erased" in each["reason"]) for each in found["notReread"]] == [("first.csv", True)]
    assert found["imports"] == [second.id]


async def test_an_import_whose_file_was_not_kept_is_named_with_what_to_do(api: Api) -> None:
    account = await fresh(api)
    await imported(api, account, "bank", table([]) + b"01/09/2026,x,1.00,3.00\n", BANK, "old.csv")
    await api.ledger.pool.execute("DELETE FROM import_files WHERE account_id = $1", account)
    found = await read_anew(api, account, {})
    assert [(each["file"], "import the file again" in each["reason"]) for each in found["notReread"]] == [
        ("old.csv", True)
    ]


async def test_the_log_keeps_what_was_wrong_and_a_match_of_it_is_unmade(api: Api) -> None:
    caller = await api.merchant("acc_1")
    await imported(api, "acc_1", "bank", table([]) + b"02/09/2026,x,2.00,6.00\n", {**BANK, "dates": "mdy"})
    entry = await api.ledger.pool.fetchval("SELECT entry_id FROM bank_entries")
    await caller.accepted(type="makeMatch", entryId=entry, targets=[{"kind": "other", "id": "interest"}], reason="seen")
    await read_anew(api, "acc_1", {"dates": "dmy"})
    types = [row["type"] for row in await api.ledger.pool.fetch("SELECT type FROM events ORDER BY position")]
    at = types.index("match.unmade")
    assert types[at : at + 2] == ["match.unmade", "bank_entry.withdrawn"]
    assert types.count("bank_entry.observed") == 2
    row = await api.ledger.pool.fetchrow("SELECT entry_id, claimed FROM bank_entries")
    assert row is not None
    assert (row["entry_id"] != entry, row["claimed"]) == (True, 0)
