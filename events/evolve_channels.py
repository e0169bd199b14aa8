"""What each fact about a marketplace does to an account's books: the channel, the statement, and where its money is."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events import facts
from events.books import Books
from events.books.channels import Channel, ChannelStatement
from events.books.money import Disputed, Order
from events.evolve_disputes import settled
from events.evolve_payouts import shift
from events.facts import Data
from events.settlements import take_settlement

ChannelFact = facts.ChannelSet | facts.StatementObserved | facts.SettlementObserved | facts.ChannelMoneyBooked


def move_channel(books: Books, fact: ChannelFact, position: int) -> None:
    """Folds one fact about a channel into the books."""
    match fact:
        case facts.ChannelSet():
            known = books.channels.get(fact.channel) or Channel()
            books.channels[fact.channel] = Channel(fact.collects, fact.seller, fact.currency, fact.zone, known.paid_out)
        case facts.StatementObserved():
            key = (fact.channel, fact.seller or "", fact.number)
            books.statements[key] = _observed(books.statements.get(key), fact, position)
        case facts.SettlementObserved():
            take_settlement(books, fact, position)
        case facts.ChannelMoneyBooked():
            _move_money(books, fact)
        case _:
            assert_never(fact)


def _observed(before: ChannelStatement | None, fact: facts.StatementObserved, position: int) -> ChannelStatement:
    told = ChannelStatement(
        source=fact.source,
        currency=fact.currency,
        content=fact.content,
        findings=fact.findings,
        digest=fact.digest,
        reference=fact.reference,
        collects=fact.collects,
        first_position=position,
        position=position,
        created_at=fact.created_at,
        updated_at=fact.updated_at,
        paid=fact.paid,
        was_paid=fact.paid is True,
        booked=fact.payout or 0,
        deposit=fact.deposit,
        previous=fact.previous,
    )
    if before is None:
        return told
    same_currency = fact.currency == before.currency
    return replace(
        told,
        currency=before.currency,
        reference=before.reference,
        collects=before.collects if before.was_paid else fact.collects,
        first_position=before.first_position,
        created_at=fact.created_at if same_currency else before.created_at,
        # Under another currency nothing was moved: it is still to be.
        was_paid=before.was_paid or (fact.paid is True and same_currency),
        booked=fact.payout if fact.payout is not None and same_currency else before.booked,
        paid_out=before.paid_out,
        deposit=fact.deposit if fact.deposit is not None and same_currency else before.deposit,
    )


def _move_money(books: Books, fact: facts.ChannelMoneyBooked) -> None:
    shift(
        books,
        fact.currency,
        pending=fact.pending,
        available=fact.available,
        held=fact.held,
        paid_out=fact.paid_out,
    )
    of_order = fact.pending + fact.available + fact.paid_out + (0 if fact.number is not None else fact.held)
    if fact.pending or fact.available or fact.paid_out or of_order or fact.refunded:
        order = books.orders.get((fact.currency, fact.reference), Order())
        # A refund is told as one: what the order has earned stays what it was.
        left = -of_order if fact.refunded else 0
        order = replace(
            order,
            recorded=order.recorded + of_order + left,
            pending=order.pending + fact.pending,
            refunded=order.refunded + left,
            channel=order.channel or fact.channel,
        )
        if fact.number is None and order.disputed is not None:
            order = replace(order, disputed=_held_no_more(order.disputed, fact.held, (fact.refunded or 0) - left))
        released = fact.pending < 0 < fact.available
        books.orders[fact.currency, fact.reference] = settled(order) if released else order
    if fact.number is not None:
        key = (fact.channel, fact.seller or "", fact.number)
        statement = books.statements[key]
        books.statements[key] = replace(statement, paid_out=statement.paid_out + fact.paid_out)
    elif fact.paid_out:
        channel = books.channels.get(fact.channel) or Channel()
        paid_out = channel.paid_out.get(fact.currency, 0) + fact.paid_out
        books.channels[fact.channel] = replace(channel, paid_out={**channel.paid_out, fact.currency: paid_out})


def _held_no_more(disputed: Disputed, held: int, overlap: int) -> Disputed:
    return replace(
        disputed,
        held=disputed.held + held,
        held_pending=max(0, disputed.held_pending + held),
        overlap=disputed.overlap + overlap,
    )


def terms_of(fact: facts.SettlementTermsSet) -> Data:
    """The terms as the account's settings hold them; none of them is the channel's usual way."""
    terms = {
        "period": fact.period,
        "dueAfterDays": fact.due_after_days,
        "dueAfterBusinessDays": fact.due_after_business_days,
        "country": fact.country,
    }
    return {name: term for name, term in terms.items() if term is not None}
