"""Refusals of a marketplace's API, and what makes another attempt sensible."""

from __future__ import annotations

import enum

from events.values import value


class Retry(enum.StrEnum):
    """What makes another attempt sensible."""

    NEVER = "never"
    """Nothing: the same request will be refused again."""
    LATER = "later"
    """Time: the API is overloaded or broken."""
    RESIGN = "resign"
    """A new time and signature, at once."""
    AUTHORISE = "authorise"
    """A new authorisation of the shop, or a new token."""


@value
class Failure:
    """A refusal: its code and message as the answer has them."""

    channel: str
    code: str
    message: str
    retry: Retry

    def __str__(self) -> str:
        return f"{self.channel} refused: {self.code} {self.message}".rstrip()[:500]
