"""What each event of a marketplace changes: the channel, the statement, and where the money is."""

from __future__ import annotations

from typing import assert_never

from events.account_state import AccountState, replace
from events.accounts.state import SETTLEMENT_TERMS
from events.channels.events import (
    ChannelEvent,
    ChannelMoneyBooked,
    ChannelSet,
    SettlementTermsSet,
    StatementObserved,
    StatementWithdrawn,
)
from events.channels.observe import DEPOSIT, PAID_STAYS_PAID, hear, paid_stays_paid, payout_of
from events.channels.state import ChannelStatement
from events.disputes.evolve import after_settlement
from events.disputes.state import Disputed
from events.instants import Instant
from events.observations import newest_amount
from events.values import Data


def evolve(state: AccountState, event: ChannelEvent, at: Instant, position: int) -> None:
    """Folds one event of a channel into the account's state."""
    match event:
        case ChannelSet():
            known = state.channel(event.channel)
            state.channels[event.channel] = replace(
                known,
                collects=event.collects,
                seller=event.seller,
                currency=event.currency,
                zone=event.zone,
                columns=event.columns,
                types=event.types,
            )
        case StatementObserved():
            key = (event.channel, event.seller or "", event.number)
            state.statements[key] = _observed(state.statements.get(key), event, position)
        case StatementWithdrawn():
            state.statements.pop((event.channel, event.seller or "", event.number), None)
        case SettlementTermsSet():
            account = state.account
            assert account is not None, "an account's first event is that it was opened"
            terms = {**account.settings.get(SETTLEMENT_TERMS, {}), event.channel: terms_of(event)}
            state.account = replace(account, settings={**account.settings, SETTLEMENT_TERMS: terms})
        case ChannelMoneyBooked():
            _move_money(state, event)
        case _:
            assert_never(event)


def _observed(before: ChannelStatement | None, event: StatementObserved, position: int) -> ChannelStatement:
    _, heard, stands = hear(before, event)
    payout, deposit = payout_of(before, heard, event), event.deposit
    if event.observed_at is not None:
        deposit = newest_amount(heard, DEPOSIT)
    told = ChannelStatement(
        source=event.source,
        currency=event.currency,
        content=event.content,
        findings=event.findings,
        digest=event.digest,
        reference=event.reference,
        collects=event.collects,
        first_position=position,
        position=position,
        created_at=event.created_at,
        updated_at=event.updated_at,
        paid=event.paid,
        was_paid=event.paid is True,
        booked=payout or 0,
        deposit=deposit,
        previous=event.previous,
        told=heard,
    )
    if before is None:
        return told
    if event.currency != before.currency:
        # Under another currency nothing was moved: it is still to be.
        was_paid, booked, deposit = before.was_paid, before.booked, before.deposit
    else:
        was_paid, booked = before.was_paid or event.paid is True, before.booked if payout is None else payout
        deposit = before.deposit if deposit is None else deposit
    newest = told if stands else before
    return replace(
        newest,
        currency=before.currency,
        reference=before.reference,
        collects=before.collects if before.was_paid else event.collects,
        findings=_findings(newest, was_paid=was_paid) if event.observed_at is not None else newest.findings,
        first_position=before.first_position,
        position=position,
        created_at=newest.created_at if event.currency == before.currency else before.created_at,
        was_paid=was_paid,
        booked=booked,
        paid_out=before.paid_out,
        deposit=deposit,
        told=heard,
        moved_pending=before.moved_pending,
        moved_available=before.moved_available,
    )


def _findings(newest: ChannelStatement, *, was_paid: bool) -> list[Data]:
    """The findings of what stands. That it was paid before or after, in whatever order it was told, is one of them."""
    found = [each for each in newest.findings if each["rule"] != PAID_STAYS_PAID]
    return [*found, paid_stays_paid(newest.content)] if was_paid and newest.paid is False else found


def _move_money(state: AccountState, event: ChannelMoneyBooked) -> None:
    state.add_amounts(
        event.currency,
        pending=event.pending,
        available=event.available,
        held=event.held,
        paid_out=event.paid_out,
    )
    of_order = event.pending + event.available + event.paid_out + (0 if event.number is not None else event.held)
    if event.pending or event.available or event.paid_out or of_order or event.refunded:
        order = state.order(event.currency, event.reference)
        # A refund is told as one: what the order has earned stays what it was.
        left = -of_order if event.refunded else 0
        order = replace(
            order,
            recorded=order.recorded + of_order + left,
            pending=order.pending + event.pending,
            refunded=order.refunded + left,
            channel=order.channel or event.channel,
        )
        if event.number is None and order.disputed is not None:
            order = replace(order, disputed=_held_no_more(order.disputed, event.held, (event.refunded or 0) - left))
        released = event.pending < 0 < event.available
        state.orders[event.currency, event.reference] = after_settlement(order) if released else order
    if event.number is not None:
        key = (event.channel, event.seller or "", event.number)
        statement = state.statements[key]
        state.statements[key] = replace(
            statement,
            paid_out=statement.paid_out + event.paid_out,
            moved_pending=_more(statement.moved_pending, event.pending),
            moved_available=_more(statement.moved_available, event.available),
        )
    elif event.paid_out or event.owed:
        channel = state.channel(event.channel)
        state.channels[event.channel] = replace(
            channel,
            paid_out=_added(channel.paid_out, event.currency, event.paid_out),
            owed={name: each for name, each in _added(channel.owed, event.currency, event.owed or 0).items() if each},
        )


def _more(moved: int | None, amount: int) -> int | None:
    """Of rows of older releases it is not known, whatever moves now."""
    return None if moved is None else moved + amount


def _added(amounts: dict[str, int], currency: str, amount: int) -> dict[str, int]:
    return {**amounts, currency: amounts.get(currency, 0) + amount} if amount else amounts


def _held_no_more(disputed: Disputed, held: int, overlap: int) -> Disputed:
    return replace(
        disputed,
        held=disputed.held + held,
        held_pending=max(0, disputed.held_pending + held),
        overlap=disputed.overlap + overlap,
    )


def terms_of(event: SettlementTermsSet) -> Data:
    """The terms as the account's settings hold them; none of them is the channel's usual way."""
    terms = {
        "period": event.period,
        "dueAfterDays": event.due_after_days,
        "dueAfterBusinessDays": event.due_after_business_days,
        "country": event.country,
    }
    return {name: term for name, term in terms.items() if term is not None}
