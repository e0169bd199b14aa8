"""Endpoint secrets at rest: sealed with the account's key, each for one endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from service.ledger.vault import AccountKey, CannotUnseal
from service.outgoing.masks import Keys

SIGNATURES_MAX = 5
"""How many secrets may be valid at once: each adds a signature to every delivery."""


def _field(endpoint_id: str) -> str:
    return f"endpoint {endpoint_id}"


def sealed(key: AccountKey, endpoint_id: str, secret: str) -> str:
    return key.seal(_field(endpoint_id), secret)


def unsealed(keys: Keys, account_id: str, endpoint_id: str, texts: Iterable[str]) -> tuple[str, ...]:
    """The secrets, in the given order; without those whose key was destroyed."""
    found = []
    for text in texts:
        generation = text.partition(":")[2].partition(":")[0]
        key = keys.get((account_id, int(generation))) if generation.isdigit() else None
        if key is not None:
            try:
                found.append(key.unseal(_field(endpoint_id), text))
            except CannotUnseal:
                continue
    return tuple(found)
