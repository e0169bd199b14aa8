"""Which column of a bank's table is which: by what the importer says, a recipe, common headings, and the cells.

A column whose cells are all DB and CR, currencies, or the account's number is understood whatever its heading is, and
none at all. One that may change sign, currency or account, and is not understood, is refused by its name.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from events.currency import is_known
from events.refusals import InvalidCommand
from events.values import value
from service.banks.cells import is_direction
from service.banks.recipes import RECIPES, Recipe
from service.formats.spreadsheets import Cell, heading

ROLES: Mapping[str, tuple[str, ...]] = {
    "date": (
        *("date", "tanggal", "tanggal transaksi", "tgl", "tgl transaksi", "transaction date", "posting date"),
        *("booking date", "tanggal posting", "post date", "tanggal mutasi", "buchungstag", "buchungsdatum"),
    ),
    "valueDate": (
        *("value date", "tanggal valuta", "tanggal efektif", "val. date", "effective date", "valutadatum"),
        "wertstellung",
    ),
    "description": (
        *("description", "keterangan", "deskripsi", "remarks", "remark", "uraian", "uraian transaksi", "details"),
        *("transaction description", "rincian transaksi", "narrative", "berita", "keterangan transaksi"),
        *("verwendungszweck", "extended description", "memo"),
    ),
    "amount": ("amount", "jumlah", "nominal", "mutasi", "transaction amount", "nilai", "betrag"),
    "debit": (
        *("debit", "debet", "withdrawal", "debit amount", "mutasi debet", "mutasi debit", "keluar", "pengeluaran"),
        *("money out", "paid out", "soll"),
    ),
    "credit": (
        *("credit", "kredit", "deposit", "credit amount", "mutasi kredit", "masuk", "pemasukan"),
        *("money in", "paid in", "haben"),
    ),
    "direction": (
        *("db/cr", "d/k", "dr/cr", "cr/db", "d/c", "debit/credit", "debet/kredit", "soll/haben"),
        *("tipe", "type", "jenis", "jenis transaksi", "transaction type"),
    ),
    "balance": ("balance", "saldo", "saldo akhir", "running balance", "ledger balance", "kontostand"),
    "reference": ("reference", "reference no", "reference no.", "reference number", "no. referensi", "no referensi"),
    "references": ("customer reference", "payment reference", "end to end id", "end-to-end id"),
    "counterparty": ("counterparty", "nama pengirim", "beneficiary", "sender", "payer", "penerima"),
    "currency": ("currency", "ccy", "mata uang", "kode mata uang", "currency code", "waehrung", "währung"),
    "account": (
        *("account no", "account no.", "account number", "no. rekening", "no rekening", "nomor rekening", "norek"),
        *("auftragskonto", "rekening"),
    ),
    "status": ("status", "state", "transaction status", "posting status"),
    "fee": (),
    "ignore": (),
}
"""The roles of columns, each with its common headings."""

_VAGUE_DIRECTIONS = frozenset({"tipe", "type", "jenis", "jenis transaksi", "transaction type"})
"""Headings that are a direction with some banks, and the sort of a transaction with others: the cells tell."""
_ONE_COLUMN = frozenset({"date", "amount", "debit", "credit", "balance", "currency", "account", "direction"})
"""Roles of one column, the first: two of a kind would contradict each other."""


@value
class Layout:
    """How to read a table: the headings of its columns by role, and the form of its dates and amounts."""

    columns: tuple[tuple[str, str], ...] = ()
    """(role, heading) as the importer says. All other columns are found by a recipe, by common headings, by the cells."""
    decimal: str | None = None
    """`comma` or `dot`. With None, only unambiguous amounts are read, unless a recipe says which."""
    month_first: bool = False
    recipe: str | None = None
    """The name of a recipe. With None, one is taken where the headings are unmistakable."""


@dataclass(slots=True)
class TableColumns:
    """The columns of one table: the indexes of each role, in the order in which they are read."""

    headings: list[str]
    roles: dict[str, list[int]]
    recipe: Recipe | None = None
    unused: list[str] = field(default_factory=list)

    def has(self, role: str) -> bool:
        return bool(self.roles.get(role))

    def name(self, index: int) -> str:
        """How a person finds the column."""
        text = self.headings[index] if index < len(self.headings) else ""
        return "column " + repr(text[:60]) if text else f"column {index + 1}, which has no heading,"


def columns_of(cells: Sequence[object], layout: Layout) -> TableColumns | None:
    """The columns by their headings; None where this is no row of headings."""
    headings = [heading(cell) for cell in cells]
    names = [name.lower() for name in headings]
    numbered = {f"column {index}": index - 1 for index in range(1, len(names) + 1)}
    places: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        places.setdefault(name, []).append(index)
    recipe = _recipe(places, layout)
    if recipe is None and layout.recipe is not None:
        return None
    wanted: dict[str, tuple[str, ...]] = dict(ROLES)
    if recipe is not None:
        wanted = {role: tuple(name.lower() for name in recipe.columns.get(role, ())) for role in ROLES}
    named = {role: name.strip().lower() for role, name in layout.columns}
    for role, name in named.items():
        if name not in names and name not in numbered:
            return None
        wanted[role] = (name,)
    roles = {role: _indexes(role, usual, names, places, vague=role not in named) for role, usual in wanted.items()}
    for role, name in named.items():
        if name in numbered and name not in names:
            # A column without a heading is named by its number.
            roles[role] = [numbered[name]]
    # A column that the importer names has no other role, even where its heading is a common one.
    taken = {index for role in named for index in roles[role]}
    for role in set(roles) - set(named):
        roles[role] = [index for index in roles[role] if index not in taken]
    if not roles["date"] or not (roles["amount"] or (roles["debit"] and roles["credit"])):
        return None
    if roles["debit"] and roles["credit"]:
        # `Mutasi` beside debit and credit is their heading, or the same amount again.
        roles["amount"] = []
    return TableColumns(headings, {role: found for role, found in roles.items() if found}, recipe)


def _recipe(names: Container[str], layout: Layout) -> Recipe | None:
    recipes = RECIPES.values() if layout.recipe is None else [RECIPES[layout.recipe]]
    return next((each for each in recipes if all(name.lower() in names for name in each.needs)), None)


def _indexes(
    role: str, usual: Sequence[str], names: Sequence[str], places: Mapping[str, Sequence[int]], *, vague: bool
) -> list[int]:
    """The columns with these headings: all of them for texts, the first otherwise. Equal headings are all kept."""
    found = [index for name in usual for index in places.get(name, ())]
    if role == "direction" and vague:
        certain = [index for index in found if names[index] not in _VAGUE_DIRECTIONS]
        return certain[:1] or found
    return found[:1] if role in _ONE_COLUMN - {"date"} else found


def settle(columns: TableColumns, rows: Sequence[Sequence[Cell]], bank_account: str | None) -> None:
    """Completes the columns by the cells of the first rows, and notes the headings that nothing is read by.

    InvalidCommand, with the name of the column, where one may change sign, currency or account, and is not understood.
    """
    width = max([len(columns.headings), *map(len, rows)])
    texts = [_texts(rows, index) for index in range(width)]
    _settle_direction(columns, texts)
    assigned = {index for found in columns.roles.values() for index in found}
    free = [index for index in range(width) if index not in assigned and texts[index]]
    if not columns.has("direction") and columns.has("amount"):
        _find_direction(columns, free, texts)
    if not columns.has("currency"):
        codes = [index for index in free if all(_is_currency(text) for text in texts[index])]
        if len({tuple(texts[index]) for index in codes}) > 1:
            names = " and ".join(columns.name(index) for index in codes)
            raise InvalidCommand(
                f"the columns {names} have currencies, and not the same ones: name one, as currency=...",
                field="columns",
            )
        if codes:
            columns.roles["currency"] = codes[:1]
    else:
        [index] = columns.roles["currency"]
        wrong = next((text for text in texts[index] if not _is_currency(text) and text.upper() not in RUPIAH), None)
        if wrong is not None:
            raise InvalidCommand(
                f"{columns.name(index)} has {wrong[:20]!r}, which is no ISO 4217 currency code", field="columns"
            )
    if not columns.has("account") and bank_account is not None:
        number = plain_number(bank_account)
        same = [index for index in free if all(plain_number(text) == number for text in texts[index])]
        if same:
            columns.roles["account"] = same[:1]
    used = {index for found in columns.roles.values() for index in found}
    known = {name.lower() for name in columns.recipe.unused} if columns.recipe is not None else set()
    columns.unused = [
        columns.headings[index] or f"column {index + 1} (without a heading)"
        for index in range(len(columns.headings))
        if index not in used
        and columns.headings[index].lower() not in known
        and (columns.headings[index] or texts[index])
    ]


RUPIAH = frozenset({"RP", "RUPIAH"})


def _is_currency(text: str) -> bool:
    return len(text) == 3 and is_known(text.upper())


def plain_number(text: str) -> str:
    """The number of a bank account as it is compared."""
    return "".join(each for each in text.upper() if each.isalnum())


def _texts(rows: Sequence[Sequence[Cell]], index: int) -> list[str]:
    cells = (row[index] for row in rows if index < len(row))
    found = (str(cell).strip().strip("'").strip() for cell in cells if cell is not None)
    return [text for text in found if text]


def _settle_direction(columns: TableColumns, texts: Sequence[Sequence[str]]) -> None:
    """Keeps the direction only where its cells are directions; refuses one whose heading promises them."""
    kept = []
    for index in columns.roles.get("direction", []):
        wrong = next((text for text in texts[index] if not is_direction(text)), None) if index < len(texts) else None
        if wrong is None:
            kept.append(index)
        elif columns.headings[index].lower() not in _VAGUE_DIRECTIONS:
            raise InvalidCommand(
                f"{columns.name(index)} has {wrong[:20]!r}, which is no direction: DB and CR are",
                field="columns",
            )
    columns.roles["direction"] = kept


_UNMISTAKABLE = frozenset({"CR", "DB", "DR", "KREDIT", "CREDIT", "DEBET", "DEBIT"})
_PAIRS = ({"D", "K"}, {"D", "C"}, {"S", "H"}, {"+", "-"}, {"IN", "OUT"}, {"MASUK", "KELUAR"}, {"SOLL", "HABEN"})
"""Words that mean a direction beside each other. Alone, each may be a code for anything."""
_DOUBTFUL = frozenset({"D", "C", "K", "+"})


def _find_direction(columns: TableColumns, free: Sequence[int], texts: Sequence[Sequence[str]]) -> None:
    """The columns whose cells are all directions, whatever their heading. InvalidCommand where one may be, or not."""
    for index in free:
        words = {text.strip(".").upper() or text for text in texts[index]}
        certain = words & _UNMISTAKABLE
        if words == certain or any(words == pair for pair in _PAIRS):
            columns.roles.setdefault("direction", []).append(index)
        elif (certain and 2 * sum(is_direction(text) for text in texts[index]) >= len(texts[index])) or (
            words <= _DOUBTFUL
        ):
            shown = ", ".join(sorted(repr(word[:20]) for word in words)[:4])
            raise InvalidCommand(
                f"{columns.name(index)} has {shown}: if it is the direction of the money, name it as "
                "direction=..., and as ignore=... if it is not",
                field="columns",
            )
