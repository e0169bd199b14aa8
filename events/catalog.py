"""All events and all commands, by subject: the two lists that everything else is derived from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from events.accounts.commands import AccountCommand
from events.accounts.events import AccountEvent
from events.balances.commands import BalanceCommand
from events.balances.events import BalanceEvent
from events.banking.commands import BankingCommand
from events.banking.events import BankingEvent
from events.channels.commands import ChannelCommand
from events.channels.events import ChannelEvent
from events.disputes.commands import DisputeCommand
from events.disputes.events import DisputeEvent
from events.payouts.commands import PayoutCommand
from events.payouts.events import PayoutEvent
from events.policies.commands import PolicyCommand
from events.policies.events import PolicyEvent
from events.provider.commands import CaseCommand
from events.provider.events import ProviderEvent
from events.settlements.events import SettlementEvent
from events.statements.commands import StatementCommand
from events.statements.events import StatementEvent

AnyEvent = (
    AccountEvent
    | BalanceEvent
    | PayoutEvent
    | ProviderEvent
    | ChannelEvent
    | SettlementEvent
    | DisputeEvent
    | PolicyEvent
    | BankingEvent
    | StatementEvent
)

AnyCommand = Annotated[
    AccountCommand
    | BalanceCommand
    | PayoutCommand
    | CaseCommand
    | ChannelCommand
    | DisputeCommand
    | PolicyCommand
    | BankingCommand
    | StatementCommand,
    Field(discriminator="type"),
]
