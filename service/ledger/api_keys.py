"""API keys: who may call, for which account, and what.

A key is remembered until anything about any key changes, which is looked up at most twice a second: a revocation is
in force within a second. Where the database is away, nobody new gets in. A row whose MAC does not hold is no key.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.accounts.state import LIVE, TEST
from service.ledger.vault import API_KEYS, Vault, secret_hash
from service.platform.database import Pool
from service.platform.runtime import Runtime
from sql import query

PAYOUT_READ, PAYOUT_WRITE, COMMAND_WRITE, OPERATOR, AUDIT = (
    "payout:read",
    "payout:write",
    "command:write",
    "operator",
    "audit",
)
SCOPES = (PAYOUT_READ, PAYOUT_WRITE, COMMAND_WRITE, OPERATOR, AUDIT)

_EPOCH_SECONDS = 0.5
_REMEMBERED_MAX = 50_000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An active key. Without an account it is the platform's: it names the account on whose behalf it asks."""

    key_id: str
    mode: str
    scopes: frozenset[str]
    account_id: str | None
    on_behalf_of: bool
    secret_sealed: bytes


class KeyRing:
    """Finds active keys by what a request carries."""

    def __init__(self, pool: Pool, vault: Vault, runtime: Runtime) -> None:
        self._pool = pool
        self._vault = vault
        self._runtime = runtime
        self._known: OrderedDict[bytes | str, ApiKey] = OrderedDict()
        self._known_before: OrderedDict[bytes | str, ApiKey] = OrderedDict()
        """What was known until some key changed. It is looked up again before it counts."""
        self._epoch = -1
        self._checked_at = float("-inf")
        self._checking = asyncio.Lock()

    async def by_bearer(self, secret: str, *, remembered: bool = False) -> ApiKey | None:
        """The key of this secret. `remembered`: only if it was found before, so that guesses are not looked up."""
        return await self._find(secret_hash(secret), "keys/by_hash", remembered=remembered)

    async def by_id(self, key_id: str, *, remembered: bool = False) -> ApiKey | None:
        """The key of this id; `remembered` as above."""
        return await self._find(key_id, "keys/by_id", remembered=remembered)

    async def by_user(self, user_id: str) -> list[ApiKey]:
        """The keys of somebody who is known by an e-mail address; several while one is being replaced."""
        rows = await self._pool.fetch(query("keys/by_user"), user_id.lower())
        return [_key(row) for row in rows if self._vault.holds(API_KEYS, row)]

    def secret_of(self, key: ApiKey) -> str:
        """The signing secret."""
        return self._vault.unseal(f"api key {key.key_id}", key.secret_sealed).decode()

    async def _find(self, what: bytes | str, statement: str, *, remembered: bool) -> ApiKey | None:
        if self._runtime.monotonic() - self._checked_at > _EPOCH_SECONDS:
            await self._notice_changes()
        key = self._known.get(what)
        if key is None:
            if remembered and what not in self._known_before:
                return None
            row = await self._pool.fetchrow(query(statement), what)
            if row is None or not self._vault.holds(API_KEYS, row):
                return None
            key = _key(row)
            self._known[what] = key
            if len(self._known) > _REMEMBERED_MAX:
                self._known.popitem(last=False)
        return key

    async def _notice_changes(self) -> None:
        async with self._checking:
            now = self._runtime.monotonic()
            if now - self._checked_at <= _EPOCH_SECONDS:
                return
            epoch = await self._pool.fetchval(query("keys/epoch"))
            if epoch != self._epoch:
                self._known_before, self._known = self._known, OrderedDict()
                self._epoch = epoch
            self._checked_at = now


def _key(row: Any) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        mode=row["mode"],
        scopes=frozenset(row["scopes"]),
        account_id=row["account_id"],
        on_behalf_of=row["on_behalf_of"],
        secret_sealed=row["secret_sealed"],
    )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. The secret is the bearer token and the signing secret, and is shown this once."""

    key_id: str
    secret: str


async def create_key(
    pool: Pool,
    vault: Vault,
    runtime: Runtime,
    *,
    mode: str,
    scopes: Sequence[str],
    account_id: str | None,
    on_behalf_of: bool = False,
    label: str | None = None,
    user_id: str | None = None,
    secret: str | None = None,
) -> NewKey:
    """Makes and stores a key: its secret as a hash, and sealed with the master key for checking signatures.

    `user_id` is an e-mail address by which its holder is known instead; a `secret` is drawn where none is given.
    """
    assert mode in (LIVE, TEST)
    key_id = f"key_{runtime.ulid()}"
    secret = secret or f"sk_{mode}_{runtime.random(32).hex()}"
    row = {
        "key_id": key_id,
        "secret_hash": secret_hash(secret),
        "secret_sealed": vault.seal(f"api key {key_id}", secret.encode()),
        "mode": mode,
        "scopes": list(scopes),
        "account_id": account_id,
        "on_behalf_of": on_behalf_of,
        "label": label,
        "created_at": runtime.now(),
        "user_id": user_id.lower() if user_id else None,
    }
    await pool.execute(query("keys/create"), *row.values(), vault.mac(API_KEYS, row))
    return NewKey(key_id, secret)


async def revoke_key(pool: Pool, runtime: Runtime, key_id: str) -> dict[str, Any] | None:
    """Ends a key, for every service within a second; gives what it was, or None where it was not active."""
    row = await pool.fetchrow(query("keys/revoke"), key_id, runtime.now())
    return dict(row) if row is not None else None


async def list_keys(pool: Pool, vault: Vault) -> list[dict[str, Any]]:
    """All keys, without their secrets, newest first. One is `valid` where it may be used."""
    found = []
    for row in await pool.fetch(query("keys/list")):
        shown = {**row, "valid": row["revoked_at"] is None and vault.holds(API_KEYS, row)}
        for secret in ("secret_hash", "secret_sealed", "mac"):
            del shown[secret]
        found.append(shown)
    return found


async def is_taken(pool: Pool, secret: str) -> bool:
    """Whether a key has, or had, this secret."""
    return bool(await pool.fetchval(query("keys/is_taken"), secret_hash(secret)))
