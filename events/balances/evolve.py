"""What revenue, refunds, fees, adjustments and reserves do to an account's money."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events.account_state import AccountState
from events.balances.buckets import shift
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
from events.balances.state import Order, Reserve
from events.disputes.evolve import refunded, settled
from events.instants import Instant


def evolve(books: AccountState, event: BalanceEvent, at: Instant, position: int) -> None:
    match event:
        case RevenueRecorded():
            order = books.orders.get((event.currency, event.reference), Order())
            books.orders[event.currency, event.reference] = replace(
                order,
                recorded=order.recorded + event.amount,
                pending=order.pending + event.amount,
                channel=event.channel or order.channel,
                expected_at=event.expected_at or order.expected_at,
            )
            shift(books, event.currency, pending=event.amount)
        case RevenueSettled():
            order = books.orders[event.currency, event.reference]
            order = replace(order, pending=order.pending - event.amount)
            books.orders[event.currency, event.reference] = settled(order)
            shift(books, event.currency, pending=-event.amount, available=event.amount)
        case RefundRecorded():
            order = books.orders.get((event.currency, event.reference), Order())
            books.orders[event.currency, event.reference] = refunded(order, event)
            shift(
                books,
                event.currency,
                pending=-event.from_pending,
                available=-event.from_available,
                held=-(event.from_held or 0),
            )
        case FeeCharged():
            shift(books, event.currency, available=-event.amount)
        case BalanceAdjusted():
            shift(books, event.currency, available=event.amount)
        case ReserveHeld():
            books.reserves[event.reserve_id] = Reserve(
                event.amount, event.currency, event.amount, event.reason, event.until, held_at=at
            )
            shift(books, event.currency, available=-event.amount, held=event.amount)
        case ReserveReleased():
            reserve = books.reserves[event.reserve_id]
            books.reserves[event.reserve_id] = replace(reserve, remaining=reserve.remaining - event.amount)
            shift(books, event.currency, available=event.amount, held=-event.amount)
        case _:
            assert_never(event)
