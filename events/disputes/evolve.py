"""What each event of a dispute changes: the dispute, its order, and where the money is."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.balances.events import RefundRecorded
from events.balances.state import Order
from events.disputes.events import DisputeEvent, DisputeOpened, DisputeResolved
from events.disputes.state import LOST, Dispute, Disputed
from events.instants import Instant


def evolve(state: AccountState, event: DisputeEvent, at: Instant, position: int) -> None:
    match event:
        case DisputeOpened():
            _opened(state, event, at, position)
        case DisputeResolved():
            _resolved(state, event, at)
        case _:
            assert_never(event)


def _opened(state: AccountState, event: DisputeOpened, at: Instant, position: int) -> None:
    state.disputes[event.dispute_id] = Dispute(
        amount=event.amount,
        currency=event.currency,
        reference=event.reference,
        reason=event.reason,
        opened_at=at,
        position=position,
    )
    held = event.from_pending + event.from_available
    order = state.order(event.currency, event.reference)
    disputed = order.disputed or Disputed()
    state.orders[event.currency, event.reference] = replace(
        order,
        pending=order.pending - event.from_pending,
        disputed=replace(
            disputed,
            claimed=disputed.claimed + event.amount,
            held=disputed.held + held,
            held_pending=disputed.held_pending + event.from_pending,
        ),
    )
    state.add_amounts(event.currency, pending=-event.from_pending, available=-event.from_available, held=held)


def _resolved(state: AccountState, event: DisputeResolved, at: Instant) -> None:
    dispute = state.disputes[event.dispute_id]
    state.disputes[event.dispute_id] = replace(dispute, status=event.outcome, resolved_at=at, resolution=event.reason)
    order = state.orders[event.currency, event.reference]
    disputed = order.disputed or Disputed()
    left = event.from_held + event.from_pending + event.from_available
    back = event.to_pending + event.to_available
    is_lost = event.outcome == LOST
    disputed = replace(
        disputed,
        claimed=disputed.claimed if is_lost else disputed.claimed - event.amount,
        lost=disputed.lost + (event.amount if is_lost else 0),
        held=disputed.held - event.from_held - back,
        held_pending=max(0, disputed.held_pending - event.from_held) - event.to_pending,
        overlap=disputed.overlap + (event.amount - left if is_lost else 0),
    )
    state.orders[event.currency, event.reference] = replace(
        order,
        pending=order.pending - event.from_pending + event.to_pending,
        refunded=order.refunded + left,
        disputed=disputed if disputed.claimed else None,
    )
    state.add_amounts(
        event.currency,
        pending=event.to_pending - event.from_pending,
        available=event.to_available - event.from_available,
        held=-event.from_held - back,
    )


def after_refund(order: Order, event: RefundRecorded) -> Order:
    """The order after a refund: what had left with a dispute already does not leave again."""
    from_held = event.from_held or 0
    left = event.from_pending + event.from_available + from_held
    disputed = order.disputed
    if disputed is not None:
        disputed = replace(
            disputed,
            held=disputed.held - from_held,
            held_pending=max(0, disputed.held_pending - from_held),
            overlap=disputed.overlap + event.amount - left,
        )
    return replace(order, pending=order.pending - event.from_pending, refunded=order.refunded + left, disputed=disputed)


def after_settlement(order: Order) -> Order:
    """Once all of an order's pending is released, what is held of it would be too: it comes back as available."""
    if order.disputed is None or order.pending:
        return order
    return replace(order, disputed=replace(order.disputed, held_pending=0))
