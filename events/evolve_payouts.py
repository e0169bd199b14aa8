"""What each fact about a payout or a case does to an account's books: its row, and where its money is."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events import cycles, facts
from events.books import Books
from events.books.accounts import MANUAL, PLUGIPAY
from events.books.money import Balance
from events.books.payouts import ACCEPTED, STARTED, UNKNOWN, Payout
from events.books.provider import Case
from events.cycles import CYCLES
from events.instants import Instant
from events.settling import adopted
from events.statements import (
    CANCELLED,
    FAILED,
    IN_TRANSIT,
    PAID,
    PENDING,
    REFUSED,
    Kind,
    Says,
    Statement,
    Told,
    add,
    read_stored,
    standing,
)

SEVERAL = 0
"""Stands for a case's amount where more than one was named."""

PayoutFact = (
    facts.PayoutRequested
    | facts.PayoutAdopted
    | facts.PayoutSubmissionStarted
    | facts.PayoutSubmissionUnknown
    | facts.PayoutProviderLinked
    | facts.PayoutCancelAsked
    | facts.PayoutCancelRefused
    | facts.PayoutReopened
    | facts.PayoutAmountCorrected
    | facts.PayoutInTransit
    | facts.PayoutPaid
    | facts.PayoutFailed
    | facts.PayoutCancelled
    | facts.PayoutReturned
)


def shift(
    books: Books,
    currency: str,
    *,
    pending: int = 0,
    available: int = 0,
    reserved: int = 0,
    held: int = 0,
    paid_out: int = 0,
) -> None:
    """Moves one currency's money between buckets."""
    if available < 0 and books.account is not None and CYCLES in books.account.settings:
        books.account = cycles.money_left(books.account, currency, -available)
    old = books.balance(currency)
    books.balances[currency] = Balance(
        old.pending + pending,
        old.available + available,
        old.reserved + reserved,
        old.held + held,
        old.paid_out + paid_out,
    )


def move_payout(books: Books, fact: PayoutFact, at: Instant, position: int) -> None:
    """Folds one fact about a payout into the books."""
    match fact:
        case facts.PayoutRequested():
            books.payouts[fact.payout_id] = Payout(
                amount=fact.amount,
                currency=fact.currency,
                status=PENDING,
                backend=fact.backend,
                bank_code=fact.bank_code,
                bank_name=fact.bank_name,
                bank_account_number=fact.bank_account_number,
                bank_account_holder=fact.bank_account_holder,
                requested_at=at,
                position=position,
                note=fact.note,
            )
            shift(books, fact.currency, available=-fact.amount, reserved=fact.amount)
            return
        case facts.PayoutAdopted():
            books.payouts[fact.payout_id] = adopted(fact.amount, fact.currency, fact.provider_payout_id, at, position)
            shift(books, fact.currency, available=-fact.amount, reserved=fact.amount)
            return
        case facts.PayoutReopened():
            # Its status follows with what was said of it.
            shift(books, fact.currency, available=-fact.amount, reserved=fact.amount)
            return
        case _:
            pass
    payout = books.payouts[fact.payout_id]
    match fact:
        case facts.PayoutSubmissionStarted():
            payout = replace(payout, submission=STARTED, attempt=fact.attempt, submission_started_at=at)
        case facts.PayoutSubmissionUnknown():
            payout = replace(payout, submission=UNKNOWN)
        case facts.PayoutProviderLinked():
            payout = replace(payout, provider_payout_id=fact.provider_payout_id, submission=ACCEPTED)
            payout = _told(payout, read_stored(fact.statements))
        case facts.PayoutAmountCorrected():
            payout = replace(payout, amount=fact.amount)
            less = fact.from_reserved + fact.from_paid_out
            shift(books, fact.currency, available=less, reserved=-fact.from_reserved, paid_out=-fact.from_paid_out)
        case facts.PayoutCancelAsked():
            payout = replace(payout, cancel_asked_at=at)
        case facts.PayoutCancelRefused():
            payout = replace(payout, cancel_asked_at=None)
        case facts.PayoutInTransit():
            payout = _stands(payout, IN_TRANSIT, Statement(IN_TRANSIT, at, fact.reference))
        case facts.PayoutPaid():
            payout = _stands(payout, PAID, Statement(PAID, at, fact.reference))
            shift(books, fact.currency, reserved=-fact.amount, paid_out=fact.amount)
        case facts.PayoutFailed():
            # What the provider did not say by itself it said when it was asked to take the payout.
            says = FAILED if payout.backend == MANUAL else REFUSED
            payout = _stands(payout, FAILED, Statement(says, at, None, fact.failure_reason))
            shift(books, fact.currency, reserved=-fact.amount, available=fact.amount)
        case facts.PayoutCancelled():
            payout = _stands(payout, CANCELLED, Statement(CANCELLED, at))
            shift(books, fact.currency, reserved=-fact.amount, available=fact.amount)
        case facts.PayoutReturned():
            payout = _stands(payout, FAILED, Statement(FAILED, at, fact.reference, fact.reason))
            shift(books, fact.currency, paid_out=-fact.amount, available=fact.amount)
        case _:
            assert_never(fact)
    books.payouts[fact.payout_id] = payout


def _stands(payout: Payout, status: str, statement: Statement) -> Payout:
    """The payout with a status that a fact gave it; what the provider said of it already, it need not say twice."""
    if payout.backend == PLUGIPAY and payout.status == status:
        return payout
    return _told(payout, (statement,))


def _told(payout: Payout, statements: Told) -> Payout:
    """The payout after something more was said of it: status and times are a function of all that was said."""
    told = add(payout.told, statements)
    if told is payout.told:
        return payout
    now = standing(told)
    return replace(
        payout,
        told=told,
        status=now.status,
        reference=now.reference,
        failure_reason=now.failure_reason,
        in_transit_at=now.in_transit_at,
        paid_at=now.paid_at,
        failed_at=now.failed_at,
        cancelled_at=now.cancelled_at,
        returned_at=now.returned_at,
    )


NOT_APPLIED = frozenset({"contradiction", "unmatched", "ignored"})
"""Verdicts of observations that say nothing that counts for a payout."""


def take_observation(books: Books, fact: facts.ProviderObserved) -> None:
    """Folds what the provider said into the payout it is about."""
    books.observed.add(fact.event_id)
    payout = books.payouts.get(fact.payout_id or "")
    if payout is None or fact.payout_id is None or fact.verdict in NOT_APPLIED:
        return
    payout = replace(payout, submission=ACCEPTED)
    if fact.says != Says.OTHER:
        payout = _told(payout, (Statement(fact.says, fact.occurred_at, fact.reference, fact.failure_reason),))
    books.payouts[fact.payout_id] = payout


def move_case(books: Books, fact: facts.CaseOpened | facts.CaseClosed, at: Instant, position: int) -> None:
    """Folds the opening or closing of a case into the books, and into the payout that it is about."""
    case = books.cases.get(fact.case_id)
    if isinstance(fact, facts.CaseOpened):
        # Of a payout whose owner is not known all that was said counts, for the day when it is: also what was said
        # before somebody closed the case.
        heard = case is not None and (case.closed_at is None or case.kind == Kind.UNREQUESTED)
        told = add(case.told if case is not None and heard else (), read_stored(fact.statements))
        if case is not None and case.closed_at is None:
            case = _more(case, fact)
        else:
            case = Case(
                kind=fact.kind,
                opened_at=at,
                position=position,
                known=fact.known,
                said=fact.said,
                payout_id=fact.payout_id,
                provider_payout_id=fact.provider_payout_id,
                amount=fact.amount,
                currency=fact.currency,
            )
        case = replace(case, told=told)
    else:
        assert case is not None, "what is closed was opened"
        case = replace(case, closed_at=at, reason=fact.reason, closed_by=fact.closed_by)
    books.cases[fact.case_id] = case
    payout = books.payouts.get(case.payout_id or "")
    if payout is not None and case.payout_id is not None:
        kinds = set(payout.contradictions) - {case.kind}
        if case.closed_at is None:
            kinds.add(case.kind)
        books.payouts[case.payout_id] = replace(payout, contradictions=tuple(sorted(kinds)))


def _more(case: Case, fact: facts.CaseOpened) -> Case:
    """An open case after more was said. Once several amounts were named it has none that could be applied."""
    amount = fact.amount if case.amount is None else case.amount
    differs = fact.amount not in (None, amount) or (fact.currency or case.currency) != (case.currency or fact.currency)
    if differs and case.amount != SEVERAL:
        return replace(case, amount=SEVERAL, said=f"{case.said}; {fact.said}")
    return replace(case, amount=amount, currency=case.currency or fact.currency)
