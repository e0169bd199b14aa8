"""Which field of the ledger's own statements each movement of money counts in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from events.accounts.events import (
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
from events.balances.events import (
    BalanceAdjusted,
    FeeCharged,
    RefundRecorded,
    ReserveHeld,
    ReserveReleased,
    RevenueRecorded,
    RevenueSettled,
)
from events.banking.events import BankEntryObserved, BankStatementObserved, MatchMade, MatchUnmade, ToleranceSet
from events.catalog import AnyEvent
from events.chain import Envelope
from events.channels.events import ChannelMoneyBooked, ChannelSet, SettlementTermsSet, StatementObserved
from events.disputes.events import DisputeOpened, DisputeResolved
from events.instants import Instant
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutCancelRefused,
    PayoutFailed,
    PayoutInTransit,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutReopened,
    PayoutRequested,
    PayoutReturned,
    PayoutSubmissionStarted,
    PayoutSubmissionUnknown,
)
from events.policies.events import PayoutCycleCut, PayoutCycleEnded, PayoutPolicySet
from events.provider.events import CaseClosed, CaseOpened, DeliveryDismissed, ProviderObserved
from events.settlements.events import SettlementObserved
from events.statements.events import StatementClosed, StatementCycleSet
from events.values import value

ITEM, OTHER, FEES, REFUNDS = "ItemRevenue", "OtherRevenueTotal", "FeesTotal", "Refunds"
DEPOSIT, PAYOUT = "GuaranteeDeposit", "Payout"
SHIPMENT_FEE, FEES_ON_REFUNDS = "ShipmentFee", "FeesOnRefundsTotal"
"""Parts of the fees that stand beside their total."""

SHIPMENT_KINDS = frozenset({"delivery", "shipment", "shipment_fee", "shipping", "shipping_fee"})
REFUND_KINDS = frozenset({"fee_on_refund", "refund", "refund_fee"})
"""Kinds of fees that are such parts, in whatever case, and with dashes or spaces for underscores."""


@value
class Count:
    """A signed amount in the direction of its field: fees, refunds, payouts and deposits take from what is owed."""

    currency: str
    field: str
    amount: int
    within: str | None = None
    """The part of the field that it counts in as well."""


def counts(event: AnyEvent) -> Sequence[Count]:
    """What an event counts in. Total: an event that is not named here is a type error, since it might move money."""
    match event:
        case RevenueRecorded():
            found = [Count(event.currency, ITEM, event.amount)]
        case RefundRecorded():
            # What had left with a lost dispute already does not leave again, and what was held is so no more.
            from_held = event.from_held or 0
            left = event.from_pending + event.from_available + from_held
            found = [Count(event.currency, REFUNDS, left), Count(event.currency, DEPOSIT, -from_held)]
        case DisputeOpened():
            found = [Count(event.currency, DEPOSIT, event.from_pending + event.from_available)]
        case DisputeResolved():
            found = [
                Count(event.currency, REFUNDS, event.from_held + event.from_pending + event.from_available),
                Count(event.currency, DEPOSIT, -event.from_held - event.to_pending - event.to_available),
            ]
        case FeeCharged():
            found = [Count(event.currency, FEES, event.amount, _part(event.kind))]
        case BalanceAdjusted():
            # What is taken by an adjustment stands with the fees, so that revenue is never negative because of it.
            found = [Count(event.currency, OTHER if event.amount > 0 else FEES, abs(event.amount))]
        case ReserveHeld():
            found = [Count(event.currency, DEPOSIT, event.amount)]
        case ReserveReleased():
            found = [Count(event.currency, DEPOSIT, -event.amount)]
        case PayoutPaid():
            found = [Count(event.currency, PAYOUT, event.amount)]
        case PayoutReturned():
            found = [Count(event.currency, PAYOUT, -event.amount)]
        case PayoutAmountCorrected():
            found = [Count(event.currency, PAYOUT, -event.from_paid_out)]
        case ChannelMoneyBooked():
            # All that a marketplace's word moves comes from outside, wherever it went.
            came_in = event.pending + event.available + event.held + event.paid_out
            found = [
                Count(event.currency, OTHER, came_in),
                Count(event.currency, DEPOSIT, event.held),
                Count(event.currency, PAYOUT, event.paid_out),
            ]
        case (
            # Money that stays owed: only between pending, available and reserved.
            RevenueSettled()
            | PayoutRequested()
            | PayoutAdopted()
            | PayoutReopened()
            | PayoutFailed()
            | PayoutCancelled()
            # And events that move none.
            | LedgerBegun()
            | AccountOpened()
            | CurrencyAdded()
            | BackendSet()
            | AccountFrozen()
            | AccountUnfrozen()
            | AccountClosed()
            | BankAccountSet()
            | ProviderSet()
            | WebhookSecretAdded()
            | WebhookSecretRetired()
            | PayoutSubmissionStarted()
            | PayoutSubmissionUnknown()
            | PayoutProviderLinked()
            | PayoutCancelAsked()
            | PayoutCancelRefused()
            | PayoutInTransit()
            | ProviderObserved()
            | CaseOpened()
            | CaseClosed()
            | DeliveryDismissed()
            | ChannelSet()
            | StatementObserved()
            | SettlementObserved()
            | StatementCycleSet()
            | StatementClosed()
            | ToleranceSet()
            | SettlementTermsSet()
            | BankEntryObserved()
            | BankStatementObserved()
            | MatchMade()
            | MatchUnmade()
            | PayoutPolicySet()
            | PayoutCycleCut()
            | PayoutCycleEnded()
        ):
            return ()
        case _:
            assert_never(event)
    return [count for count in found if count.amount]


def _part(kind: str) -> str | None:
    name = kind.strip().lower().replace("-", "_").replace(" ", "_")
    return SHIPMENT_FEE if name in SHIPMENT_KINDS else FEES_ON_REFUNDS if name in REFUND_KINDS else None


def completed(event: AnyEvent) -> str | None:
    """The currency of the order that this settles wholly: by a command, or by a marketplace's word that it was paid."""
    match event:
        case RevenueSettled() | ChannelMoneyBooked():
            return event.currency if event.completes else None
        case _:
            return None


@value
class Line:
    """One movement of money in a statement, with the field that it counts in."""

    position: int
    version: int
    type: str
    effective_at: Instant
    recorded_at: Instant
    reference: str | None
    field: str
    within: str | None
    amount: int


def lines(envelope: Envelope, event: AnyEvent, currency: str) -> Iterator[Line]:
    """The lines that an event makes in a statement of this currency; in each field they add up to its figure."""
    for count in counts(event):
        if count.currency == currency:
            yield Line(
                position=envelope.position,
                version=envelope.version,
                type=envelope.type,
                effective_at=envelope.effective_at,
                recorded_at=envelope.recorded_at,
                reference=_reference(event),
                field=count.field,
                within=count.within,
                amount=count.amount,
            )


def _reference(event: AnyEvent) -> str | None:
    """What the event is about, as its caller named it."""
    for name in ("payout_id", "reserve_id", "reference", "reason"):
        found = getattr(event, name, None)
        if found is not None:
            return str(found)
    return None
