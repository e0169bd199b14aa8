"""The cells of banks' tables: amounts, directions and days, in the forms that banks write.

Nothing is guessed: `1.500` may be fifteen hundred or one and a half, and `05/09` is a day of no known year.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from service.formats.amounts import NotUnderstood, Number, OutgoingSign, read_grouped

CREDIT = frozenset(
    {"CR", "C", "K", "KREDIT", "CREDIT", "KR", "+", "IN", "MASUK", "INCOMING", "MONEY IN", "UANG MASUK", "H", "HABEN"}
)
DEBIT = frozenset(
    {"DB", "DR", "D", "DEBET", "DEBIT", "-", "OUT", "KELUAR", "OUTGOING", "MONEY OUT", "UANG KELUAR", "S", "SOLL"}
)
"""The words for money that came, and for money that went."""

PENDING = frozenset({"PEND", "PENDING", "TERTUNDA", "VORGEMERKT", "UMSATZ VORGEMERKT"})
"""What stands in place of a day where an entry is not booked yet."""

_WITH_DIRECTION = re.compile(
    r"(?P<amount>.*[0-9)])(?P<direction>\s*(?:CR|DB|DR)|\s+[KD])\.?", re.IGNORECASE | re.DOTALL
)
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
_BARE_DECIMALS = re.compile(r"([+-]?)([.,]\d{1,2})")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_SHORT = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d\d)(?:[ T].*)?", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3,9})[-/. ,]*(\d{4}|\d\d)(?:[ T].*)?", re.ASCII)
_NO_YEAR = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]?", re.ASCII)
_DAYS = re.compile(r"\d{1,4}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}", re.ASCII)
_MONTHS = (
    *(("jan",), ("feb", "peb"), ("mar", "mär"), ("apr",), ("may", "mei", "mai"), ("jun",), ("jul",)),
    *(("aug", "agu", "ags"), ("sep",), ("oct", "okt"), ("nov", "nop"), ("dec", "des", "dez")),
)

Period = tuple[date, date]
"""The first and the last day that a file covers."""


def is_direction(text: str) -> bool:
    """Whether the text is a word for a direction."""
    word = _word(text)
    return word in CREDIT or word in DEBIT


def directed(amount: Decimal, direction: str, outgoing: OutgoingSign) -> Decimal:
    """The amount with the sign of its direction. NotUnderstood for an unknown direction, and where its sign contradicts.

    `outgoing` is how the table writes amounts that went out.
    """
    word = _word(direction)
    if word in DEBIT:
        outgoing.check(amount)
        return -abs(amount)
    if word not in CREDIT:
        raise NotUnderstood(f"{direction[:20]!r} is no direction: DB and CR are")
    if amount < 0:
        raise NotUnderstood(f"{amount} is negative, and {direction[:20]!r} says that it came: which one is right?")
    return amount


def _word(text: str) -> str:
    stripped = text.strip().strip("'").strip()
    return (stripped.strip(".") or stripped).upper()


def read_money(found: object, decimal: str | None) -> Decimal:
    """The amount in a cell, such as `1.500.000,00 CR`. `decimal` is `comma`, `dot` or None for what leaves no doubt.

    NotUnderstood where it is ambiguous.
    """
    if isinstance(found, Number) or not isinstance(found, str):
        return read_grouped(found, decimal_comma=False).number
    text = found.strip().strip("'").strip()
    direction = _WITH_DIRECTION.fullmatch(text)
    if direction is not None:
        text = direction["amount"].strip()
    bare = text.replace("IDR", "").replace("Rp", "").strip()
    if match := _BARE_DECIMALS.fullmatch(bare):
        bare = f"{match[1]}0{match[2]}"
    bare = bare.strip(" .")
    if decimal is None and _AMBIGUOUS.fullmatch(bare):
        raise NotUnderstood(
            f"{found[:40]!r} can be read in two ways: say whether decimals stand behind a comma or a dot"
        )
    comma = decimal == "comma" if decimal is not None else bare.rfind(",") > bare.rfind(".") or bare.count(".") > 1
    if decimal is None and bare.count(",") > 1:
        comma = False
    amount = read_grouped(bare, decimal_comma=comma).number
    return amount if direction is None else directed(amount, direction["direction"], OutgoingSign())


def read_day(text: str, *, month_first: bool = False, period: Period | None = None) -> date:
    """A date as banks write it: day first where the order is ambiguous, unless `month_first`. NotUnderstood for others.

    A day without a year is the one that lies in the period of the file.
    """
    stripped = text.strip().strip("'").strip()
    try:
        if match := _ISO.fullmatch(stripped) or _COMPACT.fullmatch(stripped):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _SHORT.fullmatch(stripped):
            day, month = (match[2], match[1]) if month_first else (match[1], match[2])
            return date(_year(match[3]), int(month), int(day))
        if match := _NAMED.fullmatch(stripped):
            month_number = next(i for i, names in enumerate(_MONTHS, 1) if match[2][:3].lower() in names)
            return date(_year(match[3]), month_number, int(match[1]))
        if period is not None and (match := _NO_YEAR.fullmatch(stripped)):
            day, month = (match[2], match[1]) if month_first else (match[1], match[2])
            return next(
                found
                for year in range(period[0].year, period[1].year + 1)
                if period[0] <= (found := _day_of(year, int(month), int(day))) <= period[1]
            )
    except (ValueError, StopIteration):
        pass
    raise NotUnderstood(f"{text[:40]!r} is not a date with a year")


def _day_of(year: int, month: int, day: int) -> date:
    """The day; the first one of all for the 29th of February of a year that has none."""
    try:
        return date(year, month, day)
    except ValueError:
        if (month, day) == (2, 29):
            return date.min
        raise


def read_period(text: str, *, month_first: bool = False) -> Period | None:
    """The first two days in a text, such as `01/09/2026 - 30/09/2026`; None where there are not two."""
    days = []
    for match in _DAYS.finditer(text):
        try:
            days.append(read_day(match.group(), month_first=month_first))
        except NotUnderstood:
            continue
    return (days[0], days[1]) if len(days) > 1 and days[0] <= days[1] else None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)
