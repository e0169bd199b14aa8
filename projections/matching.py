"""Which bank entries could pay what: proposals, worked out each time, and never stored as the truth.

First by reference: the number of a statement, or an id or reference of a payout, stands in what the bank wrote. Then by
amount, within the tolerance, and day, within the target's window; such a pair is proposed only where neither the entry
nor the target has another candidate. Whatever is in doubt is named as a candidate, and a person decides.
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
"""Shorter references stand in a bank's text by chance."""
CANDIDATES_MAX = 10

_WORD = re.compile(r"[A-Z0-9][A-Z0-9._/\-]*")
_PART = re.compile(r"[A-Z0-9]+")


@value
class Open:
    """Something that money is expected for, and that no match claims an entry for yet."""

    key: Hashable
    currency: str
    expected: Decimal
    tolerance: Decimal
    references: tuple[str, ...]
    since: date
    until: date
    either_way: bool = False
    """Whether the entry may be a debit or a credit: a payout leaves one bank account and reaches another."""


@value
class Unclaimed:
    """What is left of a bank entry: signed, in major units."""

    entry_id: str
    currency: str
    amount: Decimal
    booked_on: date
    words: frozenset[str]


@value
class Proposal:
    """The entry that would pay a target, how much of it, and what speaks for it."""

    entry_id: str
    amount: Decimal
    by: str
    booked_on: date


@dataclass(slots=True)
class Proposals:
    """What was found: one answer for each target, and for each entry those that it could be for."""

    chosen: dict[Hashable, list[Proposal]] = field(default_factory=dict)
    """Beyond doubt."""
    candidates: dict[Hashable, list[Proposal]] = field(default_factory=dict)
    """Each in doubt."""
    of_entry: dict[str, list[Hashable]] = field(default_factory=dict)
    """The targets of an entry, chosen or in doubt."""
    doubtful: set[str] = field(default_factory=set)
    """Entries that are candidates, and chosen for nothing."""


def words_of(texts: Iterable[str | None]) -> frozenset[str]:
    """What can be found in a bank's texts: words in capitals, whole without their punctuation, and their parts."""
    found: set[str] = set()
    for text in texts:
        if text:
            upper = text.upper()
            found.update(squeezed(word) for word in _WORD.findall(upper))
            found.update(_PART.findall(upper))
    return frozenset(word for word in found if len(word) >= REFERENCE_MIN)


def squeezed(text: str) -> str:
    """A reference as it is compared: banks drop dashes and capitals as they like."""
    return "".join(_PART.findall(text.upper()))


def propose(targets: Sequence[Open], entries: Sequence[Unclaimed]) -> Proposals:
    """Pairs each target with entries, each beyond doubt or among candidates."""
    found = Proposals()
    by_key = {target.key: target for target in targets}
    named = _named(targets, entries)
    _by_reference(by_key, named, found)
    spoken_for = {entry.entry_id for entry, _ in named.values()}
    rest = [target for target in targets if target.key not in found.chosen and target.key not in found.candidates]
    _by_amount(rest, [entry for entry in entries if entry.entry_id not in spoken_for], found)
    for pairs, doubtful in ((found.chosen, False), (found.candidates, True)):
        for key, proposals in pairs.items():
            for proposal in proposals:
                found.of_entry.setdefault(proposal.entry_id, []).append(key)
                if doubtful:
                    found.doubtful.add(proposal.entry_id)
    return found


def _named(targets: Sequence[Open], entries: Sequence[Unclaimed]) -> dict[str, tuple[Unclaimed, list[Hashable]]]:
    """Entries whose text names targets of their currency, with these."""
    wanted: dict[tuple[str, str], dict[Hashable, None]] = defaultdict(dict)
    for target in targets:
        for reference in target.references:
            plain = squeezed(reference)
            if len(plain) >= REFERENCE_MIN:
                wanted[target.currency, plain][target.key] = None
    named: dict[str, tuple[Unclaimed, list[Hashable]]] = {}
    for entry in entries:
        keys = {key: None for word in sorted(entry.words) for key in wanted.get((entry.currency, word), ())}
        if keys:
            named[entry.entry_id] = entry, list(keys)
    return named


def _by_reference(
    targets: Mapping[Hashable, Open], named: Mapping[str, tuple[Unclaimed, list[Hashable]]], found: Proposals
) -> None:
    pairs: dict[Hashable, list[Proposal]] = defaultdict(list)
    unsure: set[Hashable] = set()
    for entry, keys in named.values():
        rightful = [key for key in keys if _right_way(targets[key], entry.amount)]
        amounts = {key: _signed_like(targets[key].expected, entry.amount) for key in rightful}
        if len(rightful) == 1:
            amounts = {rightful[0]: entry.amount}
        elif abs(sum(amounts.values()) - entry.amount) > sum(targets[key].tolerance for key in rightful):
            # It names several, and is not what they add up to.
            unsure.update(rightful)
        for key in rightful:
            pairs[key].append(Proposal(entry.entry_id, amounts[key], BY_REFERENCE, entry.booked_on))
    for key, proposals in pairs.items():
        target = targets[key]
        together = sum((_counted(target, proposal.amount) for proposal in proposals), Decimal(0))
        sure = len(proposals) == 1 or abs(together - target.expected) <= target.tolerance
        where = found.chosen if sure and key not in unsure else found.candidates
        where[key] = proposals[:CANDIDATES_MAX] if where is found.candidates else proposals


def _by_amount(targets: Sequence[Open], entries: Sequence[Unclaimed], found: Proposals) -> None:
    sorted_entries: dict[str, list[Unclaimed]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: (each.amount, each.booked_on, each.entry_id)):
        sorted_entries[entry.currency].append(entry)
    amounts = {currency: [entry.amount for entry in each] for currency, each in sorted_entries.items()}
    pairs: dict[Hashable, list[Unclaimed]] = {}
    wanted_by: dict[str, int] = defaultdict(int)
    for target in targets:
        if abs(target.expected) <= target.tolerance:
            continue
        hits: list[Unclaimed] = []
        for expected in (target.expected, -target.expected) if target.either_way else (target.expected,):
            known = amounts.get(target.currency, [])
            first = bisect_left(known, expected - target.tolerance)
            last = bisect_right(known, expected + target.tolerance)
            hits += [
                entry
                for entry in sorted_entries[target.currency][first:last]
                if target.since <= entry.booked_on <= target.until
            ]
        if hits:
            pairs[target.key] = hits
            for entry in hits:
                wanted_by[entry.entry_id] += 1
    for key, hits in pairs.items():
        proposals = [Proposal(entry.entry_id, entry.amount, BY_AMOUNT, entry.booked_on) for entry in hits]
        if len(hits) == 1 and wanted_by[hits[0].entry_id] == 1:
            found.chosen[key] = proposals
        else:
            found.candidates[key] = proposals[:CANDIDATES_MAX]


def _right_way(target: Open, amount: Decimal) -> bool:
    return target.either_way or not target.expected or (target.expected > 0) == (amount > 0)


def _signed_like(expected: Decimal, amount: Decimal) -> Decimal:
    return abs(expected) if amount > 0 else -abs(expected)


def _counted(target: Open, amount: Decimal) -> Decimal:
    """How much of what is expected an entry's amount is."""
    return abs(amount) if target.either_way else amount
