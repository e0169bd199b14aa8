"""What a marketplace's record about an order, an item or a payment does to an account: kept as said, booked once.

What was said of its money is a set (`events.settlements.known`), and what is booked is what the set changes
(`events.settlements.movements`). A record may say that other money was released: a wallet's row names the order whose
escrow it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.balances.state import Order
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.channels.observe import channel_of, finding, fits
from events.currency import AMOUNT_MAX
from events.observations import Heard, Recency, arrival_of, contents_of, order_findings
from events.settlements.adjustments import adjusted, tells_total
from events.settlements.events import SettlementObserved
from events.settlements.known import (
    CURRENCY_STAYS,
    OlderName,
    after_record,
    before_record,
    has_older_name,
    hear,
    is_known,
    known_key,
    said_by,
    settlement_key,
)
from events.settlements.movements import move_money
from events.settlements.state import Settlement
from events.values import Data


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
    if older and not is_known(observed, state) and has_older_name(observed, older, state):
        return []
    observed = _as_known_before(_placed(observed, state), state)
    key = settlement_key(observed)
    known = state.settlements.get(key)
    if observed.adjusts is not None and known is not None and _is_inside(observed, known):
        return []
    said = None if observed.observed_at is None else said_by(observed)
    before = Heard() if known is None else known.sources if observed.adjusts is None else known.adjustments
    if said is not None and (arrival := arrival_of(before, said)):
        observed = replace(observed, observed_at=arrival)
        said = said_by(observed)
    heard = hear(known, observed, said)
    if heard.recency is Recency.KNOWN:
        return []
    counts_for = known.counts_for if known else _counts_for(observed, state)
    observed = replace(observed, collects=channel_of(state, observed.channel).collects, counts_for=counts_for)
    findings: list[Data] = []
    if said is not None:
        findings += order_findings(heard.recency, before, said)
    asked = observed
    if known is not None and known.told and known.currency != observed.currency:
        findings.append(finding(CURRENCY_STAYS, known.currency, observed.currency))
        observed = _only_explains(observed)
    sellers = (observed.seller or "", "")
    if observed.statement and any((observed.channel, of, observed.statement) in state.statements for of in sellers):
        # The statement has booked its money: its lines explain it.
        observed = _only_explains(observed)
    if (observed.amount, observed.adjusted) != (asked.amount, asked.adjusted):
        heard = hear(known, observed)
    first = before_record(known, observed)
    after = after_record(first, heard)
    booked, more = move_money(observed, known, after, state)
    if not all(fits(each, state) for each in booked):
        asked, observed = observed, _only_explains(observed)
        after, booked = after_record(first, hear(known, observed)), []
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
    return replace(observed, amount=None, releases=None, adjusted=None)


def _as_known_before(observed: SettlementObserved, state: AccountState) -> SettlementObserved:
    """An adjustment of an order; or as an older release knew it, under a reference of its own, where one did."""
    if observed.adjusts is None:
        return observed
    own = known_key(state, observed.channel, observed.seller, observed.reference)
    if own not in state.settlements:
        return replace(observed, releases=None)
    books = any(line.get("books") for line in observed.lines)
    as_before = replace(observed, adjusts=None, occurred_on=None, seller=own[1] or None)
    return as_before if books else replace(as_before, amount=None)


def _is_inside(observed: SettlementObserved, known: Settlement) -> bool:
    """Whether the record of the order itself, whose list has the adjustment, was booked with it by an older release."""
    contents = contents_of(known.sources, observed.source)
    return bool(contents) and not tells_total(contents)


def _adjustments_after(
    observed: SettlementObserved, known: Settlement | None, after: Settlement, state: AccountState, decimals: int
) -> Data | None:
    """How the adjustments stand, of the order that the record is about or lets go of; None where none was ever told."""
    money: Settlement | None = after
    if observed.releases is not None and observed.releases != observed.reference:
        money = state.settlements.get(known_key(state, observed.channel, observed.seller, observed.releases))
    if money is None or not (money.adjusted or money.adjustments or (known is not None and known.adjusted)):
        return None
    now = adjusted(replace(money, released=money.released or observed.releases is not None))
    rows: dict[str, bool | None] = dict.fromkeys(money.adjustments)
    rows |= {each.name: each.let_go or now.released for each in now.adjustments if each.name is not None}
    return {"worth": now.worth, "rows": rows, "notListed": now.not_listed, "letGo": now.released, "decimals": decimals}


def _placed(observed: SettlementObserved, state: AccountState) -> SettlementObserved:
    """The record as of the money that it is about: what was known before the seller was named is the same."""
    _, seller, _ = known_key(state, observed.channel, observed.seller, observed.adjusts or observed.reference)
    return observed if seller == (observed.seller or "") else replace(observed, seller=seller or None)


def _counts_for(observed: SettlementObserved, state: AccountState) -> str:
    own, whole = order_references(observed.channel, observed.adjusts or observed.reference, observed.counts_for or None)
    order = state.orders.get((observed.currency, own), Order())
    return whole if order.told_by not in (None, observed.channel) else own
