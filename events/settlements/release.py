"""What lets go of money, and how money stands after what was said of it is withdrawn.

Money is released as long as anything that was said lets go of it. Each word of it has a mark, which goes when it is
withdrawn.
"""

from __future__ import annotations

from events.account_state import AccountState, replace
from events.channels.state import SELLER
from events.observations import CONTENTS_MAX, newest_amount, without
from events.settlements.adjustments import adjusted, row_name
from events.settlements.state import Settlement, SettlementKey


def release_mark(source: str, reference: str, content: str) -> str:
    """What names a record that says that money was let go of: what it said, and of which money."""
    return f"{source} {reference} {content}"


def worth_of(money: Settlement) -> int:
    """What the money is worth, with its adjustments."""
    return (money.booked or 0) + money.adjusted


def gone_of(money: Settlement) -> int:
    """How much of its order's worth was let go of, with adjustments that were let go of by themselves."""
    return ((money.booked or 0) if money.released else 0) + adjusted(money).let_go


def let_go(
    state: AccountState, key: SettlementKey, money: Settlement, collects: str, mark: str | None, short: int
) -> None:
    """Folds that a record says that the money was let go of; `short` of it was not there any more."""
    if mark is not None and mark not in money.released_by:
        money = replace(money, released_by=sorted([*money.released_by, mark])[-CONTENTS_MAX:])
    if not money.released:
        before, money = money, replace(money, collects=collects, released=True, short=short)
        if gone := gone_of(money) - gone_of(before):
            order = state.order(money.currency, money.counts_for)
            state.orders[money.currency, money.counts_for] = replace(order, let_go=order.let_go + gone)
        _release_held(state, money)
    state.settlements[key] = money


def _release_held(state: AccountState, money: Settlement) -> None:
    """What a dispute holds of money that was let go meanwhile comes back as available, not as pending again."""
    order = state.orders.get((money.currency, money.counts_for))
    if order is None or order.disputed is None or money.collects == SELLER:
        return
    if (money.booked or 0) >= order.pending + order.disputed.held_pending:
        disputed = replace(order.disputed, held_pending=0)
        state.orders[money.currency, money.counts_for] = replace(order, disputed=disputed)


def released_no_more(money: Settlement, mark: str) -> Settlement:
    """The money without this word of its release; it is released as long as any other says so."""
    if mark not in money.released_by:
        return money
    left = [each for each in money.released_by if each != mark]
    return replace(money, released_by=left, released=bool(left), short=money.short if left else 0)


def after_withdrawal(
    known: Settlement, source: str, reference: str, content: str, adjusts: str | None, releases: str | None
) -> Settlement:
    """The money without what this record said of it: of an adjustment of it, where the record `adjusts` it."""
    if adjusts is not None:
        after = replace(known, adjustments=without(known.adjustments, row_name(source, reference), content))
    else:
        sources = without(known.sources, source, content)
        after = replace(known, sources=sources, booked=newest_amount(sources))
        if after.booked is None:
            after = replace(after, absorbed=0, settled=0)
        if releases == reference:
            after = released_no_more(after, release_mark(source, reference, content))
    if not _stands(after):
        after = replace(after, released=False)
    if comes_back(known, after):
        after = replace(after, short=0)
    return replace(after, adjusted=adjusted(after).worth)


def comes_back(before: Settlement, after: Settlement) -> bool:
    """Whether what was let go of the money is so no more, as nothing lets go of it, or nothing says what it is worth."""
    return before.released and before.booked is not None and (not after.released or after.booked is None)


def put(state: AccountState, key: SettlementKey, before: Settlement, after: Settlement, position: int) -> None:
    """Puts the money as it stands now, and what that changes of its order. Nothing is left of what nobody tells of."""
    if _stands(after):
        state.settlements[key] = replace(after, position=position)
    else:
        del state.settlements[key]
        after = replace(after, released=False)
    order = state.orders.get((before.currency, before.counts_for))
    if order is None:
        return
    told = order.told + worth_of(after) - worth_of(before)
    is_told = told or after.booked is not None or after.adjustments
    state.orders[before.currency, before.counts_for] = replace(
        order,
        told=told,
        told_by=order.told_by if is_told else None,
        let_go=order.let_go + gone_of(after) - gone_of(before),
    )


def _stands(money: Settlement) -> bool:
    return bool(money.sources or money.adjustments or money.released_by)
