"""An account as its readers need it: its settings, its bank account, and the key to read that with."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import orjson

from events.accounts.state import BankAccount
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey
from sql import query


@dataclass(frozen=True, slots=True)
class Profile:
    """True at this position of the lane. Without a key, personal data is erased."""

    mode: str
    backend: str
    status: str
    currencies: tuple[str, ...]
    version: int
    position: int
    bank_account: BankAccount | None
    key: AccountKey | None


async def read_profile(ledger: Ledger, lane: int, account_id: str) -> Profile | None:
    row = await ledger.pool.fetchrow(query("accounts/profile"), lane, account_id)
    if row is None:
        return None
    newest = max(orjson.loads(row["keys"] or "[]"), key=lambda entry: entry["generation"], default=None)
    key = None
    if newest is not None:
        key = ledger.vault.account_key(account_id, newest["generation"], base64.b64decode(newest["wrapped"]))
    bank = None
    if row["bank_name"] is not None:
        bank = BankAccount(row["bank_code"], row["bank_name"], row["bank_account_number"], row["bank_account_holder"])
    return Profile(
        mode=row["mode"],
        backend=row["backend"],
        status=row["status"],
        currencies=tuple(row["currencies"]),
        version=row["version"],
        position=row["position"],
        bank_account=bank,
        key=key,
    )
