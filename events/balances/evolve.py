"""What revenue, refunds, fees, adjustments and reserves do to an account's money."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.balances.events import (
    BalanceAdjusted,
    BalanceEvent,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.balances.state import Reserve
from events.disputes.evolve import after_refund, after_settlement
from events.instants import Instant


def evolve(state: AccountState, event: BalanceEvent, at: Instant, position: int) -> None:
    match event:
        case RevenueRecorded():
            order = state.order(event.currency, event.reference)
            state.orders[event.currency, event.reference] = replace(
                order,
                recorded=order.recorded + event.amount,
                pending=order.pending + event.amount,
                channel=event.channel or order.channel,
                expected_at=event.expected_at or order.expected_at,
            )
            state.add_amounts(event.currency, pending=event.amount)
        case RevenueSettled():
            order = state.orders[event.currency, event.reference]
            order = replace(order, pending=order.pending - event.amount)
            state.orders[event.currency, event.reference] = after_settlement(order)
            state.add_amounts(event.currency, pending=-event.amount, available=event.amount)
        case RefundRecorded():
            order = state.order(event.currency, event.reference)
            state.orders[event.currency, event.reference] = after_refund(order, event)
            state.add_amounts(
                event.currency,
                pending=-event.from_pending,
                available=-event.from_available,
                held=-(event.from_held or 0),
            )
        case FeeCharged():
            state.add_amounts(event.currency, available=-event.amount)
        case BalanceAdjusted():
            state.add_amounts(event.currency, available=event.amount)
        case ReserveHeld():
            state.reserves[event.reserve_id] = Reserve(
                event.amount, event.currency, event.amount, event.reason, event.until, held_at=at
            )
            state.add_amounts(event.currency, available=-event.amount, held=event.amount)
        case ReserveReleased():
            reserve = state.reserves[event.reserve_id]
            state.reserves[event.reserve_id] = replace(reserve, remaining=reserve.remaining - event.amount)
            state.add_amounts(event.currency, available=event.amount, held=-event.amount)
        case _:
            assert_never(event)
