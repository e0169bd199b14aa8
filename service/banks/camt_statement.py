"""The meaning of the elements of a statement, an interim report or a notification: entries, balances and totals.

Only what the bank calls booked (`BOOK`) is an entry. Page by page, a statement has interim balances, and one number.
`CdtDbtInd` is the direction of the money, also of a reversal (`RvslInd`): the reversal of a credit is a debit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from events.banking.observe import REFERENCES_MAX
from service.banks.observations import (
    TEXT_MAX,
    BankObservation,
    ObservedBankStatement,
    ObservedEntry,
    StatementPart,
    reference_of,
)
from service.formats.amounts import NotUnderstood, read_amount
from service.formats.bounds import FIELDS_MAX
from service.formats.file_remarks import LeftOut, StatedTotal, TotalOf
from service.formats.times import read_moment
from service.formats.unreadable import unreadable

STATEMENT, REPORT, NOTIFICATION = "camt.053", "camt.052", "camt.054"
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), ("CLBD",), "ITBD"
_REFERENCES = frozenset({"EndToEndId", "AcctSvcrRef", "InstrId", "TxId", "PmtInfId", "MsgId", "UETR", "ChqNb", "Ref"})
_NAMES = {"Nm", "IBAN", "Id"}


class Entry:
    """The elements of one entry, in the order of the file."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.raw = b""
        self.fields: dict[str, str] = {}
        self.references: dict[str, None] = {}
        self.remittance: list[str] = []
        self.parties: dict[str, dict[str, str]] = {}
        self._remittance_length = 0

    @property
    def status(self) -> str:
        """The bank's word for how far it is: BOOK, PDNG, INFO, or one of its own."""
        # Version 8 has the code one level deeper, or the bank's own word.
        return next((self.fields[name] for name in ("Sts", "Sts/Cd", "Sts/Prtry") if name in self.fields), "no status")

    def add_text(self, parent: str, name: str, text: str) -> None:
        path = f"{parent}/{name}" if parent else name
        if not parent.startswith("NtryDtls"):
            _keep(self.fields, path, text)
            if name == "AddtlNtryInf":
                self._add_remittance(text)
            return
        inner = parent.split("/")
        if name in _REFERENCES and not {"Refs", "CdtrRefInf", "Btch"}.isdisjoint(inner):
            reference = reference_of(text)
            if reference is not None and len(self.references) < REFERENCES_MAX:
                self.references[reference[:200]] = None
        elif name in ("Ustrd", "AddtlTxInf"):
            self._add_remittance(text)
        elif "RltdPties" in inner and name in _NAMES:
            party = inner[inner.index("RltdPties") + 1]
            # Of the first transaction: a batch has a party for each of its payments.
            if party in self.parties or len(self.parties) < FIELDS_MAX:
                self.parties.setdefault(party, {}).setdefault("number" if name != "Nm" else "name", text[:200])

    def _add_remittance(self, text: str) -> None:
        if self._remittance_length < TEXT_MAX:
            self.remittance.append(text)
            self._remittance_length += len(text) + 1


def _keep(fields: dict[str, str], path: str, text: str) -> None:
    """Keeps the first text at each path, of so many paths as any bank writes."""
    if len(fields) < FIELDS_MAX:
        fields.setdefault(path, text)


class CamtStatement:
    """The elements of one statement, report or notification (`source` says which) beside its entries."""

    def __init__(self, index: int, source: str) -> None:
        self.entries_seen = 0
        self.balances: list[dict[str, str]] = []
        self._index = index
        self._source = source
        self._fields: dict[str, str] = {}
        self._days: list[date] = []
        self._part: StatementPart | None = None
        self._unreadable_balances = -1

    def add_text(self, parent: str, name: str, text: str) -> None:
        path = f"{parent}/{name}" if parent else name
        if path.startswith("Bal/"):
            _keep(self.balances[-1], path.removeprefix("Bal/"), text)
        else:
            _keep(self._fields, path, text)

    @property
    def bank_account(self) -> str | None:
        return self._fields.get("Acct/Id/IBAN") or self._fields.get("Acct/Id/Othr/Id")

    @property
    def group(self) -> str:
        """What a receipt calls it."""
        number = self._fields.get("Id", "")
        return number if self._index == 1 else f"{number}, Stmt[{self._index - 1}]"

    @property
    def part(self) -> StatementPart | None:
        """Which statement it is, of all with its number. None where it has none, or where its balances are unreadable."""
        number = self._fields.get("Id")
        if self._part is None and number is not None and self._unreadable_balances != len(self.balances):
            try:
                days = [_day(balance, "Dt") or _date(balance.get("Dt")) for balance in self.balances]
                known = sorted(day for day in days if day is not None)
                self._part = StatementPart(
                    number=number,
                    page=self._fields.get("StmtPgntn/PgNb") or self._fields.get("RptPgntn/PgNb"),
                    from_on=_date(self._fields.get("FrToDt/FrDtTm") or self._fields.get("FrToDt/FrDt"))
                    or (known[0] if known else None),
                    to_on=_date(self._fields.get("FrToDt/ToDtTm") or self._fields.get("FrToDt/ToDt"))
                    or (known[-1] if known else None),
                    opening=self._opening(),
                    closing=self._closing(),
                )
            except NotUnderstood:
                # The next entry does not ask again, unless there are more balances.
                self._unreadable_balances = len(self.balances)
                return None
        return self._part

    def left_out(self, entry: Entry) -> LeftOut:
        """An entry that is not booked."""
        days = self._days
        try:
            observed = self.add(entry)
        except NotUnderstood:
            return LeftOut(entry.place, f"not booked: {entry.status}")
        self._days = days
        return LeftOut(entry.place, f"not booked: {entry.status}", observed.amount, observed.currency, self.group)

    def add(self, entry: Entry) -> ObservedEntry:
        """The entry. NotUnderstood where a required element is missing or wrong."""
        fields = entry.fields
        credit = _is_credit(fields)
        amount = read_amount(fields.get("Amt")).number
        if amount < 0:
            raise NotUnderstood(f"Amt {fields['Amt']} has a sign: CdtDbtInd says which way money went")
        currency = fields.get("Amt/Ccy") or self._fields.get("Acct/Ccy")
        if currency is None:
            raise NotUnderstood("Amt has no Ccy")
        booked_on, value_on = _day(fields, "BookgDt"), _day(fields, "ValDt")
        if booked_on is None and value_on is None:
            raise NotUnderstood("it has neither BookgDt nor ValDt")
        signed = amount if credit else -amount
        party = entry.parties.get("Dbtr" if credit else "Cdtr", {})
        account = entry.parties.get("DbtrAcct" if credit else "CdtrAcct", {})
        counterparty = " ".join(text for text in (party.get("name"), account.get("number")) if text)
        reference = reference_of(fields.get("AcctSvcrRef"))
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
            reversal=fields.get("RvslInd") in ("true", "1"),
            source=self._source,
            place=entry.place,
            raw=entry.raw,
            group=self.group,
            statement=self.part if self._source == STATEMENT else None,
            explains=self._source == NOTIFICATION,
        )
        self._days = [min([*self._days, observed.booked_on]), max([*self._days, observed.booked_on])]
        return observed

    def end(self) -> Iterator[BankObservation]:
        """What it states of its entries, and its balances; or why these cannot be read."""
        place = f"Stmt[{self._index - 1}]"
        currency = self._currency(None)
        number = self._fields.get("Id")
        if self._source != NOTIFICATION and (currency is None or number is None):
            yield unreadable(place, "it has no Id, or no currency at its account or balances", b"")
            return
        part = self.part
        try:
            yield from self._stated(currency)
            if part is None and self._source == STATEMENT:
                self._opening()
                self._closing()
        except NotUnderstood as problem:
            yield unreadable(place, str(problem), b"")
        if self._source != STATEMENT or currency is None or number is None:
            return
        part = part or StatementPart(number)
        yield ObservedBankStatement(
            bank_account=self.bank_account,
            part=replace(
                part,
                from_on=part.from_on or min(self._days, default=None),
                to_on=part.to_on or max(self._days, default=None),
            ),
            currency=currency,
            source=self._source,
            place=place,
            group=self.group,
            made_at=read_moment(self._fields.get("CreDtTm"), "UTC"),
        )

    def _stated(self, currency: str | None) -> Iterator[StatedTotal]:
        """Its own totals of its entries. Sums are in the account's currency."""
        group, summary = self.group, "TxsSummry"
        if self._part is not None and None not in (self._part.opening, self._part.closing):
            assert self._part.opening is not None
            assert self._part.closing is not None
            moved = self._part.closing - self._part.opening
            yield StatedTotal("closing less opening balance", TotalOf.AMOUNTS, moved, currency, group)
        for name, of in (
            ("TtlNtries", TotalOf.TURNOVER),
            ("TtlCdtNtries", TotalOf.CREDITS),
            ("TtlDbtNtries", TotalOf.DEBITS),
        ):
            path = f"{summary}/{name}/Sum"
            if path in self._fields:
                yield StatedTotal(path, of, read_amount(self._fields[path]).number, currency, group)
        path = f"{summary}/TtlNtries/NbOfNtries"
        if path in self._fields:
            yield StatedTotal(path, TotalOf.RECORDS, read_amount(self._fields[path]).number, None, group)

    def _currency(self, otherwise: str | None) -> str | None:
        """The account's currency, or its balances'."""
        of_balances = (balance["Amt/Ccy"] for balance in self.balances if "Amt/Ccy" in balance)
        return self._fields.get("Acct/Ccy") or next(of_balances, otherwise)

    def _opening(self) -> Decimal | None:
        """The booked balance that it begins with. A page that is not the first begins with an interim one."""
        found = self._balance_of(_OPENING) or next(iter(self._interim()), None)
        return None if found is None else _signed(found)

    def _closing(self) -> Decimal | None:
        """The booked balance that it ends with. A page that is not the last ends with an interim one."""
        interim = self._interim()
        begins_interim = self._balance_of(_OPENING) is None
        found = self._balance_of(_CLOSING) or (interim[-1] if len(interim) > begins_interim else None)
        return None if found is None else _signed(found)

    def _interim(self) -> list[dict[str, str]]:
        return [balance for balance in self.balances if _code(balance) == _INTERIM]

    def _balance_of(self, codes: tuple[str, ...]) -> dict[str, str] | None:
        by_code = {_code(balance): balance for balance in reversed(self.balances)}
        return next((by_code[code] for code in codes if code in by_code), None)


def _code(balance: dict[str, str]) -> str | None:
    """The type of a balance. The standard lets a bank give it in a field for words of its own."""
    return balance.get("Tp/CdOrPrtry/Cd") or balance.get("Tp/CdOrPrtry/Prtry")


def _signed(balance: dict[str, str]) -> Decimal:
    amount = read_amount(balance.get("Amt")).number
    return amount if _is_credit(balance) else -amount


def _is_credit(fields: dict[str, str]) -> bool:
    indicator = fields.get("CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise NotUnderstood(f"CdtDbtInd is {indicator!r}, and not CRDT or DBIT")
    return indicator == "CRDT"


def _day(fields: dict[str, str], name: str) -> date | None:
    return _date(fields.get(f"{name}/Dt") or fields.get(f"{name}/DtTm"))


def _date(text: str | None) -> date | None:
    """The bank's own day: an offset in the text does not change it."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise NotUnderstood(f"{text[:40]!r} is not a date") from None
