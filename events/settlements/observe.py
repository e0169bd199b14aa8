"""What a marketplace's record about an order, an item or a payment does to an account: kept as said, booked once.

Money is (channel, seller, reference). Several sources tell of it, and each is compared with its own latest word, so
that the same data again is no fact; the newest word of a source that books counts. What is booked is the change:

    owed        what it is worth, less what commands recorded for its order, is pending
    released    what is pending of it moves: paid out where the seller collects, available where we do
    changed     the difference, where the money is by then; below zero is carried in available
    explained   nothing: another level or another record books it

A record may say that other money was released: a wallet's row names the order whose escrow it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.balances.state import Order
from events.canonical import canonical
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import BucketChange, channel_of, finding, fits, minor_finding, paid_change, unpaid_change
from events.channels.state import SELLER
from events.currency import AMOUNT_MAX
from events.disputes.amounts import refund_takes
from events.settlements.events import SettlementObserved
from events.settlements.state import Settlement, SettlementKey
from events.values import Data

PAYOUT = "payout"
"""The kind of a line that says what an order is worth as a whole."""


def settlement_key(observed: SettlementObserved) -> SettlementKey:
    return (observed.channel, observed.seller or "", observed.reference)


def order_references(channel: str, reference: str, order: str | None) -> tuple[str, str]:
    """The orders that money may count for: its own order, or a name with the channel's where that is taken."""
    own = f"{channel}/{reference}"
    return (order, f"{channel}/{order}") if order else (own, own)


def record_digest(observed: SettlementObserved) -> str:
    """The digest of what a record says, whenever and wherever it was read."""
    told = [observed.stage, observed.currency, observed.statement, observed.invoice, observed.occurred_at]
    return sha256(canonical([*told, observed.lines])).hexdigest()


def observe_settlement(observed: SettlementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The events that follow from a record; none where its source said the same before. Never refuses.

    `observed` names in `counts_for` the order that it is about, or nothing; who collects, the order that its money
    really counts for and the findings against the account's state are filled in here.
    """
    observed = _placed(observed, state)
    key = settlement_key(observed)
    known = state.settlements.get(key)
    if known is not None and known.sources.get(observed.source) == record_digest(observed):
        return []
    counts_for = known.counts_for if known else _counts_for(observed, state)
    observed = replace(observed, collects=channel_of(state, observed.channel).collects, counts_for=counts_for)
    findings: list[Data] = []
    if known is not None and known.currency != observed.currency:
        findings.append(finding("currency_stays", known.currency, observed.currency))
        observed = replace(observed, amount=None, releases=None)
    sellers = (observed.seller or "", "")
    if observed.statement and any((observed.channel, of, observed.statement) in state.statements for of in sellers):
        # The statement has booked its money: its lines explain it.
        observed = replace(observed, amount=None, releases=None)
    booked, more = _book(observed, known, state)
    if not fits(booked, state):
        asked, observed = observed, replace(observed, amount=None, releases=None)
        booked = _booked(observed, observed.counts_for, BucketChange())
        more = [finding("amounts_fit_the_ledger", str(AMOUNT_MAX), str(asked.amount))]
    observed = replace(observed, findings=[*observed.findings, *findings, *more])
    made: list[AnyEvent] = []
    if state.account is not None and observed.currency not in state.account.currencies:
        made.append(CurrencyAdded(currency=observed.currency))
    made.append(observed)
    if booked.pending or booked.available or booked.paid_out or booked.held or booked.refunded:
        made.append(booked)
    return made


def known_key(state: AccountState, channel: str, seller: str | None, reference: str) -> SettlementKey:
    """The money's key; what was known before the seller was named is the same money."""
    key, nameless = (channel, seller or "", reference), (channel, "", reference)
    return nameless if key not in state.settlements and nameless in state.settlements else key


def _placed(observed: SettlementObserved, state: AccountState) -> SettlementObserved:
    """The record as of the money that it is about: what was known before the seller was named is the same."""
    _, seller, _ = known_key(state, observed.channel, observed.seller, observed.reference)
    return replace(observed, seller=seller or None)


def _counts_for(observed: SettlementObserved, state: AccountState) -> str:
    own, whole = order_references(observed.channel, observed.reference, observed.counts_for or None)
    order = state.orders.get((observed.currency, own), Order())
    return whole if order.told_by not in (None, observed.channel) else own


def _book(
    observed: SettlementObserved, known: Settlement | None, state: AccountState
) -> tuple[ChannelMoneyBooked, list[Data]]:
    """What moves because of a record, and what does not agree with the account's state."""
    order = state.orders.get((observed.currency, observed.counts_for), Order())
    released = known is not None and known.released
    collects = known.collects if known is not None and released else observed.collects
    worth = (known.booked if known else None) or 0
    change, refunded, from_held = BucketChange(), 0, 0
    if observed.amount is not None:
        difference = _less_what_commands_recorded(observed, known, order, observed.amount - worth)
        if difference < 0 and order.disputed is not None and _is_whole(observed):
            # The buyer was refunded: what a dispute of the order holds is the same money.
            refunded = -difference
            from_held, rest = refund_takes(order, refunded)
            difference = -rest
        worth = observed.amount
        if released:
            change = paid_change(difference, _paid_out(observed, state), collects)
        else:
            change = unpaid_change(difference, order.pending)
    # Released before anybody said what it is worth: its worth is paid as it comes.
    paid_at_once = released and known is not None and known.booked is None and change.total > 0 and order.pending == 0
    if observed.releases is None or (released and observed.releases == observed.reference):
        booked = _booked(observed, observed.counts_for, change, completes=paid_at_once)
        return replace(booked, held=-from_held, refunded=refunded or None), []
    if observed.releases == observed.reference:
        counts_for = observed.counts_for
    else:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
        if money is None:
            return _booked(observed, observed.counts_for, change), []
        released, worth, counts_for = money.released, money.booked or 0, money.counts_for
        order = state.orders.get((observed.currency, counts_for), Order())
    if released:
        return _booked(observed, counts_for, change), []
    disputed = max(0, order.disputed.held_pending - from_held) if order.disputed is not None else 0
    moved, held, findings = _release(change, worth, order.pending, disputed, collects, _paid_out(observed, state))
    completes = worth > 0 and order.pending + change.pending > 0 and order.pending + moved.pending == 0
    booked = _booked(observed, counts_for, moved, completes=completes)
    return replace(booked, held=held - from_held, refunded=refunded or None), findings


def _less_what_commands_recorded(
    observed: SettlementObserved, known: Settlement | None, order: Order, difference: int
) -> int:
    """The difference that is left when revenue and refunds that commands recorded for the order are the same money."""
    beyond = order.recorded - order.refunded - order.told
    if not _is_whole(observed):
        return difference
    if beyond > 0 and (known is None or known.booked is None):
        return difference - beyond
    if beyond > 0 and difference > 0:
        return difference - min(beyond, difference)
    if beyond < 0 and difference < 0:
        return difference - max(beyond, difference)
    return difference


def _release(
    change: BucketChange, worth: int, pending: int, disputed: int, collects: str, paid_out: int
) -> tuple[BucketChange, int, list[Data]]:
    """What the channel let go of leaves pending; a charge that it took leaves what it paid before.

    `disputed` is what a dispute holds of the order's pending: where the seller was paid by the channel, that was paid
    too, and leaves what is held. Where we collect it stays held, and comes back as available.
    """
    if worth < 0:
        return paid_change(change.total, paid_out, collects), 0, []
    moved = min(worth, pending + change.pending)
    held = min(worth - moved, disputed)
    findings = [] if moved + held == worth else [minor_finding("payout_was_pending", worth, moved + held)]
    if collects == SELLER:
        return change + BucketChange(-moved, 0, moved + held), -held, findings
    return change + BucketChange(-moved, moved, 0), 0, findings


def _is_whole(observed: SettlementObserved) -> bool:
    """Whether the record says what its order is worth, and not only a part of it."""
    return any(line["kind"] == PAYOUT and line.get("books") for line in observed.lines)


def _paid_out(observed: SettlementObserved, state: AccountState) -> int:
    """What the channel has paid so far: what it takes back comes from there before it is owed."""
    return channel_of(state, observed.channel).paid_out.get(observed.currency, 0)


def _booked(
    observed: SettlementObserved, counts_for: str, change: BucketChange, *, completes: bool = False
) -> ChannelMoneyBooked:
    return ChannelMoneyBooked(
        channel=observed.channel,
        reference=counts_for,
        currency=observed.currency,
        pending=change.pending,
        available=change.available,
        held=0,
        paid_out=change.paid_out,
        completes=True if completes else None,
    )
