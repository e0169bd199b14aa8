"""A marketplace's statement that was read wrongly is withdrawn: its money is as if nothing had been said of it.

What other records say of the statement is observed again after it, so it ends where it had ended without the wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, StatementWithdrawn
from events.channels.observe import BucketChange, deposits, level, paid_change, tells_payout, unpaid_change
from events.channels.state import StatementKey


def withdraw_statement(key: StatementKey, digest: str, reason: str, state: AccountState) -> Sequence[AnyEvent]:
    """The events that withdraw all that was said of a statement; none where it does not stand.

    `digest` is the keyed digest of the record that is read anew.
    """
    known = state.statements.get(key)
    if known is None:
        return []
    channel, seller, number = key
    order = state.order(known.currency, known.reference)
    change = BucketChange()
    if tells_payout(known) and known.was_paid:
        change = paid_change(known.booked, 0, known.paid_out, known.collects) + BucketChange(pending=known.absorbed)
    elif tells_payout(known):
        change = unpaid_change(known.booked, known.absorbed, order.pending)
    before = deposits(key, known.currency, state)
    held = level({each: said for each, said in before.items() if each != number}) - level(before)
    made: list[AnyEvent] = []
    if change != BucketChange() or held:
        made.append(
            ChannelMoneyBooked(
                channel=channel,
                reference=known.reference,
                currency=known.currency,
                pending=change.pending,
                available=change.available,
                held=held,
                paid_out=change.paid_out,
                number=number,
                seller=seller or None,
            )
        )
    withdrawn = StatementWithdrawn(
        channel=channel, number=number, currency=known.currency, digest=digest, reason=reason, seller=seller or None
    )
    return [*made, withdrawn]
