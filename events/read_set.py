"""Which rows of accounts' states a batch of decisions has to see, beside each account and its totals."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ReadSet:
    """The names of rows, a set for each kind. Every name begins with its account's id.

    An account's totals are always read. With a payout come the cases about it, with a case its payout, with a dispute
    or a settlement its order, with a match its entry.
    """

    accounts: set[str] = field(default_factory=set)
    orders: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, currency, reference."""
    payouts: set[tuple[str, str]] = field(default_factory=set)
    provider_payouts: set[tuple[str, str]] = field(default_factory=set)
    """Account, and the id under which the provider knows the payout, or a case."""
    unanswered: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, amount and currency of payouts whose submission has no answer yet."""
    reserves: set[tuple[str, str]] = field(default_factory=set)
    disputes: set[tuple[str, str]] = field(default_factory=set)
    secrets: set[tuple[str, str]] = field(default_factory=set)
    cases: set[tuple[str, str]] = field(default_factory=set)
    observed: set[tuple[str, str]] = field(default_factory=set)
    """Account, and the id of an event of the provider's."""
    channels: set[tuple[str, str]] = field(default_factory=set)
    statements: set[tuple[str, str, str, str, str, str]] = field(default_factory=set)
    """Account, channel, seller or nothing, number, currency, and time or nothing: with those beside it in time."""
    settlements: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Account, channel, seller or nothing, reference."""
    bank_entries: set[tuple[str, str]] = field(default_factory=set)
    bank_contents: set[tuple[str, str]] = field(default_factory=set)
    """Account, and the content of bank entries."""
    bank_references: set[tuple[str, str]] = field(default_factory=set)
    """Account, and a reference of bank entries: some of them are read."""
    bank_statements: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, digest of the bank account's number, and number of the statement: all of its parts."""
    matches: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str]] = field(default_factory=set)
    """Account, and the idempotency key of a command that may have been answered."""
