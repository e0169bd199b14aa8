"""The names of the payouts API's operations."""

from __future__ import annotations

CREATE, GET, LIST, CANCEL, MARK = "create", "get", "list", "cancel", "mark"
BALANCE, BANK_ACCOUNT, UPDATE_BANK_ACCOUNT, EVENTS = "balance", "bank_account", "update_bank_account", "events"

OPERATIONS = frozenset({CREATE, GET, LIST, CANCEL, MARK, BALANCE, BANK_ACCOUNT, UPDATE_BANK_ACCOUNT, EVENTS})
