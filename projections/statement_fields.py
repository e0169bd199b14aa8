"""Which field of the ledger's own statements each movement of money counts in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from events import facts
from events.chain import Envelope
from events.facts import Fact
from events.instants import Instant
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


def counts(fact: Fact) -> Sequence[Count]:
    """What a fact counts in. Total: a fact that is not named here is a type error, since it might move money."""
    match fact:
        case facts.RevenueRecorded():
            found = [Count(fact.currency, ITEM, fact.amount)]
        case facts.RefundRecorded():
            # What had left with a lost dispute already does not leave again, and what was held is so no more.
            from_held = fact.from_held or 0
            left = fact.from_pending + fact.from_available + from_held
            found = [Count(fact.currency, REFUNDS, left), Count(fact.currency, DEPOSIT, -from_held)]
        case facts.DisputeOpened():
            found = [Count(fact.currency, DEPOSIT, fact.from_pending + fact.from_available)]
        case facts.DisputeResolved():
            found = [
                Count(fact.currency, REFUNDS, fact.from_held + fact.from_pending + fact.from_available),
                Count(fact.currency, DEPOSIT, -fact.from_held - fact.to_pending - fact.to_available),
            ]
        case facts.FeeCharged():
            found = [Count(fact.currency, FEES, fact.amount, _part(fact.kind))]
        case facts.BalanceAdjusted():
            # What is taken by an adjustment stands with the fees, so that revenue is never negative because of it.
            found = [Count(fact.currency, OTHER if fact.amount > 0 else FEES, abs(fact.amount))]
        case facts.ReserveHeld():
            found = [Count(fact.currency, DEPOSIT, fact.amount)]
        case facts.ReserveReleased():
            found = [Count(fact.currency, DEPOSIT, -fact.amount)]
        case facts.PayoutPaid():
            found = [Count(fact.currency, PAYOUT, fact.amount)]
        case facts.PayoutReturned():
            found = [Count(fact.currency, PAYOUT, -fact.amount)]
        case facts.PayoutAmountCorrected():
            found = [Count(fact.currency, PAYOUT, -fact.from_paid_out)]
        case facts.ChannelMoneyBooked():
            # All that a marketplace's word moves comes from outside, wherever it went.
            came_in = fact.pending + fact.available + fact.held + fact.paid_out
            found = [
                Count(fact.currency, OTHER, came_in),
                Count(fact.currency, DEPOSIT, fact.held),
                Count(fact.currency, PAYOUT, fact.paid_out),
            ]
        case (
            # Money that stays owed: only between pending, available and reserved.
            facts.RevenueSettled()
            | facts.PayoutRequested()
            | facts.PayoutAdopted()
            | facts.PayoutReopened()
            | facts.PayoutFailed()
            | facts.PayoutCancelled()
            # And facts that move none.
            | facts.LedgerBegun()
            | facts.AccountOpened()
            | facts.CurrencyAdded()
            | facts.BackendSet()
            | facts.AccountFrozen()
            | facts.AccountUnfrozen()
            | facts.AccountClosed()
            | facts.BankAccountSet()
            | facts.ProviderSet()
            | facts.WebhookSecretAdded()
            | facts.WebhookSecretRetired()
            | facts.PayoutSubmissionStarted()
            | facts.PayoutSubmissionUnknown()
            | facts.PayoutProviderLinked()
            | facts.PayoutCancelAsked()
            | facts.PayoutCancelRefused()
            | facts.PayoutInTransit()
            | facts.ProviderObserved()
            | facts.CaseOpened()
            | facts.CaseClosed()
            | facts.DeliveryDismissed()
            | facts.ChannelSet()
            | facts.StatementObserved()
            | facts.SettlementObserved()
            | facts.StatementCycleSet()
            | facts.StatementClosed()
            | facts.ToleranceSet()
            | facts.SettlementTermsSet()
            | facts.BankEntryObserved()
            | facts.BankStatementObserved()
            | facts.MatchMade()
            | facts.MatchUnmade()
            | facts.PayoutPolicySet()
            | facts.PayoutCycleCut()
            | facts.PayoutCycleEnded()
        ):
            return ()
        case _:
            assert_never(fact)
    return [count for count in found if count.amount]


def _part(kind: str) -> str | None:
    name = kind.strip().lower().replace("-", "_").replace(" ", "_")
    return SHIPMENT_FEE if name in SHIPMENT_KINDS else FEES_ON_REFUNDS if name in REFUND_KINDS else None


def completed(fact: Fact) -> str | None:
    """The currency of the order that this settles wholly: by a command, or by a marketplace's word that it was paid."""
    match fact:
        case facts.RevenueSettled() | facts.ChannelMoneyBooked():
            return fact.currency if fact.completes else None
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


def lines(event: Envelope, fact: Fact, currency: str) -> Iterator[Line]:
    """The lines that an event makes in a statement of this currency; in each field they add up to its figure."""
    for count in counts(fact):
        if count.currency == currency:
            yield Line(
                position=event.position,
                version=event.version,
                type=event.type,
                effective_at=event.effective_at,
                recorded_at=event.recorded_at,
                reference=_reference(fact),
                field=count.field,
                within=count.within,
                amount=count.amount,
            )


def _reference(fact: Fact) -> str | None:
    """What the event is about, as its caller named it."""
    for name in ("payout_id", "reserve_id", "reference", "reason"):
        found = getattr(fact, name, None)
        if found is not None:
            return str(found)
    return None
