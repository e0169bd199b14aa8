"""What of an event may be shown outside of the ledger: everything but what is sealed."""

from __future__ import annotations

from typing import Any

from events.envelope import EVENT_TYPES, METADATA, Envelope
from events.values import Data

SEALED_PREFIX = "enc1:"
"""How every sealed text begins (docs/personal-data.md)."""

_SEALED_KEYS = {name: frozenset(event_type.sealed) for name, event_type in EVENT_TYPES.items()}


def public_data(envelope: Envelope) -> Data:
    """The event's data without what is sealed.

    Fields go by name. Whatever else turns out to be ciphertext goes too, whoever forgot to name it. Metadata is the
    caller's own text and stays as it was sent.
    """
    sealed = _SEALED_KEYS.get(envelope.type, frozenset())
    return {
        key: value
        for key, value in envelope.data.items()
        if key not in sealed and (key == METADATA or not _holds_ciphertext(value))
    }


def _holds_ciphertext(value: Any) -> bool:
    if isinstance(value, str):
        return value.startswith(SEALED_PREFIX)
    if isinstance(value, dict):
        return any(_holds_ciphertext(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_holds_ciphertext(inner) for inner in value)
    return False
