"""Moving money between the buckets of a balance."""

from __future__ import annotations

from events.account_state import AccountState
from events.balances.state import Balance
from events.policies import cycles
from events.policies.cycles import CYCLES


def add_amounts(
    state: AccountState,
    currency: str,
    *,
    pending: int = 0,
    available: int = 0,
    reserved: int = 0,
    held: int = 0,
    paid_out: int = 0,
) -> None:
    """Moves one currency's money between buckets."""
    if available < 0 and state.account is not None and CYCLES in state.account.settings:
        state.account = cycles.after_leaving(state.account, currency, -available)
    old = state.balance(currency)
    state.balances[currency] = Balance(
        old.pending + pending,
        old.available + available,
        old.reserved + reserved,
        old.held + held,
        old.paid_out + paid_out,
    )
