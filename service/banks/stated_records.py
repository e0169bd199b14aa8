"""What a bank's record states, told apart by all that was read in it; and what of it is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.banking.events import BankStatementObserved
from events.banking.withdraw import withdraw_bank_statement, withdraw_entry
from events.catalog import AnyEvent
from events.read_set import ReadSet
from events.refusals import InvalidTransition
from service.banks.identity import IdentifiedRecord
from service.banks.observations import ObservedBankStatement, ObservedEntry
from service.formats.amounts import plain
from service.imports.stated import Shown, Stated, Withdrawal
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from sql import query

ENTRY, STATEMENT = "entry", "bank_statement"


def entry_stated(record: IdentifiedRecord, observed: ObservedEntry, entry_id: str) -> Stated:
    """What a record states: the entry that it is."""
    shown = Shown(observed.booked_on.isoformat(), observed.currency, plain(observed.amount))
    return Stated(observed.place, record.reading, (ENTRY, entry_id), shown)


def statement_stated(record: IdentifiedRecord, observed: ObservedBankStatement, said: BankStatementObserved) -> Stated:
    """What the end of a statement states: its balances."""
    closing = observed.part.closing
    shown = Shown(said.to_on, said.currency, None if closing is None else plain(closing))
    thing = (STATEMENT, said.bank_account, said.number, said.part or "")
    return Stated(observed.place, record.reading, thing, shown)


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
