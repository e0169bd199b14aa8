"""What the money on a bank account is for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from events.command import Amount, Command, Currency, Identifier, Reason, Reference
from events.read_set import ReadSet


class SetTolerance(Command):
    """Say which difference between expected and paid is none, in major units of the currency: 100 is a hundred rupiah."""

    type: Literal["setTolerance"] = "setTolerance"
    scope = "command:write"
    effect = "settings"
    example = {"currency": "IDR", "tolerance": "250.50"}
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
    scope = "operator"
    effect = "records"
    also_when_closed = True
    example = {
        "entryId": "ben_1",
        "targets": [
            {"kind": "statement", "id": "S-1", "channel": "lazada", "seller": "EG100RT", "amount": 700},
            {"kind": "payout", "id": "pout_1", "channel": None, "seller": None, "amount": 300},
        ],
        "reason": "the bank's reference is cut off",
    }
    entry_id: Identifier
    targets: Annotated[tuple[MatchTarget, ...], Field(min_length=1, max_length=100)]
    reason: Reason

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.bank_entries.add((self.account_id, self.entry_id))
        for target in self.targets:
            if target.kind == "payout":
                read_set.payouts.add((self.account_id, target.id))
            elif target.kind == "statement":
                key = (target.channel or "", target.seller or "", target.id)
                read_set.statements.add((self.account_id, *key, "", ""))


class UnmakeMatch(Command):
    """Take a match back: the entry's money is claimed no more."""

    type: Literal["unmakeMatch"] = "unmakeMatch"
    scope = "operator"
    effect = "records"
    also_when_closed = True
    example = {"matchId": "mat_1", "reason": "it was for another shop"}
    match_id: Identifier
    reason: Reason

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.matches.add((self.account_id, self.match_id))


BankingCommand = SetTolerance | MakeMatch | UnmakeMatch
