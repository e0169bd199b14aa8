"""Records that an older release knew by other references, or booked in another way: they are found, and stay as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from events.account_state import AccountState
from events.observations import DIGEST_LENGTH, contents_of, newest_content
from events.settlements.adjustments import tells_total
from events.settlements.events import SettlementObserved
from events.settlements.evolve import known_key, record_digest
from events.settlements.state import Settlement, SettlementKey
from events.values import value

ADJUSTMENT, OTHER = "adjustment", "other"
"""Kinds of lines: older releases called all that they did not know an adjustment."""


@value
class OlderName:
    """A reference that a record has had in an older release. `alone`: it named no other record."""

    reference: str
    alone: bool = False


@value
class KnownAs:
    """What a record is known as since an older release: the money, and the contents that its source said of it."""

    key: SettlementKey
    contents: Sequence[str]


def known_as(observed: SettlementObserved, older: Iterable[OlderName], state: AccountState) -> KnownAs | None:
    """What the record is known as by one of its older names: it is that money, and no other. None where it is not known.

    A name that others shared is its own where the newest that was heard there is what the record says, in its words of
    today or of then.
    """
    for name in older:
        key = known_key(state, observed.channel, observed.seller, name.reference)
        money = state.settlements.get(key)
        heard = {} if money is None else contents_of(money.sources, observed.source)
        newest = newest_content(heard)
        if newest is None:
            continue
        if name.alone:
            return KnownAs(key, list(heard))
        if newest in _digests(observed):
            return KnownAs(key, [newest])
    return None


def _digests(observed: SettlementObserved) -> set[str]:
    """The digests of what the record says, and of how older releases read it: without a time of its own, without a word
    for kinds that they did not know, and with adjustments that only explained.
    """
    lines = [
        observed.lines,
        [{**line, "kind": ADJUSTMENT} if line["kind"] == OTHER else line for line in observed.lines],
        [{name: each for name, each in line.items() if name != "books"} for line in observed.lines],
    ]
    return {
        record_digest(replace(observed, lines=form, updated_at=at))[:DIGEST_LENGTH]
        for form in lines
        for at in (observed.updated_at, None)
    }


def as_known_before(observed: SettlementObserved, state: AccountState) -> SettlementObserved:
    """An adjustment of an order; or as an older release knew it, under a reference of its own, where one did."""
    if observed.adjusts is None:
        return observed
    own = known_key(state, observed.channel, observed.seller, observed.reference)
    if own not in state.settlements:
        return replace(observed, releases=None)
    books = any(line.get("books") for line in observed.lines)
    as_before = replace(observed, adjusts=None, occurred_on=None, seller=own[1] or None)
    return as_before if books else replace(as_before, amount=None)


def is_inside(observed: SettlementObserved, known: Settlement) -> bool:
    """Whether the record of the order itself, whose list has the adjustment, was booked with it by an older release."""
    contents = contents_of(known.sources, observed.source)
    return bool(contents) and not tells_total(contents)
