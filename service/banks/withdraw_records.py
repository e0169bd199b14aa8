"""Withdraws what a bank's records stated: their entries, and the balances of their statements."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.banking.withdraw import withdraw_bank_statement, withdraw_entry
from events.catalog import AnyEvent
from events.read_set import ReadSet
from events.refusals import InvalidTransition
from service.banks.identity import ENTRY, STATEMENT
from service.imports.stated import Withdrawal
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from sql import query


def add_reads_of(withdrawal: Withdrawal, account_id: str, read_set: ReadSet) -> None:
    """The rows that a withdrawal changes."""
    kind, name, *rest = withdrawal.stated.thing
    if kind == STATEMENT:
        read_set.bank_statements.add((account_id, name, rest[0]))
        return
    read_set.bank_entries.add((account_id, name))
    read_set.matches.update((account_id, match_id) for match_id in withdrawal.matches)


def withdrawn(withdrawal: Withdrawal, actor: str, state: AccountState) -> Sequence[AnyEvent]:
    """The events that withdraw what a record stated. Unavailable where somebody has matched the entry meanwhile."""
    kind, name, *rest = withdrawal.stated.thing
    if kind == STATEMENT:
        number, part = rest
        return withdraw_bank_statement((name, number, part), withdrawal.reason, state)
    try:
        return withdraw_entry(name, withdrawal.reason, actor, state)
    except InvalidTransition as refusal:
        raise Unavailable(refusal.message) from None


async def prepare(ledger: Ledger, lane: int, account_id: str, withdrawals: Sequence[Withdrawal]) -> None:
    """Looks up the matches of the entries that are withdrawn."""
    by_entry = {each.stated.thing[1]: each for each in withdrawals if each.stated.thing[0] == ENTRY}
    for row in await ledger.pool.fetch(query("reconciliation/matches_of_entries"), lane, account_id, list(by_entry)):
        by_entry[row["entry_id"]].matches.add(row["match_id"])
