"""The facts of an account's stream: what has become true, in the past tense.

These types are a public format. Their stored names are spelled in `events/codec.py`; fields may be added with a new
schema version and an upcaster, and never change meaning. Amounts are integers of the currency's minor unit. A field
marked *sealed* holds ciphertext (docs/personal-data.md), never the plain text.
"""

from __future__ import annotations

from events.facts.accounts import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    BackendSet,
    BankAccountSet,
    CurrencyAdded,
    LedgerBegun,
    ProviderSet,
    WebhookSecretAdded,
    WebhookSecretRetired,
)
from events.facts.banking import BankEntryObserved, BankStatementObserved, MatchMade, MatchUnmade, ToleranceSet
from events.facts.channels import (
    ChannelMoneyBooked,
    ChannelSet,
    SettlementObserved,
    SettlementTermsSet,
    StatementObserved,
)
from events.facts.data import Data
from events.facts.money import (
    BalanceAdjusted,
    DisputeOpened,
    DisputeResolved,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.facts.payouts import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutCancelRefused,
    PayoutCycleCut,
    PayoutCycleEnded,
    PayoutFailed,
    PayoutInTransit,
    PayoutPaid,
    PayoutPolicySet,
    PayoutProviderLinked,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
    PayoutSubmissionStarted,
    PayoutSubmissionUnknown,
)
from events.facts.provider import CaseClosed, CaseOpened, DeliveryDismissed, ProviderObserved
from events.facts.statements import StatementClosed, StatementCycleSet

__all__ = [
    "AccountClosed",
    "AccountFrozen",
    "AccountOpened",
    "AccountUnfrozen",
    "BackendSet",
    "BalanceAdjusted",
    "BankAccountSet",
    "BankEntryObserved",
    "BankStatementObserved",
    "CaseClosed",
    "CaseOpened",
    "ChannelMoneyBooked",
    "ChannelSet",
    "CurrencyAdded",
    "Data",
    "DeliveryDismissed",
    "DisputeOpened",
    "DisputeResolved",
    "Fact",
    "FeeCharged",
    "LedgerBegun",
    "MatchMade",
    "MatchUnmade",
    "PayoutAdopted",
    "PayoutAmountCorrected",
    "PayoutCancelAsked",
    "PayoutCancelRefused",
    "PayoutCancelled",
    "PayoutCycleCut",
    "PayoutCycleEnded",
    "PayoutFailed",
    "PayoutInTransit",
    "PayoutPaid",
    "PayoutPolicySet",
    "PayoutProviderLinked",
    "PayoutReopened",
    "PayoutRequested",
    "PayoutReturned",
    "PayoutSubmissionStarted",
    "PayoutSubmissionUnknown",
    "ProviderObserved",
    "ProviderSet",
    "RefundRecorded",
    "ReserveHeld",
    "ReserveReleased",
    "RevenueRecorded",
    "RevenueSettled",
    "SettlementObserved",
    "SettlementTermsSet",
    "StatementClosed",
    "StatementCycleSet",
    "StatementObserved",
    "ToleranceSet",
    "WebhookSecretAdded",
    "WebhookSecretRetired",
]

Fact = (
    LedgerBegun
    | AccountOpened
    | CurrencyAdded
    | BackendSet
    | AccountFrozen
    | AccountUnfrozen
    | AccountClosed
    | BankAccountSet
    | ProviderSet
    | WebhookSecretAdded
    | WebhookSecretRetired
    | RevenueRecorded
    | RevenueSettled
    | RefundRecorded
    | FeeCharged
    | BalanceAdjusted
    | ReserveHeld
    | ReserveReleased
    | PayoutRequested
    | PayoutAdopted
    | PayoutSubmissionStarted
    | PayoutSubmissionUnknown
    | PayoutProviderLinked
    | PayoutCancelAsked
    | PayoutCancelRefused
    | PayoutReopened
    | PayoutAmountCorrected
    | PayoutInTransit
    | PayoutPaid
    | PayoutFailed
    | PayoutCancelled
    | PayoutReturned
    | ProviderObserved
    | CaseOpened
    | CaseClosed
    | DeliveryDismissed
    | ChannelSet
    | StatementObserved
    | SettlementObserved
    | ChannelMoneyBooked
    | StatementCycleSet
    | StatementClosed
    | ToleranceSet
    | SettlementTermsSet
    | BankEntryObserved
    | BankStatementObserved
    | MatchMade
    | MatchUnmade
    | PayoutPolicySet
    | PayoutCycleCut
    | PayoutCycleEnded
    | DisputeOpened
    | DisputeResolved
)
