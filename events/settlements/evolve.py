"""What a record about an order changes: what is known of its money, what that is worth, and what of it was released.

Money is (channel, seller, reference). What was said of it is a set in the order of its time (`events.observations`): what
each source said last and what the money is worth follow from the set, so that neither order nor repetition matters. Of an
order, each adjustment is such a set of its own (`events.settlements.adjustments`).
"""

from __future__ import annotations

from hashlib import sha256

from events.account_state import AccountState, pending_change, replace
from events.balances.state import Order
from events.canonical import canonical
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
from events.settlements.adjustments import TOTAL, adjusted, row_name
from events.settlements.events import SettlementEvent, SettlementObserved, SettlementWithdrawn
from events.settlements.release import (
    after_withdrawal,
    let_go,
    put,
    release_mark,
    released_no_more,
)
from events.settlements.state import Settlement, SettlementKey
from events.values import Data, value

PAYOUT = "payout"
"""The kind of a line that says what an order is worth as a whole."""
CURRENCY_STAYS = "currency_stays"
PAYOUT_WAS_PENDING = "payout_was_pending"
_LET_GO = ("released", "paid")


def settlement_key(observed: SettlementObserved) -> SettlementKey:
    """What its money is known by: an adjustment is known with the money that it adjusts."""
    return (observed.channel, observed.seller or "", observed.adjusts or observed.reference)


def known_key(state: AccountState, channel: str, seller: str | None, reference: str) -> SettlementKey:
    """The money's key; what was known before the seller was named is the same money."""
    key, nameless = (channel, seller or "", reference), (channel, "", reference)
    return nameless if key not in state.settlements and nameless in state.settlements else key


_last_digest: list[tuple[list[Data], list[object], str]] = []
"""The last digest, and of what: a record is digested as it is decided, and as it is kept."""


def record_digest(observed: SettlementObserved) -> str:
    """The digest of what a record says, whenever and wherever it was read."""
    told: list[object] = [
        observed.stage,
        observed.currency,
        observed.statement,
        observed.invoice,
        observed.occurred_at,
    ]
    if observed.pays or observed.updated_at:
        told += [observed.pays, observed.updated_at]
    for lines, of, same in _last_digest:
        # Lines are never changed.
        if lines is observed.lines and of == told:
            return same
    digest = sha256(canonical([*told, observed.lines])).hexdigest()
    _last_digest[:] = [(observed.lines, told, digest)]
    return digest


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
        # Of what only explains, no total counts.
        amounts = (observed.amount, None if observed.amount is None else observed.adjusted)
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
    stays = has_currency(known) or any(found["rule"] == CURRENCY_STAYS for found in observed.findings)
    return known if stays else replace(known, currency=observed.currency)


def has_currency(money: Settlement) -> bool:
    """Whether anything that books was said of the money: while records only explain it, it has no currency yet."""
    return money.booked is not None or newest_amount(money.adjustments) is not None


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


_last_after: list[tuple[Settlement | None, SettlementObserved, Settlement]] = []
"""The last money after a record, as in `_last`."""


def after_record(known: Settlement | None, observed: SettlementObserved) -> Settlement:
    """The money as it is known after a record of it, without what the record releases."""
    for of, what, same in _last_after:
        if of is known and what is observed:
            return same
    heard = hear(known, observed)
    before = before_record(known, observed)
    after = replace(before, sources=heard.sources, booked=heard.booked, adjustments=heard.adjustments)
    worth = adjusted(after).worth if has_adjustments(after) else 0
    after = after if worth == after.adjusted else replace(after, adjusted=worth)
    _last_after[:] = [(known, observed, after)]
    return after


def evolve(state: AccountState, event: SettlementEvent, at: Instant, position: int) -> None:
    """Folds what was said of some money, or what was said of it and is withdrawn."""
    if isinstance(event, SettlementWithdrawn):
        _withdraw(state, event, position)
    else:
        _observe(state, event, position)


def _observe(state: AccountState, event: SettlementObserved, position: int) -> None:
    """What was said of the money, what it is worth, and what of it was released."""
    key = settlement_key(event)
    before = state.settlements.get(key)
    known = before_record(before, event)
    order = state.order(known.currency, known.counts_for)
    now = after_record(before, event)
    adjusts = has_adjustments(now) or has_adjustments(before)
    absorbed, settled = _beside_commands(event, before, known, now, order, adjusts=adjusts)
    begins = known.released and known.booked is None and now.booked is not None
    now = replace(
        now,
        position=position,
        collects=known.collects if known.released else event.collects,
        absorbed=absorbed,
        settled=settled,
        # It is let go of as its worth comes.
        short=(_short(event) if event.releases in (None, event.reference) else 0) if begins else now.short,
    )
    state.settlements[key] = now
    change = (now.booked or 0) - (known.booked or 0)
    gone = change if now.released else 0
    if adjusts:
        gone += adjusted(now).let_go - adjusted(before).let_go
        change += now.adjusted - known.adjusted
    if event.amount is not None or change or gone:
        order = replace(order, told=order.told + change, told_by=event.channel, let_go=order.let_go + gone)
        state.orders[now.currency, now.counts_for] = order
    if event.releases is not None:
        _let_go(state, event, position)


def _beside_commands(
    event: SettlementObserved,
    before: Settlement | None,
    known: Settlement,
    now: Settlement,
    order: Order,
    *,
    adjusts: bool,
) -> tuple[int | None, int | None]:
    """What of the money commands had recorded, and had settled. Both are None where it is not known."""
    # While nothing is booked, commands have had nothing to do with it.
    absorbed, settled = (0, 0) if known.booked is None else (known.absorbed, known.settled)
    if absorbed is None or settled is None:
        return None, None
    more, owed, pending = _absorbed(event, before, now.booked, order), order.told - order.let_go, order.pending
    changes = list[tuple[int, int]]()
    if not (known.released and known.booked is not None):
        changes.append(((now.booked or 0) - (known.booked or 0), -more))
    if adjusts:
        are, were = adjusted(now), adjusted(before)
        changes.append(((are.worth - are.let_go) - (were.worth - were.let_go), 0))
    for change, apart in changes:
        if (change or apart) and order.disputed is not None:
            # What a dispute holds is the same money as well: what it took of it is not told apart.
            return None, None
        if change or apart:
            moved, short = pending_change(owed, owed + change, pending, apart)
            settled += short
            owed, pending = owed + change, pending + moved
    return absorbed + more, settled


def _absorbed(event: SettlementObserved, before: Settlement | None, worth: int | None, order: Order) -> int:
    """How much of the change of what the money is worth commands have recorded."""
    change = 0 if worth is None else worth - ((before.booked if before else None) or 0)
    if worth is None or (change == 0 and before is not None and before.booked is not None):
        return 0
    return change - less_what_commands_recorded(event, before, order, change)


def less_what_commands_recorded(
    observed: SettlementObserved, known: Settlement | None, order: Order, difference: int
) -> int:
    """The difference that is left when revenue and refunds that commands recorded for the order are the same money."""
    beyond = order.recorded - order.refunded - order.told
    if beyond == 0 or not is_whole(observed):
        return difference
    if beyond > 0 and (known is None or known.booked is None):
        return difference - beyond
    if beyond > 0 and difference > 0:
        return difference - min(beyond, difference)
    if beyond < 0 and difference < 0:
        return difference - max(beyond, difference)
    return difference


def is_whole(observed: SettlementObserved) -> bool:
    """Whether the record says what its order is worth, and not only a part of it."""
    return any(line["kind"] == PAYOUT and line.get("books") for line in observed.lines)


def _let_go(state: AccountState, event: SettlementObserved, position: int) -> None:
    assert event.releases is not None, "the caller knows"
    key = known_key(state, event.channel, event.seller, event.releases)
    money = state.settlements.get(key)
    if money is None:
        money = Settlement(event.currency, event.counts_for, event.collects, {}, position)
    # Rows of older releases do not know who said it.
    dated = event.observed_at is not None
    mark = release_mark(event.source, event.reference, said_by(event).content) if dated else None
    let_go(state, key, money, event.collects, mark, _short(event))


def _short(event: SettlementObserved) -> int:
    """How much of what the record lets go of was not pending any more: all releases say so in a finding."""
    return sum(-int(each["difference"]) for each in event.findings if each["rule"] == PAYOUT_WAS_PENDING)


def _withdraw(state: AccountState, event: SettlementWithdrawn, position: int) -> None:
    """Takes away what a record said: what the money is worth then, and whether anything else let it go, stands."""
    mark = release_mark(event.source, event.reference, event.content)
    if event.releases is not None and event.releases != event.reference:
        released = known_key(state, event.channel, event.seller, event.releases)
        money = state.settlements.get(released)
        if money is not None:
            put(state, released, money, released_no_more(money, mark), position)
    key = (event.channel, event.seller or "", event.adjusts or event.reference)
    known = state.settlements.get(key)
    if known is not None:
        after = after_withdrawal(known, event.source, event.reference, event.content, event.adjusts, event.releases)
        put(state, key, known, after, position)
