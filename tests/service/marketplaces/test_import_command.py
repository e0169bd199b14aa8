"""`payout-ledger import` as a person runs it."""

from __future__ import annotations

from pathlib import Path

from service.platform.settings import Settings
from tests.service.marketplaces.samples import DATA
from tests.support.command_line import Ended, environment, payout_ledger
from tests.support.tables import as_owner

SEED = DATA / "lazada-get-payout-status.xml"


async def imported(settings: Settings, *arguments: object) -> Ended:
    return await payout_ledger("import", *map(str, arguments), env=environment(settings))


async def test_a_file_goes_in_opens_its_account_and_again_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    first = await imported(settings, "lazada", SEED, "--account", "acc_1", "--json")
    assert first.code == 0, first.err
    assert (first.json["read"], first.json["new"], first.json["unchanged"]) == (2, 2, 0)
    again = await imported(settings, "lazada", SEED, "--account", "acc_1")
    assert again.code == 0, again.err
    assert "known before      │      2" in again.out
    odd = tmp_path / "odd.xml"
    odd.write_bytes(SEED.read_bytes().replace(b"666.66 EUR", b"much"))
    summary = await imported(settings, "lazada", odd, "--account", "acc_1")
    assert summary.code == 0
    assert "1 could not be read" in summary.out
    assert "'much' is not an amount" in summary.out
    owner = await as_owner(settings)
    assert await owner.fetchval("SELECT pending FROM balances WHERE account_id = 'acc_1'") == 462_907
    assert await owner.fetchval("SELECT currencies FROM accounts WHERE account_id = 'acc_1'") == ["EUR"]
    await owner.close()


async def test_what_a_person_can_put_right_is_one_line(settings: Settings) -> None:
    for arguments, told in (
        (("amazon", SEED, "--account", "acc_1"), "amazon"),
        (("lazada", "/nowhere.xml", "--account", "acc_1"), "/nowhere.xml"),
        (("lazada", SEED, "--account", "a b"), "--account"),
        (("lazada", SEED, "--account", "acc_1", "--zone", "Mars/Base"), "Mars/Base"),
    ):
        ended = await imported(settings, *arguments)
        assert ended.code == 2, ended.err
        assert told in ended.err
        assert "Traceback" not in ended.err
