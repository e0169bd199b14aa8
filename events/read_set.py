"""Which rows of accounts' states a batch of decisions has to see, beside each account and its totals."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


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
    bank_statements: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, digest of the bank account's number, and number of the statement."""
    matches: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str]] = field(default_factory=set)
    """Account, and the idempotency key of a command that may have been answered."""

    @property
    def only_answers(self) -> bool:
        """Whether no rows are wanted but the answers given under some keys."""
        return not any(getattr(self, name) for name in _ROWS)

    @property
    def named_rows(self) -> bool:
        """Whether anything but accounts and their totals is wanted."""
        return bool(self.answers) or not self.only_answers

    def accounts_of_named_rows(self) -> set[str]:
        """Rows are put into the states of their accounts, so those are read with them; answers stand alone."""
        return {row[0] for name in _ROWS for row in getattr(self, name)}


_ROWS = tuple(f.name for f in fields(ReadSet) if f.name not in ("accounts", "answers"))
