"""`payout-ledger import bank` and `payout-ledger reconcile` as a person runs them."""

from __future__ import annotations

import csv
from pathlib import Path

from service.platform.settings import Settings
from tests.service.banks.samples import BCA, camt
from tests.service.marketplaces.samples import DATA
from tests.support.command_line import environment, payout_ledger

SEED = DATA / "lazada-get-payout-status.xml"


async def test_a_banks_statement_confirms_what_was_expected_and_the_rows_go_to_csv(
    settings: Settings, tmp_path: Path
) -> None:
    env = environment(settings)
    await payout_ledger("import", "lazada", str(SEED), "--account", "acc_1", env=env)
    file, output = tmp_path / "november.xml", tmp_path / "open.csv"
    file.write_bytes(camt())
    first = await payout_ledger("import", "bank", str(file), "--account", "acc_1", "--json", env=env)
    assert first.code == 0, first.err
    assert {name: first.json[name] for name in ("read", "new", "statements", "unreadable")} == {
        "read": 2,
        "new": 2,
        "statements": 1,
        "unreadable": 0,
    }
    again = await payout_ledger("import", "bank", str(file), "--account", "acc_1", env=env)
    assert "known before      │      2" in again.out
    assert "The receipt closes." in again.out
    found = await payout_ledger("reconcile", "--account", "acc_1", "--json", "--csv", str(output), env=env)
    assert found.code == 0, found.err
    states = {row["id"]: row["state"] for row in found.json}
    # The first statement is paid by the entry that names it; the second's figures are in doubt; nobody expects 12.41.
    assert "EG100RT-20141228" not in states
    assert states.pop("EG100RT-20141229") == "needs_review"
    assert list(states.values()) == ["unexpected"]
    lines = list(csv.DictReader(output.read_text(encoding="utf-8").splitlines()))
    assert [line["id"] for line in lines] == [row["id"] for row in found.json]
    table = await payout_ledger("reconcile", "--account", "acc_1", "--state", "all", env=env)
    assert "EG100RT-20141228" in table.out
    total = next(line for line in table.out.splitlines() if "needs_review" in line and "EG100RT" not in line)
    assert "666.66" in total


async def test_what_a_person_can_put_right_is_one_line(settings: Settings, tmp_path: Path) -> None:
    env = environment(settings)
    file = tmp_path / "mutasi.csv"
    file.write_bytes(BCA)
    for arguments, told in (
        (("import", "bank", str(file), "--account", "acc_1"), "there is no account acc_1"),
        (("import", "bank", "/nowhere.csv", "--account", "acc_1"), "/nowhere.csv"),
        (("import", "bank", str(file), "--account", "acc_1", "--columns", "when=x"), "columns"),
        (("reconcile", "--account", "acc_1"), "--account"),
        (("reconcile", "--account", "acc_1", "--state", "lost"), "--state"),
    ):
        ended = await payout_ledger(*arguments, env=env)
        assert ended.code == 2, (arguments, ended.err)
        assert told in ended.err
        assert "Traceback" not in ended.err
