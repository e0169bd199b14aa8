"""Disputes: an order's money is held until it is known whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.state import Account
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.currency import AMOUNT_MAX
from events.decision_context import DecisionContext
from events.disputes.amounts import dispute_takes, lost_takes, won_gives_back
from events.disputes.commands import DisputeCommand, OpenDispute, ResolveDispute
from events.disputes.events import DisputeOpened, DisputeResolved
from events.disputes.state import DISPUTE_OPEN, LOST
from events.refusals import DisputeNotFound, InvalidCommand, InvalidTransition


def decide(
    command: DisputeCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case OpenDispute():
            return open_dispute(command, state, account, context)
        case ResolveDispute():
            return resolve_dispute(command, state)
        case _:
            assert_never(command)


def open_dispute(
    command: OpenDispute, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    dispute_id = command.dispute_id or f"dsp_{context.new_id}"
    if dispute_id in state.disputes:
        raise InvalidTransition(f"dispute {dispute_id} was opened already", details={"disputeId": dispute_id})
    order = state.order(command.currency, command.reference)
    held = dispute_takes(order, command.amount)
    from_pending = min(order.pending, held)
    _require_room(state.balance(command.currency), held - from_pending)
    return [
        DisputeOpened(
            dispute_id=dispute_id,
            amount=command.amount,
            currency=command.currency,
            reference=command.reference,
            reason=command.reason,
            from_pending=from_pending,
            from_available=held - from_pending,
        )
    ]


def resolve_dispute(command: ResolveDispute, state: AccountState) -> Sequence[AnyEvent]:
    dispute = state.disputes.get(command.dispute_id)
    if dispute is None:
        raise DisputeNotFound(command.dispute_id)
    if dispute.status != DISPUTE_OPEN:
        raise InvalidTransition(
            f"dispute {command.dispute_id} is {dispute.status} already", details={"status": dispute.status}
        )
    order = state.orders[dispute.currency, dispute.reference]
    disputed = order.disputed
    assert disputed is not None, "an order with an open dispute is disputed"
    leaves = lost_takes(order, dispute.amount) if command.outcome == LOST else 0
    from_held = min(disputed.held, leaves)
    from_pending = min(order.pending, leaves - from_held)
    if disputed.claimed - disputed.lost == dispute.amount:
        # It was the order's last: nothing stays held, whatever it has earned meanwhile.
        back = disputed.held - from_held
    else:
        back = 0 if command.outcome == LOST else won_gives_back(order, dispute.amount)
    # As a refund takes pending first, so does a dispute that is lost; what came last goes back first.
    pending_part = max(0, disputed.held_pending - from_held)
    to_available = min(disputed.held - from_held - pending_part, back)
    _require_room(state.balance(dispute.currency), leaves - from_held - from_pending)
    return [
        DisputeResolved(
            dispute_id=command.dispute_id,
            amount=dispute.amount,
            currency=dispute.currency,
            reference=dispute.reference,
            outcome=command.outcome,
            reason=command.reason,
            from_held=from_held,
            from_pending=from_pending,
            from_available=leaves - from_held - from_pending,
            to_pending=back - to_available,
            to_available=to_available,
        )
    ]


def _require_room(balance: Balance, from_available: int) -> None:
    """What is held of money that is not there must still be countable, and so must the debt."""
    available = balance.available - from_available
    total = balance.pending + max(available, 0) + balance.reserved + balance.held + balance.paid_out
    if total + from_available > AMOUNT_MAX or available < -AMOUNT_MAX:
        raise InvalidCommand(f"the account's total would pass {AMOUNT_MAX}", field="amount")
