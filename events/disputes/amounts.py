"""How much of an order refunds and disputes take together.

They are often about the same money: a buyer who disputes is refunded as well. So of one order they take together no
more than it earned, unless the refunds alone, or the disputes alone, are more:

    taken = max(refunds, disputes, min(earned, refunds + disputes))

where `disputes` are those that stand open or were lost. Open ones hold their part, refunds and lost ones have taken
theirs; each step moves the difference that it makes.
"""

from __future__ import annotations

from events.balances.state import Order
from events.disputes.state import Disputed


def taken(earned: int, refunds: int, disputes: int) -> int:
    return max(refunds, disputes, min(earned, refunds + disputes))


def dispute_takes(order: Order, amount: int) -> int:
    """What one more dispute holds."""
    disputed, refunds = _standing(order)
    return taken(order.recorded, refunds, disputed.claimed + amount) - taken(order.recorded, refunds, disputed.claimed)


def lost_takes(order: Order, amount: int) -> int:
    """What leaves because a dispute that stood open is lost."""
    disputed, refunds = _standing(order)
    return taken(order.recorded, refunds, disputed.lost + amount) - taken(order.recorded, refunds, disputed.lost)


def won_gives_back(order: Order, amount: int) -> int:
    """What need not be held any more because a dispute is won."""
    disputed, refunds = _standing(order)
    less = taken(order.recorded, refunds, disputed.claimed) - taken(order.recorded, refunds, disputed.claimed - amount)
    return min(disputed.held, less)


def refund_takes(order: Order, amount: int) -> tuple[int, int]:
    """What a refund takes: of the money that is held for the order's disputes, and of its other money."""
    if order.disputed is None:
        return 0, amount
    disputed, refunds = _standing(order)
    after = refunds + amount
    left = taken(order.recorded, after, disputed.lost) - taken(order.recorded, refunds, disputed.lost)
    more = taken(order.recorded, after, disputed.claimed) - taken(order.recorded, refunds, disputed.claimed)
    from_held = min(disputed.held, left - more)
    return from_held, left - from_held


def _standing(order: Order) -> tuple[Disputed, int]:
    """With the refunds as they were told, which with a lost dispute may be more than what has left for them."""
    disputed = order.disputed or Disputed()
    return disputed, order.refunded - disputed.lost + disputed.overlap
