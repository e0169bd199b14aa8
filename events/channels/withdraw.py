"""A marketplace's statement that was read wrongly is withdrawn: its money is as if nothing had been said of it.

What it has moved moves back, and no more: what commands recorded or settled of the same money is as they left it. What
they settled of money that only the statement told of is taken from the available, as when a statement is corrected.
What other records say of the statement is observed again after it, so it ends where it had ended without the wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence

from events.account_state import AccountState, BucketChange
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, StatementWithdrawn
from events.channels.observe import deposits, level
from events.channels.state import ChannelStatement, StatementKey
from events.refusals import InvalidTransition
from events.statements.chain import CHANNEL as OWN

BOOKED_BEFORE = (
    "a release before this one booked it, and did not keep what commands had recorded of the same money: run"
    " payout-ledger rebuild inline, and read the import again"
)


def withdraw_statement(
    key: StatementKey, digest: str, reason: str, state: AccountState, *, by_commands: bool = True
) -> Sequence[AnyEvent]:
    """The events that withdraw all that was said of a statement; none where it does not stand.

    `digest` is the keyed digest of the record that is read anew. `by_commands` is False where it is known that nothing but
    the statement moved money of its order. InvalidTransition for a statement that the ledger itself has closed, and where
    the statement's row does not know what it moved.
    """
    known = state.statements.get(key)
    if known is None:
        return []
    channel, seller, number = key
    if channel == OWN:
        raise InvalidTransition(f"the statement {number} is the ledger's own: no file says it, so none takes it back")
    change = _back(known, state.order(known.currency, known.reference).pending, by_commands=by_commands)
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


def _back(known: ChannelStatement, pending: int, *, by_commands: bool) -> BucketChange:
    """What the statement has moved, moved back. `pending` is what its order has pending."""
    moved, available = known.moved_pending, known.moved_available
    if moved is None or available is None:
        if by_commands:
            raise InvalidTransition(BOOKED_BEFORE)
        moved = 0 if known.was_paid else max(known.booked, 0)
        available = known.booked - known.paid_out - moved
    short = max(0, moved - pending)
    return BucketChange(short - moved, -available - short, -known.paid_out)
