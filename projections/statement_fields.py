"""The field of the ledger's own statements that each movement of money counts in."""

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
from events.banking.events import (
    BankEntryDetailed,
    BankEntryObserved,
    BankEntryWithdrawn,
    BankStatementObserved,
    BankStatementWithdrawn,
    MatchMade,
    MatchUnmade,
    ToleranceSet,
)
from events.catalog import AnyEvent
from events.channels.events import (
    ChannelMoneyBooked,
    ChannelSet,
    SettlementTermsSet,
    StatementObserved,
    StatementWithdrawn,
)
from events.disputes.events import DisputeOpened, DisputeResolved
from events.envelope import Envelope
from events.instants import Instant
from events.payouts.events import (
    PayoutAdopted,
    PayoutAmountCorrected,
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutCancelRefused,
    PayoutFailed,
    PayoutInTransit,
    PayoutNoteChanged,
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
from events.settlements.events import SettlementObserved, SettlementWithdrawn
from events.statements.events import StatementClosed, StatementCycleSet
from events.values import value

ITEM, OTHER, FEES, REFUNDS = "ItemRevenue", "OtherRevenueTotal", "FeesTotal", "Refunds"
DEPOSIT, PAYOUT = "GuaranteeDeposit", "Payout"
SHIPMENT_FEE, FEES_ON_REFUNDS = "ShipmentFee", "FeesOnRefundsTotal"
"""Parts of the fees that are shown in addition to their total."""

SHIPMENT_KINDS = frozenset({"delivery", "shipment", "shipment_fee", "shipping", "shipping_fee"})
REFUND_KINDS = frozenset({"fee_on_refund", "refund", "refund_fee"})
"""Kinds of fees that are such parts: in upper or lower case, with underscores, dashes or spaces."""


@value
class FieldAmount:
    """An amount in a field. Its sign is the field's: positive fees, refunds, payouts and deposits reduce what is owed."""

    currency: str
    field: str
    amount: int
    within: str | None = None
    """The part of the field that it also counts in."""


def field_amounts(event: AnyEvent) -> Sequence[FieldAmount]:
    """The fields that an event counts in. Total: an event that is missing here is a type error, as it might move money."""
    match event:
        case RevenueRecorded():
            found = [FieldAmount(event.currency, ITEM, event.amount)]
        case RefundRecorded():
            # What a lost dispute took already is not taken again, and what was held no longer is.
            from_held = event.from_held or 0
            left = event.from_pending + event.from_available + from_held
            found = [FieldAmount(event.currency, REFUNDS, left), FieldAmount(event.currency, DEPOSIT, -from_held)]
        case DisputeOpened():
            found = [FieldAmount(event.currency, DEPOSIT, event.from_pending + event.from_available)]
        case DisputeResolved():
            found = [
                FieldAmount(event.currency, REFUNDS, event.from_held + event.from_pending + event.from_available),
                FieldAmount(event.currency, DEPOSIT, -event.from_held - event.to_pending - event.to_available),
            ]
        case FeeCharged():
            found = [FieldAmount(event.currency, FEES, event.amount, _part(event.kind))]
        case BalanceAdjusted():
            # A negative adjustment counts as a fee, so that it never makes revenue negative.
            found = [FieldAmount(event.currency, OTHER if event.amount > 0 else FEES, abs(event.amount))]
        case ReserveHeld():
            found = [FieldAmount(event.currency, DEPOSIT, event.amount)]
        case ReserveReleased():
            found = [FieldAmount(event.currency, DEPOSIT, -event.amount)]
        case PayoutPaid():
            found = [FieldAmount(event.currency, PAYOUT, event.amount)]
        case PayoutReturned():
            found = [FieldAmount(event.currency, PAYOUT, -event.amount)]
        case PayoutAmountCorrected():
            found = [FieldAmount(event.currency, PAYOUT, -event.from_paid_out)]
        case ChannelMoneyBooked():
            # All money that a marketplace's record moves comes from outside, in whichever bucket it is.
            came_in = event.pending + event.available + event.held + event.paid_out
            found = [
                FieldAmount(event.currency, OTHER, came_in),
                FieldAmount(event.currency, DEPOSIT, event.held),
                FieldAmount(event.currency, PAYOUT, event.paid_out),
            ]
        case (
            # Money that stays owed: only between pending, available and reserved.
            RevenueSettled()
            | PayoutRequested()
            | PayoutAdopted()
            | PayoutReopened()
            | PayoutFailed()
            | PayoutCancelled()
            # Events that move no money.
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
            | StatementWithdrawn()
            | SettlementObserved()
            | SettlementWithdrawn()
            | StatementCycleSet()
            | StatementClosed()
            | ToleranceSet()
            | SettlementTermsSet()
            | BankEntryObserved()
            | BankEntryWithdrawn()
            | BankStatementWithdrawn()
            | BankEntryDetailed()
            | BankStatementObserved()
            | MatchMade()
            | MatchUnmade()
            | PayoutPolicySet()
            | PayoutCycleCut()
            | PayoutCycleEnded()
            | PayoutNoteChanged()
        ):
            return ()
        case _:
            assert_never(event)
    return [count for count in found if count.amount]


def _part(kind: str) -> str | None:
    name = kind.strip().lower().replace("-", "_").replace(" ", "_")
    return SHIPMENT_FEE if name in SHIPMENT_KINDS else FEES_ON_REFUNDS if name in REFUND_KINDS else None


def completed_order_currency(event: AnyEvent) -> str | None:
    """The currency of the order that this event settles completely, by a command or by a marketplace's record."""
    match event:
        case RevenueSettled() | ChannelMoneyBooked():
            return event.currency if event.completes else None
        case _:
            return None


@value
class StatementLine:
    """One movement of money in a statement, with its field."""

    position: int
    version: int
    type: str
    effective_at: Instant
    recorded_at: Instant
    reference: str | None
    field: str
    within: str | None
    amount: int


def lines(envelope: Envelope, event: AnyEvent, currency: str) -> Iterator[StatementLine]:
    """The lines of an event in a statement of this currency. All lines of a field add up to the field's figure."""
    for movement in field_amounts(event):
        if movement.currency == currency:
            yield StatementLine(
                position=envelope.position,
                version=envelope.version,
                type=envelope.type,
                effective_at=envelope.effective_at,
                recorded_at=envelope.recorded_at,
                reference=_reference(event),
                field=movement.field,
                within=movement.within,
                amount=movement.amount,
            )


def _reference(event: AnyEvent) -> str | None:
    """The subject of the event, as its caller named it."""
    for name in ("payout_id", "reserve_id", "reference", "reason"):
        found = getattr(event, name, None)
        if found is not None:
            return str(found)
    return None
