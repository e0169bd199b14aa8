"""Reports as tables: what a report's columns mean, and which columns of a table have these meanings.

A heading is compared without its case, extra spaces, a colon at its end, and notes in brackets that its report does not
name: `Total Released Amount (RM)` is `total released amount`, and its note names a currency. ReportColumns that would change a
sign or a currency are known by their cells, too, whatever their heading is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from events.currency import is_known
from service.formats.amounts import OutgoingSign
from service.formats.spreadsheets import Cell, heading
from service.marketplaces.observations import Kind, Level, Stage

Names = str | tuple[str, ...]
"""A heading, or the headings that mean the same in several languages and versions."""

_NOTE = re.compile(r"\(([^()]*)\)\s*$")
_OFFSET = re.compile(r"(?:UTC|GMT) ?([+-]\d{1,2})?(?::?00)?", re.IGNORECASE)
_SIGNS: Mapping[str, str] = {
    "rp": "IDR", "rm": "MYR", "s$": "SGD", "฿": "THB", "₱": "PHP", "₫": "VND", "đ": "VND", "nt$": "TWD", "r$": "BRL",
}  # fmt: skip
CURRENCY_NAMES = ("currency", "mata uang", "kode mata uang")
DIRECTION_NAMES = (
    "db/cr", "dr/cr", "d/c", "d/k", "+/-", "debit/credit", "debit/kredit", "debet/kredit", "direction",
    "money direction", "money flow", "cash flow direction", "arah", "arah dana", "arah transaksi", "aliran dana",
)  # fmt: skip
STATUS_NAMES = (
    "status", "transaction status", "payment status", "status transaksi", "status pembayaran",
)  # fmt: skip
DIRECTIONS: Mapping[str, int] = {
    **dict.fromkeys(("cr", "c", "k", "credit", "kredit", "+", "in", "masuk", "money in", "money_in"), 1),
    **dict.fromkeys(("transaksi masuk", "dana masuk", "incoming", "inflow"), 1),
    **dict.fromkeys(("db", "dr", "d", "debit", "debet", "-", "out", "keluar", "money out", "money_out"), -1),
    **dict.fromkeys(("transaksi keluar", "dana keluar", "outgoing", "outflow"), -1),
}
"""The words of a column that says whether the money came in or went out, in small letters."""


@dataclass(frozen=True, slots=True)
class Movement:
    """The meaning of a row's type. What is None is as the report has it; `sign` 0 keeps the row's own."""

    kind: Kind
    stage: Stage | None = None
    books: bool | None = None
    known: bool = True
    """Whether the type is one that is known here."""
    sign: int = 0


@dataclass(frozen=True, slots=True)
class Items:
    """Rows that split the row of their order, as a report marks them. They explain it, and book nothing."""

    source: str
    level: Names
    """The column that says what a row is of."""
    whole: frozenset[str]
    part: frozenset[str]
    """The words of that column, in small letters, for a row of an order and for one of its items."""
    item: Names
    """The columns that name the item: the first that has a cell."""


@dataclass(frozen=True, slots=True)
class ReportColumns:
    """A report, by its headings. A row has one amount (`amount`), or a total with its parts (`total` and `parts`).

    The fields of the type `Names` name the headings of the column that holds them.
    """

    source: str
    level: Level
    stage: Stage
    reference: str
    """The prefix of the references of its lines."""
    needs: tuple[Names, ...]
    """The headings that the report is detected by."""
    amount: Names | None = None
    kind_name: Names | None = None
    means: Callable[[str | None], Movement] | None = None
    total: Names | None = None
    parts: Mapping[str, tuple[Kind, int]] = field(default_factory=dict)
    """Each part's kind, and 1 or -1 by which its amount becomes what the seller sees.

    With 0, the sign with which the parts of a row add up to its total; else it is taken from the seller.
    """
    breakdown: Mapping[str, tuple[Kind, int]] = field(default_factory=dict)
    """As `parts`, for the columns that a part is made of: the one named in `breakdown_of`, where the table has it."""
    breakdown_of: Names | None = None
    own_id: Names | None = None
    """The column that identifies the row itself."""
    own_id_is_order: bool = False
    """Whether that is the order, in a row of an order's payout."""
    statement: Names | None = None
    invoice: Names | None = None
    order: Names | None = None
    item: Names | None = None
    occurred_at: Names | None = None
    currency: Names = CURRENCY_NAMES
    direction: Names = DIRECTION_NAMES
    status: Names = STATUS_NAMES
    description: Names | None = None
    balance: Names | None = None
    items: Items | None = None
    books: bool = False
    dated_when_released: bool = False
    """Whether a row without a time is of money that is not released yet."""
    without_order: bool = False
    """Whether a row of no order is money of its own."""
    adjusts: bool = False
    """Whether other sources may tell of a row that books as well: of an order's adjustment, or of a movement of no order."""
    identified: bool = False
    """Whether the identifiers tell the rows apart: a second, equal row is the first one again, and no second sale."""

    @property
    def money(self) -> Names:
        """The heading of the amount or of the total."""
        found = self.amount if self.amount is not None else self.total
        assert found is not None, "a report has an amount or a total"
        return found


def spellings(names: Names | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else names


def whole_key(found: Cell) -> str:
    """A heading as it is compared, with its notes."""
    return heading(found).lower().rstrip(":").strip()


def key_of(found: Cell) -> str:
    """A heading as it is compared, without the notes in brackets at its end."""
    text = whole_key(found)
    while (match := _NOTE.search(text)) is not None and match.start() > 0:
        text = text[: match.start()].strip()
    return text


def currency_in(text: str) -> str | None:
    """The currency that a code or a sign names; None for any other text."""
    stripped = text.strip()
    if stripped.lower() in _SIGNS:
        return _SIGNS[stripped.lower()]
    code = stripped.upper()
    return code if len(code) == 3 and is_known(code) else None


def noted_currency(found: Cell) -> str | None:
    """The currency in the last note of a heading: `Total Released Amount (RM)`."""
    match = _NOTE.search(heading(found))
    return None if match is None else currency_in(match[1])


def noted_zone(found: Cell) -> str | None:
    """The zone in the last note of a heading: `Order settled time (UTC)`."""
    note, offset = _NOTE.search(heading(found)), None
    if note is not None:
        offset = _OFFSET.fullmatch(note[1].strip())
    if offset is None:
        return None
    hours = int(offset[1] or 0)
    # The names of these zones count westwards.
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


class ColumnMap:
    """Which column of a table has which meaning: found by its heading, or by its first rows."""

    def __init__(self, report: ReportColumns, headings: Sequence[Cell]) -> None:
        self.report = report
        self.headings = [heading(cell) for cell in headings]
        self._keys = [{whole_key(cell), key_of(cell)} - {""} for cell in headings]
        self._places: dict[str, list[int]] = {}
        for index, keys in enumerate(self._keys):
            for key in keys:
                self._places.setdefault(key, []).append(index)
        self.used: set[int] = set()
        self.money = self.found(report.money)
        self.order = self.found(report.order)
        self.own_id = self.found(report.own_id)
        self.item = self.found(report.item)
        self.statement = self.found(report.statement)
        self.invoice = self.found(report.invoice)
        self.occurred_at = self.found(report.occurred_at)
        self.kind_name = self.found(report.kind_name)
        self.description = self.found(report.description)
        self.balance = self.found(report.balance)
        self.level = self.found(report.items.level if report.items else None)
        self.item_names = self.found(report.items.item if report.items else None)
        self.parts = self._parts(report.parts)
        self.breakdown = self._parts(report.breakdown)
        whole = {whole_key(name) for name in spellings(report.breakdown_of)}
        broken_down = (self.headings[index] for index, *_ in self.parts if self._keys[index] & whole)
        self.broken_down = next(broken_down, None)
        self.currency = self.found(report.currency)
        self.direction = self.found(report.direction)
        self.outgoing = OutgoingSign()
        self.status = self.found(report.status)
        self.zone = next((zone for index in self.occurred_at if (zone := noted_zone(headings[index]))), None)
        noted = {noted_currency(headings[index]) for index in self.money}
        self.noted_currency = noted.pop() if len(noted) == 1 else None

    def _parts(self, meanings: Mapping[str, tuple[Kind, int]]) -> list[tuple[int, Kind, int]]:
        kinds = {whole_key(name): meant for name, meant in meanings.items()}
        found = [
            (index, *kinds[key])
            for index, keys in enumerate(self._keys)
            for key in sorted(keys, key=len, reverse=True)[:]
            if key in kinds and index not in self.used
        ]
        parts = list({index: (index, kind, sign) for index, kind, sign in reversed(found)}.values())[::-1]
        self.used.update(index for index, *_ in parts)
        return parts

    def is_of(self, other: ColumnMap) -> bool:
        """Whether the other table has the same headings."""
        return (self.report, self.headings) == (other.report, other.headings)

    def found(self, names: Names | None) -> list[int]:
        """The columns with one of these headings that have no meaning yet, in the order of the names."""
        columns = dict.fromkeys(
            index
            for name in spellings(names)
            for index in self._places.get(whole_key(name), ())
            if index not in self.used
        )
        self.used.update(columns)
        return list(columns)

    def learn(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Understands columns without a meaning by their cells: directions, and codes of currencies."""
        width = max((len(cells) for cells in rows), default=0)
        for index in range(width):
            if index in self.used:
                continue
            texts = [str(cells[index]).strip() for cells in rows if index < len(cells) and cells[index] is not None]
            if "+" not in texts:
                # Reports write a dash for a cell that has nothing.
                texts = [text for text in texts if text != "-"]
            if not texts:
                continue
            if not self.direction and all(text.lower() in DIRECTIONS for text in texts):
                self.direction = [index]
            elif not self.currency and all(text.isupper() and currency_in(text) for text in texts):
                self.currency = [index]
            else:
                continue
            self.used.add(index)

    def unused(self, rows: Sequence[Sequence[Cell]]) -> tuple[str, ...]:
        """The headings of the columns without a meaning; a number for a column that has cells and no heading."""
        with_cells = {index for cells in rows for index, cell in enumerate(cells) if cell is not None}
        width = max(len(self.headings), max(with_cells, default=-1) + 1)
        names = []
        for index in range(width):
            name = self.headings[index] if index < len(self.headings) else ""
            if index not in self.used and (name or index in with_cells):
                names.append(name or f"column {index + 1}, without a heading")
        return tuple(names)


def detected(cells: Sequence[Cell], reports: Sequence[ReportColumns]) -> ReportColumns | None:
    """The first report whose headings are all in this row."""
    keys = {key for cell in cells if isinstance(cell, str) for key in (whole_key(cell), key_of(cell))}
    for report in reports:
        if all(any(whole_key(name) in keys for name in spellings(names)) for names in report.needs):
            return report
    return None
