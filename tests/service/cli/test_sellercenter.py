"""`payout-ledger keys create --kind sellercenter`: callers who are known by an e-mail address."""

from __future__ import annotations

from pathlib import Path

from service.platform.settings import Settings
from tests.support.command_line import Ended, environment, payout_ledger

SECRET = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"


async def create(settings: Settings, *arguments: object) -> Ended:
    return await payout_ledger("keys", "create", "--json", *map(str, arguments), env=environment(settings))


async def test_a_client_may_use_its_own_secret_and_others_get_a_new_one(settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text(SECRET + "\n")
    seller = ("--kind", "sellercenter", "--account", "acc_1", "--user-id", "Look@me.com")
    made = await create(settings, *seller, "--secret-file", kept)
    assert made.code == 0, made.err
    assert made.json["secret"] == SECRET
    drawn = await create(settings, *seller)
    assert drawn.code == 0, drawn.err
    assert drawn.json["secret"] != SECRET
    listed = (await payout_ledger("keys", "list", "--json", env=environment(settings))).json
    assert {(key["userId"], key["accountId"], tuple(key["scopes"])) for key in listed} == {("look@me.com", "acc_1", ())}
    new = await payout_ledger("keys", "rotate", drawn.json["keyId"], "--json", env=environment(settings))
    assert new.code == 0, new.err
    listed = (await payout_ledger("keys", "list", "--json", env=environment(settings))).json
    assert {key["userId"] for key in listed if key["revokedAt"] is None} == {"look@me.com"}

    other = await create(settings, "--kind", "sellercenter", "--account", "acc_2", "--user-id", "look@me.com")
    assert (other.code, "another account" in other.err) == (2, True)
    again = await create(settings, *seller, "--secret-file", kept)
    assert (again.code, "another key" in again.err) == (2, True)
    assert SECRET not in again.err


async def test_options_that_do_not_go_together_are_refused(settings: Settings, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("short")
    for arguments, reported in (
        (("--account", "acc_1", "--user-id", "look@me.com"), "--kind sellercenter"),
        (("--kind", "sellercenter", "--account", "acc_1"), "--user-id"),
        (("--kind", "sellercenter", "--account", "acc_1", "--user-id", "nobody"), "--user-id"),
        (
            ("--kind", "sellercenter", "--account", "acc_1", "--user-id", "a@b.com", "--secret-file", short),
            "--secret-file",
        ),
    ):
        ended = await create(settings, *arguments)
        assert (ended.code, reported in ended.err) == (2, True), ended.err
