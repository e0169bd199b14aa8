"""What is known of money that marketplaces tell of: what each source said of it, and what that makes it worth.

Money is (channel, seller, reference). What was said of it is a set in the order of its time (`events.observations`): what
each source said last and what the money is worth follow from the set, so that neither order nor repetition matters. Of an
order, each adjustment is such a set of its own (`events.settlements.adjustments`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from events.account_state import AccountState
from events.canonical import canonical
from events.observations import (
    DIGEST_LENGTH,
    Heard,
    Recency,
    Said,
    contents_of,
    judge,
    newest_amount,
    newest_content,
    place_of,
    rank_of,
)
from events.settlements.adjustments import TOTAL, adjusted, row_name
from events.settlements.events import SettlementObserved
from events.settlements.state import Settlement, SettlementKey
from events.values import value

_LET_GO = ("released", "paid")
CURRENCY_STAYS = "currency_stays"
ADJUSTMENT, OTHER = "adjustment", "other"
"""Kinds of lines: older releases called all that they did not know an adjustment."""


def settlement_key(observed: SettlementObserved) -> SettlementKey:
    """What its money is known by: an adjustment is known with the money that it adjusts."""
    return (observed.channel, observed.seller or "", observed.adjusts or observed.reference)


def known_key(state: AccountState, channel: str, seller: str | None, reference: str) -> SettlementKey:
    """The money's key; what was known before the seller was named is the same money."""
    key, nameless = (channel, seller or "", reference), (channel, "", reference)
    return nameless if key not in state.settlements and nameless in state.settlements else key


def record_digest(observed: SettlementObserved) -> str:
    """The digest of what a record says, whenever and wherever it was read."""
    told = [observed.stage, observed.currency, observed.statement, observed.invoice, observed.occurred_at]
    more = [observed.pays, observed.updated_at] if observed.pays or observed.updated_at else []
    return sha256(canonical([*told, *more, observed.lines])).hexdigest()


def is_known(observed: SettlementObserved, state: AccountState) -> bool:
    """Whether anything is known of the record's money; of an adjustment, whether it is known itself."""
    if observed.adjusts is None:
        return settlement_key(observed) in state.settlements
    if known_key(state, observed.channel, observed.seller, observed.reference) in state.settlements:
        return True
    money = state.settlements.get(known_key(state, *settlement_key(observed)))
    return money is not None and row_name(observed.source, observed.reference) in money.adjustments


@value
class OlderName:
    """A reference that a record has had in an older release. `alone`: it named no other record."""

    reference: str
    alone: bool = False


def has_older_name(observed: SettlementObserved, older: Iterable[OlderName], state: AccountState) -> bool:
    """Whether the record is known by one of its older names: then it is that money, and no other.

    A name that others shared is its own where the newest that was heard there is what the record says, in its words of
    today or of then.
    """
    for name in older:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, name.reference))
        heard = {} if money is None else contents_of(money.sources, observed.source)
        if heard and (name.alone or newest_content(heard) in _digests(observed)):
            return True
    return False


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


def said_by(observed: SettlementObserved) -> Said:
    """What the record says, as one of the observations of its money, or of its adjustment."""
    amounts: tuple[int | None, ...] = (observed.amount,)
    details: tuple[str | bool | None, ...] = ()
    if observed.adjusts is not None:
        details = (observed.occurred_at, observed.occurred_on, observed.stage in _LET_GO)
    elif observed.adjusted is not None:
        amounts = (observed.amount, observed.adjusted)
    return Said(
        source=row_name(observed.source, observed.reference) if observed.adjusts is not None else observed.source,
        content=record_digest(observed)[:DIGEST_LENGTH],
        record=observed.digest[:DIGEST_LENGTH],
        place=place_of(observed.updated_at, rank_of(observed.stage), observed.observed_at),
        by=observed.observed_by,
        amounts=amounts,
        details=details,
    )


@value
class Known:
    """What is known of money after a record of it: of what was said, and of what that makes it worth."""

    recency: Recency
    sources: Heard
    booked: int | None
    adjustments: Heard


def hear(known: Settlement | None, observed: SettlementObserved, said: Said | None = None) -> Known:
    """What the record is to what is known of its money; what was heard after it, and what the money is worth then.

    `said` is what `said_by` gives, where that is known.
    """
    heard, worth = (known.sources, known.booked) if known is not None else (Heard(), None)
    adjustments = known.adjustments if known is not None else Heard()
    if observed.adjusts is not None:
        recency, adjustments = judge(adjustments, said or said_by(observed))
        return Known(recency, heard, worth, adjustments)
    if observed.observed_at is None:
        # As older releases did: what arrives is newest, unless its source said the same last.
        digest = record_digest(observed)
        recency = Recency.KNOWN if heard.get(observed.source) == digest else Recency.NEWEST
        heard = {**heard, observed.source: digest}
        return Known(recency, heard, worth if observed.amount is None else observed.amount, adjustments)
    said = said or said_by(observed)
    if observed.adjusted is not None and adjustments:
        heard = _with_total_apart(heard, said, worth)
    recency, heard = judge(heard, said)
    amount = newest_amount(heard)
    return Known(recency, heard, worth if amount is None else amount, adjustments)


def _with_total_apart(heard: Heard, said: Said, worth: int | None) -> Heard:
    """What was heard, without the same content as older releases kept it: with the adjustments in its amount.

    It is heard anew where adjustments became known by themselves since. Without them it stays as it was booked.
    """
    contents = contents_of(heard, said.source)
    entry = contents.get(said.content)
    if entry is None or len(entry) > TOTAL + 2:
        return heard
    amount = entry[2] if len(entry) > 2 else worth
    if amount == said.amounts[0]:
        return heard
    return {**heard, said.source: {content: each for content, each in contents.items() if content != said.content}}


def before_record(known: Settlement | None, observed: SettlementObserved) -> Settlement:
    """The money before the first record of it: what was only released so far is in the currency of that record."""
    if known is None:
        return Settlement(observed.currency, observed.counts_for, observed.collects, {}, 0)
    # Older releases kept the currency of the release, with a finding.
    stays = known.told or any(found["rule"] == CURRENCY_STAYS for found in observed.findings)
    return known if stays else replace(known, currency=observed.currency)


def after_record(known: Settlement, heard: Known) -> Settlement:
    """The money as it is known after a record of it."""
    after = replace(known, sources=heard.sources, booked=heard.booked, adjustments=heard.adjustments)
    worth = adjusted(after).worth
    return after if worth == after.adjusted else replace(after, adjusted=worth)
