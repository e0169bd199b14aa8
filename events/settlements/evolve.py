"""What a marketplace's record does to the money that it tells of."""

from __future__ import annotations

from dataclasses import replace

from events.account_state import AccountState
from events.balances.state import Order
from events.channels.state import SELLER
from events.instants import Instant
from events.settlements.events import SettlementObserved
from events.settlements.observe import known_key, record_digest, settlement_key
from events.settlements.state import Settlement


def evolve(state: AccountState, event: SettlementObserved, at: Instant, position: int) -> None:
    """Folds an observation: what its source said last, what the money is worth, and what of it was released."""
    key = settlement_key(event)
    before = state.settlements.get(key)
    sources = {**(before.sources if before else {}), event.source: record_digest(event)}
    if before is None:
        now = Settlement(event.currency, event.counts_for, event.collects, sources, position, event.amount)
    else:
        booked = before.booked if event.amount is None else event.amount
        collects = before.collects if before.released else event.collects
        now = replace(before, sources=sources, position=position, booked=booked, collects=collects)
    state.settlements[key] = now
    if event.amount is not None:
        order = state.orders.get((event.currency, event.counts_for), Order())
        told = order.told + event.amount - ((before.booked if before else None) or 0)
        state.orders[event.currency, event.counts_for] = replace(order, told=told, told_by=event.channel)
    if event.releases is not None:
        released = known_key(state, event.channel, event.seller, event.releases)
        money = state.settlements.get(released)
        if money is None:
            money = Settlement(event.currency, event.counts_for, event.collects, {}, position)
        if not money.released:
            money = replace(money, collects=event.collects, released=True)
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
