"""Cells of reports: amounts in any of the ways in which reports write them, dates, and words that stand for nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from service.formats.amounts import TEXT_MAX, Amount, NotUnderstood, Number, read_amount, read_grouped
from service.formats.spreadsheets import Cell
from service.formats.times import NEVER, Moment, from_cell, read_moment
from service.marketplaces.record_mapping import PLACEHOLDERS
from service.marketplaces.report_columns import ColumnMap, currency_in

_UNIT_BEFORE = re.compile(r"^(?P<sign>[-+(]?)\s*(?P<unit>[^\W\d]{1,3}\$|[^\W\d]{2,3}|[฿₱₫])\.?\s*(?=[-+(]?\d)")
_UNIT_BEHIND = re.compile(r"(?<=\d)\s+(?P<unit>[A-Z]{3})$")
_THREE_DIGITS = re.compile(r"([-+(]?)([1-9][0-9]{0,2})[.,]([0-9]{3})(\)?)")
_PART_OF_ONE = re.compile(r"[-+]?0[.,][0-9]+")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?", re.ASCII)
"""As most cells are: nothing in it can be read in two ways."""
_SLASHED = re.compile(r"(\d{4})/(\d\d)/(\d\d)(.*)", re.DOTALL)


class Cells:
    """The cells of a row, by their meaning."""

    def __init__(self, columns: ColumnMap, cells: Sequence[Cell]) -> None:
        self.columns = columns
        self._cells = cells

    def at(self, index: int) -> Cell:
        return self._cells[index] if index < len(self._cells) else None

    def text(self, indexes: Sequence[int]) -> str | None:
        """The text of these columns, None where all are empty. NotUnderstood where equal headings differ."""
        found = dict.fromkeys(text for index in indexes if (text := self._text(index)) is not None)
        if len(found) > 1:
            names = " and ".join(dict.fromkeys(self.columns.headings[index] for index in indexes))
            raise NotUnderstood(f"{names}: {' and '.join(found)} are two values for one"[:300])
        return next(iter(found), None)

    def first(self, indexes: Sequence[int]) -> str | None:
        """The text of the first of these columns that has one."""
        return next((text for index in indexes if (text := self._text(index)) is not None), None)

    def _text(self, index: int) -> str | None:
        found = self.at(index)
        text = None if found is None else str(found).strip()
        return None if text is None or text.lower() in PLACEHOLDERS else text

    def amount(self, index: int, currency: str | None) -> Amount | None:
        """The amount in a column, None where it is empty. NotUnderstood for a word, or one of another currency."""
        found = self.at(index)
        if found is None or str(found).strip() in ("-", "/", ""):
            return None
        try:
            return read_cell_amount(found, currency)
        except NotUnderstood as problem:
            raise NotUnderstood(f"{self.columns.headings[index]}: {problem}") from None

    def money(self, currency: str | None) -> tuple[Amount, str] | None:
        """The row's amount or total, and the heading of its column; None where it is empty."""
        found = [
            (amount, self.columns.headings[index])
            for index in self.columns.money
            if (amount := self.amount(index, currency)) is not None
        ]
        if len({amount.number for amount, _ in found}) > 1:
            raise NotUnderstood(f"{' and '.join(name for _, name in found)} differ, and one of them is to be booked")
        return found[0] if found else None

    def has_number(self) -> bool | None:
        """Whether the row's amount is a number; False for a word, and None where there is nothing."""
        cells = [cell for index in self.columns.money if (cell := self.at(index)) is not None]
        cells = [cell for cell in cells if str(cell).strip() not in ("-", "/", "")]
        if not cells:
            return None
        for cell in cells:
            with contextlib.suppress(NotUnderstood):
                read_cell_amount(cell, None)
                return True
        return False

    def unit(self) -> str | None:
        """The currency that stands in the cell of the amount itself: `Rp12.000`."""
        for index in self.columns.money:
            found = self.at(index)
            if isinstance(found, str) and not isinstance(found, Number) and _PLAIN.fullmatch(found) is None:
                match = _UNIT_BEFORE.search(found.strip()) or _UNIT_BEHIND.search(found.strip())
                if match is not None and (unit := currency_in(match["unit"])) is not None:
                    return unit
        return None

    def moment(self, indexes: Sequence[int], zone: str) -> Moment:
        zone = self.columns.zone or zone
        cells = (cell for index in indexes if (cell := self.at(index)) is not None)
        found = next((cell for cell in cells if str(cell).strip().lower() not in PLACEHOLDERS), None)
        if found is None:
            return NEVER
        if isinstance(found, date):
            return from_cell(found, zone)
        text = str(found).strip()
        match = _SLASHED.fullmatch(text)
        return read_moment(text if match is None else "{}-{}-{}{}".format(*match.groups()), zone)


def read_cell_amount(found: Cell, currency: str | None) -> Amount:
    """The amount of a cell, whichever of dot and comma groups its digits.

    Three digits after the only separator are a group: no currency of a marketplace has three decimals. NotUnderstood for
    a word, and where the cell names another currency than `currency`.
    """
    if not isinstance(found, str) or isinstance(found, Number):
        return read_amount(found)
    text = found.strip()
    if len(text) <= TEXT_MAX and _PLAIN.fullmatch(text) is not None:
        return Amount(found, Decimal(text))
    for pattern in (_UNIT_BEFORE, _UNIT_BEHIND):
        match = pattern.search(text)
        unit = None if match is None else currency_in(match["unit"])
        if match is not None and unit is not None:
            if currency is not None and unit != currency:
                raise NotUnderstood(f"{found[:40]!r} is in {unit}, and the row in {currency}")
            text = text[: match.start()] + match.groupdict().get("sign", "") + text[match.end() :]
            if text.startswith("(") and not text.endswith(")"):
                text = text[1:]
    if (grouped := _THREE_DIGITS.fullmatch(text)) is not None:
        text = "".join(grouped.groups())
    if _PART_OF_ONE.fullmatch(text) is not None:
        return Amount(found, read_amount(text.replace(",", ".")).number)
    try:
        number = read_grouped(text, decimal_comma=True).number
    except NotUnderstood:
        number = read_grouped(text, decimal_comma=False).number
    return Amount(found, number)
