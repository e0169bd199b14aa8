"""What a marketplace's record does to the money that it tells of."""

from __future__ import annotations

from events.account_state import AccountState, replace
from events.channels.state import SELLER
from events.instants import Instant
from events.settlements.events import SettlementObserved
from events.settlements.observe import hear, known_key, settlement_key
from events.settlements.state import Settlement


def evolve(state: AccountState, event: SettlementObserved, at: Instant, position: int) -> None:
    """Folds an observation: what was said of the money, what it is worth, and what of it was released."""
    key = settlement_key(event)
    before = state.settlements.get(key)
    _, sources, worth = hear(before, event)
    if before is None:
        now = Settlement(event.currency, event.counts_for, event.collects, sources, position, worth)
    else:
        collects = before.collects if before.released else event.collects
        now = replace(before, sources=sources, position=position, booked=worth, collects=collects)
    state.settlements[key] = now
    change = (worth or 0) - ((before.booked if before else None) or 0)
    if event.amount is not None or change:
        order = state.order(now.currency, now.counts_for)
        let_go = order.let_go + (change if now.released else 0)
        order = replace(order, told=order.told + change, told_by=event.channel, let_go=let_go)
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
        money = replace(money, collects=event.collects, released=True)
        if money.booked:
            order = state.order(money.currency, money.counts_for)
            state.orders[money.currency, money.counts_for] = replace(order, let_go=order.let_go + money.booked)
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
