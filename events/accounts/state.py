"""The account itself: how it stands, where its payouts go, and how its workspace at Plugipay is reached."""

from __future__ import annotations

from dataclasses import field

from events.instants import Instant
from events.values import Data, value

MANUAL, PLUGIPAY = "manual", "plugipay"
"""How payouts go out."""
OPEN, FROZEN, CLOSED = "open", "frozen", "closed"
LIVE, TEST = "live", "test"
SYSTEM_MODE = "system"
"""The mode of a lane's own stream: no key has it, so no caller sees it."""
TOLERANCES, SETTLEMENT_TERMS = "tolerances", "settlementTerms"
"""Settings of an account: tolerances by currency, and the terms of channels that do not pay as they usually do."""


@value
class Account:
    mode: str
    backend: str
    currencies: tuple[str, ...]
    status: str = OPEN
    opened_at: Instant = ""
    settings: Data = field(default_factory=dict)
    """By the setting's name. Replaced as a whole, never changed in place."""


@value
class BankAccount:
    """Number and holder are sealed."""

    bank_code: str | None
    bank_name: str
    bank_account_number: str
    bank_account_holder: str
    updated_at: Instant = ""
    """When it was set, as whoever set it says."""
    set_by: str | None = None
    """The actor who set it; None in rows of releases that did not keep it."""
    changed_at: Instant | None = None
    """When it took another one's place, as the ledger recorded it; None for an account's first."""


@value
class Provider:
    """The secret is sealed."""

    workspace_id: str
    key_id: str
    secret: str
    base_url: str | None


@value
class WebhookSecret:
    """The secret is sealed. It was believed from `added_at` until `retired_at`."""

    secret: str
    added_at: Instant
    retired_at: Instant | None = None
