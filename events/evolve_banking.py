"""What each fact about a bank does to an account's books: entries, the statements they stood in, and matches."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events import facts
from events.books import Books
from events.books.banking import BankEntry, BankStatement, Match
from events.instants import Instant

BankFact = facts.BankEntryObserved | facts.BankStatementObserved | facts.MatchMade | facts.MatchUnmade


def move_bank(books: Books, fact: BankFact, at: Instant, position: int) -> None:
    """Folds one fact about a bank into the books. None of them moves the account's money."""
    match fact:
        case facts.BankEntryObserved():
            books.bank_entries[fact.entry_id] = BankEntry(
                bank_account=fact.bank_account,
                currency=fact.currency,
                amount=fact.amount,
                booked_on=fact.booked_on,
                value_on=fact.value_on,
                reference=fact.reference,
                references=fact.references,
                remittance=fact.remittance,
                counterparty=fact.counterparty,
                reversal=fact.reversal,
                source=fact.source,
                findings=fact.findings,
                digest=fact.digest,
                position=position,
            )
        case facts.BankStatementObserved():
            key = (fact.bank_account, fact.number)
            known = books.bank_statements.get(key)
            books.bank_statements[key] = BankStatement(
                bank_account_number=fact.bank_account_number,
                currency=fact.currency,
                from_on=fact.from_on,
                to_on=fact.to_on,
                opening=fact.opening,
                closing=fact.closing,
                moved=fact.moved,
                entries_count=fact.entries_count,
                source=fact.source,
                findings=fact.findings,
                first_position=known.first_position if known else position,
                position=position,
            )
        case facts.MatchMade():
            books.matches[fact.match_id] = Match(
                entry_id=fact.entry_id,
                currency=fact.currency,
                targets=fact.targets,
                reason=fact.reason,
                made_by=fact.made_by,
                made_at=at,
                position=position,
            )
            _claim(books, fact.entry_id, sum(target["amount"] for target in fact.targets))
        case facts.MatchUnmade():
            match = books.matches[fact.match_id]
            books.matches[fact.match_id] = replace(
                match, unmade_at=at, unmade_by=fact.unmade_by, unmade_reason=fact.reason
            )
            _claim(books, match.entry_id, -sum(target["amount"] for target in match.targets))
        case _:
            assert_never(fact)


def _claim(books: Books, entry_id: str, amount: int) -> None:
    entry = books.bank_entries[entry_id]
    books.bank_entries[entry_id] = replace(entry, claimed=entry.claimed + amount)
