"""Which fields of a fact are sealed, and what of an event may be shown outside of the ledger.

The one place that knows: a fact whose docstring marks a field as *sealed* has a line here, and a test sees to it.
"""

from __future__ import annotations

from typing import Any

from events import facts
from events.chain import Envelope
from events.codec import METADATA, STORED_NAMES
from events.facts import Data, Fact

SEALED: dict[type[Fact], tuple[str, ...]] = {
    facts.BankAccountSet: ("bankAccountNumber", "bankAccountHolder"),
    facts.ProviderSet: ("secret",),
    facts.WebhookSecretAdded: ("secret",),
    facts.PayoutRequested: ("bankAccountNumber", "bankAccountHolder"),
    facts.BankEntryObserved: ("remittance", "counterparty"),
    facts.BankStatementObserved: ("bankAccountNumber",),
}
"""The keys, in a fact's data, that hold ciphertext."""

SEALED_PREFIX = "enc1:"
"""How every sealed text begins (docs/personal-data.md)."""

_KEYS = {STORED_NAMES[fact_type]: frozenset(keys) for fact_type, keys in SEALED.items()}


def public_data(event: Envelope) -> Data:
    """The event's data without what is sealed.

    Fields go by name. Whatever else turns out to be ciphertext goes too, whoever forgot to name it. Metadata is the
    caller's own text and stays as it was sent.
    """
    sealed = _KEYS.get(event.type, frozenset())
    return {
        key: value
        for key, value in event.data.items()
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
