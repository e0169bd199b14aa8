"""What a bank's statements do to an account: each entry is kept once, and no money moves because of it.

An entry is the bank's word of money that came (positive) or went (negative). A bank gives one reference to a payment,
its fee and its tax, so no reference is an identity. Entries with the same content are several real ones where

    one file has them side by side: each row of a file is an entry of its own,
    they stand in two statements, or pages of one, that cannot hold the same entry,
    or the account's balance after them differs.

In all other cases the same content in another file is the same entry, seen once more.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from hashlib import sha256

from events.account_state import AccountState, replace
from events.banking.events import BankEntryDetailed, BankEntryObserved, BankStatementObserved
from events.banking.state import BankEntry, BankStatement
from events.catalog import AnyEvent
from events.values import Data

REFERENCES_MAX = 50
"""The most references of an entry that are kept."""


def observe_entry(
    observed: BankEntryObserved, older_ids: Collection[str], taken: Collection[str], state: AccountState
) -> tuple[str, Sequence[AnyEvent]]:
    """The entry's id, and the events that follow; none where it is known, and nothing new is said of it. Never refuses.

    `observed` comes without an id. `older_ids` are the ids that an entry of this content may have had before entries
    had a content; `taken` the entries that other rows of the same file are.
    """
    known = [
        (entry_id, entry)
        for entry_id, entry in state.bank_entries.items()
        if entry_id not in taken and _may_be_the_same(entry_id, entry, observed, older_ids)
    ]
    if known:
        entry_id, entry = min(known, key=lambda each: _rank(each[1], observed))
        return entry_id, _details(entry_id, entry, observed)
    entry_id = _free_id(observed.content, state)
    findings = [*observed.findings, *_restated(observed, state)]
    return entry_id, [replace(observed, entry_id=entry_id, findings=findings)]


def _free_id(content: str | None, state: AccountState) -> str:
    """The first id of this content that no entry has: one of several equal entries may have been withdrawn."""
    ids = (f"ben_{sha256(f'{content}/{number}'.encode()).hexdigest()[:32]}" for number in itertools.count())
    return next(each for each in ids if each not in state.bank_entries)


def _may_be_the_same(entry_id: str, entry: BankEntry, observed: BankEntryObserved, older_ids: Collection[str]) -> bool:
    if entry.content is None:
        said = (entry.currency, entry.amount, entry.booked_on)
        return entry_id in older_ids and said == (observed.currency, observed.amount, observed.booked_on)
    if entry.content != observed.content:
        return False
    if entry.balance is not None and observed.balance is not None and entry.balance != observed.balance:
        return False
    apart = entry.source == observed.source and cannot_share(entry.statement, observed.statement)
    return not apart


def _rank(entry: BankEntry, observed: BankEntryObserved) -> tuple[bool, bool, bool, int]:
    """Which of several equal entries a row is: one of the same balance, statement and references before any other."""
    return (
        entry.balance != observed.balance,
        entry.statement != observed.statement,
        entry.references != observed.references,
        entry.position,
    )


def cannot_share(one: Data | None, other: Data | None) -> bool:
    """Whether two statements of one bank account are apart, so that an entry stands in one of them at most.

    They are where they are two pages of one number, where their periods do not meet, and where one begins with the
    balance that the other ended with. The same statement again, and one that covers the other, are not.
    """
    if one is None or other is None or one == other:
        return False
    period, other_period = _period(one), _period(other)
    if one.get("number") == other.get("number"):
        pages = one.get("page"), other.get("page")
        if None not in pages and pages[0] != pages[1]:
            return True
        if one.get("opening") != other.get("opening") and _follows(one, other):
            # Pages of one number, each with the days of its own entries.
            return True
    if period is not None and other_period is not None:
        if period[1] < other_period[0] or other_period[1] < period[0]:
            return True
        if period != other_period and (_covers(period, other_period) or _covers(other_period, period)):
            return False
    return _balances_tell(one, other)


def _period(statement: Data) -> tuple[str, str] | None:
    first, last = statement.get("from"), statement.get("to")
    return None if first is None or last is None else (first, last)


def _covers(period: tuple[str, str], other: tuple[str, str]) -> bool:
    return period[0] <= other[0] and other[1] <= period[1]


def _follows(one: Data, other: Data) -> bool:
    """Whether one of them begins with the balance that the other ended with."""
    ends = (one.get("closing"), other.get("opening")), (other.get("closing"), one.get("opening"))
    return any(closing is not None and closing == opening for closing, opening in ends)


def _balances_tell(one: Data, other: Data) -> bool:
    opening, closing = one.get("opening"), one.get("closing")
    other_opening, other_closing = other.get("opening"), other.get("closing")
    if None in (opening, closing, other_opening, other_closing):
        return False
    if (opening, closing) == (other_opening, other_closing):
        return False
    return _follows(one, other) or bool(opening != other_opening and closing != other_closing)


def explained_entry(
    observed: BankEntryObserved, taken: Collection[str], state: AccountState
) -> tuple[str, Sequence[AnyEvent]] | None:
    """The entry that a notification explains, and the events that follow; None where no statement had it yet.

    It is the entry of the same content, or one of the same direction that has one of the references: a notification
    may name each payment of a batch that the statement books as one sum.
    """
    names = {name for name in (observed.reference, *observed.references) if name is not None}
    found = [
        (entry.content != observed.content, entry.position, entry_id)
        for entry_id, entry in state.bank_entries.items()
        if (entry.bank_account, entry.currency) == (observed.bank_account, observed.currency)
        and (
            (entry.content == observed.content and entry_id not in taken)
            or (
                not names.isdisjoint((entry.reference, *entry.references))
                and (entry.amount > 0) == (observed.amount > 0)
                and abs(entry.amount) >= abs(observed.amount)
            )
        )
    ]
    if not found:
        return None
    _, _, entry_id = min(found)
    return entry_id, _details(entry_id, state.bank_entries[entry_id], observed)


def _details(entry_id: str, entry: BankEntry, observed: BankEntryObserved) -> Sequence[AnyEvent]:
    """What the record says of a known entry, and the ledger does not know: references only, or a first text."""
    room = REFERENCES_MAX - len(entry.references)
    known = {entry.reference, *entry.references}
    references = [name for name in observed.references if name not in known][: max(0, room)]
    remittance = observed.remittance if entry.remittance is None else None
    counterparty = observed.counterparty if entry.counterparty is None else None
    if not references and remittance is None and counterparty is None:
        return []
    return [
        BankEntryDetailed(
            entry_id=entry_id,
            references=references,
            source=observed.source,
            digest=observed.digest,
            remittance=remittance,
            counterparty=counterparty,
        )
    ]


def _restated(observed: BankEntryObserved, state: AccountState) -> list[Data]:
    """A finding where the bank's reference stood in a file before, with another amount or day.

    In one statement, or in statements that are apart, it is usual: the fee of a payment has the payment's reference.
    """
    if observed.reference is None:
        return []
    others = [
        entry
        for entry in state.bank_entries.values()
        if (entry.bank_account, entry.reference) == (observed.bank_account, observed.reference)
        and (entry.currency, entry.amount, entry.booked_on) != (observed.currency, observed.amount, observed.booked_on)
    ]
    if not others or any(_stood_together(entry, observed) for entry in others):
        return []
    before = min(others, key=lambda entry: entry.position)
    return [
        {
            "rule": "bank_reference_is_unique",
            "expected": f"{before.booked_on} {before.amount}",
            "actual": f"{observed.booked_on} {observed.amount}",
            "difference": str(observed.amount - before.amount),
        }
    ]


def _stood_together(entry: BankEntry, observed: BankEntryObserved) -> bool:
    if entry.statement is None or observed.statement is None:
        return entry.booked_on == observed.booked_on and entry.amount != observed.amount
    return entry.statement == observed.statement or cannot_share(entry.statement, observed.statement)


def observe_bank_statement(observed: BankStatementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The event that follows from a statement's balances; none where the same, or something newer, is known."""
    observed = _as_known_before(observed, state)
    known = state.bank_statements.get((observed.bank_account, observed.number, observed.part or ""))
    if known is None:
        return [observed]
    if _says_the_same(known, observed):
        return []
    if known.made_at is not None and observed.made_at is not None and observed.made_at < known.made_at:
        return []
    return [observed]


def _as_known_before(observed: BankStatementObserved, state: AccountState) -> BankStatementObserved:
    """The statement under the part that it was first known by: before there were parts, it was none."""
    key = (observed.bank_account, observed.number, observed.part or "")
    older = state.bank_statements.get((observed.bank_account, observed.number, ""))
    if key in state.bank_statements or older is None or older.made_at is not None:
        return observed
    periods = (older.from_on, older.to_on) == (observed.from_on, observed.to_on)
    return replace(observed, part=None) if periods and older.opening == observed.opening else observed


def _says_the_same(known: BankStatement, observed: BankStatementObserved) -> bool:
    before = (known.currency, known.opening, known.closing, known.moved, known.entries_count, known.findings)
    return before == (
        observed.currency,
        observed.opening,
        observed.closing,
        observed.moved,
        observed.entries_count,
        observed.findings,
    )
