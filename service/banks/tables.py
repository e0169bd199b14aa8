"""Reads banks' statements in CSV or XLSX. The importer names the columns, or they have common headings.

Forms that are read: one signed amount; a debit and a credit column; an amount with its direction after it
(`1.500,00 CR`) or in a column of its own. Amounts are never guessed: `1.500` may be fifteen hundred or one and a half,
and is read only where the importer says which sign decimals have.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from events.values import value
from service.banks.observations import TEXT_MAX, BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.amounts import NotUnderstood, Number, read_grouped
from service.formats.detection import HEAD_BYTES, XLSX, ZIP
from service.formats.spreadsheets import DELIMITERS, NotASpreadsheet, TableRow, csv_rows, heading, xlsx_rows
from service.formats.unreadable import Unreadable, unreadable

SOURCE = "csv"
HEADING_ROWS_MAX = 60

ROLES: Mapping[str, tuple[str, ...]] = {
    "date": (
        *("date", "tanggal", "tanggal transaksi", "tgl", "tgl transaksi", "transaction date", "posting date"),
        *("booking date", "tanggal posting", "post date", "tanggal mutasi"),
    ),
    "valueDate": ("value date", "tanggal valuta", "tanggal efektif", "val. date"),
    "description": (
        *("description", "keterangan", "deskripsi", "remarks", "remark", "uraian", "uraian transaksi", "details"),
        *("transaction description", "rincian transaksi", "narrative", "berita", "keterangan transaksi"),
    ),
    "amount": ("amount", "jumlah", "nominal", "mutasi", "transaction amount", "nilai"),
    "debit": ("debit", "debet", "withdrawal", "debit amount", "mutasi debet", "mutasi debit", "keluar", "pengeluaran"),
    "credit": ("credit", "kredit", "deposit", "credit amount", "mutasi kredit", "masuk", "pemasukan"),
    "direction": ("db/cr", "d/k", "dr/cr", "cr/db", "d/c", "tipe", "type", "jenis", "jenis transaksi"),
    "balance": ("balance", "saldo", "saldo akhir", "running balance", "ledger balance"),
    "reference": ("reference", "reference no", "reference no.", "reference number", "no. referensi", "no referensi"),
    "counterparty": ("counterparty", "nama pengirim", "beneficiary", "sender", "payer", "penerima"),
}
"""The roles of columns, each with its common headings."""

CREDIT, DEBIT = (
    frozenset({"CR", "C", "K", "KREDIT", "CREDIT", "+"}),
    frozenset({"DB", "DR", "D", "DEBET", "DEBIT", "-"}),
)
_WITH_DIRECTION = re.compile(
    r"(?P<amount>.*[0-9)])(?P<direction>\s*(?:CR|DB|DR)|\s+[KD])\.?", re.IGNORECASE | re.DOTALL
)
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_SHORT = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d\d)(?:[ T].*)?", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3,9})[-/. ,]*(\d{4}|\d\d)(?:[ T].*)?", re.ASCII)
_MONTHS = (
    *(("jan",), ("feb", "peb"), ("mar",), ("apr",), ("may", "mei"), ("jun",), ("jul",), ("aug", "agu", "ags")),
    *(("sep",), ("oct", "okt"), ("nov", "nop"), ("dec", "des")),
)


@value
class Layout:
    """How to read a table: the headings of its columns by role, and the form of its dates and amounts."""

    columns: tuple[tuple[str, str], ...] = ()
    """(role, heading) as the importer says. All other columns are found by common headings."""
    decimal: str | None = None
    """`comma` or `dot`. With None, only unambiguous amounts are read."""
    month_first: bool = False


def table_observations(
    stream: io.BufferedReader, format_name: str, bank_account: str, currency: str, layout: Layout
) -> Iterator[BankObservation]:
    """Every row as an entry, and after them their sum and the balances."""
    table = _Table(bank_account, currency, layout)
    rows: Iterator[TableRow | Unreadable]
    rows = (
        iter(xlsx_rows(stream)) if format_name in (XLSX, ZIP) else csv_rows(stream, _detect_delimiter(stream, layout))
    )
    try:
        for row in rows:
            if isinstance(row, Unreadable):
                yield row
            elif table.columns is None:
                table.find_headings(row)
            elif any(cell is not None for cell in row.cells):
                yield table.entry(row)
    except NotASpreadsheet as problem:
        yield unreadable("the file", str(problem), b"")
        return
    if table.columns is None:
        wanted = ", ".join(name for _, name in layout.columns) or "a date, and an amount or debit and credit"
        yield unreadable("the file", f"no row has these headings: {wanted}", b"")
    elif table.count:
        yield table.end()


def _detect_delimiter(stream: io.BufferedReader, layout: Layout) -> str:
    head = stream.peek(HEAD_BYTES).decode("utf-8-sig", "replace")
    for delimiter in DELIMITERS:
        for cells in csv.reader(io.StringIO(head), delimiter=delimiter):
            if columns_of(cells, layout) is not None:
                return delimiter
    return DELIMITERS[0]


def columns_of(cells: Sequence[object], layout: Layout) -> dict[str, int] | None:
    """The index of each role's column; None where this is no row of headings."""
    names = [heading(cell).lower() for cell in cells]
    named = {role: name.strip().lower() for role, name in layout.columns}
    columns: dict[str, int] = {}
    for role, usual in ROLES.items():
        wanted = (named[role],) if role in named else usual
        index = next((names.index(name) for name in wanted if name in names), None)
        if index is None and role in named:
            return None
        if index is not None:
            columns[role] = index
    # A column that the importer names has no other role, even where its heading is a common one.
    taken = [columns.get(role) for role in named]
    for role in [role for role in columns if role not in named and columns[role] in taken]:
        del columns[role]
    if "date" not in columns or not ("amount" in columns or {"debit", "credit"} <= columns.keys()):
        return None
    return columns


class _Table:
    """One table: where its columns are, and what its entries add up to."""

    def __init__(self, bank_account: str, currency: str, layout: Layout) -> None:
        self.columns: dict[str, int] | None = None
        self.count = 0
        self._bank_account = bank_account
        self._currency = currency
        self._layout = layout
        self._rows_read = 0
        self._moved = Decimal(0)
        self._ends: list[tuple[date, Decimal, Decimal | None]] = []
        """Day, amount and balance of the first and of the last row."""
        self._days: tuple[date, date] | None = None

    def find_headings(self, row: TableRow) -> None:
        self._rows_read += 1
        if self._rows_read <= HEADING_ROWS_MAX:
            self.columns = columns_of(row.cells, self._layout)

    def entry(self, row: TableRow) -> BankObservation:
        try:
            booked_on = self._day(row, "date")
            amount = self._signed(row)
            balance = self._amount(row, "balance")
            value_on = self._day(row, "valueDate")
        except NotUnderstood as problem:
            return unreadable(row.place, str(problem), row.raw)
        if booked_on is None:
            return unreadable(row.place, "it has no date", row.raw)
        self.count += 1
        self._moved += amount
        self._ends = [*self._ends[:1], (booked_on, amount, balance)]
        first, last = self._days or (booked_on, booked_on)
        self._days = min(first, booked_on), max(last, booked_on)
        return ObservedEntry(
            bank_account=self._bank_account,
            currency=self._currency,
            amount=amount,
            booked_on=booked_on,
            source=SOURCE,
            place=row.place,
            raw=row.raw,
            value_on=value_on,
            reference=self._text(row, "reference"),
            remittance=self._text(row, "description"),
            counterparty=self._text(row, "counterparty"),
        )

    def end(self) -> ObservedBankStatement:
        """The sum of the entries, and the balances where the file has them. Rows may be oldest first or newest first."""
        assert self._days is not None, "there is an entry"
        first, last = self._days
        opening = closing = None
        top, bottom = self._ends[0], self._ends[-1]
        if top[2] is not None and bottom[2] is not None:
            oldest_first = (top[2] - top[1], bottom[2])
            newest_first = (bottom[2] - bottom[1], top[2])
            ways = [newest_first, oldest_first] if top[0] > bottom[0] else [oldest_first, newest_first]
            if top[0] != bottom[0]:
                ways = ways[:1]
            opening, closing = next((way for way in ways if way[0] + self._moved == way[1]), ways[0])
        return ObservedBankStatement(
            bank_account=self._bank_account,
            number=f"{first.isoformat()}/{last.isoformat()}",
            currency=self._currency,
            moved=self._moved,
            entries_count=self.count,
            source=SOURCE,
            place="the file",
            opening=opening,
            closing=closing,
            from_on=first,
            to_on=last,
        )

    def _cell(self, row: TableRow, role: str) -> object:
        assert self.columns is not None
        index = self.columns.get(role)
        return None if index is None or index >= len(row.cells) else row.cells[index]

    def _text(self, row: TableRow, role: str) -> str | None:
        found = self._cell(row, role)
        return None if found is None else " ".join(str(found).split())[:TEXT_MAX] or None

    def _day(self, row: TableRow, role: str) -> date | None:
        found = self._cell(row, role)
        if found is None:
            return None
        if isinstance(found, date):
            return found.date() if isinstance(found, datetime) else found
        return read_day(str(found), month_first=self._layout.month_first)

    def _signed(self, row: TableRow) -> Decimal:
        assert self.columns is not None
        if "amount" not in self.columns:
            debit, credit = self._amount(row, "debit"), self._amount(row, "credit")
            if not debit and not credit:
                raise NotUnderstood("neither debit nor credit has an amount")
            if debit and credit:
                raise NotUnderstood("both debit and credit have an amount")
            return credit or -abs(debit or Decimal(0))
        amount = self._amount(row, "amount")
        if not amount:
            raise NotUnderstood("it has no amount")
        direction = self._text(row, "direction")
        if direction is None:
            return amount
        return directed(amount, direction)

    def _amount(self, row: TableRow, role: str) -> Decimal | None:
        found = self._cell(row, role)
        if found is None or (isinstance(found, str) and found.strip() in ("", "-")):
            return None
        return read_money(found, self._layout.decimal)


def directed(amount: Decimal, direction: str) -> Decimal:
    """The amount with the sign of its direction. NotUnderstood for an unknown direction."""
    word = direction.strip().strip(".").upper()
    if word in CREDIT:
        return abs(amount)
    if word in DEBIT:
        return -abs(amount)
    raise NotUnderstood(f"{direction[:20]!r} is no direction: DB and CR are")


def read_money(found: object, decimal: str | None) -> Decimal:
    """The amount in a cell, such as `1.500.000,00 CR`. `decimal` as in `Layout`. NotUnderstood where it is ambiguous."""
    if isinstance(found, Number) or not isinstance(found, str):
        return read_grouped(found, decimal_comma=False).number
    text = found.strip()
    direction = _WITH_DIRECTION.fullmatch(text)
    if direction is not None:
        text = direction["amount"].strip()
    bare = text.replace("IDR", "").replace("Rp", "").strip(" .")
    if decimal is None and _AMBIGUOUS.fullmatch(bare):
        raise NotUnderstood(
            f"{found[:40]!r} can be read in two ways: say whether decimals stand behind a comma or a dot"
        )
    comma = decimal == "comma" if decimal is not None else bare.rfind(",") > bare.rfind(".") or bare.count(".") > 1
    if decimal is None and bare.count(",") > 1:
        comma = False
    amount = read_grouped(bare, decimal_comma=comma).number
    return amount if direction is None else directed(amount, direction["direction"])


def read_day(text: str, *, month_first: bool = False) -> date:
    """A date as banks write it: day first where the order is ambiguous, unless `month_first`. NotUnderstood for others."""
    stripped = text.strip().strip("'")
    try:
        if match := _ISO.fullmatch(stripped) or _COMPACT.fullmatch(stripped):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _SHORT.fullmatch(stripped):
            day, month = (match[2], match[1]) if month_first else (match[1], match[2])
            return date(_year(match[3]), int(month), int(day))
        if match := _NAMED.fullmatch(stripped):
            month_number = next(i for i, names in enumerate(_MONTHS, 1) if match[2][:3].lower() in names)
            return date(_year(match[3]), month_number, int(match[1]))
    except (ValueError, StopIteration):
        pass
    raise NotUnderstood(f"{text[:40]!r} is not a date with a year")


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)
