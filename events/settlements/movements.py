"""What moves because of a record about an order, an item or a payment: from what its money was, to what it is now.

    owed        what it is worth, less what commands recorded for its order, is pending
    released    what is pending of it moves: paid out where the seller collects, available where we do
    changed     the difference, where the money is by then
    below zero  what is not released is taken from its order's other money, else it is carried in available; what is
                released is taken from all that the channel has paid, and what is beyond that is carried in available
    explained   nothing: another level or another record books it

An order's adjustments are let go of with it, or each when its own source says so. One that happened after the release
leaves at its own time, and not at that of the release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from events.account_state import AccountState
from events.balances.state import Order
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import BucketChange, channel_of, minor_finding
from events.channels.state import SELLER
from events.disputes.amounts import refund_takes
from events.instants import Instant
from events.settlements.adjustments import Adjusted, Adjustment, adjusted
from events.settlements.events import SettlementObserved
from events.settlements.known import known_key
from events.settlements.state import Settlement
from events.values import Data, value

PAYOUT = "payout"
"""The kind of a line that says what an order is worth as a whole."""


@value
class _Changed:
    """What an order is owed after its worth and its adjustments have changed, and where its money is then."""

    owed: int
    change: BucketChange
    paid: int
    from_held: int = 0
    refunded: int = 0


def move_money(
    observed: SettlementObserved, known: Settlement | None, after: Settlement, state: AccountState
) -> tuple[list[ChannelMoneyBooked], list[Data]]:
    """What moves because of a record, and what does not agree with the state.

    `known` is the money before it, and `after` the same money after it, without what the record releases.
    """
    released = known is not None and known.released
    collects = known.collects if known is not None and released else observed.collects
    # Released before anybody said what it is worth: it is let go of as its worth comes.
    waits = released and known is not None and known.booked is None
    were, are = adjusted(known), adjusted(after)
    found = _changed(observed, known, after, state, apart=are, were=were)
    change = found.change + _paid(found.paid, collects, observed, state)
    findings = list(_not_listed(are, were))

    def booked(counts_for: str, moved: BucketChange, held: int, *, completes: bool = False) -> ChannelMoneyBooked:
        made = _booked(observed, counts_for, moved, completes=completes)
        if not (held or found.refunded):
            return made
        return replace(made, held=held - found.from_held, refunded=found.refunded or None)

    let_go, of, kept, owed = after.booked or 0, observed.counts_for, are.kept, found.owed
    order = state.orders.get((observed.currency, of), Order())
    if not waits and observed.releases is None:
        return [booked(of, change, 0)], findings
    if observed.releases is not None and observed.releases != observed.reference:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
        if money is None or money.released:
            return [booked(of, change, 0)], findings
        let_go, of, kept = money.booked or 0, money.counts_for, adjusted(money).kept
        # It is let go of in its own currency, whichever the release is told in.
        observed = replace(observed, currency=money.currency)
        order = state.orders.get((observed.currency, of), Order())
        owed = order.told - order.let_go
    elif released and not (waits and after.booked is not None):
        return [booked(of, change, 0)], findings
    disputed = max(0, order.disputed.held_pending - found.from_held) if order.disputed is not None else 0
    let_go += sum(each.amount for each in kept if not _is_after(each, observed))
    late = sorted((each for each in kept if _is_after(each, observed)), key=_time)
    pending, without = order.pending + change.pending, list[BucketChange]()
    for each in reversed(late):
        without.insert(0, _owed(owed, owed - each.amount, pending, 0))
        owed, pending = owed - each.amount, pending + without[0].pending
    moved, held, short = _release(let_go, owed, pending, disputed)
    total = found.paid + let_go - short
    paid = _paid_after(found.paid, total, collects, observed, state)
    if collects == SELLER:
        moved += paid
    else:
        # What a dispute holds stays held, and comes back as available.
        moved, held = moved + paid + BucketChange(available=-held), 0
    if short:
        findings.append(minor_finding("payout_was_pending", let_go, let_go - short))
    completes = let_go > 0 and pending > 0 and pending + moved.pending == 0
    made = [booked(of, change + moved, -held, completes=completes)]
    for each, left in zip(late, without, strict=True):
        total, before = total + each.amount, total
        paid = _paid_after(before, total, collects, observed, state)
        made.append(replace(_booked(observed, of, left + paid), happened_at=each.at))
    return made, findings


def _changed(
    observed: SettlementObserved,
    known: Settlement | None,
    after: Settlement,
    state: AccountState,
    *,
    were: Adjusted,
    apart: Adjusted,
) -> _Changed:
    """How the change of what the money is worth, and of its adjustments, moves it where it is."""
    order = state.orders.get((observed.currency, observed.counts_for), Order())
    worth, before = after.booked, (known.booked if known else None) or 0
    first = known is None or known.booked is None
    owed, change, paid, from_held, refunded = order.told - order.let_go, BucketChange(), 0, 0, 0
    if worth is not None and (worth != before or first):
        difference = _less_what_commands_recorded(observed, known, order, worth - before)
        if difference < 0 and order.disputed is not None and is_whole(observed):
            # The buyer was refunded: what a dispute of the order holds is the same money.
            refunded = -difference
            from_held, rest = refund_takes(order, refunded)
            difference = -rest
        if known is not None and known.released and not first:
            paid = difference
        else:
            change = _owed(owed, owed + worth - before, order.pending, difference - (worth - before))
            owed += worth - before
    kept = (apart.worth - apart.let_go) - (were.worth - were.let_go)
    change += _owed(owed, owed + kept, order.pending + change.pending, 0)
    return _Changed(owed + kept, change, paid + apart.let_go - were.let_go, from_held, refunded)


def _is_after(adjustment: Adjustment, release: SettlementObserved) -> bool:
    """Whether the adjustment happened after the release: then it leaves by itself, at its time."""
    return adjustment.at is not None and release.occurred_at is not None and adjustment.at > release.occurred_at


def _time(adjustment: Adjustment) -> Instant:
    return adjustment.at or ""


def _not_listed(are: Adjusted, were: Adjusted) -> Iterator[Data]:
    """A finding where a part of the adjustments is known by their total alone, and was not before."""
    if are.not_listed and are.not_listed != were.not_listed:
        yield minor_finding("adjustments_are_listed", are.worth, are.worth - are.not_listed)


def _paid_after(
    before: int, after: int, collects: str, observed: SettlementObserved, state: AccountState
) -> BucketChange:
    """What it moves that the channel has paid so much after this state, and not what it had paid before."""
    was, now = (_paid(amount, collects, observed, state) for amount in (before, after))
    return BucketChange(
        available=now.available - was.available, paid_out=now.paid_out - was.paid_out, owed=now.owed - was.owed
    )


def _owed(before: int, after: int, pending: int, apart: int) -> BucketChange:
    """How it moves what an order is still owed: pending, or where that is below zero, missing in the available.

    `apart` changes the pending alone: what commands or disputes did with the same money. What is not pending any more,
    because commands have settled it, is taken from available.
    """
    change = max(after, 0) - max(before, 0) + apart
    short = max(0, -change - pending)
    return BucketChange(pending=change + short, available=min(after, 0) - min(before, 0) - short)


def _release(let_go: int, owed: int, pending: int, disputed: int) -> tuple[BucketChange, int, int]:
    """What leaves an order's owed money; how much of it a dispute holds, and how much was not there any more.

    `disputed` is what a dispute holds of the order's pending: where the seller was paid by the channel, that was paid
    too, and leaves what is held.
    """
    after = owed - let_go
    wanted = max(owed, 0) - max(after, 0)
    moved = min(wanted, pending)
    held = min(wanted - moved, disputed) if wanted > 0 else 0
    return BucketChange(pending=-moved, available=min(after, 0) - min(owed, 0)), held, wanted - moved - held


def _paid(amount: int, collects: str, observed: SettlementObserved, state: AccountState) -> BucketChange:
    """Money that the channel has paid, or takes back. Of a seller's channel, what it takes back was paid before.

    What it takes beyond all that it has paid is missing in the available, until it pays again.
    """
    if collects != SELLER:
        return BucketChange(available=amount)
    channel = channel_of(state, observed.channel)
    before = channel.paid_out.get(observed.currency, 0) - channel.owed.get(observed.currency, 0)
    after = before + amount
    missing = min(after, 0) - min(before, 0)
    return BucketChange(available=missing, paid_out=max(after, 0) - max(before, 0), owed=-missing)


def _less_what_commands_recorded(
    observed: SettlementObserved, known: Settlement | None, order: Order, difference: int
) -> int:
    """The difference that is left when revenue and refunds that commands recorded for the order are the same money."""
    beyond = order.recorded - order.refunded - order.told
    if not is_whole(observed):
        return difference
    if beyond > 0 and (known is None or known.booked is None):
        return difference - beyond
    if beyond > 0 and difference > 0:
        return difference - min(beyond, difference)
    if beyond < 0 and difference < 0:
        return difference - max(beyond, difference)
    return difference


def is_whole(observed: SettlementObserved) -> bool:
    """Whether the record says what its order is worth, and not only a part of it."""
    return any(line["kind"] == PAYOUT and line.get("books") for line in observed.lines)


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
        owed=change.owed or None,
    )
