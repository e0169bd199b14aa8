"""Who writes a row that grants something, and has no master key, grants nothing by it."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from events.accounts.state import LIVE
from projections.inline import TABLES
from service.ledger import granting_rows
from service.ledger.api_keys import KeyRing, create_key, list_keys, revoke_key
from service.ledger.granting_rows import give_macs, refused_rows, rows_unlike_the_log
from service.ledger.replay import rebuild_inline
from service.ledger.vault import (
    ENABLED_ENDPOINTS,
    GRANTING,
    PROVIDERS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_SECRETS,
    GrantingTable,
    Vault,
    secret_hash,
)
from service.platform.database import Connection
from service.platform.runtime import REAL
from service.platform.settings import Settings, WrongSettings
from sql import query
from tests.support.api import Api, Caller, serving
from tests.support.tables import as_owner
from tests.support.waiting import until_blocked

HIS = "sk_live_" + "5" * 64
"""A secret that the attacker knows."""

GRANTS_NOTHING = {
    "api_keys": {"label", "created_at"},
    # All else of an endpoint is about when it is sent to, and what became of that.
    "webhook_endpoints": {
        *("description", "disabled_reason", "after_position", "failures", "failing_since", "not_before"),
        *("replay_from", "replay_to", "replay_version", "created_at", "updated_at"),
    },
}
ENDS_IT = {"api_keys": {"revoked_at"}, "webhook_endpoints": {"enabled"}}
"""A column with which a row has no MAC any more."""


@pytest_asyncio.fixture
async def owner(settings: Settings) -> AsyncIterator[Connection]:
    connection = await as_owner(settings)
    yield connection
    await connection.close()


async def status(api: Api, secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    async with api.session.get(f"{api.base}/v1/payouts/balance?account=acc_1", headers=headers) as response:
        return response.status


async def refused(connection: Connection, vault: Vault) -> list[tuple[str, str]]:
    return [found async for found in refused_rows(connection, vault)]


async def is_key(api: Api, secret: str) -> bool:
    """Whether a service that remembers nothing takes it."""
    return await KeyRing(api.ledger.pool, api.ledger.vault, api.ledger.runtime).by_bearer(secret) is not None


PLANTED = (
    "INSERT INTO api_keys (key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, created_at)"
    " VALUES ('key_his', $1, '', 'live', '{payout:read,payout:write,command:write,operator,audit}', 'acc_1', true, now())"
)
COPIED = (
    "INSERT INTO api_keys (key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, created_at, mac)"
    " SELECT 'key_his', $1, secret_sealed, mode, scopes, account_id, on_behalf_of, created_at, mac FROM api_keys"
)


@pytest.mark.parametrize("planting", [PLANTED, COPIED], ids=["without a MAC", "with another row's"])
async def test_a_planted_key_is_no_key(api: Api, planting: str) -> None:
    merchant = await api.merchant()
    await api.ledger.pool.execute(planting, secret_hash(HIS))
    assert await status(api, HIS) == 401
    assert await KeyRing(api.ledger.pool, api.ledger.vault, api.ledger.runtime).by_id("key_his") is None
    assert await status(api, merchant.key.secret) == 200
    assert {key["key_id"]: key["valid"] for key in await list_keys(api.ledger.pool, api.ledger.vault)} == {
        "key_his": False,
        merchant.key.key_id: True,
    }
    async with api.ledger.pool.acquire() as connection:
        assert await refused(connection, api.ledger.vault) == [("api_keys", "key_his")]


@pytest.mark.parametrize(
    "change",
    [
        "scopes = '{payout:read,operator}'",
        "scopes = array_append(scopes, 'operator')",
        "account_id = NULL",
        "account_id = 'acc_1'",
        "mode = 'test'",
        "on_behalf_of = true",
        "secret_sealed = ''",
        "user_id = 'him@example.com'",
        "mac = NULL",
        "mac = sha256('x')",
    ],
)
async def test_a_changed_key_is_no_key(api: Api, change: str) -> None:
    await api.merchant()
    other = await api.caller("acc_2", scopes=["payout:read"])
    assert await is_key(api, other.key.secret)
    await api.ledger.pool.execute(f"UPDATE api_keys SET {change} WHERE key_id = $1", other.key.key_id)
    ring = KeyRing(api.ledger.pool, api.ledger.vault, api.ledger.runtime)
    assert await ring.by_bearer(other.key.secret) is None
    assert await ring.by_id(other.key.key_id) is None
    assert await ring.by_user("him@example.com") == []


async def test_another_secret_for_a_key_is_refused(api: Api) -> None:
    merchant = await api.merchant()
    await api.ledger.pool.execute("UPDATE api_keys SET secret_hash = $1", secret_hash(HIS))
    assert await status(api, HIS) == 401
    assert not await is_key(api, HIS)
    assert not await is_key(api, merchant.key.secret)


async def test_a_revoked_key_stays_revoked(api: Api, owner: Connection) -> None:
    merchant = await api.merchant()
    pool = api.ledger.pool
    mac = await pool.fetchval("SELECT mac FROM api_keys")
    await revoke_key(pool, api.ledger.runtime, merchant.key.key_id)
    assert await refused(owner, api.ledger.vault) == [], "a revoked key needs no MAC"
    for statement in (
        "UPDATE api_keys SET revoked_at = NULL",
        f"UPDATE api_keys SET revoked_at = NULL, mac = '\\x{mac.hex()}'",
        "DELETE FROM api_keys",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    # Somebody who may leave the trigger out, and has no copy of the row as it was.
    await owner.execute("ALTER TABLE api_keys DISABLE TRIGGER revoked_keys_are_not_changed")
    await owner.execute("UPDATE api_keys SET revoked_at = NULL")
    assert await owner.fetchval("SELECT revoked_at IS NULL FROM api_keys")
    assert not await is_key(api, merchant.key.secret)


async def test_a_revocation_cannot_be_hidden_from_services_that_remember_the_key(api: Api) -> None:
    for change in ("epoch - 1", "epoch"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.ledger.pool.execute(f"UPDATE api_key_epoch SET epoch = {change}")


async def test_a_key_has_its_id_for_ever(api: Api) -> None:
    await api.merchant()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.ledger.pool.execute("UPDATE api_keys SET key_id = 'key_other'")


@pytest.mark.parametrize("table", GRANTING, ids=lambda table: table.mac + " of " + table.name)
async def test_a_mac_covers_all_that_grants(owner: Connection, table: GrantingTable) -> None:
    """A new column is covered, or is said here to grant nothing."""
    found = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        table.name,
    )
    macs = [each for each in GRANTING if each.name == table.name]
    covered = {name for each in macs for name in (*each.covered, each.mac)}
    left_out = GRANTS_NOTHING.get(table.name, set()) | ENDS_IT.get(table.name, set())
    assert {row["attname"] for row in found} == covered | left_out


def test_a_mac_of_a_view_covers_the_fields_of_its_rows() -> None:
    views = {table.name: table for table in TABLES}
    for table in (PROVIDERS, WEBHOOK_SECRETS):
        assert (table.key, table.columns) == (("lane", *views[table.name].whole_key), views[table.name].fields)
    assert {table.name for table in TABLES if table.with_mac} == {PROVIDERS.name, WEBHOOK_SECRETS.name}
    assert set(granting_rows.TABLES.values()) == set(GRANTING)


ROW: Mapping[str, Any] = {"lane": 1, "account_id": "a", "endpoint_id": "e", "url": "u", "patterns": ["p"]}


def vault(key: int = 0) -> Vault:
    return Vault(bytes([key]) * 32, REAL)


@pytest.mark.parametrize(
    "other",
    [
        {**ROW, "account_id": "ae", "endpoint_id": ""},
        {**ROW, "account_id": "", "endpoint_id": "ae"},
        {**ROW, "url": 'u",["p"'},
        {**ROW, "patterns": ["p", ""]},
        {**ROW, "patterns": "p"},
        {**ROW, "patterns": ['p","q']},
        {**ROW, "url": None},
        {**ROW, "lane": "1"},
    ],
    ids=lambda other: str([value for name, value in other.items() if value != ROW[name]]),
)
def test_no_two_rows_have_one_mac(other: Mapping[str, Any]) -> None:
    assert vault().mac(WEBHOOK_ENDPOINTS, other) != vault().mac(WEBHOOK_ENDPOINTS, ROW)


def test_a_mac_is_of_one_table_and_one_column_and_one_master_key() -> None:
    mac = vault().mac(WEBHOOK_ENDPOINTS, ROW)
    assert vault().holds(WEBHOOK_ENDPOINTS, {**ROW, "mac": mac})
    assert vault().holds(WEBHOOK_ENDPOINTS, {**ROW, "mac": "\\x" + mac.hex()}), "as Postgres writes it into JSON"
    for wrong in (None, b"", mac[:-1], mac[::-1], "", "\\x"):
        assert not vault().holds(WEBHOOK_ENDPOINTS, {**ROW, "mac": wrong})
    assert vault(1).mac(WEBHOOK_ENDPOINTS, ROW) != mac
    for other in (
        dataclasses.replace(WEBHOOK_ENDPOINTS, name="providers"),
        dataclasses.replace(WEBHOOK_ENDPOINTS, mac=ENABLED_ENDPOINTS.mac),
    ):
        assert vault().mac(other, ROW) != mac


async def lived_in(api: Api) -> Caller:
    """A ledger with a row of each kind."""
    merchant = await api.merchant()
    await api.give_workspace("acc_1", "ws_1")
    await merchant.accepted(type="addWebhookSecret", secret="whsec_of_the_first")
    retired = (await merchant.accepted(type="addWebhookSecret", secret="whsec_of_the_second"))["id"]
    await merchant.accepted(type="retireWebhookSecret", secretId=retired)
    made = await merchant.post("/v1/webhook-endpoints", {"url": "https://merchant.example/hook"})
    await merchant.patch(f"/v1/webhook-endpoints/{made.data['id']}", {"enabled": True})
    return merchant


async def as_of_an_earlier_release(owner: Connection) -> None:
    for table in GRANTING:
        await owner.execute(f"UPDATE {table.name} SET {table.mac} = NULL")
    await owner.execute("DELETE FROM macs_given")


async def macs(owner: Connection) -> list[list[tuple[Any, ...]]]:
    return [
        sorted(tuple(row) for row in await owner.fetch(f"SELECT {', '.join(table.key)}, {table.mac} FROM {table.name}"))
        for table in GRANTING
    ]


async def test_every_row_that_the_service_writes_holds_and_a_rebuild_gives_the_same_macs(
    api: Api, owner: Connection
) -> None:
    await lived_in(api)
    before = await macs(owner)
    assert [len(rows) for rows in before] == [2, 1, 2, 1, 1], (
        "the keys of the merchant and of the platform that gave the workspace"
    )
    assert await refused(owner, api.ledger.vault) == []
    await owner.execute("UPDATE webhook_secrets SET retired_at = NULL")
    await owner.execute("UPDATE providers SET base_url = 'https://his.example'")
    assert [table for table, _ in await refused(owner, api.ledger.vault)] == ["providers", "webhook_secrets"]
    async with api.ledger.pool.acquire() as connection:
        await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
    assert await macs(owner) == before
    assert await refused(owner, api.ledger.vault) == []


async def test_a_row_that_is_put_back_or_deleted_is_not_what_the_log_says(api: Api, owner: Connection) -> None:
    merchant = await lived_in(api)
    pool = api.ledger.pool
    await owner.execute("CREATE TABLE copied AS TABLE providers; CREATE TABLE secrets AS TABLE webhook_secrets")
    secret_id = await pool.fetchval("SELECT secret_id FROM webhook_secrets WHERE retired_at IS NULL")
    await merchant.accepted(type="retireWebhookSecret", secretId=secret_id)
    await merchant.accepted(type="setProvider", workspaceId="ws_1", keyId="k2", secret="sk_provider_secret")
    assert await rows_unlike_the_log(owner, 1) == []
    await owner.execute("DELETE FROM webhook_secrets; INSERT INTO webhook_secrets TABLE secrets")
    await owner.execute("DELETE FROM providers; INSERT INTO providers TABLE copied")
    assert await refused(owner, api.ledger.vault) == [], "their MACs hold"
    assert await rows_unlike_the_log(owner, 1) == [
        ("providers", "1 acc_1"),
        ("webhook_secrets", f"1 acc_1 {secret_id}"),
    ]
    async with pool.acquire() as connection:
        await rebuild_inline(connection, 1, api.ledger.vault, lambda _: None)
    assert await rows_unlike_the_log(owner, 1) == []
    await owner.execute("DELETE FROM providers")
    await owner.execute(
        "INSERT INTO providers SELECT 1, 'acc_ghost', workspace_id, key_id, secret, base_url FROM copied"
    )
    assert await rows_unlike_the_log(owner, 1) == [("providers", "1 acc_1"), ("providers", "1 acc_ghost")]


async def test_rows_of_an_earlier_release_are_given_their_macs_once(settings: Settings, owner: Connection) -> None:
    async with serving(settings) as api:
        merchant = await lived_in(api)
        before = await macs(owner)
        vault = api.ledger.vault
    await as_of_an_earlier_release(owner)
    assert len(await refused(owner, vault)) == 7, "a row without a MAC grants nothing, at no time"
    alone = settings.model_copy(update={"migrate_database_url": None})
    with pytest.raises(WrongSettings, match="payout-ledger migrate"):
        async with serving(alone):
            pass
    async with serving(settings) as api:
        assert await macs(owner) == before
        assert await status(api, merchant.key.secret) == 200
        await api.ledger.pool.execute(PLANTED, secret_hash(HIS))
    async with serving(settings) as api:
        assert await status(api, HIS) == 401
    assert await give_macs(settings, REAL) == 0
    assert await refused(owner, vault) == [("api_keys", "key_his")]


async def test_of_two_that_start_at_once_one_gives_the_macs(settings: Settings, owner: Connection) -> None:
    async with serving(settings) as api:
        await lived_in(api)
    await as_of_an_earlier_release(owner)
    async with owner.transaction():
        await owner.execute(query("granting/lock"))
        both = asyncio.gather(give_macs(settings, REAL), give_macs(settings, REAL))
        # Both have seen that it is not done.
        await until_blocked(settings, 2)
    assert sorted(await both) == [0, 7]


async def test_another_master_key_gives_no_macs(settings: Settings, owner: Connection) -> None:
    async with serving(settings) as api:
        await lived_in(api)
    await as_of_an_earlier_release(owner)
    other = settings.model_copy(update={"master_key": SecretStr(base64.b64encode(bytes(32)).decode())})
    with pytest.raises(WrongSettings, match="MASTER_KEY"):
        await give_macs(other, REAL)
    with pytest.raises(WrongSettings, match="MASTER_KEY"):
        await give_macs(settings.model_copy(update={"master_key": SecretStr("")}), REAL)
    assert await owner.fetchval("SELECT count(*) FROM api_keys WHERE mac IS NOT NULL") == 0
    assert await give_macs(settings, REAL) == 7


async def test_the_service_s_login_cannot_have_macs_given_again(api: Api) -> None:
    for statement in (
        "DELETE FROM macs_given",
        "INSERT INTO macs_given (given_at) VALUES (now())",
        "UPDATE macs_given SET given_at = now()",
        "TRUNCATE macs_given",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.ledger.pool.execute(statement)


async def test_what_is_refused_is_logged_and_counted(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    await api.ledger.pool.execute(PLANTED, secret_hash(HIS))
    capsys.readouterr()
    assert await status(api, HIS) == 401
    [line] = [line for line in capsys.readouterr().out.splitlines() if "row_refused" in line]
    assert "error" in line
    assert "api_keys" in line
    assert "key_his" in line
    async with api.session.get(f"{api.base}/metrics") as response:
        text = await response.text()
    assert 'payout_ledger_rows_refused_total{table="api_keys"} 1.0' in text
    assert 'payout_ledger_rows_refused_total{table="providers"} 0.0' in text


async def test_a_key_with_an_e_mail_address_keeps_its_mac(api: Api) -> None:
    made = await create_key(
        api.ledger.pool,
        api.ledger.vault,
        api.ledger.runtime,
        mode=LIVE,
        scopes=(),
        account_id="acc_1",
        user_id="Shop@example.com",
    )
    ring = KeyRing(api.ledger.pool, api.ledger.vault, api.ledger.runtime)
    [found] = await ring.by_user("shop@EXAMPLE.com")
    assert found.key_id == made.key_id


async def test_a_view_s_row_that_is_refused_is_not_there_for_a_decision(settings: Settings) -> None:
    async with serving(settings) as api:
        merchant = await lived_in(api)
        [known] = await api.ledger.pool.fetch("SELECT secret_id FROM webhook_secrets WHERE retired_at IS NULL")
        await api.ledger.pool.execute("UPDATE webhook_secrets SET added_at = now() - interval '1 day'")
        refusal = await merchant.command(type="retireWebhookSecret", secretId=known["secret_id"])
        assert refusal["status"] == "refused", "the writer does not sign what somebody else wrote"
        await api.ledger.pool.execute("UPDATE providers SET base_url = 'https://his.example'")
    async with serving(settings) as api:
        merchant = await api.caller("acc_1")
        await merchant.accepted(type="setProvider", workspaceId="ws_1", keyId="k2", secret="sk_provider_secret")
        async with api.ledger.pool.acquire() as connection:
            assert [table for table, _ in await refused(connection, api.ledger.vault)] == ["webhook_secrets"] * 2
