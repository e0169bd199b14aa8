"""What payout policies and their cycles do to an account's settings."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState
from events.instants import Instant
from events.policies import cycles
from events.policies.events import PayoutCycleCut, PayoutCycleEnded, PayoutPolicySet, PolicyEvent


def evolve(state: AccountState, event: PolicyEvent, at: Instant, position: int) -> None:
    account = state.account
    assert account is not None, "an account's first event is that it was opened"
    match event:
        case PayoutPolicySet():
            state.account = cycles.set_policy(account, event)
        case PayoutCycleCut():
            state.account = cycles.add_cutoff(account, event)
        case PayoutCycleEnded():
            state.account = cycles.end_cycle(account, event, at)
        case _:
            assert_never(event)
