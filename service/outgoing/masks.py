"""Masks bank account numbers: only the last four characters are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.ledger.vault import ERASED, AccountKey, CannotUnseal, Vault
from service.platform import logs
from service.platform.database import Connection
from sql import query

log = logs.get("outgoing")

HIDDEN = "****"
_SHOWN = 4
_NUMBER = "bankAccountNumber"

Keys = Mapping[tuple[str, int], AccountKey]
"""(account id, generation) -> key. An account whose personal data was erased has no key."""


async def read_keys(connection: Connection, vault: Vault, lane: int, account_ids: Iterable[str]) -> Keys:
    """The accounts' keys. One that cannot be opened is left out and logged: it must not stop what is for others."""
    keys: dict[tuple[str, int], AccountKey] = {}
    for row in await connection.fetch(query("outgoing/keys"), lane, list(account_ids)):
        account_id, generation = row["account_id"], row["generation"]
        try:
            keys[account_id, generation] = vault.account_key(account_id, generation, row["wrapped"])
        except CannotUnseal:
            log.exception("account_key_not_readable", account=account_id, generation=generation)
    return keys


def masked_number(keys: Keys, account_id: str, sealed: str) -> str:
    """A sealed number, unsealed and masked. Only the mask where its key was destroyed."""
    _, _, rest = sealed.partition(":")
    generation = rest.partition(":")[0]
    key = keys.get((account_id, int(generation))) if generation.isdigit() else None
    if key is None:
        return HIDDEN
    try:
        return masked(key.unseal(_NUMBER, sealed))
    except CannotUnseal:
        return HIDDEN


def masked(number: str) -> str:
    """A mask and the last four characters; only the mask where those are half of the number or more."""
    if number == ERASED or len(number) <= 2 * _SHOWN:
        return HIDDEN
    return HIDDEN + number[-_SHOWN:]
