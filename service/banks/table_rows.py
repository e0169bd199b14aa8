"""The rows of one bank's table: which are entries, which say something of the table, and which are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from service.banks.cells import PENDING, Period, directed, read_day, read_money, read_period
from service.banks.columns import RUPIAH, Layout, TableColumns
from service.banks.observations import (
    TEXT_MAX,
    BankObservation,
    ObservedBankStatement,
    ObservedEntry,
    StatementPart,
    reference_of,
)
from service.banks.recipes import BOOKED
from service.banks.statement_labels import Label, label_of, labelled
from service.formats.amounts import NotUnderstood, OutgoingSign
from service.formats.file_remarks import LeftOut, StatedTotal, TotalOf
from service.formats.spreadsheets import Cell, TableRow
from service.formats.unreadable import unreadable

SOURCE = "csv"
NOT_BOOKED = "not booked yet"
A_TOTAL = "a balance or a total of the file"
A_NOTE = "no date, and no amount: a note"
NO_MONEY = "its amount is zero: no money came or went"
_TOTALS = {Label.DEBITS: TotalOf.DEBITS, Label.CREDITS: TotalOf.CREDITS, Label.TOTAL: TotalOf.AMOUNTS}


@dataclass(slots=True)
class AroundTable:
    """What the lines above a table say of it."""

    account: str | None = None
    currency: str | None = None
    period: Period | None = None
    labels: list[tuple[Label, str, list[Cell]]] = field(default_factory=list)
    """Balances and totals that stand above the rows."""

    def read(self, row: TableRow, layout: Layout) -> None:
        """Reads a line above the headings. What stands first counts."""
        found = labelled(row.cells)
        if found is None:
            return
        label, _, cells = found
        text = " ".join(str(cell).strip().strip("'") for cell in cells)
        if label is Label.ACCOUNT and self.account is None:
            digits = text.split("/")[0].strip()
            self.account = digits if any(each.isdigit() for each in digits) else None
        elif label is Label.CURRENCY and self.currency is None and text:
            self.currency = currency_code(text.split()[0])
        elif label is Label.PERIOD and self.period is None:
            self.period = read_period(text, month_first=layout.month_first)
        elif label in (Label.OPENING, Label.CLOSING, Label.DEBITS, Label.CREDITS):
            self.labels.append(found)

    def read_footer(self, row: TableRow) -> None:
        """Reads a line below the rows: only what the lines above left open."""
        found = labelled(row.cells)
        if found is not None and found[0] in (Label.CURRENCY, Label.ACCOUNT, Label.PERIOD):
            self.read(row, Layout())

    def is_entry(self, row: TableRow, columns: TableColumns) -> bool:
        """Whether the row may be an entry: only the cells of entries tell what a column holds."""
        index = columns.roles["date"][0]
        found = row.cells[index] if index < len(row.cells) else None
        if found is None or isinstance(found, date):
            return found is not None
        text = str(found).strip().strip("'").strip()
        return text[:1].isdigit() or text.upper() in PENDING


def currency_code(text: str) -> str:
    """The ISO code that a bank means."""
    upper = text.strip().strip(".").upper()
    return "IDR" if upper in RUPIAH else upper


@dataclass(slots=True)
class _Balances:
    """What the rows of one account and currency say of its balance, and its days."""

    bank_account: str | None
    currency: str
    moved: Decimal = Decimal(0)
    days: tuple[date, date] | None = None
    ends: list[tuple[date, Decimal, Decimal | None]] = field(default_factory=list)
    """Day, amount and balance of the first and of the last row."""
    stated: dict[Label, Decimal] = field(default_factory=dict)

    def add(self, day: date, amount: Decimal, balance: Decimal | None) -> None:
        self.moved += amount
        self.ends = [*self.ends[:1], (day, amount, balance)]
        first, last = self.days or (day, day)
        self.days = min(first, day), max(last, day)

    def of_rows(self) -> tuple[Decimal, Decimal] | None:
        """Opening and closing balance as the rows have them, oldest first or newest first; None where they do not."""
        if not self.ends:
            return None
        top, bottom = self.ends[0], self.ends[-1]
        if top[2] is None or bottom[2] is None:
            return None
        oldest_first = (top[2] - top[1], bottom[2])
        newest_first = (bottom[2] - bottom[1], top[2])
        ways = [newest_first, oldest_first] if top[0] > bottom[0] else [oldest_first, newest_first]
        if top[0] != bottom[0]:
            ways = ways[:1]
        return next((way for way in ways if way[0] + self.moved == way[1]), ways[0])


class TableRows:
    """Reads the rows below the headings, one by one."""

    def __init__(
        self,
        sheet: str,
        columns: TableColumns,
        layout: Layout,
        around: AroundTable,
        bank_account: str | None,
        currency: str | None,
    ) -> None:
        self._sheet = "" if columns.has("account") or columns.has("currency") else sheet
        self._columns = columns
        self._layout = layout
        self._around = around
        self._bank_account = bank_account
        self._currency = currency
        self._decimal = layout.decimal or (columns.recipe.decimal if columns.recipe is not None else None)
        self._balances: dict[tuple[str | None, str], _Balances] = {}
        self._outgoing = OutgoingSign()
        self._stated: list[StatedTotal] = []
        self._of_table: dict[Label, tuple[str, Decimal]] = {}
        for label, name, cells in around.labels:
            self._note(label, name, cells)

    def read(self, row: TableRow) -> Iterator[BankObservation]:
        """The entry of a row, or why it is none."""
        try:
            booked_on = self._day(row, "date")
        except NotUnderstood as problem:
            yield from self._without_a_day(row, str(problem))
            return
        if booked_on is None:
            yield from self._without_a_day(row, "it has no date")
            return
        try:
            yield self._entry(row, booked_on)
        except NotUnderstood as problem:
            yield unreadable(row.place, str(problem), row.raw)

    def end(self) -> Iterator[BankObservation]:
        """What the table states of its rows, and the balances of each of its accounts and currencies."""
        yield from self._stated
        alone = len(self._balances) == 1
        opening, closing = self._of_table.get(Label.OPENING), self._of_table.get(Label.CLOSING)
        if opening is not None and closing is not None and alone:
            name = f"{closing[0]} less {opening[0]}"
            currency = next(iter(self._balances.values())).currency
            yield StatedTotal(name, TotalOf.AMOUNTS, closing[1] - opening[1], currency, self._sheet)
        for place, balances in self._balances.items():
            if balances.days is None:
                continue
            ends = balances.of_rows()
            if ends is not None:
                moved = ends[1] - ends[0]
                yield StatedTotal(
                    "balance of the last row less the one before the first",
                    TotalOf.AMOUNTS,
                    moved,
                    balances.currency,
                    self._group(*place),
                )
            elif opening is not None and closing is not None and alone:
                ends = opening[1], closing[1]
            first, last = balances.days
            yield ObservedBankStatement(
                bank_account=balances.bank_account,
                part=StatementPart(
                    number=f"{first.isoformat()}/{last.isoformat()}",
                    from_on=first,
                    to_on=last,
                    opening=None if ends is None else ends[0],
                    closing=None if ends is None else ends[1],
                ),
                currency=balances.currency,
                source=SOURCE,
                place="the file",
                group=self._group(*place),
            )

    def _entry(self, row: TableRow, booked_on: date) -> BankObservation:
        status = self._text(row, "status")
        balance = self._amount(row, "balance")
        bank_account, currency = self._account(row), self._currency_of(row)
        group = self._group(bank_account, currency)
        if self._names_a_balance(row) and self._no_amount(row):
            label = self._names_a_balance(row)
            if balance is not None and label is not None:
                self._of_table.setdefault(label[0], (label[1], balance))
            return LeftOut(row.place, A_TOTAL)
        amount = self._signed(row)
        if status is not None and status.upper() not in BOOKED:
            return LeftOut(row.place, f"not booked: {status[:40]}", amount, currency, group)
        if not amount:
            return LeftOut(row.place, NO_MONEY)
        place = bank_account, currency
        self._balances.setdefault(place, _Balances(bank_account, currency)).add(booked_on, amount, balance)
        references = [*self._texts(row, "reference"), *self._texts(row, "references")]
        known = list(dict.fromkeys(name for name in map(reference_of, references) if name is not None))
        own = reference_of(self._text(row, "reference"))
        return ObservedEntry(
            bank_account=bank_account,
            currency=currency,
            amount=amount,
            booked_on=booked_on,
            source=SOURCE,
            place=row.place,
            raw=row.raw,
            value_on=self._day(row, "valueDate"),
            reference=own,
            references=tuple(name for name in known if name != own),
            remittance=" ".join(self._texts(row, "description"))[:TEXT_MAX] or None,
            counterparty=" ".join(self._texts(row, "counterparty"))[:TEXT_MAX] or None,
            group=group,
            balance=balance,
        )

    def _without_a_day(self, row: TableRow, reason: str) -> Iterator[BankObservation]:
        word = (self._text(row, "date") or "").strip("'").strip()
        if word.upper() in PENDING:
            try:
                currency = self._currency_of(row)
                yield LeftOut(
                    row.place, NOT_BOOKED, self._signed(row), currency, self._group(self._account(row), currency)
                )
            except NotUnderstood:
                yield LeftOut(row.place, NOT_BOOKED)
            return
        found = labelled(row.cells)
        if found is not None:
            self._note(*found)
            if found[0] is Label.TOTAL:
                self._note_columns(row, found[1])
            yield LeftOut(row.place, A_TOTAL if found[0] in (*_TOTALS, Label.OPENING, Label.CLOSING) else A_NOTE)
        elif self._no_amount(row):
            yield LeftOut(row.place, A_NOTE)
        else:
            yield unreadable(row.place, reason, row.raw)

    def _note(self, label: Label, name: str, cells: list[Cell]) -> None:
        """Notes a balance or a total that a line states."""
        amount = next((found for cell in cells if (found := self._money(cell)) is not None), None)
        if amount is None:
            return
        if label in (Label.OPENING, Label.CLOSING):
            self._of_table[label] = (name, amount)
        elif label in (Label.DEBITS, Label.CREDITS):
            self._stated.append(StatedTotal(name, _TOTALS[label], abs(amount), self._only_currency(), self._sheet))

    def _note_columns(self, row: TableRow, name: str) -> None:
        """Notes the totals that stand below the columns of the amounts."""
        for role, of in (("debit", TotalOf.DEBITS), ("credit", TotalOf.CREDITS), ("amount", TotalOf.AMOUNTS)):
            amount = self._money(self._cell(row, role))
            if amount is not None:
                stated = amount if of is TotalOf.AMOUNTS else abs(amount)
                self._stated.append(StatedTotal(name, of, stated, self._only_currency(), self._sheet))

    def _money(self, cell: Cell) -> Decimal | None:
        try:
            return None if cell is None else read_money(cell, self._decimal)
        except NotUnderstood:
            return None

    def _names_a_balance(self, row: TableRow) -> tuple[Label, str] | None:
        """The label of a row that states a balance among the entries, such as `SALDO AWAL`."""
        for text in self._texts(row, "description"):
            label = label_of(text)
            if label in (Label.OPENING, Label.CLOSING):
                return label, text
        return None

    def _no_amount(self, row: TableRow) -> bool:
        """Whether no column of amounts has a number other than zero."""
        return not any(self._money(self._cell(row, role)) for role in ("amount", "debit", "credit"))

    def _account(self, row: TableRow) -> str | None:
        """The number in the row, else the one of the table, else the one of the request."""
        return self._text(row, "account") or self._around.account or self._bank_account or self._called(row)

    def _called(self, row: TableRow) -> str | None:
        recipe = self._columns.recipe
        return None if recipe is None or recipe.called is None else f"{recipe.called} {self._currency_of(row)}"

    def _currency_of(self, row: TableRow) -> str:
        return currency_code(self._text(row, "currency") or "") or self._only_currency()

    def _only_currency(self) -> str:
        return self._around.currency or self._currency or ""

    def _group(self, bank_account: str | None, currency: str) -> str:
        """What a receipt calls the rows of one account and currency, where the table may have several."""
        parts = [self._sheet] if self._sheet else []
        if self._columns.has("account") and bank_account is not None:
            parts.append(f"account ending in {bank_account[-4:]}")
        if self._columns.has("currency"):
            parts.append(currency)
        return ", ".join(parts)

    def _cell(self, row: TableRow, role: str) -> Cell:
        """The first cell of the role that is not empty."""
        for index in self._columns.roles.get(role, ()):
            if index < len(row.cells) and row.cells[index] is not None:
                return row.cells[index]
        return None

    def _texts(self, row: TableRow, role: str) -> list[str]:
        """The texts of all columns of the role."""
        cells = (row.cells[index] for index in self._columns.roles.get(role, ()) if index < len(row.cells))
        return [text for cell in cells if cell is not None and (text := _plain(cell))]

    def _text(self, row: TableRow, role: str) -> str | None:
        found = self._cell(row, role)
        return None if found is None else _plain(found)[:TEXT_MAX] or None

    def _day(self, row: TableRow, role: str) -> date | None:
        found = self._cell(row, role)
        if found is None or isinstance(found, date):
            return found.date() if isinstance(found, datetime) else found
        month_first = self._layout.month_first or (
            self._columns.recipe is not None and self._columns.recipe.month_first
        )
        return read_day(str(found), month_first=month_first, period=self._around.period)

    def _signed(self, row: TableRow) -> Decimal:
        """What came (positive) or went. Zero where the row has the amount zero; NotUnderstood where it has none."""
        if not self._columns.has("amount"):
            debit, credit = self._amount(row, "debit"), self._amount(row, "credit")
            if debit is None and credit is None:
                raise NotUnderstood("neither debit nor credit has an amount")
            if debit and credit:
                raise NotUnderstood("both debit and credit have an amount")
            if debit:
                self._outgoing.check(debit)
            return credit or -abs(debit or Decimal(0))
        amount = self._amount(row, "amount")
        if amount is None:
            raise NotUnderstood("it has no amount")
        # A row may say it in several columns, with one meaning.
        said = {directed(amount, direction, self._outgoing) for direction in self._texts(row, "direction")}
        if len(said) > 1:
            raise NotUnderstood("one column says that the money came, and another one that it left")
        amount = said.pop() if said else amount
        return amount - (self._amount(row, "fee") or Decimal(0))

    def _amount(self, row: TableRow, role: str) -> Decimal | None:
        found = self._cell(row, role)
        if found is None or (isinstance(found, str) and found.strip().strip("'") in ("", "-")):
            return None
        return read_money(found, self._decimal)


def _plain(cell: Cell) -> str:
    """A cell's text without the apostrophe that keeps spreadsheet programs from reading it as a number."""
    return " ".join(str(cell).split()).removeprefix("'").strip()
