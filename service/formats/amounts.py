"""Amounts: the exact text of a source, and the decimal number that it stands for. Never a float."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal

from events.values import value

TEXT_MAX = 40
"""The longest amount that is read, in characters. A longer one is a mistake or an attack."""

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_WITH_CURRENCY = re.compile(r"(?P<number>\S+) +(?P<currency>[A-Z]{3})")
_DOT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?|[+-]?[0-9]+,[0-9]+")
_COMMA_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_MASKED = re.compile(r"[*x#•]{2,}", re.IGNORECASE)


class NotUnderstood(ValueError):
    """A record cannot be read. The message tells a person why."""


class Unrecognised(NotUnderstood):
    """The record is of no kind that its source is known to write."""


class NotAnAmount(NotUnderstood):
    """The text is not a decimal number."""


class Number(str):
    """A number of a JSON document, as its exact text."""

    __slots__ = ()


@value
class Amount:
    """An amount in major units: the text that a source wrote, and the decimal number that it stands for."""

    text: str
    number: Decimal


def read_amount(found: object) -> Amount:
    """The amount in a JSON number, a text of XML or JSON, or a cell of a table. NotAnAmount says what is wrong."""
    if type(found) is Number and len(found) <= TEXT_MAX and found.lstrip("-").replace(".", "", 1).isdecimal():
        # The JSON decoder has already checked the rest of the form.
        return Amount(str(found), Decimal(found))
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise NotAnAmount(f"{_shown(found)} is not an amount")
    text = str(found)
    stripped = text.strip()
    if len(stripped) > TEXT_MAX or _PLAIN.fullmatch(stripped) is None:
        if _MASKED.search(stripped):
            raise NotAnAmount("the source masks this amount: ask it for the privilege to see sensitive data")
        raise NotAnAmount(f"{_shown(found)} is not an amount")
    return Amount(text, Decimal(stripped))


def read_grouped(found: object, decimal_comma: bool) -> Amount:
    """As `read_amount`, for reports that group thousands: 1.234,50 where the comma is the decimal sign, else 1,234.50.

    A leading `Rp` is ignored. Brackets around a number mean that it is negative.
    """
    if not isinstance(found, str) or isinstance(found, Number):
        return read_amount(found)
    body = found.strip()
    if body.startswith("(") and body.endswith(")"):
        body = "-" + body[1:-1].strip()
    sign = "-" if body.startswith("-") else ""
    body = sign + body.lstrip("+-").strip().removeprefix("Rp").strip()
    if decimal_comma and _DOT_GROUPS.fullmatch(body):
        body = body.replace(".", "").replace(",", ".")
    elif not decimal_comma and _COMMA_GROUPS.fullmatch(body):
        body = body.replace(",", "")
    return Amount(found, read_amount(body).number)


def read_payout(found: object) -> tuple[Amount, str | None]:
    """The amount and, where the same text names it, the currency: `3962.41 EUR`. NotAnAmount as in `read_amount`."""
    match = _WITH_CURRENCY.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        return read_amount(found), None
    return Amount(str(found), read_amount(match["number"]).number), match["currency"]


def plain(number: Decimal) -> str:
    """The number as text without an exponent, as people and JSON readers expect an amount."""
    return format(number, "f")


def in_minor_units(number: Decimal, exponent: int) -> tuple[int, Decimal]:
    """The amount in minor units, rounded toward zero, and the remainder in major units.

    `exponent` is the number of decimals of the currency in the ledger: 1521950.71 VND (0) is 1521950 and 0.71.
    """
    whole = number.scaleb(exponent).to_integral_value(ROUND_DOWN)
    return int(whole), number - whole.scaleb(-exponent)


def _shown(found: object) -> str:
    return repr(found)[:60]


class OutgoingSign:
    """How one table writes money that went out beside a word or heading for it: with a minus, or without.

    All its rows do it as the first one does. A row that does not may be a reversal, or a mistake: nobody can know.
    """

    def __init__(self) -> None:
        self._has_minus: bool | None = None

    def check(self, number: Decimal) -> None:
        """NotUnderstood where the amount has another sign than those before it. Zero has none."""
        if not number:
            return
        if self._has_minus is None:
            self._has_minus = number < 0
        elif self._has_minus is not (number < 0):
            usual, this = ("a minus", "none") if self._has_minus else ("no minus", "one")
            raise NotUnderstood(
                f"{number}: other amounts that went out have {usual} in this table, and this one has {this}: "
                "did the money leave, or come back?"
            )
