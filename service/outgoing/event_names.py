"""The public names of events that webhook endpoints can subscribe to, and the patterns that select them."""

from __future__ import annotations

import re
from collections.abc import Iterable

PAYOUTS = (
    "payout.requested",
    "payout.adopted",
    "payout.in_transit",
    "payout.paid",
    "payout.failed",
    "payout.cancelled",
    "payout.returned",
)
"""Names whose data is the payout as it was after the event."""

NAMES: dict[str, str] = {
    **{name: name for name in PAYOUTS},
    "account.opened": "account.opened",
    "account.currency_added": "account.currency_added",
    "account.backend_set": "account.backend_set",
    "account.frozen": "account.frozen",
    "account.unfrozen": "account.unfrozen",
    "account.closed": "account.closed",
    "account.bank_account_set": "bank_account.updated",
    "revenue.recorded": "revenue.recorded",
    "revenue.settled": "revenue.settled",
    "refund.recorded": "refund.recorded",
    "fee.charged": "fee.charged",
    "balance.adjusted": "balance.adjusted",
    "reserve.held": "reserve.held",
    "reserve.released": "reserve.released",
    "statement.closed": "statement.closed",
    "payout_policy.set": "payout_policy.set",
    "payout_cycle.ended": "payout_cycle.ended",
    "dispute.opened": "dispute.opened",
    "dispute.resolved": "dispute.resolved",
}
"""Stored name -> public name. An event without a public name is internal and is sent to no endpoint."""

EVERYTHING = "*"
PATTERNS_MAX = 50

_PATTERN = re.compile(r"\*|[a-z_]+(\.[a-z_]+)*(\.\*)?")


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns selects this public name: `*`, the name itself, or `prefix.*`."""
    return any(
        pattern in (EVERYTHING, name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


def pattern_problem(pattern: str) -> str | None:
    """Why this is not a valid pattern, or None. One that matches no event is a mistake."""
    if len(pattern) > 100 or not _PATTERN.fullmatch(pattern):
        return "a pattern is *, the name of an event, or the beginning of one and .*"
    if not any(matches([pattern], name) for name in NAMES.values()):
        return f"no event has this name: there are {', '.join(sorted(set(NAMES.values())))}"
    return None
