"""Proposals which bank entry paid which target. They are computed each time and never stored.

First by reference: the bank's text contains a statement's number, or an id or reference of a payout. Then by amount,
within the tolerance, and by day, within the target's window; such a pair is chosen only if neither the entry nor the
target has another candidate. A pair that is not certain is a candidate, and a person decides.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from events.values import value

BY_REFERENCE, BY_AMOUNT = "reference", "amount"
REFERENCE_MIN = 5
"""Shorter references appear in a bank's text by chance."""
CANDIDATES_MAX = 10

_WORD = re.compile(r"[A-Z0-9][A-Z0-9._/\-]*")
_PART = re.compile(r"[A-Z0-9]+")


@value
class OpenTarget:
    """A target: something that a payment is expected for, and that has no match yet."""

    key: Hashable
    currency: str
    expected: Decimal
    tolerance: Decimal
    references: tuple[str, ...]
    since: date
    until: date
    either_way: bool = False
    """Whether the entry may be a debit or a credit: a payout is a debit of one bank account and a credit of another."""


@value
class UnclaimedEntry:
    """The part of a bank entry that no match claims: signed, in major units."""

    entry_id: str
    currency: str
    amount: Decimal
    booked_on: date
    words: frozenset[str]


@value
class Proposal:
    """An entry that may have paid a target, the amount of it, and by what it was found."""

    entry_id: str
    amount: Decimal
    by: str
    booked_on: date


@dataclass(slots=True)
class Proposals:
    """The proposals for each target, and the targets of each entry."""

    chosen: dict[Hashable, list[Proposal]] = field(default_factory=dict)
    """By target: proposals that are certain."""
    candidates: dict[Hashable, list[Proposal]] = field(default_factory=dict)
    """By target: proposals that are not certain."""
    of_entry: dict[str, list[Hashable]] = field(default_factory=dict)
    """By entry: its targets, chosen or candidates."""
    undecided: set[str] = field(default_factory=set)
    """Entries that are only candidates."""


def words_of(texts: Iterable[str | None]) -> frozenset[str]:
    """The words of a bank's texts, in capitals: each without its punctuation, and its parts."""
    found: set[str] = set()
    for text in texts:
        if text:
            upper = text.upper()
            found.update(normalised(word) for word in _WORD.findall(upper))
            found.update(_PART.findall(upper))
    return frozenset(word for word in found if len(word) >= REFERENCE_MIN)


def normalised(text: str) -> str:
    """A reference for comparison: in capitals, without punctuation, since banks change both."""
    return "".join(_PART.findall(text.upper()))


def propose(targets: Sequence[OpenTarget], entries: Sequence[UnclaimedEntry]) -> Proposals:
    """Pairs each target with entries: chosen if certain, else candidates."""
    found = Proposals()
    by_key = {target.key: target for target in targets}
    named = _named(targets, entries)
    _by_reference(by_key, named, found)
    named_entries = {entry.entry_id for entry, _ in named.values()}
    rest = [target for target in targets if target.key not in found.chosen and target.key not in found.candidates]
    _by_amount(rest, [entry for entry in entries if entry.entry_id not in named_entries], found)
    for pairs, undecided in ((found.chosen, False), (found.candidates, True)):
        for key, proposals in pairs.items():
            for proposal in proposals:
                found.of_entry.setdefault(proposal.entry_id, []).append(key)
                if undecided:
                    found.undecided.add(proposal.entry_id)
    return found


def _named(
    targets: Sequence[OpenTarget], entries: Sequence[UnclaimedEntry]
) -> dict[str, tuple[UnclaimedEntry, list[Hashable]]]:
    """Entries whose text names targets of the same currency, with these targets."""
    wanted: dict[tuple[str, str], dict[Hashable, None]] = defaultdict(dict)
    for target in targets:
        for reference in target.references:
            normal = normalised(reference)
            if len(normal) >= REFERENCE_MIN:
                wanted[target.currency, normal][target.key] = None
    named: dict[str, tuple[UnclaimedEntry, list[Hashable]]] = {}
    for entry in entries:
        keys = {key: None for word in sorted(entry.words) for key in wanted.get((entry.currency, word), ())}
        if keys:
            named[entry.entry_id] = entry, list(keys)
    return named


def _by_reference(
    targets: Mapping[Hashable, OpenTarget], named: Mapping[str, tuple[UnclaimedEntry, list[Hashable]]], found: Proposals
) -> None:
    pairs: dict[Hashable, list[Proposal]] = defaultdict(list)
    uncertain: set[Hashable] = set()
    for entry, keys in named.values():
        possible = [key for key in keys if _same_direction(targets[key], entry.amount)]
        amounts = {key: _signed_like(targets[key].expected, entry.amount) for key in possible}
        if len(possible) == 1:
            amounts = {possible[0]: entry.amount}
        elif abs(sum(amounts.values()) - entry.amount) > sum(targets[key].tolerance for key in possible):
            # It names several targets, and its amount is not their sum.
            uncertain.update(possible)
        for key in possible:
            pairs[key].append(Proposal(entry.entry_id, amounts[key], BY_REFERENCE, entry.booked_on))
    for key, proposals in pairs.items():
        target = targets[key]
        total = sum((_paid_amount(target, proposal.amount) for proposal in proposals), Decimal(0))
        certain = len(proposals) == 1 or abs(total - target.expected) <= target.tolerance
        found_pairs = found.chosen if certain and key not in uncertain else found.candidates
        found_pairs[key] = proposals[:CANDIDATES_MAX] if found_pairs is found.candidates else proposals


def _by_amount(targets: Sequence[OpenTarget], entries: Sequence[UnclaimedEntry], found: Proposals) -> None:
    sorted_entries: dict[str, list[UnclaimedEntry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: (each.amount, each.booked_on, each.entry_id)):
        sorted_entries[entry.currency].append(entry)
    amounts = {currency: [entry.amount for entry in each] for currency, each in sorted_entries.items()}
    pairs: dict[Hashable, list[UnclaimedEntry]] = {}
    target_count: dict[str, int] = defaultdict(int)
    for target in targets:
        if abs(target.expected) <= target.tolerance:
            continue
        entries_found: list[UnclaimedEntry] = []
        for expected in (target.expected, -target.expected) if target.either_way else (target.expected,):
            known = amounts.get(target.currency, [])
            first = bisect_left(known, expected - target.tolerance)
            last = bisect_right(known, expected + target.tolerance)
            entries_found += [
                entry
                for entry in sorted_entries[target.currency][first:last]
                if target.since <= entry.booked_on <= target.until
            ]
        if entries_found:
            pairs[target.key] = entries_found
            for entry in entries_found:
                target_count[entry.entry_id] += 1
    for key, entries_found in pairs.items():
        proposals = [Proposal(entry.entry_id, entry.amount, BY_AMOUNT, entry.booked_on) for entry in entries_found]
        if len(entries_found) == 1 and target_count[entries_found[0].entry_id] == 1:
            found.chosen[key] = proposals
        else:
            found.candidates[key] = proposals[:CANDIDATES_MAX]


def _same_direction(target: OpenTarget, amount: Decimal) -> bool:
    return target.either_way or not target.expected or (target.expected > 0) == (amount > 0)


def _signed_like(expected: Decimal, amount: Decimal) -> Decimal:
    return abs(expected) if amount > 0 else -abs(expected)


def _paid_amount(target: OpenTarget, amount: Decimal) -> Decimal:
    """How much an entry's amount pays of the expected amount."""
    return abs(amount) if target.either_way else amount
