"""The lines around a table: whose it is, its currency, its period, its balances and totals.

Banks write them above the headings and below the rows, as `Saldo Akhir : 10,485,000.00` in one cell or in several.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from service.formats.spreadsheets import Cell


class Label(enum.StrEnum):
    """What a line around a table says."""

    ACCOUNT = "account"
    CURRENCY = "currency"
    PERIOD = "period"
    OPENING = "opening"
    CLOSING = "closing"
    DEBITS = "debits"
    CREDITS = "credits"
    TOTAL = "total"


_LABELS: Mapping[Label, tuple[str, ...]] = {
    Label.ACCOUNT: (
        *("no. rekening", "no rekening", "nomor rekening", "account no", "account number", "norek", "iban"),
        *("no. rek", "rekening", "account", "kontonummer", "konto", "acct no"),
    ),
    Label.CURRENCY: ("kode mata uang", "mata uang", "currency", "ccy", "account currency", "währung", "waehrung"),
    Label.PERIOD: ("periode", "period", "statement period", "periode transaksi", "periode mutasi", "zeitraum"),
    Label.OPENING: (
        *("saldo awal", "opening balance", "beginning balance", "balance brought forward", "balance b/f"),
        *("starting balance", "anfangssaldo", "previous balance", "saldo sebelumnya"),
    ),
    Label.CLOSING: (
        *("saldo akhir", "closing balance", "ending balance", "balance carried forward", "balance c/f", "endsaldo"),
    ),
    Label.DEBITS: (
        *("mutasi debet", "mutasi debit", "total debet", "total debit", "total debits", "jumlah debet", "total db"),
        *("total pengeluaran", "total withdrawal", "total withdrawals"),
    ),
    Label.CREDITS: (
        *("mutasi kredit", "mutasi credit", "total kredit", "total credit", "total credits", "jumlah kredit"),
        *("total cr", "total pemasukan", "total deposit", "total deposits"),
    ),
    Label.TOTAL: ("total", "jumlah", "grand total", "subtotal", "sub total", "sum", "summe", "total mutasi"),
}
_BY_NAME = {name: label for label, names in _LABELS.items() for name in names}


def label_of(text: str) -> Label | None:
    """What a text is the label of; None for any other text."""
    return _BY_NAME.get(" ".join(text.lower().split()).strip(" :.='*"))


def labelled(cells: Sequence[Cell]) -> tuple[Label, str, list[Cell]] | None:
    """The label of a row, its name as the file has it, and the cells after it; None where it begins with no label."""
    found = [cell for cell in cells if cell is not None and str(cell).strip(" :='")]
    if not found:
        return None
    name, colon, rest = str(found[0]).partition(":")
    label = label_of(name)
    if label is None:
        return None
    after: list[Cell] = [rest.strip()] if colon and rest.strip() else []
    return label, " ".join(name.split()).strip(" ='"), [*after, *found[1:]]
