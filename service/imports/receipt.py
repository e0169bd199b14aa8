"""The receipt of an import: what became of each record, and what was kept against the file's own totals.

    read = booked + known + left out + unreadable

A receipt closes where this holds, and every total that the file states is what was kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from service.formats.amounts import plain
from service.formats.file_remarks import LeftOut, Note, Remark, StatedTotal, TotalOf, UnusedHeadings
from service.platform.documents import Count, one_of

ZERO = Decimal(0)
TOTALS_MAX = 1000
"""The most totals that a receipt shows. Those that do not agree come first."""


class LeftOutDocument(TypedDict):
    """Records that are understood, and are no money to book."""

    reason: str
    records: Count


class ReceiptFindingDocument(TypedDict):
    """Records that do not keep a rule. Each says more where it is shown: in its statement, settlement or bank entry."""

    rule: str
    records: Count


class ReceiptTotalDocument(TypedDict):
    """A total that the file states, against what was kept of its records. Amounts are in major units."""

    name: Annotated[str, Field(description="The file's own name of it.")]
    group: Annotated[str, Field(description="The statement or sheet that it adds up; empty for the whole file.")]
    of: Annotated[str, one_of(*TotalOf)]
    currency: str | None
    stated: str
    kept: Annotated[str | None, Field(description="Null where the file has none of these records: not checked.")]
    leftOut: Annotated[str, Field(description="What the total has of records that are left out, such as pending ones.")]
    difference: Annotated[str | None, Field(description="Stated less kept and left out; null where not checked.")]


class ReceiptDocument(TypedDict):
    """What became of the records of a file: read = booked + known + left out + unreadable."""

    read: Count
    booked: Count
    known: Annotated[Count, Field(description="Imported before, and nothing new is said of them.")]
    leftOut: list[LeftOutDocument]
    unreadable: Count
    closes: Annotated[
        bool, Field(description="Every record is accounted for, and every stated total is what was kept.")
    ]
    totals: list[ReceiptTotalDocument]
    findings: Annotated[list[ReceiptFindingDocument], Field(description="Of what this import booked.")]
    unusedHeadings: Annotated[list[str], Field(description="Headings of tables that no cell was read by.")]
    notes: Annotated[list[str], Field(description="What whoever imports should know.")]


@dataclass(slots=True)
class Sums:
    """What records add up to, in major units. Debits have no sign."""

    credits: Decimal = ZERO
    debits: Decimal = ZERO
    records: int = 0

    def add(self, amount: Decimal, records: int = 1) -> None:
        if amount > 0:
            self.credits += amount * records
        else:
            self.debits -= amount * records
        self.records += records

    def merge(self, other: Sums) -> None:
        self.credits += other.credits
        self.debits += other.debits
        self.records += other.records

    def total(self, of: TotalOf) -> Decimal:
        """What they add up to, as a stated total does."""
        match of:
            case TotalOf.AMOUNTS:
                return self.credits - self.debits
            case TotalOf.TURNOVER:
                return self.credits + self.debits
            case TotalOf.CREDITS:
                return self.credits
            case TotalOf.DEBITS:
                return self.debits
            case TotalOf.RECORDS:
                return Decimal(self.records)


Place = tuple[str, str]
"""(group, currency)."""


@dataclass(slots=True)
class Receipt:
    """The receipt of the records so far. Those of the parts of a file are put together with `merge`."""

    items: int = 0
    """All that the reader gave, remarks included: an interrupted import goes on after so many."""
    read: int = 0
    booked: int = 0
    known: int = 0
    unreadable: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    kept: dict[Place, Sums] = field(default_factory=dict)
    pending: dict[Place, Sums] = field(default_factory=dict)
    """What was left out with an amount: a file's totals may have it."""
    stated: list[StatedTotal] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    """By rule: how many of the recorded events have such a finding."""
    unused_headings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, *, booked: bool) -> None:
        """One record that is in the ledger: `booked` by this import, or known before."""
        self.items += 1
        self.read += 1
        if booked:
            self.booked += 1
        else:
            self.known += 1

    def find(self, findings: Iterable[Mapping[str, Any]]) -> None:
        """Counts the findings of one event, each rule once."""
        for rule in {found["rule"] for found in findings}:
            self.findings[rule] += 1

    def count_unreadable(self) -> None:
        self.items += 1
        self.read += 1
        self.unreadable += 1

    def keep(self, group: str, currency: str, amount: Decimal) -> None:
        """An amount that the ledger has of this file, in major units. It counts for its group and for the file."""
        _sums_at(self.kept, (group, currency)).add(amount)
        if group:
            _sums_at(self.kept, ("", currency)).add(amount)

    def keep_no_more(self, group: str, currency: str, amount: Decimal) -> None:
        """Another record of the file replaces this amount."""
        for place in {(group, currency), ("", currency)}:
            _sums_at(self.kept, place).add(amount, -1)

    def remark(self, remark: Remark) -> None:
        """Notes what the file says beside its records."""
        self.items += 1
        match remark:
            case LeftOut():
                self.read += 1
                self.left_out[remark.reason] += 1
                if remark.amount is not None and remark.currency is not None:
                    for place in {(remark.group, remark.currency), ("", remark.currency)}:
                        _sums_at(self.pending, place).add(remark.amount)
            case StatedTotal():
                self.state_total(remark)
            case UnusedHeadings():
                known = set(self.unused_headings)
                self.unused_headings += [name for name in remark.headings if name not in known]
            case Note():
                self.note(remark.text)

    def note(self, text: str) -> None:
        """Something that whoever imports should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def state_total(self, total: StatedTotal) -> None:
        """A total that the file, or a record of it, states. One that is not checked is not shown."""
        self.stated.append(total)

    def merge(self, other: Receipt) -> None:
        """Adds the receipt of the records that follow."""
        self.items += other.items
        self.read += other.read
        self.booked += other.booked
        self.known += other.known
        self.unreadable += other.unreadable
        self.left_out.update(other.left_out)
        for mine, others in ((self.kept, other.kept), (self.pending, other.pending)):
            for place, sums in others.items():
                _sums_at(mine, place).merge(sums)
        self.stated += other.stated
        self.findings.update(other.findings)
        self.unused_headings += [name for name in other.unused_headings if name not in self.unused_headings]
        self.notes += [text for text in other.notes if text not in self.notes]

    def kept_of(self, group: str, currency: str) -> Sums:
        """What was kept of a group."""
        return self.kept.get((group, currency)) or Sums()

    def document(self) -> ReceiptDocument:
        """As callers see it."""
        totals = [total for each in self.stated if (total := self._total(each))["kept"] is not None or not each.group]
        accounted = self.booked + self.known + sum(self.left_out.values()) + self.unreadable
        agree = all(total["difference"] is None or Decimal(total["difference"]) == 0 for total in totals)
        totals.sort(key=lambda total: total["difference"] is None or Decimal(total["difference"]) == 0)
        return {
            "read": self.read,
            "booked": self.booked,
            "known": self.known,
            "leftOut": [{"reason": reason, "records": number} for reason, number in self.left_out.most_common()],
            "unreadable": self.unreadable,
            "closes": self.read == accounted and not self.unreadable and agree,
            "totals": totals[:TOTALS_MAX],
            "findings": [{"rule": rule, "records": number} for rule, number in self.findings.most_common()],
            "unusedHeadings": self.unused_headings,
            "notes": self.notes,
        }

    def _total(self, stated: StatedTotal) -> ReceiptTotalDocument:
        kept, pending = self._sums(self.kept, stated), self._sums(self.pending, stated)
        has = None if kept is None else kept.total(stated.of)
        aside = ZERO
        if has is not None and pending is not None and has != stated.amount:
            # A file's totals may have what is still pending: then kept and pending are what it states.
            pending_total = pending.total(stated.of)
            aside = pending_total if has + pending_total == stated.amount else ZERO
        difference = None if has is None else stated.amount - has - aside
        return {
            "name": stated.name,
            "group": stated.group,
            "of": stated.of.value,
            "currency": stated.currency,
            "stated": plain(stated.amount),
            "kept": None if has is None else plain(has),
            "leftOut": plain(aside),
            "difference": None if difference is None else plain(difference),
        }

    def _sums(self, sums: dict[Place, Sums], stated: StatedTotal) -> Sums | None:
        if stated.currency is not None:
            found = sums.get((stated.group, stated.currency))
        else:
            of_group = [each for (group, _), each in sums.items() if group == stated.group]
            found = Sums()
            for each in of_group:
                found.merge(each)
            found = found if of_group else None
        if found is None and sums is self.kept and stated.group == "":
            # The whole file has no record that was kept: then nothing is.
            return Sums()
        return found

    def state(self) -> dict[str, Any]:
        """All of it as JSON, for an import that is interrupted; `restored` reads it."""
        return {
            "items": self.items,
            "read": self.read,
            "booked": self.booked,
            "known": self.known,
            "unreadable": self.unreadable,
            "leftOut": dict(self.left_out),
            "kept": _rows(self.kept),
            "pending": _rows(self.pending),
            "stated": [
                [each.name, each.of.value, plain(each.amount), each.currency, each.group] for each in self.stated
            ],
            "findings": dict(self.findings),
            "unusedHeadings": self.unused_headings,
            "notes": self.notes,
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Receipt:
        """The receipt whose `state` this is."""
        return cls(
            items=state["items"],
            read=state["read"],
            booked=state["booked"],
            known=state["known"],
            unreadable=state["unreadable"],
            left_out=Counter(state["leftOut"]),
            kept=_sums_of(state["kept"]),
            pending=_sums_of(state["pending"]),
            stated=[
                StatedTotal(name, TotalOf(of), Decimal(amount), currency, group)
                for name, of, amount, currency, group in state["stated"]
            ],
            # Older releases kept none.
            findings=Counter(state.get("findings", {})),
            unused_headings=state["unusedHeadings"],
            notes=state["notes"],
        )


def _sums_at(sums: dict[Place, Sums], place: Place) -> Sums:
    found = sums.get(place)
    if found is None:
        found = sums[place] = Sums()
    return found


def _rows(sums: dict[Place, Sums]) -> list[list[Any]]:
    return [[*place, plain(each.credits), plain(each.debits), each.records] for place, each in sums.items()]


def _sums_of(rows: list[list[Any]]) -> dict[Place, Sums]:
    return {
        (group, currency): Sums(Decimal(came), Decimal(went), records) for group, currency, came, went, records in rows
    }
