"""Where a payout has to be by what was said of it: the table at the head of `events/provider/reports.py`, written anew.

It shares no code with what it judges: a story is a plain set of (what was said, when), and money is counted by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from events.balances.state import Balance
from events.payouts.state import Payout

Told = frozenset[tuple[str, str]]
"""(what was said, when)."""


class Place(NamedTuple):
    """How a payout shows."""

    status: str
    in_transit_at: str | None = None
    paid_at: str | None = None
    failed_at: str | None = None
    cancelled_at: str | None = None
    returned_at: str | None = None


def shown(payout: Payout) -> Place:
    return Place(
        payout.status,
        payout.in_transit_at,
        payout.paid_at,
        payout.failed_at,
        payout.cancelled_at,
        payout.returned_at,
    )


def times(told: Iterable[tuple[str, str]], what: str) -> list[str]:
    return sorted(when for said, when in told if said == what)


def place(told: Told) -> Place:
    sent, paid, failed = times(told, "in_transit"), times(told, "paid"), times(told, "failed")
    cancelled, refused = times(told, "cancelled"), times(told, "refused")
    sent_at = sent[0] if sent else None
    if paid and failed:
        came_back = failed[-1] > paid[-1]
        if came_back:
            return Place("failed", sent_at, paid[0], failed[-1], returned_at=failed[-1])
        return Place("paid", sent_at, paid[0])
    if paid:
        return Place("paid", sent_at, paid[0])
    if failed:
        return Place("failed", sent_at, failed_at=failed[-1])
    if cancelled:
        return Place("cancelled", sent_at, cancelled_at=cancelled[0])
    if sent:
        return Place("in_transit", sent_at)
    if refused and not times(told, "created"):
        return Place("failed", failed_at=refused[-1])
    return Place("pending")


def conflicts(told: Told) -> set[str]:
    """Kinds of the cases that the story calls for."""
    sent, paid, failed = times(told, "in_transit"), times(told, "paid"), times(told, "failed")
    cancelled, refused = times(told, "cancelled"), times(told, "refused")
    found = set()
    # Some payment was told for no earlier than some failure, or after the provider would not take it at all.
    if any(one <= other for one in failed for other in paid) or (refused and paid):
        found.add("paid_after_failure")
    if cancelled and (paid or failed):
        found.add("cancelled_and_ended")
    if any(one > other for one in sent for other in (*failed, *cancelled)):
        found.add("moved_after_end")
    if refused and (sent or times(told, "created")):
        found.add("moved_after_end")
    return found


def balance(status: str, amount: int = 400, of: int = 1000) -> Balance:
    """Where the money is: `of` was available before a payout of this amount."""
    where = {
        "pending": Balance(available=of - amount, reserved=amount),
        "in_transit": Balance(available=of - amount, reserved=amount),
        "paid": Balance(available=of - amount, paid_out=amount),
        "failed": Balance(available=of),
        "cancelled": Balance(available=of),
    }
    return where[status]
