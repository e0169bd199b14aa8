"""What each event does to the account's state. Total: an event without its fold is a type error in its subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import events.accounts.evolve as accounts
import events.balances.evolve as balances
import events.banking.evolve as banking
import events.channels.evolve as channels
import events.disputes.evolve as disputes
import events.payouts.evolve as payouts
import events.policies.evolve as policies
import events.provider.evolve as provider
import events.settlements.evolve as settlements
import events.statements.evolve as statements
from events.account_state import AccountState
from events.accounts.events import AccountEvent
from events.balances.events import BalanceEvent
from events.banking.events import BankingEvent
from events.catalog import AnyEvent
from events.channels.events import ChannelEvent
from events.disputes.events import DisputeEvent
from events.envelope import Envelope
from events.instants import Instant
from events.payouts.events import PayoutEvent
from events.policies.events import PolicyEvent
from events.provider.events import ProviderEvent
from events.settlements.events import SettlementEvent
from events.statements.events import StatementEvent

Evolve = Callable[[AccountState, Any, Instant, int], None]
EvolveRecorded = Callable[[AccountState, Any, Instant, int, Envelope | None], None]

_SUBJECTS: tuple[tuple[Any, Evolve], ...] = (
    (BalanceEvent, balances.evolve),
    (ProviderEvent, provider.evolve),
    (ChannelEvent, channels.evolve),
    (SettlementEvent, settlements.evolve),
    (DisputeEvent, disputes.evolve),
    (PolicyEvent, policies.evolve),
    (BankingEvent, banking.evolve),
    (StatementEvent, statements.evolve),
)

_RECORDED_SUBJECTS: tuple[tuple[Any, EvolveRecorded], ...] = (
    (AccountEvent, accounts.evolve),
    (PayoutEvent, payouts.evolve),
)
"""Subjects whose state says who did something, and when that was recorded."""

_EVOLVE: dict[type, Evolve] = {
    event_type: fold for subject, fold in _SUBJECTS for event_type in get_args(subject) or (subject,)
}
_EVOLVE_RECORDED: dict[type, EvolveRecorded] = {
    event_type: fold for subject, fold in _RECORDED_SUBJECTS for event_type in get_args(subject)
}
assert _EVOLVE.keys() | _EVOLVE_RECORDED.keys() == set(get_args(AnyEvent)), "every event's subject folds it"


def evolve(
    state: AccountState, event: AnyEvent, effective_at: Instant, position: int, envelope: Envelope | None = None
) -> None:
    """Fold one event, at its place in the log, into the account's state. Never refuses: it has happened.

    Without an envelope, nobody is known to have done it: for what is tried out, and not kept.
    """
    state.version += 1
    fold = _EVOLVE.get(type(event))
    if fold is not None:
        fold(state, event, effective_at, position)
    else:
        _EVOLVE_RECORDED[type(event)](state, event, effective_at, position, envelope)
