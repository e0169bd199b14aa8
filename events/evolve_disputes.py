"""What each fact about a dispute does to an account's books: the dispute, its order, and where its money is."""

from __future__ import annotations

from dataclasses import replace

from events import facts
from events.books import Books
from events.books.money import LOST, Dispute, Disputed, Order
from events.evolve_payouts import shift
from events.instants import Instant


def take_dispute(books: Books, fact: facts.DisputeOpened, at: Instant, position: int) -> None:
    books.disputes[fact.dispute_id] = Dispute(
        amount=fact.amount,
        currency=fact.currency,
        reference=fact.reference,
        reason=fact.reason,
        opened_at=at,
        position=position,
    )
    held = fact.from_pending + fact.from_available
    order = books.orders.get((fact.currency, fact.reference), Order())
    disputed = order.disputed or Disputed()
    books.orders[fact.currency, fact.reference] = replace(
        order,
        pending=order.pending - fact.from_pending,
        disputed=replace(
            disputed,
            claimed=disputed.claimed + fact.amount,
            held=disputed.held + held,
            held_pending=disputed.held_pending + fact.from_pending,
        ),
    )
    shift(books, fact.currency, pending=-fact.from_pending, available=-fact.from_available, held=held)


def end_dispute(books: Books, fact: facts.DisputeResolved, at: Instant) -> None:
    dispute = books.disputes[fact.dispute_id]
    books.disputes[fact.dispute_id] = replace(dispute, status=fact.outcome, resolved_at=at, resolution=fact.reason)
    order = books.orders[fact.currency, fact.reference]
    disputed = order.disputed or Disputed()
    left = fact.from_held + fact.from_pending + fact.from_available
    back = fact.to_pending + fact.to_available
    is_lost = fact.outcome == LOST
    disputed = replace(
        disputed,
        claimed=disputed.claimed if is_lost else disputed.claimed - fact.amount,
        lost=disputed.lost + (fact.amount if is_lost else 0),
        held=disputed.held - fact.from_held - back,
        held_pending=max(0, disputed.held_pending - fact.from_held) - fact.to_pending,
        overlap=disputed.overlap + (fact.amount - left if is_lost else 0),
    )
    books.orders[fact.currency, fact.reference] = replace(
        order,
        pending=order.pending - fact.from_pending + fact.to_pending,
        refunded=order.refunded + left,
        disputed=disputed if disputed.claimed else None,
    )
    shift(
        books,
        fact.currency,
        pending=fact.to_pending - fact.from_pending,
        available=fact.to_available - fact.from_available,
        held=-fact.from_held - back,
    )


def refunded(order: Order, fact: facts.RefundRecorded) -> Order:
    """The order after a refund: what had left with a dispute already does not leave again."""
    from_held = fact.from_held or 0
    left = fact.from_pending + fact.from_available + from_held
    disputed = order.disputed
    if disputed is not None:
        disputed = replace(
            disputed,
            held=disputed.held - from_held,
            held_pending=max(0, disputed.held_pending - from_held),
            overlap=disputed.overlap + fact.amount - left,
        )
    return replace(order, pending=order.pending - fact.from_pending, refunded=order.refunded + left, disputed=disputed)


def settled(order: Order) -> Order:
    """Once all of an order's pending is released, what is held of it would be too: it comes back as available."""
    if order.disputed is None or order.pending:
        return order
    return replace(order, disputed=replace(order.disputed, held_pending=0))
