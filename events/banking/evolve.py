"""What each event of a bank changes: entries, statements and matches. None of them moves the account's money."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.accounts.state import TOLERANCES
from events.banking.events import (
    BankEntryDetailed,
    BankEntryObserved,
    BankEntryWithdrawn,
    BankingEvent,
    BankStatementObserved,
    BankStatementWithdrawn,
    MatchMade,
    MatchUnmade,
    ToleranceSet,
)
from events.banking.state import BankEntry, BankStatement, Match
from events.instants import Instant


def evolve(state: AccountState, event: BankingEvent, at: Instant, position: int) -> None:
    """Folds one event of a bank into the account's state."""
    match event:
        case ToleranceSet():
            account = state.account
            assert account is not None, "an account's first event is that it was opened"
            tolerances = {**account.settings.get(TOLERANCES, {}), event.currency: event.tolerance}
            state.account = replace(account, settings={**account.settings, TOLERANCES: tolerances})
        case BankEntryObserved():
            state.bank_entries[event.entry_id] = BankEntry(
                bank_account=event.bank_account,
                currency=event.currency,
                amount=event.amount,
                booked_on=event.booked_on,
                value_on=event.value_on,
                reference=event.reference,
                references=event.references,
                remittance=event.remittance,
                counterparty=event.counterparty,
                reversal=event.reversal,
                source=event.source,
                findings=event.findings,
                digest=event.digest,
                position=position,
                content=event.content,
                statement=event.statement,
                balance=event.balance,
            )
        case BankEntryDetailed():
            entry = state.bank_entries[event.entry_id]
            state.bank_entries[event.entry_id] = replace(
                entry,
                references=[*entry.references, *event.references],
                remittance=entry.remittance or event.remittance,
                counterparty=entry.counterparty or event.counterparty,
            )
        case BankEntryWithdrawn():
            state.bank_entries.pop(event.entry_id, None)
        case BankStatementWithdrawn():
            state.bank_statements.pop((event.bank_account, event.number, event.part or ""), None)
        case BankStatementObserved():
            key = (event.bank_account, event.number, event.part or "")
            known = state.bank_statements.get(key)
            state.bank_statements[key] = BankStatement(
                bank_account_number=event.bank_account_number,
                currency=event.currency,
                from_on=event.from_on,
                to_on=event.to_on,
                opening=event.opening,
                closing=event.closing,
                moved=event.moved,
                entries_count=event.entries_count,
                source=event.source,
                findings=event.findings,
                first_position=known.first_position if known else position,
                position=position,
                made_at=event.made_at,
            )
        case MatchMade():
            state.matches[event.match_id] = Match(
                entry_id=event.entry_id,
                currency=event.currency,
                targets=event.targets,
                reason=event.reason,
                made_by=event.made_by,
                made_at=at,
                position=position,
            )
            _claim(state, event.entry_id, sum(target["amount"] for target in event.targets))
        case MatchUnmade():
            match = state.matches[event.match_id]
            state.matches[event.match_id] = replace(
                match, unmade_at=at, unmade_by=event.unmade_by, unmade_reason=event.reason
            )
            _claim(state, match.entry_id, -sum(target["amount"] for target in match.targets))
        case _:
            assert_never(event)


def _claim(state: AccountState, entry_id: str, amount: int) -> None:
    entry = state.bank_entries[entry_id]
    state.bank_entries[entry_id] = replace(entry, claimed=entry.claimed + amount)
