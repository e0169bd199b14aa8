"""What both lists of settlements are filtered by, and their cursors: names of orders may have any character."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from service.formats.amounts import plain
from service.http.cursors import wrong_cursor
from service.http.parameters import Parameter, choice, text_of
from service.marketplaces.channels import CHANNELS

TEXT_MAX = 200

ChannelAmount = Annotated[
    str, Field(description="In major units; what lowers what the channel owes the seller is negative.")
]

CHANNEL = choice("channel", tuple(CHANNELS), "Only of this channel.")


def _name(name: str) -> Parameter[str | None]:
    message = f"{name} is 1 to {TEXT_MAX} printable characters"
    return text_of(name, f"Only of this {name}.", TEXT_MAX, str.isprintable, message)


ORDER, STATEMENT, INVOICE, ITEM = (_name(name) for name in ("order", "statement", "invoice", "item"))
SELLER = _name("seller")


def amount_text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def encoded(text: str | None) -> str | None:
    """As a cursor can carry it: names of orders may have any character."""
    return None if text is None else base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") or "."


def of_seller(seller: str | None) -> tuple[str, ...]:
    """The seller as a filter of a cursor. Cursors of lists of all sellers have none."""
    return () if seller is None else (encoded(seller) or "",)


def decoded_parts(parts: list[str] | None) -> tuple[str, ...] | None:
    """The texts that `encoded` made the parts of a cursor of. 400 for other parts."""
    if parts is None:
        return None
    try:
        texts = tuple(
            "" if part == "." else base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in parts
        )
    except (ValueError, UnicodeError):
        raise wrong_cursor() from None
    if any("\0" in text for text in texts):
        raise wrong_cursor()
    return texts
