"""The meaning of a camt.053 statement's elements: its entries, their sum, and its balances.

`CdtDbtInd` is the direction of the money, also of a reversal (`RvslInd`): the reversal of a credit is a debit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from service.banks.observations import REFERENCES_MAX, TEXT_MAX, BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.amounts import NotUnderstood, read_amount
from service.formats.unreadable import unreadable

SOURCE = "camt.053"
_NOT_PROVIDED = frozenset({"", "NOTPROVIDED", "NONREF"})
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
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
    def is_booked(self) -> bool:
        # Version 8 has the code one level deeper.
        return self.fields.get("Sts", self.fields.get("Sts/Cd", "BOOK")) == "BOOK"

    def add_text(self, parent: str, name: str, text: str) -> None:
        path = f"{parent}/{name}" if parent else name
        if not parent.startswith("NtryDtls"):
            self.fields.setdefault(path, text)
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
            # Of the first transaction: a batch has a party for each of its payments.
            self.parties.setdefault(party, {}).setdefault("number" if name != "Nm" else "name", text[:200])

    def _add_remittance(self, text: str) -> None:
        if self._remittance_length < TEXT_MAX:
            self.remittance.append(text)
            self._remittance_length += len(text) + 1


class CamtStatement:
    """The elements of one statement beside its entries, and the sum of these."""

    def __init__(self, index: int) -> None:
        self.entries_seen = 0
        self.balances: list[dict[str, str]] = []
        self._index = index
        self._fields: dict[str, str] = {}
        self._moved = Decimal(0)
        self._count = 0
        self._days: list[date] = []

    def add_text(self, parent: str, name: str, text: str) -> None:
        path = f"{parent}/{name}" if parent else name
        if path.startswith("Bal/"):
            self.balances[-1].setdefault(path.removeprefix("Bal/"), text)
        elif len(self._fields) < 200:
            self._fields.setdefault(path, text)

    @property
    def bank_account(self) -> str | None:
        return self._fields.get("Acct/Id/IBAN") or self._fields.get("Acct/Id/Othr/Id")

    def add(self, entry: Entry) -> ObservedEntry:
        """Adds the entry to the sum, and gives it. NotUnderstood where a required element is missing or wrong."""
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
        reference = fields.get("AcctSvcrRef")
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
            reversal=fields.get("RvslInd") in ("true", "1"),
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
        """The statement's balances, or why they cannot be read."""
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
        return amount if _is_credit(found) else -amount


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
