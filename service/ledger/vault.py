"""Keys: one per account, wrapped with the master key, so that destroying it erases a person (docs/personal-data.md).

A sealed text is `enc1:<generation>:<base64url of nonce, ciphertext and tag>`: AES-256-GCM, a random 96-bit nonce, and
as associated data the account and the field, so that a payout may carry the account's ciphertext as its snapshot while
no ciphertext can be moved to another account or field.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.instants import from_datetime
from service.platform import logs
from service.platform.runtime import Counters, Runtime
from service.platform.settings import Settings

log = logs.get("vault")

ERASED = "erased"
"""What stands where personal data was, once its key is gone."""

_PREFIX: Final = "enc1:"
_NONCE_BYTES = 12
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class GrantingTable:
    """A table whose rows grant something: a row without the right MAC is not there (docs/decisions/0016-rows-that-grant-carry-a-mac.md).

    The MAC covers the table, the row's key, and every column that decides what the row grants.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    mac: str = "mac"
    """The column with the MAC."""
    covered: tuple[str, ...] = field(init=False)
    """The key, then the columns."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "covered", self.key + self.columns)


API_KEYS = GrantingTable(
    "api_keys",
    ("key_id",),
    ("secret_hash", "secret_sealed", "mode", "scopes", "account_id", "on_behalf_of", "user_id"),
)
PROVIDERS = GrantingTable("providers", ("lane", "account_id"), ("workspace_id", "key_id", "secret", "base_url"))
WEBHOOK_SECRETS = GrantingTable(
    "webhook_secrets", ("lane", "account_id", "secret_id"), ("secret", "added_at", "retired_at")
)
WEBHOOK_ENDPOINTS = GrantingTable("webhook_endpoints", ("lane", "account_id", "endpoint_id"), ("url", "patterns"))
ENABLED_ENDPOINTS = GrantingTable(
    "webhook_endpoints", ("lane", "account_id", "endpoint_id"), ("switched_on",), "enabled_mac"
)
"""That an endpoint is switched on, for the how-manieth time: the database may end that, and cannot begin it."""

GRANTING = (API_KEYS, PROVIDERS, WEBHOOK_SECRETS, WEBHOOK_ENDPOINTS, ENABLED_ENDPOINTS)


class CannotUnseal(Exception):
    """The ciphertext was not made with this key, for this account and field: MASTER_KEY is another ledger's."""


class AccountKey:
    """An account's key of one generation: seals its personal data, and keys the digests taken over it."""

    __slots__ = ("_account_id", "_cipher", "_keyed", "_random", "_recent", "generation", "wrapped")

    def __init__(self, account_id: str, generation: int, secret: bytes, wrapped: bytes, runtime: Runtime) -> None:
        self.generation = generation
        self.wrapped = wrapped
        self._account_id = account_id
        self._cipher = AESGCM(secret)
        self._keyed = hmac.new(hmac.digest(secret, b"payout-ledger digest", "sha256"), digestmod="sha256")
        self._random = runtime.random
        self._recent: dict[str, str] = {}

    def seal(self, field: str, text: str) -> str:
        nonce = self._random(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), f"{self._account_id}\n{field}".encode())
        return f"{_PREFIX}{self.generation}:{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal(self, field: str, sealed: str) -> str:
        """The plain text; `erased` and `unknown` stand for themselves. CannotUnseal for another key's ciphertext."""
        if not sealed.startswith(_PREFIX):
            return sealed
        known = self._recent.get(sealed)
        if known is not None:
            return known
        raw = base64.urlsafe_b64decode(sealed.rsplit(":", 1)[1])
        try:
            text = self._cipher.decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], f"{self._account_id}\n{field}".encode()
            ).decode()
        except InvalidTag:
            raise CannotUnseal(f"{field} of account {self._account_id} was sealed with another key") from None
        if len(self._recent) >= 8:
            self._recent.clear()
        self._recent[sealed] = text
        return text

    def seal_bytes(self, purpose: str, content: bytes) -> bytes:
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, f"{self._account_id}\n{purpose}".encode())

    def unseal_bytes(self, purpose: str, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], f"{self._account_id}\n{purpose}".encode()
            )
        except InvalidTag:
            raise CannotUnseal(f"{purpose} of account {self._account_id} was sealed with another key") from None

    def digest(self, content: bytes) -> str:
        """HMAC-SHA256 in hex: equal contents, equal digests, and nobody without the key can guess at them."""
        keyed = self._keyed.copy()
        keyed.update(content)
        return keyed.hexdigest()


class Vault:
    """Makes, wraps and unwraps the keys of accounts; seals what belongs to the whole ledger."""

    def __init__(
        self, master_key: bytes, runtime: Runtime, counters: Counters | None = None, *, remembered_max: int = 100_000
    ) -> None:
        self.counters = counters or Counters()
        self._master = AESGCM(master_key)
        self._contents = hmac.digest(master_key, b"payout-ledger content", "sha256")
        self._in_transit = hmac.digest(master_key, b"payout-ledger in transit", "sha256")
        self._macs = hmac.digest(master_key, b"payout-ledger granting rows", "sha256")
        self._runtime = runtime
        self._remembered: OrderedDict[bytes, AccountKey] = OrderedDict()
        self._remembered_max = remembered_max

    def new_account_key(self, account_id: str, generation: int = 1) -> AccountKey:
        secret = self._runtime.random(32)
        wrapped = self.seal(f"account key {account_id} {generation}", secret)
        return AccountKey(account_id, generation, secret, wrapped, self._runtime)

    def account_key(self, account_id: str, generation: int, wrapped: bytes) -> AccountKey:
        """The key that was wrapped; recently used ones are remembered. CannotUnseal under another master key."""
        key = self._remembered.get(wrapped)
        if key is not None:
            self._remembered.move_to_end(wrapped)
            return key
        secret = self.unseal(f"account key {account_id} {generation}", wrapped)
        key = AccountKey(account_id, generation, secret, wrapped, self._runtime)
        self._remembered[wrapped] = key
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
        return key

    def content_digest(self) -> hmac.HMAC:
        """A keyed digest of what is too long to be held, and may belong to an account that is not open yet."""
        return hmac.new(self._contents, digestmod="sha256")

    def mac(self, table: GrantingTable, row: Any) -> bytes:
        """What only the master key's holder can put beside a row. Times are datetimes, or in the log's spelling."""
        # As JSON, no value runs into the next one, and no two rows are spelled the same.
        content = [table.name, table.mac, *(row[column] for column in table.covered)]
        spelled = orjson.dumps(content, default=_spelled, option=orjson.OPT_PASSTHROUGH_DATETIME)
        return hmac.digest(self._macs, spelled, "sha256")

    def holds(self, table: GrantingTable, row: Any) -> bool:
        """Whether a row is as this service wrote it. One that is not is logged and counted, and must grant nothing."""
        mac = row[table.mac]
        if isinstance(mac, str):
            # As Postgres writes bytes into JSON.
            mac = bytes.fromhex(mac.removeprefix("\\x"))
        if mac is not None and hmac.compare_digest(mac, self.mac(table, row)):
            return True
        log.error("row_refused", table=table.name, key=[row[column] for column in table.key], has_mac=mac is not None)
        self.counters.row_refused(table.name)
        return False

    def seal_in_transit(self, context: bytes, content: bytes) -> bytes:
        """Seals what leaves the process for a while and comes back to any that holds the same master key.

        Each has a key of its own, made from a random salt: there is no number of messages after which nonces meet.
        """
        salt, nonce = self._runtime.random(_SALT_BYTES), self._runtime.random(_NONCE_BYTES)
        return salt + nonce + self._transit_cipher(salt).encrypt(nonce, content, context)

    def unseal_in_transit(self, context: bytes, sealed: bytes) -> bytes:
        """CannotUnseal where it was sealed under another master key or context, or changed since."""
        salt, rest = sealed[:_SALT_BYTES], sealed[_SALT_BYTES:]
        try:
            return self._transit_cipher(salt).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise CannotUnseal("it was sealed with another MASTER_KEY, or changed on its way") from None

    def _transit_cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._in_transit, salt, "sha256"))

    def seal(self, purpose: str, content: bytes) -> bytes:
        nonce = self._runtime.random(_NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, content, purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        try:
            return self._master.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except InvalidTag:
            raise CannotUnseal("MASTER_KEY is not the one this ledger was begun with") from None


def vault_of(settings: Settings, runtime: Runtime) -> Vault:
    """The vault of the settings' master key, which they must have."""
    return Vault(base64.b64decode(settings.master_key.get_secret_value()), runtime)


def _spelled(given: Any) -> str:
    return given.hex() if isinstance(given, bytes) else from_datetime(given)


def secret_hash(secret: str) -> bytes:
    """What a bearer key is stored as. A plain hash is enough: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).digest()
