"""What a marketplace's record about an order, an item or a payment does to an account: kept as said, booked once.

Several sources tell of the same money. What they said is a set (`events.settlements.evolve`), and what is booked is what
the set changes:

    owed        what it is worth, less what commands recorded for its order, is pending
    released    what is pending of it moves: paid out where the seller collects, available where we do
    changed     the difference, where the money is by then
    below zero  what is not released is taken from its order's other money, else it is carried in available; what is
                released is taken from all that the channel has paid, and what is beyond that is carried in available
    explained   nothing: another level or another record books it

A record may say that other money was released: a wallet's row names the order whose escrow it was. An order's adjustments
are let go of with it, or each when its own source says so. One that happened after the release leaves at its own time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from events.account_state import AccountState, BucketChange, owed_change, replace
from events.accounts.events import CurrencyAdded
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import finding, minor_finding
from events.channels.state import SELLER
from events.currency import AMOUNT_MAX
from events.disputes.amounts import refund_takes
from events.instants import Instant
from events.observations import Heard, Recency, arrival_of, order_findings
from events.settlements.adjustments import NONE_ADJUSTED, Adjusted, Adjustment, adjusted, standing
from events.settlements.events import SettlementObserved
from events.settlements.evolve import (
    CURRENCY_STAYS,
    PAYOUT_WAS_PENDING,
    after_record,
    has_adjustments,
    has_currency,
    hear,
    is_known,
    is_whole,
    known_key,
    less_what_commands_recorded,
    said_by,
    settlement_key,
)
from events.settlements.older_names import OlderName, as_known_before, is_inside, known_as
from events.settlements.state import Settlement
from events.values import Data, value


def order_references(channel: str, reference: str, order: str | None) -> tuple[str, str]:
    """The orders that money may count for: its own order, or a name with the channel's where that is taken."""
    own = f"{channel}/{reference}"
    return (order, f"{channel}/{order}") if order else (own, own)


def observe_settlement(
    observed: SettlementObserved, state: AccountState, decimals: int = 0, older: Sequence[OlderName] = ()
) -> Sequence[AnyEvent]:
    """The events that follow from a record; none where it says nothing new. Never refuses.

    `observed` names in `counts_for` the order that it is about, or nothing; who collects, the order that its money
    really counts for and the findings against the account's state are filled in here. `decimals` are those of a major
    unit of its currency; `older` are the names that the record may be known by since an older release.
    """
    if older and not is_known(observed, state) and known_as(observed, older, state) is not None:
        return []
    observed = _placed(observed, state)
    if observed.adjusts is not None:
        observed = as_known_before(observed, state)
    key = settlement_key(observed)
    known = state.settlements.get(key)
    if observed.adjusts is not None and known is not None and is_inside(observed, known):
        return []
    counts_for = known.counts_for if known else _counts_for(observed, state)
    observed = replace(observed, collects=state.channel(observed.channel).collects, counts_for=counts_for)
    said = None if observed.observed_at is None else said_by(observed)
    before = Heard() if known is None else known.sources if observed.adjusts is None else known.adjustments
    # Of most money nothing was heard before.
    if said is not None and before and (arrival := arrival_of(before, said)):
        observed = replace(observed, observed_at=arrival)
        said = said_by(observed)
    heard = hear(known, observed, said)
    if heard.recency is Recency.KNOWN:
        return []
    findings: list[Data] = []
    if said is not None and before:
        findings += order_findings(heard.recency, before, said)
    asked = observed
    if known is not None and has_currency(known) and known.currency != observed.currency:
        findings.append(finding(CURRENCY_STAYS, known.currency, observed.currency))
        observed = _only_explains(observed)
    sellers = (observed.seller or "", "")
    if observed.statement and any((observed.channel, of, observed.statement) in state.statements for of in sellers):
        # The statement has booked its money: its lines explain it.
        observed = _only_explains(observed)
    after = after_record(known, observed)
    booked, more = _move_money(observed, known, after, state)
    if not all(state.has_room_for(each) for each in booked):
        asked, observed = observed, _only_explains(observed)
        after, booked = after_record(known, observed), []
        more = [finding("amounts_fit_the_ledger", str(AMOUNT_MAX), str(asked.amount))]
    if findings or more:
        observed = replace(observed, findings=[*observed.findings, *findings, *more])
    adjustments = _adjustments_after(observed, known, after, state, decimals)
    if adjustments is not None:
        observed = replace(observed, adjustments=adjustments)
    made: list[AnyEvent] = []
    if state.account is not None and observed.currency not in state.account.currencies:
        made.append(CurrencyAdded(currency=observed.currency))
    return [*made, observed, *(each for each in booked if _moves(each))]


def _moves(booked: ChannelMoneyBooked) -> bool:
    return any((booked.pending, booked.available, booked.paid_out, booked.held, booked.refunded, booked.owed))


def _only_explains(observed: SettlementObserved) -> SettlementObserved:
    return replace(observed, amount=None, releases=None)


def _adjustments_after(
    observed: SettlementObserved, known: Settlement | None, after: Settlement, state: AccountState, decimals: int
) -> Data | None:
    """How the adjustments stand, of the order that the record is about or lets go of; None where none was ever told."""
    money: Settlement | None = after
    if observed.releases is not None and observed.releases != observed.reference:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
    if money is None or not (money.adjusted or money.adjustments or (known is not None and known.adjusted)):
        return None
    return standing(replace(money, released=money.released or observed.releases is not None), decimals)


def _placed(observed: SettlementObserved, state: AccountState) -> SettlementObserved:
    """The record as of the money that it is about: what was known before the seller was named is the same."""
    _, seller, _ = known_key(state, observed.channel, observed.seller, observed.adjusts or observed.reference)
    return observed if seller == (observed.seller or "") else replace(observed, seller=seller or None)


def _counts_for(observed: SettlementObserved, state: AccountState) -> str:
    own, whole = order_references(observed.channel, observed.adjusts or observed.reference, observed.counts_for or None)
    order = state.order(observed.currency, own)
    return whole if order.told_by not in (None, observed.channel) else own


@value
class _Changed:
    """What an order is owed after its worth and its adjustments have changed, and where its money is then."""

    owed: int
    change: BucketChange
    paid: int
    from_held: int = 0
    refunded: int = 0


def _move_money(
    observed: SettlementObserved, known: Settlement | None, after: Settlement, state: AccountState
) -> tuple[list[ChannelMoneyBooked], list[Data]]:
    """What moves because of a record, and what does not agree with the state.

    `known` is the money before it, and `after` the same money after it, without what the record releases.
    """
    released = known is not None and known.released
    collects = known.collects if known is not None and released else observed.collects
    # Released before anybody said what it is worth: it is let go of as its worth comes.
    waits = released and known is not None and known.booked is None
    were, are = (adjusted(each) if has_adjustments(each) else NONE_ADJUSTED for each in (known, after))
    found = _changed(observed, known, after, state, apart=are, were=were)
    change = found.change
    if found.paid:
        change += paid_change(found.paid, collects, observed.channel, observed.currency, state)
    findings = list(_not_listed(are, were))

    def booked(counts_for: str, moved: BucketChange, held: int, *, completes: bool = False) -> ChannelMoneyBooked:
        made = _booked(observed, counts_for, moved, completes=completes)
        if not (held or found.refunded):
            return made
        return replace(made, held=held - found.from_held, refunded=found.refunded or None)

    let_go, of, kept, owed = after.booked or 0, observed.counts_for, are.kept, found.owed
    order = state.order(observed.currency, of)
    if not waits and observed.releases is None:
        return [booked(of, change, 0)], findings
    if observed.releases is not None and observed.releases != observed.reference:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
        if money is None or money.released:
            return [booked(of, change, 0)], findings
        let_go, of, kept = money.booked or 0, money.counts_for, adjusted(money).kept if has_adjustments(money) else ()
        # It is let go of in its own currency, whichever the release is told in.
        observed = replace(observed, currency=money.currency)
        order = state.order(observed.currency, of)
        owed = order.told - order.let_go
    elif released and not (waits and after.booked is not None):
        return [booked(of, change, 0)], findings
    disputed = max(0, order.disputed.held_pending - found.from_held) if order.disputed is not None else 0
    let_go += sum(each.amount for each in kept if not _is_after(each, observed))
    late = sorted((each for each in kept if _is_after(each, observed)), key=_time)
    pending, without = order.pending + change.pending, list[BucketChange]()
    for each in reversed(late):
        without.insert(0, owed_change(owed, owed - each.amount, pending, 0))
        owed, pending = owed - each.amount, pending + without[0].pending
    moved, held, short = _release(let_go, owed, pending, disputed)
    total = found.paid + let_go - short
    paid = paid_after(found.paid, total, collects, observed.channel, observed.currency, state)
    if collects == SELLER:
        moved += paid
    else:
        # What a dispute holds stays held, and comes back as available.
        moved, held = moved + paid + BucketChange(available=-held), 0
    if short:
        findings.append(minor_finding(PAYOUT_WAS_PENDING, let_go, let_go - short))
    completes = let_go > 0 and pending > 0 and pending + moved.pending == 0
    made = [booked(of, change + moved, -held, completes=completes)]
    for each, left in zip(late, without, strict=True):
        total, before = total + each.amount, total
        paid = paid_after(before, total, collects, observed.channel, observed.currency, state)
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
    order = state.order(observed.currency, observed.counts_for)
    worth, before = after.booked, (known.booked if known else None) or 0
    first = known is None or known.booked is None
    owed, change, paid, from_held, refunded = order.told - order.let_go, BucketChange(), 0, 0, 0
    if worth is not None and (worth != before or first):
        difference = less_what_commands_recorded(observed, known, order, worth - before)
        if difference < 0 and order.disputed is not None and is_whole(observed):
            # The buyer was refunded: what a dispute of the order holds is the same money.
            refunded = -difference
            from_held, rest = refund_takes(order, refunded)
            difference = -rest
        if known is not None and known.released and not first:
            paid = difference
        else:
            change = owed_change(owed, owed + worth - before, order.pending, difference - (worth - before))
            owed += worth - before
    kept = (apart.worth - apart.let_go) - (were.worth - were.let_go)
    if kept:
        change += owed_change(owed, owed + kept, order.pending + change.pending, 0)
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


def paid_after(
    before: int, after: int, collects: str, channel_name: str, currency: str, state: AccountState
) -> BucketChange:
    """What it moves that the channel has paid so much after this state, and not what it had paid before."""
    was, now = (paid_change(amount, collects, channel_name, currency, state) for amount in (before, after))
    return BucketChange(
        available=now.available - was.available, paid_out=now.paid_out - was.paid_out, owed=now.owed - was.owed
    )


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


def paid_change(amount: int, collects: str, channel_name: str, currency: str, state: AccountState) -> BucketChange:
    """Money that the channel has paid, or takes back. Of a seller's channel, what it takes back was paid before.

    What it takes beyond all that it has paid is missing in the available, until it pays again.
    """
    if collects != SELLER:
        return BucketChange(available=amount)
    channel = state.channel(channel_name)
    before = channel.paid_out.get(currency, 0) - channel.owed.get(currency, 0)
    after = before + amount
    missing = min(after, 0) - min(before, 0)
    return BucketChange(available=missing, paid_out=max(after, 0) - max(before, 0), owed=-missing)


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
