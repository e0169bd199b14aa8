"""Commands: what somebody wishes. `decide` may refuse any of them.

The wire form (`POST /v1/commands`) is these models in camel case; their JSON Schemas are in the OpenAPI document.
Amounts are integers of the currency's minor unit. Fields of the types `Personal` and `Secret` arrive as plain text
and are sealed by the service before `decide` sees them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from events.commands.accounts import (
    AddWebhookSecret,
    CloseAccount,
    FreezeAccount,
    OpenAccount,
    RetireWebhookSecret,
    SetBackend,
    SetBankAccount,
    SetProvider,
    UnfreezeAccount,
)
from events.commands.banking import MakeMatch, MatchTarget, SetTolerance, UnmakeMatch
from events.commands.channels import SetChannel, SetSettlementTerms
from events.commands.command import Command
from events.commands.fields import (
    DAYS_MAX,
    WEEKDAYS,
    AccountId,
    Amount,
    Backend,
    CalendarCountry,
    Currency,
    Day,
    IdempotencyKey,
    Identifier,
    Metadata,
    Moment,
    Personal,
    ProviderId,
    Reason,
    Reference,
    Secret,
    SignedAmount,
    ZoneName,
)
from events.commands.money import (
    Adjust,
    ChargeFee,
    HoldReserve,
    OpenDispute,
    RecordRefund,
    RecordRevenue,
    ReleaseReserve,
    ResolveDispute,
    SettleRevenue,
)
from events.commands.payouts import (
    CancelPayout,
    Cutoff,
    LinkProviderPayout,
    MarkFailed,
    MarkInTransit,
    MarkPaid,
    RecordBankReturn,
    RequestPayout,
    ResubmitPayout,
    SetPayoutPolicy,
)
from events.commands.provider import CloseCase
from events.commands.statements import SetStatementCycle

__all__ = [
    "DAYS_MAX",
    "SEALED_FIELDS",
    "WEEKDAYS",
    "AccountId",
    "AddWebhookSecret",
    "Adjust",
    "Amount",
    "AnyCommand",
    "Backend",
    "CalendarCountry",
    "CancelPayout",
    "ChargeFee",
    "CloseAccount",
    "CloseCase",
    "Command",
    "Currency",
    "Cutoff",
    "Day",
    "FreezeAccount",
    "HoldReserve",
    "IdempotencyKey",
    "Identifier",
    "LinkProviderPayout",
    "MakeMatch",
    "MarkFailed",
    "MarkInTransit",
    "MarkPaid",
    "MatchTarget",
    "Metadata",
    "Moment",
    "OpenAccount",
    "OpenDispute",
    "Personal",
    "ProviderId",
    "Reason",
    "RecordBankReturn",
    "RecordRefund",
    "RecordRevenue",
    "Reference",
    "ReleaseReserve",
    "RequestPayout",
    "ResolveDispute",
    "ResubmitPayout",
    "RetireWebhookSecret",
    "Secret",
    "SetBackend",
    "SetBankAccount",
    "SetChannel",
    "SetPayoutPolicy",
    "SetProvider",
    "SetSettlementTerms",
    "SetStatementCycle",
    "SetTolerance",
    "SettleRevenue",
    "SignedAmount",
    "UnfreezeAccount",
    "UnmakeMatch",
    "ZoneName",
]

AnyCommand = Annotated[
    OpenAccount
    | SetBackend
    | FreezeAccount
    | UnfreezeAccount
    | CloseAccount
    | SetBankAccount
    | SetProvider
    | AddWebhookSecret
    | RetireWebhookSecret
    | RecordRevenue
    | SettleRevenue
    | RecordRefund
    | ChargeFee
    | Adjust
    | HoldReserve
    | ReleaseReserve
    | RequestPayout
    | CancelPayout
    | MarkInTransit
    | MarkPaid
    | MarkFailed
    | RecordBankReturn
    | LinkProviderPayout
    | ResubmitPayout
    | CloseCase
    | SetChannel
    | SetStatementCycle
    | SetTolerance
    | SetSettlementTerms
    | MakeMatch
    | UnmakeMatch
    | SetPayoutPolicy
    | OpenDispute
    | ResolveDispute,
    Field(discriminator="type"),
]

SEALED_FIELDS: dict[type[Command], tuple[str, ...]] = {
    SetBankAccount: ("bank_account_number", "bank_account_holder"),
    RequestPayout: ("bank_account_number", "bank_account_holder"),
    SetProvider: ("secret",),
    AddWebhookSecret: ("secret",),
}
"""The fields that hold ciphertext by the time `decide` sees the command."""
