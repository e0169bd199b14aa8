"""What a record about an order changes: what is known of its money, what that is worth, and what of it was released.

Money is (channel, seller, reference). What was said of it is a set in the order of its time (`events.observations`): what
each source said last and what the money is worth follow from the set, so that neither order nor repetition matters. Of an
order, each adjustment is such a set of its own (`events.settlements.adjustments`).
"""

from __future__ import annotations

from hashlib import sha256

from events.account_state import AccountState, replace
from events.canonical import canonical
from events.channels.state import SELLER
from events.instants import Instant
from events.observations import (
    DIGEST_LENGTH,
    Heard,
    Recency,
    Said,
    contents_of,
    judge,
    newest_amount,
    place_of,
    rank_of,
)
from events.settlements.adjustments import NONE_ADJUSTED, TOTAL, adjusted, row_name
from events.settlements.events import SettlementObserved
from events.settlements.state import Settlement, SettlementKey
from events.values import value

CURRENCY_STAYS = "currency_stays"
_LET_GO = ("released", "paid")


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


_last: list[tuple[Settlement | None, SettlementObserved, Known]] = []
"""The last hearing. What was judged is folded next, and is then not digested and judged a second time."""


def hear(known: Settlement | None, observed: SettlementObserved, said: Said | None = None) -> Known:
    """What the record is to what is known of its money; what was heard after it, and what the money is worth then.

    `said` is what `said_by` gives, where that is known.
    """
    for of, what, same in _last:
        # Neither is ever changed: the very same values have the same hearing.
        if of is known and what is observed:
            return same
    hearing = _hear(known, observed, said)
    _last[:] = [(known, observed, hearing)]
    return hearing


def _hear(known: Settlement | None, observed: SettlementObserved, said: Said | None) -> Known:
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
    told = known.sources or known.adjustments
    stays = told or any(found["rule"] == CURRENCY_STAYS for found in observed.findings)
    return known if stays else replace(known, currency=observed.currency)


def has_adjustments(money: Settlement | None) -> bool:
    """Whether any source ever told of adjustments of the money. Most orders have none."""
    if money is None or money.adjustments:
        return money is not None
    return any(
        len(entry) > TOTAL + 2 and entry[TOTAL + 2]
        for contents in money.sources.values()
        if not isinstance(contents, str)
        for entry in contents.values()
    )


def after_record(known: Settlement, heard: Known) -> Settlement:
    """The money as it is known after a record of it."""
    after = replace(known, sources=heard.sources, booked=heard.booked, adjustments=heard.adjustments)
    worth = adjusted(after).worth if has_adjustments(after) else 0
    return after if worth == after.adjusted else replace(after, adjusted=worth)


def evolve(state: AccountState, event: SettlementObserved, at: Instant, position: int) -> None:
    """Folds an observation: what was said of the money, what it is worth, and what of it was released."""
    key = settlement_key(event)
    before = state.settlements.get(key)
    known = before_record(before, event)
    heard = hear(before, event)
    collects = known.collects if known.released else event.collects
    now = replace(after_record(known, heard), position=position, collects=collects)
    state.settlements[key] = now
    change = (now.booked or 0) - (known.booked or 0)
    let_go = change if now.released else 0
    if has_adjustments(now) or has_adjustments(before):
        let_go += adjusted(now).let_go - adjusted(before).let_go
        change += now.adjusted - known.adjusted
    if event.amount is not None or change or let_go:
        order = state.order(now.currency, now.counts_for)
        order = replace(order, told=order.told + change, told_by=event.channel, let_go=order.let_go + let_go)
        state.orders[now.currency, now.counts_for] = order
    if event.releases is not None:
        _let_go(state, event, position)


def _let_go(state: AccountState, event: SettlementObserved, position: int) -> None:
    assert event.releases is not None, "the caller knows"
    released = known_key(state, event.channel, event.seller, event.releases)
    money = state.settlements.get(released)
    if money is None:
        money = Settlement(event.currency, event.counts_for, event.collects, {}, position)
    if not money.released:
        adjustments = adjusted(money) if has_adjustments(money) else NONE_ADJUSTED
        let_go = (money.booked or 0) + adjustments.worth - adjustments.let_go
        money = replace(money, collects=event.collects, released=True)
        if let_go:
            order = state.order(money.currency, money.counts_for)
            state.orders[money.currency, money.counts_for] = replace(order, let_go=order.let_go + let_go)
        _release_held(state, money)
    state.settlements[released] = money


def _release_held(state: AccountState, money: Settlement) -> None:
    """What a dispute holds of money that was let go meanwhile comes back as available, not as pending again."""
    order = state.orders.get((money.currency, money.counts_for))
    if order is None or order.disputed is None or money.collects == SELLER:
        return
    if (money.booked or 0) >= order.pending + order.disputed.held_pending:
        disputed = replace(order.disputed, held_pending=0)
        state.orders[money.currency, money.counts_for] = replace(order, disputed=disputed)
