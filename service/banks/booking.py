"""Stores the records of a bank: each one sealed, each entry an event, in one transaction. No money is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from events.account_state import AccountState
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.observe import observe_bank_statement, observe_entry
from events.canonical import canonical, check_content
from events.currency import AMOUNT_MAX
from events.envelope import Source
from events.read_set import ReadSet
from events.refusals import AccountNotFound
from events.values import Data
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.amounts import in_minor_units
from service.formats.unreadable import Unreadable
from service.imports.import_source import UNREADABLE, ObservationsUnit, Problem
from service.ledger.batch import Batch
from service.ledger.commands import Erased
from service.ledger.vault import AccountKey
from service.platform.database import storable

NEW, KNOWN, STATEMENTS = "new", "known", "statements"
PROVIDER = "bank"
_REFERENCE_MAX = 200
_NUMBER_MAX = 200
_YEARS = range(1970, 2200)
"""A day outside of these years is a mistake. Days at the ends of the calendar cannot be added to."""


@dataclass(frozen=True, slots=True)
class IdentifiedRecord:
    """One observation, with the ids that only the account's key can make. `origin` says in which file it stood, and where."""

    observed: BankObservation
    origin: str
    bank_account: str = ""
    """The keyed digest of the bank account's number."""
    number: str = field(default="", repr=False)
    """The number itself, which is sealed before it is stored."""
    entry_id: str = ""
    restated_id: str = ""


def bank_account_digest(key: AccountKey, number: str) -> str:
    """The keyed digest of a bank account's number, without its spaces. Without the key, no number can be tried out."""
    plain = "".join(each for each in number.upper() if each.isalnum())
    return key.digest(b"bank account\n" + plain.encode())[:32]


def entry_ids(key: AccountKey, bank_account: str, entry: ObservedEntry, occurrence: int) -> tuple[str, str]:
    """The entry's id, and the id that it gets where another content has its reference already.

    Without a reference, the id follows from the content, and from `occurrence`: how many equal entries came before in the
    file.
    """
    content = [entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    if entry.reference is not None:
        return (
            _id(key, ["reference", bank_account, entry.reference]),
            _id(key, ["restated", bank_account, entry.reference, *content]),
        )
    entry_id = _id(key, ["content", bank_account, *content, *content_of(entry)[3:], str(occurrence)])
    return entry_id, entry_id


def content_of(entry: ObservedEntry) -> list[str]:
    """All that an entry says. Two entries of one file with equal content are told apart by their order."""
    value_on = entry.value_on.isoformat() if entry.value_on else ""
    content = [entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    return [*content, value_on, entry.remittance or "", entry.counterparty or "", *entry.references]


def _id(key: AccountKey, parts: list[str]) -> str:
    return f"ben_{key.digest(b'bank entry' + canonical(parts))[:32]}"


def checked(observed: BankObservation, exponents: dict[str, int]) -> BankObservation:
    """The observation, or why the ledger cannot store it."""
    if isinstance(observed, Unreadable):
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
        amounts = [observed.amount]
        texts = [observed.remittance, observed.counterparty, observed.reference, *observed.references]
        if any(day is not None and day.year not in _YEARS for day in (observed.booked_on, observed.value_on)):
            return f"its day is not in the years {_YEARS[0]} to {_YEARS[-1]}"
        if in_minor_units(observed.amount, exponent)[0] == 0:
            return "its amount is zero: no money came or went"
        if any(len(text) > _REFERENCE_MAX for text in (observed.reference or "", *observed.references)):
            return f"a reference has {_REFERENCE_MAX} characters at most"
    else:
        amounts = [amount for amount in (observed.opening, observed.closing, observed.moved) if amount is not None]
        texts = [observed.number]
        if not 0 < len(observed.number) <= _NUMBER_MAX:
            return f"a statement's number has 1 to {_NUMBER_MAX} characters"
    if any(abs(in_minor_units(amount, exponent)[0]) > AMOUNT_MAX for amount in amounts):
        return "it has an amount beyond what the ledger counts to"
    try:
        check_content(texts)
    except ValueError as problem:
        return str(problem)
    return None


@dataclass(slots=True, kw_only=True)
class BankUnit(ObservationsUnit[IdentifiedRecord]):
    """Records of one file of a bank."""

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for record in self.records:
            if isinstance(record.observed, ObservedEntry):
                read_set.bank_entries.update((self.account_id, each) for each in (record.entry_id, record.restated_id))
            elif isinstance(record.observed, ObservedBankStatement):
                read_set.bank_statements.add((self.account_id, record.bank_account, record.observed.number))

    def counts(self, outcomes: Sequence[str]) -> Mapping[str, int]:
        counts = Counter(outcomes)
        return {"read": len(outcomes) - counts[STATEMENTS], **counts}

    def problems(self, first: int) -> list[Problem]:
        return [
            Problem(record.observed.place, record.observed.reason, number)
            for number, record in enumerate(self.records, first)
            if isinstance(record.observed, Unreadable)
        ]

    def decide(self, batch: Batch) -> list[str]:
        state = batch.state(self.account_id)
        if state.account is None or state.account.mode != self.origin.mode:
            raise AccountNotFound(self.account_id)
        key = batch.keys.get(self.account_id)
        if key is None:
            raise Erased
        return [self._ingest(record, state, key, batch) for record in self.records]

    def _ingest(self, record: IdentifiedRecord, state: AccountState, key: AccountKey, batch: Batch) -> str:
        observed = record.observed
        if isinstance(observed, ObservedBankStatement):
            for statement in observe_bank_statement(self._statement(record, observed, key), state):
                batch.record(state, statement, self.cause(Source(PROVIDER, observed.number)))
            return STATEMENTS
        digest = key.digest(observed.raw)
        if isinstance(observed, Unreadable):
            self._keep(record, observed.raw, digest, UNREADABLE, observed.reason, key, batch)
            return UNREADABLE
        events = observe_entry(self._entry(record, observed, key, digest), record.restated_id, state)
        for entry in events:
            happened_at = min(f"{observed.booked_on.isoformat()}T00:00:00.000000Z", batch.now)
            source = Source(PROVIDER, record.entry_id, digest)
            batch.record(state, entry, self.cause(source), effective_at=happened_at)
        if events:
            self._keep(record, observed.raw, digest, "accepted", None, key, batch)
        return NEW if events else KNOWN

    def _entry(
        self, record: IdentifiedRecord, observed: ObservedEntry, key: AccountKey, digest: str
    ) -> BankEntryObserved:
        exponent = self.exponents[observed.currency]
        amount, remainder = in_minor_units(observed.amount, exponent)
        findings: list[Data] = []
        if remainder:
            whole = observed.amount - remainder
            findings.append(_finding("amount_fits_the_minor_unit", whole, observed.amount))
        return BankEntryObserved(
            entry_id=record.entry_id,
            bank_account=record.bank_account,
            currency=observed.currency,
            amount=amount,
            booked_on=observed.booked_on.isoformat(),
            references=list(observed.references),
            reversal=observed.reversal,
            source=observed.source,
            findings=findings,
            digest=digest,
            value_on=observed.value_on.isoformat() if observed.value_on else None,
            reference=observed.reference,
            remittance=key.seal("remittance", observed.remittance) if observed.remittance else None,
            counterparty=key.seal("counterparty", observed.counterparty) if observed.counterparty else None,
        )

    def _statement(
        self, record: IdentifiedRecord, observed: ObservedBankStatement, key: AccountKey
    ) -> BankStatementObserved:
        exponent = self.exponents[observed.currency]

        def minor(amount: Decimal | None) -> int | None:
            return None if amount is None else in_minor_units(amount, exponent)[0]

        findings: list[Data] = []
        if observed.opening is not None and observed.closing is not None:
            expected = observed.opening + observed.moved
            if expected != observed.closing:
                findings.append(_finding("closing_is_opening_and_entries", expected, observed.closing))
        return BankStatementObserved(
            bank_account=record.bank_account,
            bank_account_number=key.seal("bankAccountNumber", record.number),
            number=observed.number,
            currency=observed.currency,
            moved=minor(observed.moved) or 0,
            entries_count=observed.entries_count,
            source=observed.source,
            findings=findings,
            opening=minor(observed.opening),
            closing=minor(observed.closing),
            from_on=_iso(observed.from_on),
            to_on=_iso(observed.to_on),
        )

    def _keep(
        self,
        record: IdentifiedRecord,
        raw: bytes,
        digest: str,
        verdict: str,
        reason: str | None,
        key: AccountKey,
        batch: Batch,
    ) -> None:
        """Keeps the record as it stood: what the event was made of, or what could not be read."""
        batch.keep_delivery(
            self.account_id,
            key,
            raw,
            provider=PROVIDER,
            digest=digest,
            received_at=self.received_at,
            verdict=verdict,
            origin=storable(record.origin),
            event_id=record.entry_id or None,
            reason=storable(reason) if reason else None,
        )


def _finding(rule: str, expected: Decimal, actual: Decimal) -> Data:
    return {
        "rule": rule,
        "expected": format(expected, "f"),
        "actual": format(actual, "f"),
        "difference": format(actual - expected, "f"),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
