"""`payout-ledger reread` and `imports`: the list, the receipt as a table, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.platform.settings import Settings
from tests.service.marketplaces.samples import sample
from tests.support.command_line import environment, payout_ledger


async def test_a_mistake_is_found_in_the_list_of_imports_and_repaired(settings: Settings, tmp_path: Path) -> None:
    env = environment(settings)
    file = tmp_path / "statements.xml"
    file.write_bytes(sample("lazada-get-payout-status.xml"))
    ended = await payout_ledger("import", "lazada", str(file), "--account", "acc_1", env=env)
    assert ended.code == 0, ended.err
    listed = (await payout_ledger("imports", "--account", "acc_1", "--json", env=env)).json
    assert [(each["file"], each["findings"].count("zone_was_assumed")) for each in listed] == [("statements.xml", 1)]
    table = await payout_ledger("reread", listed[0]["id"], "--account", "acc_1", "--time-zone", "Asia/Manila", env=env)
    assert table.code == 0, table.err
    assert "changed" in table.out
    assert "Before" in table.out
    again = await payout_ledger("reread", "--account", "acc_1", "--json", env=env)
    assert (again.json["changed"], again.json["unchanged"]) == (0, 2)
    listed = (await payout_ledger("imports", "--account", "acc_1", "--json", env=env)).json
    assert [each["findings"].count("zone_was_assumed") for each in listed] == [0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bank-account", "1"), "bankAccount"),
        (("--zone", "Mars/Olympus"), "zone"),
    ],
)
async def test_a_parameter_that_the_file_is_not_read_with_is_named(
    settings: Settings, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    env = environment(settings)
    file = tmp_path / "statements.xml"
    file.write_bytes(sample("lazada-get-payout-status.xml"))
    await payout_ledger("import", "lazada", str(file), "--account", "acc_1", env=env)
    ended = await payout_ledger("reread", "--account", "acc_1", *arguments, env=env)
    assert ended.code == 2
    assert says in ended.err


async def test_where_nothing_could_be_read_the_exit_code_says_so(settings: Settings, tmp_path: Path) -> None:
    env = environment(settings)
    file = tmp_path / "table.csv"
    file.write_bytes(b"Tanggal,Uraian,Jumlah,Lain\n05/09/2026,SETORAN,1000.00,x\n")
    bank = ("--bank-account", "5550001112", "--currency", "IDR")
    other = tmp_path / "statements.xml"
    other.write_bytes(sample("lazada-get-payout-status.xml"))
    await payout_ledger("import", "lazada", str(other), "--account", "acc_1", env=env)
    done = await payout_ledger("import", "bank", str(file), "--account", "acc_1", *bank, env=env)
    assert done.code == 0, done.err
    ended = await payout_ledger("reread", "--account", "acc_1", "--channel", "bank", "--columns", "date=Lain", env=env)
    assert ended.code == 1, ended.out + ended.err
    assert "nothing of it can be read like this" in ended.out
