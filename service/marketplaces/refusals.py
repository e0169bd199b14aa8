"""How a marketplace says no, and what can be done about it."""

from __future__ import annotations

import enum

from events.values import value


class Retry(enum.StrEnum):
    """What makes another try sensible."""

    NEVER = "never"
    """The same request will be refused again."""
    LATER = "later"
    RESIGN = "resign"
    """At once, with a fresh time and signature."""
    AUTHORISE = "authorise"
    """When a person has renewed the shop's authorisation, or its token was refreshed."""


@value
class Failure:
    """An answer that is a refusal, as its envelope tells it."""

    channel: str
    code: str
    message: str
    retry: Retry

    def __str__(self) -> str:
        return f"{self.channel} refused: {self.code} {self.message}".rstrip()[:500]
