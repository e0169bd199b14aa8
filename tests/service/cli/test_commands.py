"""`payout-ledger` as an operator runs it: its commands, their output, and how it refuses wrong settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from service.cli import maintenance
from service.platform.settings import Settings
from service.workers.projector import TRAILING
from tests.support.api import serving
from tests.support.command_line import Ended, environment, payout_ledger
from tests.support.tables import as_owner, read_tables

SECRET = "sk_live_" + "[0-9a-f]{64}"


async def keys(settings: Settings, *arguments: str) -> Ended:
    ended = await payout_ledger("keys", *arguments, env=environment(settings))
    assert ended.code == 0, ended.err
    return ended


async def status_with(settings: Settings, secret: str, path: str = "/v1/payouts/balance") -> tuple[int, Any]:
    """What the ledger answers to a bearer of this secret."""
    async with (
        serving(settings) as api,
        api.session.get(api.base + path, headers={"Authorization": f"Bearer {secret}"}) as response,
    ):
        return response.status, await response.json()


async def test_keys_are_created_listed_rotated_and_revoked_and_shown_once(settings: Settings) -> None:
    made = (await keys(settings, "create", "--account", "acc_1", "--scopes", "payout:read,audit", "--json")).json
    assert made.keys() == {"keyId", "secret"}
    assert made["secret"].startswith("sk_live_")
    status, answer = await status_with(settings, made["secret"])
    assert (status, answer["data"]["available"], answer["data"]["currency"]) == (200, 0, "IDR"), (
        "the account was opened"
    )

    listing = await keys(settings, "list", "--json")
    [listed] = listing.json
    assert (listed["keyId"], listed["accountId"], listed["mode"]) == (made["keyId"], "acc_1", "live")
    assert (sorted(listed["scopes"]), listed["revokedAt"]) == (["audit", "payout:read"], None)
    assert made["secret"] not in listing.out + (await keys(settings, "list")).out

    new = (await keys(settings, "rotate", made["keyId"], "--json")).json
    assert new["keyId"] != made["keyId"]
    assert (await status_with(settings, made["secret"]))[0] == 401
    assert (await status_with(settings, new["secret"]))[0] == 200
    assert (await status_with(settings, new["secret"], "/v1/events"))[0] == 200, "with the old one's scopes"

    wider = await keys(settings, "rotate", new["keyId"], "--scopes", "payout:read,operator", "--keep-old", "--json")
    by_id = {key["keyId"]: key for key in (await keys(settings, "list", "--json")).json}
    assert sorted(by_id[wider.json["keyId"]]["scopes"]) == ["operator", "payout:read"]
    assert by_id[new["keyId"]]["revokedAt"] is None
    wrong = await payout_ledger("keys", "rotate", new["keyId"], "--scopes", "root", env=environment(settings))
    assert_refused(wrong, "root")
    await keys(settings, "revoke", wider.json["keyId"])

    await keys(settings, "revoke", new["keyId"])
    assert (await status_with(settings, new["secret"]))[0] == 401
    assert all(key["revokedAt"] for key in (await keys(settings, "list", "--json")).json)
    again = await payout_ledger("keys", "revoke", new["keyId"], env=environment(settings))
    assert_refused(again, new["keyId"])


async def test_a_key_is_made_against_a_running_ledger_and_works_there_at_once(settings: Settings) -> None:
    async with serving(settings) as api:
        made = (await keys(settings, "create", "--platform", "--scopes", "command:write", "--json")).json
        headers = {"Authorization": f"Bearer {made['secret']}"}
        body = {"commands": [{"type": "openAccount", "accountId": "acc_9", "currency": "IDR"}]}
        async with api.session.post(f"{api.base}/v1/commands", json=body, headers=headers) as response:
            assert (await response.json())["data"]["results"][0]["status"] == "accepted"


async def test_keys_for_test_mode_open_test_accounts_and_not_live_ones(settings: Settings) -> None:
    made = (await keys(settings, "create", "--account", "acc_t", "--mode", "test", "--currency", "USD", "--json")).json
    assert made["secret"].startswith("sk_test_")
    assert (await status_with(settings, made["secret"]))[1]["data"]["currency"] == "USD"
    other = await payout_ledger("keys", "create", "--account", "acc_t", "--json", env=environment(settings))
    assert_refused(other, "acc_t")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--account", "acc_1", "--scopes", "payout:read,root"), "root"),
        (("--account", "acc_1", "--scopes", ""), "--scopes"),
        ((), "--account"),
        (("--account", "acc_1", "--platform"), "--platform"),
        (("--account", "not an id"), "--account"),
        (("--account", "acc_1", "--currency", "ZZZ"), "currency"),
    ],
)
async def test_with_invalid_options_no_key_is_created(
    settings: Settings, arguments: tuple[str, ...], named: str
) -> None:
    ended = await payout_ledger("keys", "create", *arguments, "--json", env=environment(settings))
    assert_refused(ended, named)
    assert (await read_tables(settings, "api_keys"))["api_keys"] == []


async def test_migrate_brings_an_empty_database_up_to_date_and_finds_nothing_more_to_do(
    empty_settings: Settings,
) -> None:
    first = await payout_ledger("migrate", env=environment(empty_settings))
    assert (first.code, "migrations applied" in first.out) == (0, True), first.err
    second = await payout_ledger("migrate", env=environment(empty_settings))
    assert (second.code, second.out.strip()) == (0, "nothing to migrate")


async def test_verify_exits_0_on_a_log_that_holds_and_1_with_the_position_on_one_that_does_not(
    settings: Settings,
) -> None:
    async with serving(settings) as api:
        await api.merchant(available=10)
        position = await api.position()
    good = await payout_ledger("verify", env=environment(settings))
    assert (good.code, f"{position} events hold" in good.out) == (0, True), good.err
    owner = await as_owner(settings)
    await owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
    for row in await owner.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    ):
        await owner.execute(f"ALTER TABLE {row[0]} DISABLE TRIGGER USER")
    await owner.execute("UPDATE events SET envelope = envelope || ' ' WHERE position = 3")
    await owner.close()
    bad = await payout_ledger("verify", env=environment(settings))
    assert bad.code == 1
    assert "position 3" in bad.out
    assert "Traceback" not in bad.err


async def test_verify_names_each_row_that_grants_something_and_is_not_as_it_was_written(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant()
        await api.give_workspace("acc_1", "ws_1")
        await merchant.accepted(type="addWebhookSecret", secret="whsec_of_the_first")
        made = await merchant.post("/v1/webhook-endpoints", {"url": "https://merchant.example/hook"})
        for change in (
            "api_keys SET scopes = '{operator}' WHERE account_id IS NOT NULL",
            "providers SET base_url = 'https://his.example'",
            "webhook_secrets SET retired_at = now()",
            "webhook_endpoints SET url = 'https://his.example', enabled = true",
        ):
            await api.ledger.pool.execute(f"UPDATE {change}")
        [secret] = await api.ledger.pool.fetch("SELECT secret_id FROM webhook_secrets")
    ended = await payout_ledger("verify", env=environment(settings))
    assert ended.code == 1
    assert "events hold" in ended.out, "the log itself is whole"
    assert "DIFFERS" not in ended.out, "each is named once"
    assert [line.split(":")[0] for line in ended.out.splitlines() if "REFUSED" in line] == [
        f"api_keys {merchant.key.key_id}",
        "providers 1 acc_1",
        f"webhook_endpoints 1 acc_1 {made.data['id']}",
        f"webhook_secrets 1 acc_1 {secret['secret_id']}",
    ]
    listed = await keys(settings, "list")
    assert "not valid" in listed.out
    rotated = await payout_ledger("keys", "rotate", merchant.key.key_id, env=environment(settings))
    assert rotated.code == 2
    assert f"there is no active key {merchant.key.key_id}" in rotated.err


async def test_verify_names_a_row_that_is_missing(settings: Settings) -> None:
    async with serving(settings) as api:
        await api.merchant()
        await api.give_workspace("acc_1", "ws_1")
        await api.ledger.pool.execute("DELETE FROM providers")
    ended = await payout_ledger("verify", env=environment(settings))
    assert ended.code == 1
    assert "providers 1 acc_1: DIFFERS" in ended.out
    await payout_ledger("rebuild", "inline", env=environment(settings))
    assert (await payout_ledger("verify", env=environment(settings))).code == 0
    owner = await as_owner(settings)
    await owner.execute("UPDATE api_keys SET scopes = '{operator}'")
    await owner.close()
    assert (await payout_ledger("verify", env=environment(settings))).code == 1, "also for what is not in the log"


async def test_migrate_gives_rows_of_an_earlier_release_their_macs(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await api.merchant()
    owner = await as_owner(settings)
    await owner.execute("UPDATE api_keys SET mac = NULL")
    await owner.execute("DELETE FROM macs_given")
    await owner.close()
    without = await payout_ledger("migrate", env=environment(settings, MASTER_KEY=""))
    assert_refused(without, "MASTER_KEY")
    given = await payout_ledger("migrate", env=environment(settings))
    assert (given.code, "1 rows of an earlier release" in given.out) == (0, True), given.err
    assert (await status_with(settings, merchant.key.secret))[0] == 200


def test_rebuild_takes_the_name_of_every_view() -> None:
    taken = get_args(get_type_hints(maintenance.rebuild)["name"])
    assert set(taken) == {*maintenance.INLINE, *(projection.name for projection in TRAILING)}


@pytest.mark.parametrize("name", ["inline", "balances", "payouts", "bank_accounts", "journal"])
async def test_rebuild_restores_a_view(settings: Settings, name: str) -> None:
    async with serving(settings) as api:
        await api.merchant(available=10)
    before = await read_tables(settings)
    owner = await as_owner(settings)
    await owner.execute("UPDATE balances SET available = 0; DELETE FROM bank_accounts")
    await owner.close()
    ended = await payout_ledger("rebuild", name, env=environment(settings))
    assert ended.code == 0, ended.err
    after = await read_tables(settings)
    if name == "journal":
        assert after["journal"] != []
    else:
        assert after == before


def assert_refused(ended: Ended, named: str) -> None:
    assert ended.code == 2, ended
    assert named in ended.err
    assert "Traceback" not in ended.err + ended.out
    assert len(ended.err.strip().splitlines()) == 1, ended.err


WRONG = {
    "DATABASE_URL": ("", "mysql://localhost/x", "not a url", "postgresql://nobody:hunter2@127.0.0.1:1/none"),
    "MIGRATE_DATABASE_URL": ("mysql://localhost/x", "postgresql://nobody:hunter2@127.0.0.1:1/none"),
    "MASTER_KEY": ("", "hunter2", "aHVudGVyMg==", "A" * 44),
    "PORT": ("http", "-1", "65536", "80.5"),
    "LANES": ("0", "-1", "many", "2000"),
    "LOG_LEVEL": ("loud",),
    "CURRENCY_EXPONENTS": ("IDR=0", "[]", '{"ZZZ": 2}', '{"IDR": 9}', '{"IDR": "two"}'),
    "DATABASE_POOL_SIZE_MAX": ("0", "x"),
    "DATABASE_TIMEOUT_SECONDS": ("0", "x", "nan"),
    "BODY_BYTES_MAX": ("0",),
    "DRAIN_SECONDS": ("-1",),
    "HOST": ("256.256.256.256",),
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}={value}" for name, value in CASES])
async def test_serve_does_not_start_on_a_wrong_setting_and_names_it_in_one_line(
    settings: Settings, name: str, value: str
) -> None:
    ended = await payout_ledger("serve", env=environment(settings, **{"PORT": "0", name: value}))
    assert_refused(ended, name)
    assert "hunter2" not in ended.err + ended.out
    assert settings.master_key.get_secret_value() not in ended.err + ended.out


async def test_a_ledger_begun_with_another_master_key_is_not_opened(settings: Settings) -> None:
    async with serving(settings):
        pass
    other = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgbyE="
    assert_refused(await payout_ledger("serve", env=environment(settings, PORT="0", MASTER_KEY=other)), "MASTER_KEY")


async def test_the_embedded_ledger_in_a_data_directory_is_reached_with_data(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    made = await payout_ledger("keys", "create", "--account", "acc_1", "--json", "--data", folder, env=environment())
    assert made.code == 0, made.err
    listed = await payout_ledger("keys", "list", "--json", "--data", folder, env=environment())
    assert [key["keyId"] for key in listed.json] == [made.json["keyId"]]
    verified = await payout_ledger("verify", "--data", folder, env=environment())
    assert (verified.code, "2 events hold" in verified.out) == (0, True), verified.err
