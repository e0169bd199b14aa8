"""What a bank's records stated before they were read anew, and do not state now, is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.banking.events import BankEntryWithdrawn, BankStatementWithdrawn, MatchUnmade
from events.banking.state import BankStatementKey
from events.catalog import AnyEvent
from events.refusals import InvalidTransition


def withdraw_entry(entry_id: str, reason: str, actor: str, state: AccountState) -> Sequence[AnyEvent]:
    """The events that withdraw an entry, and unmake its matches; none where it stands no more.

    `state` has the matches of the entry. InvalidTransition where it has not all of them.
    """
    entry = state.bank_entries.get(entry_id)
    if entry is None:
        return []
    matches = [
        (match_id, match)
        for match_id, match in state.matches.items()
        if match.entry_id == entry_id and match.unmade_at is None
    ]
    if sum(target["amount"] for _, match in matches for target in match.targets) != entry.claimed:
        raise InvalidTransition(f"somebody matched the bank entry {entry_id} meanwhile: read the import again")
    return [
        *(MatchUnmade(match_id, entry_id, reason, actor) for match_id, _ in matches),
        BankEntryWithdrawn(entry_id=entry_id, digest=entry.digest, reason=reason),
    ]


def withdraw_bank_statement(key: BankStatementKey, reason: str, state: AccountState) -> Sequence[AnyEvent]:
    """The event that withdraws a bank statement's balances; none where they stand no more."""
    if key not in state.bank_statements:
        return []
    bank_account, number, part = key
    return [BankStatementWithdrawn(bank_account=bank_account, number=number, reason=reason, part=part or None)]
