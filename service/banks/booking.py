"""Takes what a bank's file says into a lane: each record sealed, each entry a fact, in one transaction. No money moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from events.account_state import AccountState
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.observe import observe_bank_statement, observe_entry
from events.canonical import canonical, check_content
from events.chain import Source
from events.currency import AMOUNT_MAX
from events.read_set import ReadSet
from events.refusals import AccountNotFound
from events.values import Data
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.unreadable import Unreadable
from service.ledger.batch import Batch
from service.ledger.commands import Erased
from service.ledger.ingestion import ObservationsUnit
from service.ledger.raw_archive import keep, storable
from service.ledger.vault import AccountKey
from service.marketplaces.consistency_checks import in_minor_units

NEW, KNOWN, UNREADABLE, STATEMENT = "new", "known", "unreadable", "statement"
PROVIDER = "bank"
_REFERENCE_MAX = 200
_NUMBER_MAX = 200
_YEARS = range(1970, 2200)
"""A day outside of them is a mistake, and those at the calendar's ends cannot be reckoned with."""


@dataclass(frozen=True, slots=True)
class Identified:
    """One observation, with the ids that only the account's key can make."""

    observed: BankObservation
    origin: str
    bank_account: str = ""
    """The keyed digest of the bank account's number."""
    number: str = field(default="", repr=False)
    """The number itself, as it is to be sealed."""
    entry_id: str = ""
    restated_id: str = ""


def bank_account_digest(key: AccountKey, number: str) -> str:
    """The same for a bank account however its number is spaced; nobody without the key can guess at it."""
    plain = "".join(each for each in number.upper() if each.isalnum())
    return key.digest(b"bank account\n" + plain.encode())[:32]


def entry_ids(key: AccountKey, bank_account: str, entry: ObservedEntry, occurrence: int) -> tuple[str, str]:
    """The entry's id, and the one it has where its reference is taken by an entry that says otherwise.

    Without a reference, an entry is its content and its place among equal ones of the file.
    """
    said = [entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    if entry.reference is not None:
        return (
            _id(key, ["reference", bank_account, entry.reference]),
            _id(key, ["restated", bank_account, entry.reference, *said]),
        )
    content = _id(key, ["content", bank_account, *said, *content_of(entry)[3:], str(occurrence)])
    return content, content


def content_of(entry: ObservedEntry) -> list[str]:
    """What two rows of one file have in common that only their order tells apart."""
    value_on = entry.value_on.isoformat() if entry.value_on else ""
    said = [entry.currency, str(entry.amount.normalize()), entry.booked_on.isoformat()]
    return [*said, value_on, entry.remittance or "", entry.counterparty or "", *entry.references]


def _id(key: AccountKey, parts: list[str]) -> str:
    return f"ben_{key.digest(b'bank entry' + canonical(parts))[:32]}"


def checked(observed: BankObservation, exponents: dict[str, int]) -> BankObservation:
    """The observation, or why the ledger cannot hold it."""
    if isinstance(observed, Unreadable):
        return observed
    reason = _wrong_with(observed, exponents)
    if reason is None:
        return observed
    return Unreadable(observed.place, reason, observed.raw if isinstance(observed, ObservedEntry) else b"")


def _wrong_with(observed: ObservedEntry | ObservedBankStatement, exponents: dict[str, int]) -> str | None:
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
class BankUnit(ObservationsUnit[Identified]):
    """Observations of one file of a bank's."""

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for arrival in self.arrivals:
            if isinstance(arrival.observed, ObservedEntry):
                read_set.bank_entries.update(
                    (self.account_id, each) for each in (arrival.entry_id, arrival.restated_id)
                )
            elif isinstance(arrival.observed, ObservedBankStatement):
                read_set.bank_statements.add((self.account_id, arrival.bank_account, arrival.observed.number))

    def decide(self, batch: Batch) -> list[str]:
        state = batch.state(self.account_id)
        if state.account is None or state.account.mode != self.origin.mode:
            raise AccountNotFound(self.account_id)
        key = batch.keys.get(self.account_id)
        if key is None:
            raise Erased
        return [self._take_in(arrival, state, key, batch) for arrival in self.arrivals]

    def _take_in(self, arrival: Identified, state: AccountState, key: AccountKey, batch: Batch) -> str:
        observed = arrival.observed
        if isinstance(observed, ObservedBankStatement):
            made = observe_bank_statement(self._statement(arrival, observed, key), state)
            for statement in made:
                batch.record(state, statement, self.cause(Source(PROVIDER, observed.number)))
            return STATEMENT
        digest = key.digest(observed.raw)
        if isinstance(observed, Unreadable):
            self._keep(arrival, observed.raw, digest, UNREADABLE, observed.reason, key, batch)
            return UNREADABLE
        made = observe_entry(self._entry(arrival, observed, key, digest), arrival.restated_id, state)
        for entry in made:
            happened = min(f"{observed.booked_on.isoformat()}T00:00:00.000000Z", batch.now)
            source = Source(PROVIDER, arrival.entry_id, digest)
            batch.record(state, entry, self.cause(source), effective_at=happened)
        if made:
            self._keep(arrival, observed.raw, digest, "accepted", None, key, batch)
        return NEW if made else KNOWN

    def _entry(self, arrival: Identified, observed: ObservedEntry, key: AccountKey, digest: str) -> BankEntryObserved:
        exponent = self.exponents[observed.currency]
        amount, rest = in_minor_units(observed.amount, exponent)
        findings: list[Data] = []
        if rest:
            whole = observed.amount - rest
            findings.append(_finding("amount_fits_the_minor_unit", whole, observed.amount))
        return BankEntryObserved(
            entry_id=arrival.entry_id,
            bank_account=arrival.bank_account,
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
        self, arrival: Identified, observed: ObservedBankStatement, key: AccountKey
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
            bank_account=arrival.bank_account,
            bank_account_number=key.seal("bankAccountNumber", arrival.number),
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
        arrival: Identified,
        raw: bytes,
        digest: str,
        verdict: str,
        reason: str | None,
        key: AccountKey,
        batch: Batch,
    ) -> None:
        """The record as it stood: what the fact was made of, or what nobody could read."""
        keep(
            batch,
            key,
            account_id=self.account_id,
            provider=PROVIDER,
            raw=raw,
            digest=digest,
            received_at=self.received_at,
            verdict=verdict,
            origin=storable(arrival.origin),
            event_id=arrival.entry_id or None,
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
