"""Whose deliveries and cases somebody may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.accounts.state import LIVE, SYSTEM_MODE, TEST
from service.ledger.ledger import Ledger
from sql import query


@dataclass(frozen=True, slots=True)
class AccessScope:
    """What lies in these lanes, belongs to accounts of these modes, and to one of them where it is named."""

    lanes: Sequence[int]
    modes: Sequence[str]
    account_id: str | None = None


def of_mode(ledger: Ledger, mode: str) -> AccessScope:
    """Everything of a mode. What belongs to no account is live: nobody can tell whose it is."""
    return AccessScope(ledger.lanes, (LIVE, SYSTEM_MODE) if mode == LIVE else (mode,))


def of_everything(ledger: Ledger) -> AccessScope:
    return AccessScope(ledger.lanes, (LIVE, TEST, SYSTEM_MODE))


async def of_account(ledger: Ledger, mode: str, account_id: str) -> AccessScope | None:
    """What belongs to an account of this mode, or None where there is none."""
    row = await ledger.pool.fetchrow(query("accounts/page"), mode, "", 1, account_id)
    return AccessScope((row["lane"],), (mode,), account_id) if row is not None else None
