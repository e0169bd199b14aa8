"""Claims: what bank entries are for, as matches say. And the kinds of rows that they can be for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from events.currency import in_major_units
from projections.reconciliation import PAYOUT

STATEMENT, ORDER, WITHDRAWAL = "statement", "order", "withdrawal"
BANK_ENTRY, BANK_STATEMENT = "bank_entry", "bank_statement"
KINDS = (STATEMENT, ORDER, WITHDRAWAL, PAYOUT, BANK_ENTRY, BANK_STATEMENT)
"""In the order in which rows are listed."""

TargetKey = tuple[str, str, str, str]
"""Kind, channel, seller and id. A part that the target has not is empty."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a match says that a bank entry is for. The amount is in major units, with the entry's sign."""

    match_id: str
    entry_id: str
    amount: Decimal
    booked_on: date
    reference: str | None
    currency: str


@dataclass(slots=True)
class Claims:
    """The claims of all matches that were not unmade, by target and by entry."""

    of_target: dict[TargetKey, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    of_entry: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: Mapping[str, Any], exponents: Mapping[str, int]) -> None:
        """Adds the claims of one match."""
        currency = row["currency"]
        sign = 1 if row["amount"] > 0 else -1
        for target in orjson.loads(row["targets"]):
            key = target_key(target["kind"], target.get("channel"), target.get("seller"), target["id"])
            amount = major(sign * target["amount"], currency, exponents)
            claim = Claim(row["match_id"], row["entry_id"], amount, row["booked_on"], row["reference"], currency)
            self.of_target[key].append(claim)
            self.of_entry[row["entry_id"]].append(claim)

    def targets(self, kind: str) -> list[str]:
        """The targets of a kind, as channel/id."""
        return [f"{channel}/{name}" for of, channel, _, name in self.of_target if of == kind]


def target_key(kind: str, channel: str | None, seller: str | None, name: str) -> TargetKey:
    """The key of a target. The seller is part of it for statements only: orders and withdrawals have unique ids."""
    return (kind, channel or "", (seller or "") if kind == STATEMENT else "", name)


def major(amount: int, currency: str, exponents: Mapping[str, int]) -> Decimal:
    """An amount in minor units as major units."""
    return in_major_units(amount, exponents.get(currency, 0))
