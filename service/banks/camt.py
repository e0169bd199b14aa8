"""ISO 20022 camt.053, versions 02 and later: a bank's end-of-day statements, entry by entry.

Expat of the standard library, fed in pieces: memory does not grow with the file, nor with the payments of a batched
entry. A document type is refused as soon as it begins: without one there are no entities to expand and nothing outside
to fetch. Only what the bank has booked is an entry; what is pending or informational is not.

`CdtDbtInd` says which way the money went, of a reversal too: a reversal (`RvslInd`) of a credit is a debit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from xml.parsers import expat

from service.banks.observed import REFERENCES_MAX, TEXT_MAX, BankObservation, ObservedBankStatement, ObservedEntry
from service.marketplaces.amounts import NotUnderstood, read_amount
from service.marketplaces.markup import CHUNK_BYTES, DEPTH_MAX, Refused
from service.marketplaces.observed import RAW_MAX, unreadable

SOURCE = "camt.053"
_TEXT_BYTES_MAX = 10_000
_NOT_PROVIDED = frozenset({"", "NOTPROVIDED", "NONREF"})
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_REFERENCES = frozenset({"EndToEndId", "AcctSvcrRef", "InstrId", "TxId", "PmtInfId", "MsgId", "UETR", "ChqNb", "Ref"})
_NAMES = {"Nm", "IBAN", "Id"}


def camt_observations(stream: BinaryIO) -> Iterator[BankObservation]:
    """Every booked entry of every statement, and behind them each statement's balances."""
    reader = _Reader()
    try:
        while chunk := stream.read(CHUNK_BYTES):
            reader.feed(chunk)
            yield from reader.found()
        reader.finish()
    except (expat.ExpatError, Refused) as problem:
        yield from reader.found()
        yield unreadable(f"line {reader.line}", f"not XML that we read: {problem}", b"")
        return
    yield from reader.found()
    if not reader.statements:
        yield unreadable("the file", "it has no statement (BkToCstmrStmt/Stmt): it is no camt.053", b"")


class _Reader:
    def __init__(self) -> None:
        # With a separator, names come as `namespace name`: every version has a namespace of its own.
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype
        self._path: list[str] = []
        self._text: list[str] = []
        self._text_length = 0
        self._found: list[BankObservation] = []
        self._statement: _Statement | None = None
        self._entry: _Entry | None = None
        self._window = bytearray()
        self._base = 0
        self._entry_start = 0
        self.statements = 0

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, chunk: bytes) -> None:
        self._window += chunk
        self._parser.Parse(chunk, False)
        entry = self._entry
        if entry is None:
            self._forget(self._parser.CurrentByteIndex)
            return
        if not entry.raw and self._base + len(self._window) - self._entry_start >= RAW_MAX:
            start = self._entry_start - self._base
            entry.raw = bytes(self._window[start : start + RAW_MAX])
        if entry.raw:
            self._forget(self._parser.CurrentByteIndex)

    def finish(self) -> None:
        self._parser.Parse(b"", True)

    def found(self) -> list[BankObservation]:
        found, self._found = self._found, []
        return found

    def _forget(self, until: int) -> None:
        if until > self._base:
            del self._window[: until - self._base]
            self._base = until

    def _doctype(self, *_: Any) -> None:
        raise Refused("it has a document type: none of ours does")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= DEPTH_MAX:
            raise Refused(f"nested more than {DEPTH_MAX} deep")
        name = name.rsplit(" ", 1)[-1]
        self._path.append(name)
        self._text, self._text_length = [], 0
        if name == "Stmt" and self._path[-2:-1] == ["BkToCstmrStmt"]:
            self.statements += 1
            self._statement = _Statement(self.statements)
        elif self._statement is not None and name == "Ntry" and self._entry is None:
            place = f"Stmt[{self.statements - 1}]/Ntry[{self._statement.entries_seen}], line {self.line}"
            self._statement.entries_seen += 1
            self._entry = _Entry(place)
            self._entry_start = self._parser.CurrentByteIndex
        elif self._statement is not None and name == "Bal" and self._entry is None:
            self._statement.balances.append({})
        if name == "Amt" and "Ccy" in attributes:
            self._take("Ccy", attributes["Ccy"])

    def _characters(self, text: str) -> None:
        self._text_length += len(text)
        if self._text_length <= _TEXT_BYTES_MAX:
            self._text.append(text)

    def _end(self, name: str) -> None:
        name = name.rsplit(" ", 1)[-1]
        text = "".join(self._text).strip()
        self._text, self._text_length = [], 0
        if text:
            self._take(name, text)
        self._path.pop()
        if self._statement is None:
            return
        if name == "Ntry" and self._entry is not None and self._path[-1] == "Stmt":
            self._end_entry(self._entry)
            self._entry = None
        elif name == "Stmt" and self._path[-1:] == ["BkToCstmrStmt"]:
            self._found.extend(self._statement.end())
            self._statement = None

    def _take(self, name: str, text: str) -> None:
        """A text, at its place below the entry or the statement that is open."""
        if self._statement is None:
            return
        if self._entry is not None:
            below = self._path[self._path.index("Ntry") + 1 :]
            self._entry.take("/".join(below[:-1] if name != "Ccy" else below), name, text)
        else:
            below = self._path[self._path.index("Stmt") + 1 :]
            self._statement.take("/".join(below[:-1] if name != "Ccy" else below), name, text)

    def _end_entry(self, entry: _Entry) -> None:
        assert self._statement is not None
        if not entry.raw:
            start, end = self._entry_start - self._base, self._parser.CurrentByteIndex - self._base
            entry.raw = bytes(self._window[start : self._window.find(b">", end) + 1])[:RAW_MAX]
        if not entry.is_booked:
            return
        try:
            self._found.append(self._statement.add(entry))
        except NotUnderstood as problem:
            self._found.append(unreadable(entry.place, str(problem), entry.raw))


class _Entry:
    """What an entry's elements say, as they come by."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.raw = b""
        self.fields: dict[str, str] = {}
        self.references: dict[str, None] = {}
        self.remittance: list[str] = []
        self.parties: dict[str, dict[str, str]] = {}
        self._remittance_length = 0

    @property
    def is_booked(self) -> bool:
        # Version 8 moved the code one level down.
        return self.fields.get("Sts", self.fields.get("Sts/Cd", "BOOK")) == "BOOK"

    def take(self, parent: str, name: str, text: str) -> None:
        where = f"{parent}/{name}" if parent else name
        if not parent.startswith("NtryDtls"):
            self.fields.setdefault(where, text)
            if name == "AddtlNtryInf":
                self._add_remittance(text)
            return
        inner = parent.split("/")
        if name in _REFERENCES and ("Refs" in inner or "CdtrRefInf" in inner):
            if text.upper() not in _NOT_PROVIDED and len(self.references) < REFERENCES_MAX:
                self.references[text[:200]] = None
        elif name in ("Ustrd", "AddtlTxInf"):
            self._add_remittance(text)
        elif "RltdPties" in inner and name in _NAMES:
            party = inner[inner.index("RltdPties") + 1]
            # The first transaction's: a batch has as many as it has payments.
            self.parties.setdefault(party, {}).setdefault("number" if name != "Nm" else "name", text[:200])

    def _add_remittance(self, text: str) -> None:
        if self._remittance_length < TEXT_MAX:
            self.remittance.append(text)
            self._remittance_length += len(text) + 1


class _Statement:
    """What a statement says around its entries, and what these add up to."""

    def __init__(self, index: int) -> None:
        self.entries_seen = 0
        self.balances: list[dict[str, str]] = []
        self._index = index
        self._fields: dict[str, str] = {}
        self._moved = Decimal(0)
        self._count = 0
        self._days: list[date] = []

    def take(self, parent: str, name: str, text: str) -> None:
        where = f"{parent}/{name}" if parent else name
        if where.startswith("Bal/"):
            self.balances[-1].setdefault(where.removeprefix("Bal/"), text)
        elif len(self._fields) < 200:
            self._fields.setdefault(where, text)

    @property
    def bank_account(self) -> str | None:
        return self._fields.get("Acct/Id/IBAN") or self._fields.get("Acct/Id/Othr/Id")

    def add(self, entry: _Entry) -> ObservedEntry:
        """The entry; NotUnderstood where it lacks what an entry must have."""
        said = entry.fields
        credit = _direction(said)
        amount = read_amount(said.get("Amt")).number
        if amount < 0:
            raise NotUnderstood(f"Amt {said['Amt']} has a sign: CdtDbtInd says which way money went")
        currency = said.get("Amt/Ccy") or self._fields.get("Acct/Ccy")
        if currency is None:
            raise NotUnderstood("Amt has no Ccy")
        booked_on, value_on = _day(said, "BookgDt"), _day(said, "ValDt")
        if booked_on is None and value_on is None:
            raise NotUnderstood("it has neither BookgDt nor ValDt")
        signed = amount if credit else -amount
        party = entry.parties.get("Dbtr" if credit else "Cdtr", {})
        account = entry.parties.get("DbtrAcct" if credit else "CdtrAcct", {})
        counterparty = " ".join(text for text in (party.get("name"), account.get("number")) if text)
        reference = said.get("AcctSvcrRef")
        if reference is not None and reference.upper() in _NOT_PROVIDED:
            reference = None
        observed = ObservedEntry(
            bank_account=self.bank_account,
            currency=currency,
            amount=signed,
            booked_on=booked_on or value_on or date.min,
            value_on=value_on,
            reference=reference,
            references=tuple(name for name in entry.references if name != reference),
            remittance=" ".join(entry.remittance)[:TEXT_MAX] or None,
            counterparty=counterparty or None,
            reversal=said.get("RvslInd") in ("true", "1"),
            source=SOURCE,
            place=entry.place,
            raw=entry.raw,
        )
        if currency == self._currency(currency):
            self._moved += signed
        self._count += 1
        self._days = [min([*self._days, observed.booked_on]), max([*self._days, observed.booked_on])]
        return observed

    def end(self) -> Iterator[BankObservation]:
        place = f"Stmt[{self._index - 1}]"
        opening = closing = from_on = to_on = None
        try:
            from_on = _date(self._fields.get("FrToDt/FrDtTm"))
            to_on = _date(self._fields.get("FrToDt/ToDtTm"))
            opening, closing = self._balance(_OPENING), self._balance(_CLOSING)
        except NotUnderstood as problem:
            yield unreadable(place, str(problem), b"")
        currency = self._currency(None)
        number = self._fields.get("Id")
        if currency is None or number is None:
            yield unreadable(place, "it has no Id, or no currency at its account or balances", b"")
            return
        yield ObservedBankStatement(
            bank_account=self.bank_account,
            number=number,
            currency=currency,
            moved=self._moved,
            entries_count=self._count,
            source=SOURCE,
            place=place,
            opening=opening,
            closing=closing,
            from_on=from_on or min(self._days, default=None),
            to_on=to_on or max(self._days, default=None),
        )

    def _currency(self, otherwise: str | None) -> str | None:
        """The account's currency, or its balances'."""
        of_balances = (balance["Amt/Ccy"] for balance in self.balances if "Amt/Ccy" in balance)
        return self._fields.get("Acct/Ccy") or next(of_balances, otherwise)

    def _balance(self, codes: tuple[str, ...]) -> Decimal | None:
        by_code = {balance.get("Tp/CdOrPrtry/Cd"): balance for balance in reversed(self.balances)}
        found = next((by_code[code] for code in codes if code in by_code), None)
        if found is None:
            return None
        amount = read_amount(found.get("Amt")).number
        return amount if _direction(found) else -amount


def _direction(said: dict[str, str]) -> bool:
    """Whether it is a credit."""
    indicator = said.get("CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise NotUnderstood(f"CdtDbtInd is {indicator!r}, and not CRDT or DBIT")
    return indicator == "CRDT"


def _day(said: dict[str, str], name: str) -> date | None:
    return _date(said.get(f"{name}/Dt") or said.get(f"{name}/DtTm"))


def _date(text: str | None) -> date | None:
    """The bank's own day: a zone behind it does not move it."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise NotUnderstood(f"{text[:40]!r} is not a date") from None
