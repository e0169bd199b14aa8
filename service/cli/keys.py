"""`payout-ledger keys`: create, list, rotate, revoke. A secret is shown once, when it is created."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import orjson
from cyclopts import App
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from events.accounts.commands import OpenAccount
from events.accounts.state import LIVE, TEST
from events.command import AccountId
from events.refusals import AccountExists, InvalidCommand, Refusal
from service.cli.target import AsJson, Data, with_ledger
from service.ledger import api_keys
from service.ledger.api_keys import SCOPES, NewKey
from service.ledger.ledger import Ledger
from service.ledger.system_commands import open_account
from service.platform.settings import Settings, WrongSettings

app = App(name="keys", help="API keys: create, list, rotate, revoke.")

_E_MAIL = re.compile(r"[!-?A-~]{1,100}@[!-?A-~]{1,100}")
_SECRET_MIN, _SECRET_MAX = 16, 200


@app.command
def create(
    *,
    kind: Literal["api", "sellercenter"] = "api",
    account: str | None = None,
    platform: bool = False,
    scopes: str = "payout:read,payout:write",
    mode: Literal["live", "test"] = "live",
    currency: str = "IDR",
    backend: Literal["manual", "plugipay"] = "manual",
    on_behalf_of: bool = False,
    label: str | None = None,
    user_id: str | None = None,
    secret_file: Path | None = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Create a key and print its secret, which is shown only once: it is the bearer token and the signing secret.

    Parameters
    ----------
    kind
        api, or sellercenter: for a client of SellerCenter's API, which names --user-id and signs with the secret.
    account
        The account that the key is bound to. One that does not exist is opened, with --currency, --backend and --mode.
    platform
        Bind the key to no account: each request names one, and all accounts of the key's mode are visible.
    scopes
        Separated by commas: payout:read, payout:write, command:write, operator, audit.
    mode
        live or test: a key has no access to accounts of the other mode.
    on_behalf_of
        Let a key that is bound to an account also act for other accounts.
    user_id
        The e-mail address that identifies the holder of a sellercenter key.
    secret_file
        A file with the secret that a sellercenter client already has.

    """
    if (account is None) != platform:
        raise WrongSettings("give either --account ID or --platform")
    wanted = _read_scopes(scopes)
    secret = _sellercenter_secret(kind, user_id, secret_file, platform=platform)
    if kind == "sellercenter":
        wanted = []

    async def run(ledger: Ledger, _: Settings) -> NewKey:
        if account is not None:
            await _ensure_account(ledger, account, currency, backend, mode)
        await _check_unused(ledger, user_id, secret, account, mode)
        return await api_keys.create_key(
            ledger.pool,
            ledger.vault,
            ledger.runtime,
            mode=mode,
            scopes=wanted,
            account_id=account,
            on_behalf_of=on_behalf_of or platform,
            label=label,
            user_id=user_id,
            secret=secret,
        )

    _show(with_ledger(data, run), as_json=as_json)


@app.command(name="list")
def list_keys(*, as_json: AsJson = False, data: Data = None) -> None:
    """List all keys, without their secrets."""
    rows = with_ledger(data, lambda ledger, _: api_keys.list_keys(ledger.pool, ledger.vault))
    if as_json:
        print(orjson.dumps([_camel(row) for row in rows]).decode())  # noqa: T201
        return
    table = Table("key", "mode", "account", "scopes", "label", "created", "revoked")
    for row in rows:
        table.add_row(
            row["key_id"],
            row["mode"],
            row["account_id"] or "(platform)",
            ", ".join(row["scopes"]),
            row["label"] or "",
            row["created_at"],
            row["revoked_at"] or ("" if row["valid"] else "not valid: its MAC does not hold"),
        )
    Console().print(table)


@app.command
def rotate(
    key_id: str,
    *,
    scopes: str | None = None,
    keep_old: bool = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Create a key like this one, and revoke this one.

    Parameters
    ----------
    scopes
        The new key's scopes, separated by commas; those of this one, if none are given.
    keep_old
        Leave the old key active; revoke it when the new one is in use everywhere.

    """
    wanted = None if scopes is None else _read_scopes(scopes)

    async def run(ledger: Ledger, _: Settings) -> NewKey:
        old = next(
            (row for row in await api_keys.list_keys(ledger.pool, ledger.vault) if row["key_id"] == key_id), None
        )
        if old is None or not old["valid"]:
            raise WrongSettings(f"there is no active key {key_id}")
        if wanted is not None and old["user_id"] is not None:
            raise WrongSettings("--scopes: a sellercenter key has none")
        new = await api_keys.create_key(
            ledger.pool,
            ledger.vault,
            ledger.runtime,
            mode=old["mode"],
            scopes=old["scopes"] if wanted is None else wanted,
            account_id=old["account_id"],
            on_behalf_of=old["on_behalf_of"],
            label=old["label"],
            user_id=old["user_id"],
        )
        if not keep_old:
            await api_keys.revoke_key(ledger.pool, ledger.runtime, key_id)
        return new

    _show(with_ledger(data, run), as_json=as_json)


@app.command
def revoke(key_id: str, *, data: Data = None) -> None:
    """Revoke a key: within a second no service accepts it any more."""
    if with_ledger(data, lambda ledger, _: api_keys.revoke_key(ledger.pool, ledger.runtime, key_id)) is None:
        raise WrongSettings(f"there is no active key {key_id}")
    Console().print(f"{key_id} is revoked")


def _read_scopes(text: str) -> list[str]:
    """WrongSettings where one is not known, or none is given."""
    wanted = [scope.strip() for scope in text.split(",") if scope.strip()]
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise WrongSettings(f"--scopes: {', '.join(unknown) or 'none given'}; the scopes are {', '.join(SCOPES)}")
    return wanted


def _sellercenter_secret(kind: str, user_id: str | None, secret_file: Path | None, *, platform: bool) -> str | None:
    """The secret that the client already has, if any. WrongSettings where the options do not go together."""
    if kind != "sellercenter":
        if user_id is not None or secret_file is not None:
            raise WrongSettings("--user-id and --secret-file belong to --kind sellercenter")
        return None
    if platform or user_id is None or not _E_MAIL.fullmatch(user_id):
        raise WrongSettings("--kind sellercenter takes --account ID and --user-id with an e-mail address")
    if secret_file is None:
        return None
    try:
        secret = secret_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise WrongSettings(f"--secret-file: {secret_file} cannot be read, or is not ASCII text") from None
    if not (_SECRET_MIN <= len(secret) <= _SECRET_MAX and secret.isprintable() and " " not in secret):
        raise WrongSettings(
            f"--secret-file: a secret is {_SECRET_MIN} to {_SECRET_MAX} printable characters without spaces"
        )
    return secret


async def _check_unused(
    ledger: Ledger, user_id: str | None, secret: str | None, account: str | None, mode: str
) -> None:
    """WrongSettings where the e-mail address belongs to another account's key, or the secret is or was another key's."""
    if user_id is not None:
        others = await api_keys.KeyRing(ledger.pool, ledger.vault, ledger.runtime).by_user(user_id)
        if any((other.account_id, other.mode) != (account, mode) for other in others):
            raise WrongSettings(f"--user-id: {user_id} has a key for another account: revoke that one first")
    if secret is not None and await api_keys.is_taken(ledger.pool, secret):
        raise WrongSettings("--secret-file: this secret is, or was, that of another key: use a new one")


async def _ensure_account(ledger: Ledger, account: str, currency: str, backend: str, mode: str) -> None:
    """Opens the account if it is missing. WrongSettings where it cannot be opened, or has the other mode."""
    try:
        TypeAdapter(AccountId).validate_python(account)
        command = OpenAccount.model_validate({"accountId": account, "currency": currency, "backend": backend})
    except ValidationError as problem:
        raise WrongSettings(
            "; ".join(f"{e['loc'][-1] if e['loc'] else '--account'}: {e['msg']}" for e in problem.errors())
        ) from None
    outcome = await open_account(ledger, command, mode)
    if isinstance(outcome, AccountExists):
        return
    if isinstance(outcome, InvalidCommand):
        raise WrongSettings(f"--account: {outcome.message}")
    if isinstance(outcome, Refusal):
        other = TEST if mode == LIVE else LIVE
        raise WrongSettings(f"account {account} cannot be opened in {mode} mode: it exists in {other} mode")


def _camel(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "keyId": row["key_id"],
        "mode": row["mode"],
        "scopes": row["scopes"],
        "accountId": row["account_id"],
        "onBehalfOf": row["on_behalf_of"],
        "label": row["label"],
        "userId": row["user_id"],
        "createdAt": row["created_at"],
        "revokedAt": row["revoked_at"],
        "valid": row["valid"],
    }


def _show(key: NewKey, *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps({"keyId": key.key_id, "secret": key.secret}).decode())  # noqa: T201
        return
    console = Console(highlight=False)
    console.print(f"key     {key.key_id}\nsecret  {key.secret}", soft_wrap=True)
    console.print("The secret is not shown again.", style="yellow")
