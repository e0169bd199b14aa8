"""How marketplaces pay this account, and by when they have to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from events.account_state import AccountState
from events.accounts.state import SETTLEMENT_TERMS, Account
from events.catalog import AnyEvent
from events.channels.commands import ChannelCommand, SetChannel, SetSettlementTerms
from events.channels.events import ChannelSet, SettlementTermsSet
from events.channels.evolve import terms_of
from events.decision_context import DecisionContext
from events.refusals import InvalidCommand


def decide(
    command: ChannelCommand, state: AccountState, account: Account, context: DecisionContext
) -> Sequence[AnyEvent]:
    match command:
        case SetChannel():
            return set_channel(command)
        case SetSettlementTerms():
            return set_settlement_terms(command, account)
        case _:
            assert_never(command)


def set_channel(command: SetChannel) -> Sequence[AnyEvent]:
    return [
        ChannelSet(
            channel=command.channel,
            collects=command.collects,
            seller=command.seller,
            currency=command.currency,
            zone=command.zone,
            columns=command.columns,
            types=command.types,
        )
    ]


def set_settlement_terms(command: SetSettlementTerms, account: Account) -> Sequence[AnyEvent]:
    if command.due_after_days is not None and command.due_after_business_days is not None:
        raise InvalidCommand(
            "give dueAfterDays or dueAfterBusinessDays: both cannot hold", field="dueAfterBusinessDays"
        )
    event = SettlementTermsSet(
        channel=command.channel,
        period=command.period,
        due_after_days=command.due_after_days,
        due_after_business_days=command.due_after_business_days,
        country=command.country,
    )
    if account.settings.get(SETTLEMENT_TERMS, {}).get(command.channel, {}) == terms_of(event):
        return []
    return [event]
