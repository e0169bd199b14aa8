"""Stores the records of a bank: each one sealed, each entry an event, in one transaction. No money is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from events.account_state import AccountState
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.observe import explained_entry, observe_bank_statement, observe_entry
from events.catalog import AnyEvent
from events.envelope import Source
from events.read_set import ReadSet
from events.refusals import AccountNotFound
from events.values import Data
from service.banks.identity import IdentifiedRecord, entry_stated, statement_stated
from service.banks.observations import ObservedBankStatement, ObservedEntry, StatementPart
from service.banks.withdraw_records import add_reads_of, withdrawn
from service.formats.amounts import in_minor_units, plain
from service.formats.file_remarks import LeftOut, Note, StatedTotal, UnusedHeadings
from service.formats.unreadable import Unreadable
from service.imports.import_source import UNREADABLE, ObservationsUnit, Problem
from service.imports.receipt import Receipt
from service.imports.stated import Withdrawal
from service.ledger.batch import Batch
from service.ledger.commands import Erased
from service.ledger.vault import AccountKey
from service.platform.database import storable

NEW, KNOWN, STATEMENTS, LEFT_OUT, REMARK = "new", "known", "statements", "leftOut", "remark"
PROVIDER = "bank"
NOT_IN_A_STATEMENT = "a notification of what no imported statement has: import the statement, then this file again"


@dataclass(slots=True, kw_only=True)
class BankUnit(ObservationsUnit[IdentifiedRecord]):
    """Records of one file of a bank.

    `claimed` has the entries that rows of the file are, those before these records too: each row is an entry of its own.
    """

    claimed: set[str]
    problem_ids: list[str] = field(default_factory=list)
    """The ids of the deliveries that the unreadable records are kept as, in their order."""
    _claims: list[str] = field(init=False, default_factory=list)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        for withdrawal in self.withdrawals:
            add_reads_of(withdrawal, self.account_id, read_set)
        for record in self.records:
            observed = record.observed
            if isinstance(observed, ObservedEntry):
                read_set.bank_contents.add((self.account_id, record.content))
                read_set.bank_entries.update((self.account_id, each) for each in record.older_ids)
                names = [observed.reference, *(observed.references if observed.explains else ())]
                read_set.bank_references.update((self.account_id, name) for name in names if name is not None)
            elif isinstance(observed, ObservedBankStatement):
                read_set.bank_statements.add((self.account_id, record.bank_account, observed.part.number))

    def forget(self) -> None:
        self.claimed.difference_update(self._claims)
        self._claims = []

    def counts(self, outcomes: Sequence[str]) -> Mapping[str, int]:
        counts = Counter(outcomes)
        return {"read": len(outcomes) - counts[STATEMENTS] - counts[REMARK], **counts}

    def problems(self, first: int) -> list[Problem]:
        unreadable = [
            (number, record.observed)
            for number, record in enumerate(self.records, first)
            if isinstance(record.observed, Unreadable)
        ]
        return [
            Problem(storable(observed.place), storable(observed.reason), number, delivery_id)
            for (number, observed), delivery_id in zip(unreadable, self.problem_ids, strict=True)
        ]

    def decide(self, batch: Batch) -> list[str]:
        # A unit may be decided again, on a newer state.
        self.forget()
        self.problem_ids, self.receipt, self.stated = [], Receipt(), []
        state = batch.state(self.account_id)
        if state.account is None or state.account.mode != self.origin.mode:
            raise AccountNotFound(self.account_id)
        key = batch.keys.get(self.account_id)
        if key is None:
            raise Erased
        self.withdraw(state, batch)
        return [self._ingest(record, state, key, batch) for record in self.records]

    def withdrawn(self, withdrawal: Withdrawal, state: AccountState) -> tuple[Source, Sequence[AnyEvent]]:
        actor = f"{self.origin.actor.kind}:{self.origin.actor.id}"
        return Source(PROVIDER, withdrawal.stated.thing[1]), withdrawn(withdrawal, actor, state)

    def _ingest(self, record: IdentifiedRecord, state: AccountState, key: AccountKey, batch: Batch) -> str:
        observed = record.observed
        if isinstance(observed, ObservedEntry | ObservedBankStatement):
            observed = self.left_as_it_was(observed.place) or observed
        match observed:
            case LeftOut():
                self.receipt.remark(observed)
                return LEFT_OUT
            case StatedTotal() | UnusedHeadings() | Note():
                self.receipt.remark(observed)
                return REMARK
            case ObservedBankStatement():
                self.receipt.items += 1
                said = self._statement(record, observed, key)
                self.stated.append(statement_stated(record, observed, said))
                for statement in observe_bank_statement(said, state):
                    batch.record(state, statement, self.cause(Source(PROVIDER, observed.part.number)))
                    if isinstance(statement, BankStatementObserved):
                        self.receipt.find(statement.findings)
                return STATEMENTS
            case Unreadable():
                self.receipt.count_unreadable()
                digest = key.digest(observed.raw)
                self.problem_ids.append(
                    self._keep(record, observed.raw, digest, UNREADABLE, observed.reason, key, batch)
                )
                return UNREADABLE
        return self._entry(record, observed, state, key, batch)

    def _entry(
        self,
        record: IdentifiedRecord,
        observed: ObservedEntry,
        state: AccountState,
        key: AccountKey,
        batch: Batch,
    ) -> str:
        digest = key.digest(observed.raw)
        event = self._observed(record, observed, key, digest)
        if observed.explains and (explained := explained_entry(event, self.claimed, state)) is not None:
            entry_id, events = explained
        elif observed.explains:
            self.receipt.remark(LeftOut(observed.place, NOT_IN_A_STATEMENT))
            self._keep(record, observed.raw, digest, "duplicate", NOT_IN_A_STATEMENT, key, batch)
            return LEFT_OUT
        else:
            entry_id, events = observe_entry(event, record.older_ids, self.claimed, state)
        if not observed.explains:
            self.claimed.add(entry_id)
            self._claims.append(entry_id)
        booked = entry_id not in state.bank_entries
        for each in events:
            happened_at = min(f"{observed.booked_on.isoformat()}T00:00:00.000000Z", batch.now)
            source = Source(PROVIDER, entry_id, digest)
            batch.record(state, each, self.cause(source), effective_at=happened_at)
            if isinstance(each, BankEntryObserved):
                self.receipt.find(each.findings)
        if events:
            self._keep(record, observed.raw, digest, "accepted", None, key, batch, entry_id)
        self.receipt.count(booked=booked)
        if not observed.explains:
            self.stated.append(entry_stated(record, observed, entry_id))
        if not observed.explains:
            # What the ledger has, and not what the file says.
            kept = state.bank_entries[entry_id]
            exponent = self.exponents[kept.currency]
            self.receipt.keep(observed.group, kept.currency, Decimal(kept.amount).scaleb(-exponent))
        return NEW if booked else KNOWN

    def _observed(
        self, record: IdentifiedRecord, observed: ObservedEntry, key: AccountKey, digest: str
    ) -> BankEntryObserved:
        exponent = self.exponents[observed.currency]
        amount, remainder = in_minor_units(observed.amount, exponent)
        findings: list[Data] = []
        if remainder:
            whole = observed.amount - remainder
            findings.append(_finding("amount_fits_the_minor_unit", whole, observed.amount))
        return BankEntryObserved(
            entry_id="",
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
            content=record.content,
            statement=None if observed.statement is None else _part_data(observed.statement, exponent),
            balance=None if observed.balance is None else in_minor_units(observed.balance, exponent)[0],
        )

    def _statement(
        self, record: IdentifiedRecord, observed: ObservedBankStatement, key: AccountKey
    ) -> BankStatementObserved:
        part, currency = observed.part, observed.currency
        exponent = self.exponents[currency]
        so_far = Receipt()
        so_far.merge(self.before)
        so_far.merge(self.receipt)
        kept = so_far.kept_of(observed.group, currency)
        moved = kept.credits - kept.debits
        findings: list[Data] = []
        if part.opening is not None and part.closing is not None and part.opening + moved != part.closing:
            findings.append(_finding("closing_is_opening_and_entries", part.opening + moved, part.closing))
        findings += [
            {
                "rule": "entries_are_what_the_bank_states",
                "expected": total["stated"],
                "actual": total["kept"] or "",
                "difference": total["difference"],
            }
            for total in so_far.document()["totals"]
            if total["group"] == observed.group and total["name"].startswith("TxsSummry") and total["difference"]
            if Decimal(total["difference"])
        ]
        said = _part_data(part, exponent)
        made_at = observed.made_at.instant
        name: list[Any] = [said.get(each) or "" for each in ("from", "to", "page", "opening")]
        moved_minor = in_minor_units(moved, exponent)[0]
        if made_at is None:
            # Nothing says which of two different ones is newer, so each is one of its own.
            name += [said.get("closing"), moved_minor, kept.records]
        return BankStatementObserved(
            bank_account=record.bank_account,
            bank_account_number=key.seal("bankAccountNumber", record.number),
            number=part.number,
            currency=currency,
            moved=moved_minor,
            entries_count=kept.records,
            source=observed.source,
            findings=findings,
            opening=said.get("opening"),
            closing=said.get("closing"),
            from_on=said.get("from"),
            to_on=said.get("to"),
            part="/".join(map(str, name)),
            made_at=made_at,
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
        entry_id: str | None = None,
    ) -> str:
        """Keeps the record as it stood: what the event was made of, or what could not be read. The delivery's id."""
        return batch.keep_delivery(
            self.account_id,
            key,
            raw,
            provider=PROVIDER,
            digest=digest,
            received_at=self.received_at,
            verdict=verdict,
            origin=storable(record.origin),
            event_id=entry_id,
            reason=storable(reason) if reason else None,
        )


def _part_data(part: StatementPart, exponent: int) -> Data:
    """The statement as an event has it; what is not known is left out. Amounts are minor units."""
    said: dict[str, Any] = {
        "number": part.number,
        "page": part.page,
        "from": _iso(part.from_on),
        "to": _iso(part.to_on),
        "opening": None if part.opening is None else in_minor_units(part.opening, exponent)[0],
        "closing": None if part.closing is None else in_minor_units(part.closing, exponent)[0],
    }
    return {name: found for name, found in said.items() if found is not None}


def _finding(rule: str, expected: Decimal, actual: Decimal) -> Data:
    return {
        "rule": rule,
        "expected": plain(expected),
        "actual": plain(actual),
        "difference": plain(actual - expected),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
