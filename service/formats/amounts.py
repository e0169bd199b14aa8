"""Amounts as sources write them: the exact text, and the decimal that it says. Never a float."""

from __future__ import annotations

import re
from decimal import Decimal

from events.values import value

TEXT_MAX = 40
"""No source writes longer numbers; a longer one, or one with a wild exponent, is somebody's mistake or attack."""

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_WITH_CURRENCY = re.compile(r"(?P<number>\S+) +(?P<currency>[A-Z]{3})")
_DOT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?|[+-]?[0-9]+,[0-9]+")
_COMMA_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_MASKED = re.compile(r"[*x#•]{2,}", re.IGNORECASE)


class NotUnderstood(ValueError):
    """A record says something that its channel does not say; the message tells a person what."""


class Unrecognised(NotUnderstood):
    """The record is of no kind that the channel is known for."""


class NotAnAmount(NotUnderstood):
    """The text is not a decimal number."""


class Number(str):
    """A number of a JSON document, as the very text that stood there."""

    __slots__ = ()


@value
class Amount:
    """What a source wrote, and the exact decimal that it means."""

    text: str
    number: Decimal


def read_amount(found: object) -> Amount:
    """The amount in a JSON number, an XML or JSON text, or a cell. NotAnAmount says what is wrong."""
    if type(found) is Number and len(found) <= TEXT_MAX and found.lstrip("-").replace(".", "", 1).isdecimal():
        # The JSON reader has seen to the rest.
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

    A `Rp` in front and brackets around a negative number are understood.
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
    """The amount and, where it is in the same text, the currency: `3962.41 EUR`."""
    match = _WITH_CURRENCY.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        return read_amount(found), None
    return Amount(str(found), read_amount(match["number"]).number), match["currency"]


def plain(number: Decimal) -> str:
    """The number without an exponent: what people and JSON readers expect of an amount."""
    return format(number, "f")


def _shown(found: object) -> str:
    return repr(found)[:60]
