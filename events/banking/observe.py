"""What a bank's statements do to an account: each entry is kept once, and no money moves because of it.

An entry is the bank's word of money that came (positive) or went (negative). It is known by the bank's own reference,
or by its content and its place among equal ones. A reference that comes again with another amount, currency or day is
another entry, with a finding: banks correct by new entries, so one of the two is wrong, and a person has to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from events.account_state import AccountState
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.state import BankEntry
from events.catalog import AnyEvent
from events.values import Data


def observe_entry(observed: BankEntryObserved, restated_id: str, state: AccountState) -> Sequence[AnyEvent]:
    """The event that follows from an entry; none where the entry is known. Never refuses.

    `restated_id` is the entry's id where its reference is taken by an entry that says otherwise.
    """
    known = state.bank_entries.get(observed.entry_id)
    if known is None:
        return [observed]
    if _same(known, observed) or restated_id in state.bank_entries:
        return []
    finding: Data = {
        "rule": "bank_reference_is_unique",
        "expected": f"{known.booked_on} {known.amount}",
        "actual": f"{observed.booked_on} {observed.amount}",
        "difference": str(observed.amount - known.amount),
    }
    return [replace(observed, entry_id=restated_id, findings=[*observed.findings, finding])]


def _same(known: BankEntry, observed: BankEntryObserved) -> bool:
    return (known.currency, known.amount, known.booked_on) == (observed.currency, observed.amount, observed.booked_on)


def observe_bank_statement(observed: BankStatementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The event that follows from a statement's balances; none where the latest observation was the same."""
    known = state.bank_statements.get((observed.bank_account, observed.number))
    if known is not None and (
        (known.currency, known.opening, known.closing, known.moved, known.entries_count, known.findings)
        == (
            observed.currency,
            observed.opening,
            observed.closing,
            observed.moved,
            observed.entries_count,
            observed.findings,
        )
    ):
        return []
    return [observed]
