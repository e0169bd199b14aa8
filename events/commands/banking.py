"""What the money on a bank account is for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from events.commands.command import Command
from events.commands.fields import Amount, Currency, Identifier, Reason, Reference


class SetTolerance(Command):
    """Say which difference between expected and paid is none, in major units of the currency: 100 is a hundred rupiah."""

    type: Literal["setTolerance"] = "setTolerance"
    currency: Currency
    tolerance: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]


class MatchTarget(BaseModel):
    """What an entry's money is for: a marketplace's statement, order or withdrawal, our payout, or what `id` says it is.

    Without an amount, one target gets all that is left of the entry, and several get what is expected of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    kind: Literal["statement", "order", "withdrawal", "payout", "other"]
    id: Reference
    channel: Identifier | None = None
    seller: Reference | None = None
    amount: Amount | None = None


class MakeMatch(Command):
    """Say what the money of a bank entry is for. The same money is never claimed twice."""

    type: Literal["makeMatch"] = "makeMatch"
    entry_id: Identifier
    targets: Annotated[tuple[MatchTarget, ...], Field(min_length=1, max_length=100)]
    reason: Reason


class UnmakeMatch(Command):
    """Take a match back: the entry's money is claimed no more."""

    type: Literal["unmakeMatch"] = "unmakeMatch"
    match_id: Identifier
    reason: Reason
