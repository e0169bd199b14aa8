"""What a marketplace's record does to the money that it tells of."""

from __future__ import annotations

from dataclasses import replace

from events.account_state import AccountState
from events.balances.state import Order
from events.channels.state import SELLER
from events.instants import Instant
from events.settlements.adjustments import adjusted
from events.settlements.events import SettlementObserved
from events.settlements.known import after_record, before_record, hear, known_key, settlement_key
from events.settlements.state import Settlement


def evolve(state: AccountState, event: SettlementObserved, at: Instant, position: int) -> None:
    """Folds an observation: what was said of the money, what it is worth, and what of it was released."""
    key = settlement_key(event)
    before = state.settlements.get(key)
    known = before_record(before, event)
    heard = hear(before, event)
    collects = known.collects if known.released else event.collects
    now = replace(after_record(known, heard), position=position, collects=collects)
    state.settlements[key] = now
    adjustments = adjusted(now)
    let_go = adjustments.let_go - adjusted(before).let_go
    change = (now.booked or 0) - (known.booked or 0)
    let_go += change if now.released else 0
    change += adjustments.worth - known.adjusted
    if event.amount is not None or change or let_go:
        order = state.orders.get((now.currency, now.counts_for), Order())
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
        adjustments = adjusted(money)
        let_go = (money.booked or 0) + adjustments.worth - adjustments.let_go
        money = replace(money, collects=event.collects, released=True)
        if let_go:
            order = state.orders.get((money.currency, money.counts_for), Order())
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
