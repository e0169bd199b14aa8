"""What a marketplace's record about an order, an item or a payment does to an account: kept as said, booked once.

Money is (channel, seller, reference). Several sources tell of it. What they said is a set in the order of its time
(`events.observations`): what each source said last, what the money is worth and whether it was let go of follow from the
set, so that neither order nor repetition matters. What is booked is what the set changes:

    owed        what it is worth, less what commands recorded for its order, is pending
    released    what is pending of it moves: paid out where the seller collects, available where we do
    changed     the difference, where the money is by then
    below zero  what is not released is taken from its order's other money, else it is carried in available; what is
                released is taken from all that the channel has paid, and what is beyond that is carried in available
    explained   nothing: another level or another record books it

A record may say that other money was released: a wallet's row names the order whose escrow it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from events.account_state import AccountState, replace
from events.accounts.events import CurrencyAdded
from events.balances.state import Order
from events.canonical import canonical
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import BucketChange, finding, minor_finding
from events.channels.state import SELLER
from events.currency import AMOUNT_MAX
from events.disputes.amounts import refund_takes
from events.observations import (
    DIGEST_LENGTH,
    Heard,
    Recency,
    Said,
    arrival_of,
    judge,
    newest_amount,
    order_findings,
    place_of,
    rank_of,
)
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
    more = [observed.pays, observed.updated_at] if observed.pays or observed.updated_at else []
    return sha256(canonical([*told, *more, observed.lines])).hexdigest()


def said_by(observed: SettlementObserved) -> Said:
    """What the record says, as one of the observations of its money."""
    return Said(
        source=observed.source,
        content=record_digest(observed)[:DIGEST_LENGTH],
        record=observed.digest[:DIGEST_LENGTH],
        place=place_of(observed.updated_at, rank_of(observed.stage), observed.observed_at),
        by=observed.observed_by,
        amounts=(observed.amount,),
    )


_Hearing = tuple[Recency, Heard, int | None]
_last: list[tuple[Settlement | None, SettlementObserved, _Hearing]] = []
"""The last hearing. What was judged is folded next, and is then not digested and judged a second time."""


def hear(known: Settlement | None, observed: SettlementObserved, said: Said | None = None) -> _Hearing:
    """What the record is to what is known of its money; what was heard after it, and what the money is worth then.

    `said` is what `said_by` gives, where that is known.
    """
    for of, what, same in _last:
        # Neither is ever changed: the very same values have the same hearing.
        if of is known and what is observed:
            return same
    hearing = _hear(known, observed, said)
    _last[:] = [(known, observed, hearing)]
    return hearing


def _hear(known: Settlement | None, observed: SettlementObserved, said: Said | None) -> _Hearing:
    heard, worth = (known.sources, known.booked) if known is not None else (Heard(), None)
    if observed.observed_at is None:
        # As older releases did: what arrives is newest, unless its source said the same last.
        digest = record_digest(observed)
        recency = Recency.KNOWN if heard.get(observed.source) == digest else Recency.NEWEST
        return recency, {**heard, observed.source: digest}, worth if observed.amount is None else observed.amount
    recency, heard = judge(heard, said or said_by(observed))
    amount = newest_amount(heard)
    return recency, heard, worth if amount is None else amount


def observe_settlement(observed: SettlementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The events that follow from a record; none where it says nothing new. Never refuses.

    `observed` names in `counts_for` the order that it is about, or nothing; who collects, the order that its money
    really counts for and the findings against the account's state are filled in here.
    """
    key = known_key(state, observed.channel, observed.seller, observed.reference)
    known = state.settlements.get(key)
    counts_for = known.counts_for if known else _counts_for(observed, state)
    collects = state.channel(observed.channel).collects
    observed = replace(observed, seller=key[1] or None, collects=collects, counts_for=counts_for)
    said = None if observed.observed_at is None else said_by(observed)
    if known is not None and said is not None and (arrival := arrival_of(known.sources, said)):
        observed = replace(observed, observed_at=arrival)
        said = said_by(observed)
    recency, _, worth = hear(known, observed, said)
    if recency is Recency.KNOWN:
        return []
    findings: list[Data] = []
    if known is not None and said is not None:
        findings += order_findings(recency, known.sources, said)
    booked_amount = observed.amount
    if known is not None and known.currency != observed.currency:
        findings.append(finding("currency_stays", known.currency, observed.currency))
        observed = replace(observed, amount=None, releases=None)
    sellers = (observed.seller or "", "")
    if observed.statement and any((observed.channel, of, observed.statement) in state.statements for of in sellers):
        # The statement has booked its money: its lines explain it.
        observed = replace(observed, amount=None, releases=None)
    if observed.amount != booked_amount:
        _, _, worth = hear(known, observed)
    booked, more = _book(observed, known, worth, state)
    if not state.has_room_for(booked):
        asked, observed = observed, replace(observed, amount=None, releases=None)
        booked = _booked(observed, observed.counts_for, BucketChange())
        more = [finding("amounts_fit_the_ledger", str(AMOUNT_MAX), str(asked.amount))]
    if findings or more:
        observed = replace(observed, findings=[*observed.findings, *findings, *more])
    made: list[AnyEvent] = []
    if state.account is not None and observed.currency not in state.account.currencies:
        made.append(CurrencyAdded(currency=observed.currency))
    made.append(observed)
    if booked.pending or booked.available or booked.paid_out or booked.held or booked.refunded or booked.owed:
        made.append(booked)
    return made


def known_key(state: AccountState, channel: str, seller: str | None, reference: str) -> SettlementKey:
    """The money's key; what was known before the seller was named is the same money."""
    key, nameless = (channel, seller or "", reference), (channel, "", reference)
    return nameless if key not in state.settlements and nameless in state.settlements else key


def _counts_for(observed: SettlementObserved, state: AccountState) -> str:
    own, whole = order_references(observed.channel, observed.reference, observed.counts_for or None)
    order = state.order(observed.currency, own)
    return whole if order.told_by not in (None, observed.channel) else own


def _book(
    observed: SettlementObserved, known: Settlement | None, worth: int | None, state: AccountState
) -> tuple[ChannelMoneyBooked, list[Data]]:
    """What moves because of a record that makes its money worth so much, and what does not agree with the state."""
    order = state.order(observed.currency, observed.counts_for)
    before = (known.booked if known else None) or 0
    released = known is not None and known.released
    collects = known.collects if known is not None and released else observed.collects
    # Released before anybody said what it is worth: it is let go of as its worth comes.
    waits = released and known is not None and known.booked is None
    owed, change, from_held, refunded = order.told - order.let_go, BucketChange(), 0, 0
    if worth is not None and (worth != before or (known is None or known.booked is None)):
        difference = _less_what_commands_recorded(observed, known, order, worth - before)
        if difference < 0 and order.disputed is not None and _is_whole(observed):
            # The buyer was refunded: what a dispute of the order holds is the same money.
            refunded = -difference
            from_held, rest = refund_takes(order, refunded)
            difference = -rest
        if released and not waits:
            change = _paid(difference, collects, observed, state)
        else:
            apart = difference - (worth - before)
            change = _owed(owed, owed + worth - before, order.pending, apart)
            owed += worth - before

    def booked(counts_for: str, moved: BucketChange, held: int, *, completes: bool = False) -> ChannelMoneyBooked:
        made = _booked(observed, counts_for, moved, completes=completes)
        return made if not (held or refunded) else replace(made, held=held - from_held, refunded=refunded or None)

    let_go, of = worth or 0, observed.counts_for
    if not waits and observed.releases is None:
        return booked(of, change, 0), []
    if observed.releases is not None and observed.releases != observed.reference:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
        if money is None or money.released:
            return booked(of, change, 0), []
        let_go, of = money.booked or 0, money.counts_for
        order = state.order(observed.currency, of)
        owed = order.told - order.let_go
    elif released and not (waits and worth is not None):
        return booked(of, change, 0), []
    disputed = max(0, order.disputed.held_pending - from_held) if order.disputed is not None else 0
    moved, held, short = _release(let_go, owed, order.pending + change.pending, disputed)
    paid = _paid(let_go - short, collects, observed, state)
    if collects == SELLER:
        moved += paid
    else:
        # What a dispute holds stays held, and comes back as available.
        moved, held = moved + paid + BucketChange(available=-held), 0
    findings = [minor_finding("payout_was_pending", let_go, let_go - short)] if short else []
    completes = let_go > 0 and order.pending + change.pending > 0 and order.pending + (change + moved).pending == 0
    return booked(of, change + moved, -held, completes=completes), findings


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
    channel = state.channel(observed.channel)
    before = channel.paid_out.get(observed.currency, 0) - channel.owed.get(observed.currency, 0)
    after = before + amount
    missing = min(after, 0) - min(before, 0)
    return BucketChange(available=missing, paid_out=max(after, 0) - max(before, 0), owed=-missing)


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


def _is_whole(observed: SettlementObserved) -> bool:
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
