"""Revenue, refunds, fees, adjustments and reserves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.accounts.state import Account
from events.balances.commands import (
    Adjust,
    BalanceCommand,
    ChargeFee,
    HoldReserve,
    RecordRefund,
    RecordRevenue,
    ReleaseReserve,
    SettleRevenue,
)
from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.currency import AMOUNT_MAX
from events.decision_context import DecisionContext
from events.disputes.amounts import refund_takes
from events.refusals import InsufficientBalance, InvalidCommand, ReserveNotFound


def decide(
    command: BalanceCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case RecordRevenue():
            return record_revenue(command, state, account)
        case SettleRevenue():
            return settle_revenue(command, state, account)
        case RecordRefund():
            return record_refund(command, state, account)
        case ChargeFee():
            return charge_fee(command, state, account)
        case Adjust():
            return adjust(command, state, account)
        case HoldReserve():
            return hold_reserve(command, state, account, context)
        case ReleaseReserve():
            return release_reserve(command, state)
        case _:
            assert_never(command)


def _require_room(balance: Balance, amount: int) -> None:
    """Totals stay within +-(2^53 - 1), as every amount does, wherever the money is moved later.

    What is owed to the ledger (a negative available) does not make room: it may be paid back.
    """
    total = balance.pending + max(balance.available, 0) + balance.reserved + balance.held + balance.paid_out
    if total + max(amount, 0) > AMOUNT_MAX or balance.available + amount < -AMOUNT_MAX:
        raise InvalidCommand(f"the account's total would pass {AMOUNT_MAX}", field="amount")


def record_revenue(command: RecordRevenue, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    _require_room(state.balance(command.currency), command.amount)
    recorded = RevenueRecorded(
        amount=command.amount,
        currency=command.currency,
        reference=command.reference,
        channel=command.channel,
        expected_at=command.expected_at,
    )
    if command.currency in account.currencies:
        return [recorded]
    return [CurrencyAdded(currency=command.currency), recorded]


def settle_revenue(command: SettleRevenue, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    pending = state.order(command.currency, command.reference).pending
    if command.amount > pending:
        raise InsufficientBalance(asked=command.amount, available=pending, currency=command.currency, bucket="pending")
    return [
        RevenueSettled(
            amount=command.amount,
            currency=command.currency,
            reference=command.reference,
            completes=True if command.amount == pending else None,
        )
    ]


def record_refund(command: RecordRefund, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    order = state.order(command.currency, command.reference)
    from_held, rest = refund_takes(order, command.amount)
    from_pending = min(order.pending, rest)
    from_available = rest - from_pending
    _require_room(state.balance(command.currency), -from_available)
    return [
        RefundRecorded(
            amount=command.amount,
            currency=command.currency,
            reference=command.reference,
            from_pending=from_pending,
            from_available=from_available,
            reason=command.reason,
            from_held=from_held or None,
        )
    ]


def charge_fee(command: ChargeFee, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    _require_room(state.balance(command.currency), -command.amount)
    return [
        FeeCharged(amount=command.amount, currency=command.currency, reference=command.reference, kind=command.kind)
    ]


def adjust(command: Adjust, state: AccountState, account: Account) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    if command.amount == 0:
        raise InvalidCommand("an adjustment of nothing is not an adjustment", field="amount")
    _require_room(state.balance(command.currency), command.amount)
    return [BalanceAdjusted(amount=command.amount, currency=command.currency, reason=command.reason)]


def hold_reserve(
    command: HoldReserve, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    state.require_currency(command.currency)
    available = state.balance(command.currency).available
    if command.amount > available:
        raise InsufficientBalance(asked=command.amount, available=available, currency=command.currency)
    return [
        ReserveHeld(
            reserve_id=f"rsv_{context.new_id}",
            amount=command.amount,
            currency=command.currency,
            reason=command.reason,
            until=command.until,
        )
    ]


def release_reserve(command: ReleaseReserve, state: AccountState) -> Sequence[AnyEvent]:
    reserve = state.reserves.get(command.reserve_id)
    if reserve is None:
        raise ReserveNotFound(command.reserve_id)
    amount = reserve.remaining if command.amount is None else command.amount
    if amount > reserve.remaining or amount == 0:
        raise InsufficientBalance(asked=amount, available=reserve.remaining, currency=reserve.currency, bucket="held")
    return [ReserveReleased(reserve_id=command.reserve_id, amount=amount, currency=reserve.currency)]
