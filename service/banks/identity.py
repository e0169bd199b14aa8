"""What tells a bank's entries apart: the digest of what each says, made with the account's key; and what a record states.

The digest tells nothing without the key. It is no id: equal entries have the same one (`events/banking/observe.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from events.banking.events import BankStatementObserved
from events.canonical import canonical, check_content
from events.currency import AMOUNT_MAX
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.amounts import in_minor_units, plain
from service.formats.unreadable import Unreadable
from service.imports.stated import Shown, Stated
from service.ledger.vault import AccountKey

ENTRY, STATEMENT = "entry", "bank_statement"
_REFERENCE_MAX = 200
_NUMBER_MAX = 200
_NOT_READ = frozenset({"bank_account", "place", "raw", "group"})
_YEARS = range(1970, 2200)
"""A day outside of these years is a mistake. Days at the ends of the calendar cannot be added to."""


@dataclass(frozen=True, slots=True)
class IdentifiedRecord:
    """One observation, with what only the account's key can make. `origin` says in which file it stood, and where."""

    observed: BankObservation
    origin: str
    bank_account: str = ""
    """The keyed digest of the bank account's number."""
    number: str = field(default="", repr=False)
    """The number itself, which is sealed before it is stored."""
    content: str = ""
    reading: str = ""
    """The keyed digest of all that was read in it."""
    older_ids: tuple[str, ...] = ()
    """The ids that the entry may have had when a reference was taken for its identity."""


def bank_account_digest(key: AccountKey, number: str) -> str:
    """The keyed digest of a bank account's number, without its spaces. Without the key, no number can be tried out."""
    plain = "".join(each for each in number.upper() if each.isalnum())
    return key.digest(b"bank account\n" + plain.encode())[:32]


def content_digest(key: AccountKey, bank_account: str, entry: ObservedEntry) -> str:
    """The keyed digest of what tells the entry from others.

    With a reference of the bank's own, the amount and the day: another format has other texts for the same entry.
    Without one, all that it says.
    """
    told = [bank_account, entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    if entry.reference is not None:
        return key.digest(b"bank entry content" + canonical(["reference", *told, entry.reference]))[:32]
    return key.digest(b"bank entry content" + canonical(["text", *told, *_texts(entry)]))[:32]


def reading_digest(key: AccountKey, bank_account: str, observed: ObservedEntry | ObservedBankStatement) -> str:
    """The keyed digest of all that was read in a record: another one is another reading of it."""
    told = {each.name: getattr(observed, each.name) for each in fields(observed) if each.name not in _NOT_READ}
    return key.digest(b"bank reading" + repr([bank_account, *sorted(told.items())]).encode())[:32]


def older_ids(key: AccountKey, bank_account: str, entry: ObservedEntry, occurrence: int) -> tuple[str, ...]:
    """The ids of this entry in ledgers that took a bank's reference for an identity.

    `occurrence` counts the entries of the same content before it in the file.
    """
    content = [entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    if entry.reference is not None:
        return (
            _id(key, ["reference", bank_account, entry.reference]),
            _id(key, ["restated", bank_account, entry.reference, *content]),
        )
    return (_id(key, ["content", bank_account, *content, *_texts(entry), str(occurrence)]),)


def _texts(entry: ObservedEntry) -> list[str]:
    value_on = entry.value_on.isoformat() if entry.value_on else ""
    return [value_on, entry.remittance or "", entry.counterparty or "", *entry.references]


def _id(key: AccountKey, parts: list[str]) -> str:
    return f"ben_{key.digest(b'bank entry' + canonical(parts))[:32]}"


def checked(observed: BankObservation, exponents: dict[str, int]) -> BankObservation:
    """The observation, or why the ledger cannot store it."""
    if not isinstance(observed, ObservedEntry | ObservedBankStatement):
        return observed
    reason = _reason_against(observed, exponents)
    if reason is None:
        return observed
    return Unreadable(observed.place, reason, observed.raw if isinstance(observed, ObservedEntry) else b"")


def _reason_against(observed: ObservedEntry | ObservedBankStatement, exponents: dict[str, int]) -> str | None:
    if observed.currency not in exponents:
        return f"{observed.currency[:10]!r} is not an ISO 4217 currency code"
    exponent = exponents[observed.currency]
    texts: list[str | None]
    if isinstance(observed, ObservedEntry):
        amounts = [observed.amount, observed.balance]
        texts = [observed.remittance, observed.counterparty, observed.reference, *observed.references]
        if any(day is not None and day.year not in _YEARS for day in (observed.booked_on, observed.value_on)):
            return f"its day is not in the years {_YEARS[0]} to {_YEARS[-1]}"
        if in_minor_units(observed.amount, exponent)[0] == 0:
            return "its amount is zero: no money came or went"
        if any(len(text) > _REFERENCE_MAX for text in (observed.reference or "", *observed.references)):
            return f"a reference has {_REFERENCE_MAX} characters at most"
    else:
        amounts = [observed.part.opening, observed.part.closing]
        texts = [observed.part.number]
        if not 0 < len(observed.part.number) <= _NUMBER_MAX:
            return f"a statement's number has 1 to {_NUMBER_MAX} characters"
    if any(amount is not None and abs(in_minor_units(amount, exponent)[0]) > AMOUNT_MAX for amount in amounts):
        return "it has an amount beyond what the ledger counts to"
    try:
        check_content(texts)
    except ValueError as problem:
        return str(problem)
    return None


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
