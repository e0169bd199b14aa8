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
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.platform.runtime import Runtime

ERASED = "erased"
"""What stands where personal data was, once its key is gone."""

_PREFIX: Final = "enc1:"
_NONCE_BYTES = 12
_SALT_BYTES = 16


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

    def __init__(self, master_key: bytes, runtime: Runtime, *, remembered_max: int = 100_000) -> None:
        self._master = AESGCM(master_key)
        self._contents = hmac.digest(master_key, b"payout-ledger content", "sha256")
        self._in_transit = hmac.digest(master_key, b"payout-ledger in transit", "sha256")
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


def secret_hash(secret: str) -> bytes:
    """What a bearer key is stored as. A plain hash is enough: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).digest()
