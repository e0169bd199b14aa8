"""What each fact does to an account's books. Total: a fact without a branch here is a type error."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from events import cycles, facts
from events.books import Books
from events.books.accounts import (
    FROZEN,
    MANUAL,
    OPEN,
    SETTLEMENT_TERMS,
    SYSTEM_MODE,
    TOLERANCES,
    Account,
    BankAccount,
    Provider,
    WebhookSecret,
)
from events.books.money import Balance, Order, Reserve
from events.evolve_banking import move_bank
from events.evolve_channels import move_channel, terms_of
from events.evolve_disputes import end_dispute, refunded, settled, take_dispute
from events.evolve_own_statements import move_own_statements
from events.evolve_payouts import move_case, move_payout, shift, take_observation
from events.facts import Fact
from events.instants import Instant


def evolve(books: Books, fact: Fact, effective_at: Instant, position: int) -> None:
    """Fold one fact, at its place in the log, into the books. Never refuses: it has happened."""
    books.version += 1
    match fact:
        case (
            facts.RevenueRecorded()
            | facts.RevenueSettled()
            | facts.RefundRecorded()
            | facts.FeeCharged()
            | facts.BalanceAdjusted()
            | facts.ReserveHeld()
            | facts.ReserveReleased()
        ):
            _move_money(books, fact, effective_at)
        case (
            facts.PayoutRequested()
            | facts.PayoutAdopted()
            | facts.PayoutSubmissionStarted()
            | facts.PayoutSubmissionUnknown()
            | facts.PayoutProviderLinked()
            | facts.PayoutCancelAsked()
            | facts.PayoutCancelRefused()
            | facts.PayoutReopened()
            | facts.PayoutAmountCorrected()
            | facts.PayoutInTransit()
            | facts.PayoutPaid()
            | facts.PayoutFailed()
            | facts.PayoutCancelled()
            | facts.PayoutReturned()
        ):
            move_payout(books, fact, effective_at, position)
        case facts.ProviderObserved():
            take_observation(books, fact)
        case facts.CaseOpened() | facts.CaseClosed():
            move_case(books, fact, effective_at, position)
        case facts.DeliveryDismissed():
            pass
        case facts.ChannelSet() | facts.StatementObserved() | facts.SettlementObserved() | facts.ChannelMoneyBooked():
            move_channel(books, fact, position)
        case facts.StatementCycleSet() | facts.StatementClosed():
            move_own_statements(books, fact, position)
        case facts.BankEntryObserved() | facts.BankStatementObserved() | facts.MatchMade() | facts.MatchUnmade():
            move_bank(books, fact, effective_at, position)
        case facts.DisputeOpened():
            take_dispute(books, fact, effective_at, position)
        case facts.DisputeResolved():
            end_dispute(books, fact, effective_at)
        case facts.LedgerBegun():
            books.account = Account(mode=SYSTEM_MODE, backend=MANUAL, currencies=(), opened_at=effective_at)
        case _:
            _change_account(books, fact, effective_at)


def _change_account(
    books: Books,
    fact: facts.AccountOpened
    | facts.CurrencyAdded
    | facts.BackendSet
    | facts.AccountFrozen
    | facts.AccountUnfrozen
    | facts.AccountClosed
    | facts.BankAccountSet
    | facts.ProviderSet
    | facts.WebhookSecretAdded
    | facts.WebhookSecretRetired
    | facts.ToleranceSet
    | facts.SettlementTermsSet
    | facts.PayoutPolicySet
    | facts.PayoutCycleCut
    | facts.PayoutCycleEnded,
    at: Instant,
) -> None:
    if isinstance(fact, facts.AccountOpened):
        books.account = Account(mode=fact.mode, backend=fact.backend, currencies=(fact.currency,), opened_at=at)
        books.balances[fact.currency] = Balance()
        return
    account = books.account
    assert account is not None, "an account's first fact is that it was opened"
    match fact:
        case facts.CurrencyAdded():
            books.account = replace(account, currencies=(*account.currencies, fact.currency))
            books.balances[fact.currency] = Balance()
        case facts.BackendSet():
            books.account = replace(account, backend=fact.backend)
        case facts.AccountFrozen():
            books.account = replace(account, status=FROZEN)
        case facts.AccountUnfrozen():
            books.account = replace(account, status=OPEN)
        case facts.AccountClosed():
            books.account = cycles.close(account)
        case facts.BankAccountSet():
            books.bank_account = BankAccount(
                fact.bank_code, fact.bank_name, fact.bank_account_number, fact.bank_account_holder, at
            )
        case facts.ProviderSet():
            books.provider = Provider(fact.workspace_id, fact.key_id, fact.secret, fact.base_url)
        case facts.WebhookSecretAdded():
            books.secrets[fact.secret_id] = WebhookSecret(fact.secret, added_at=at)
        case facts.WebhookSecretRetired():
            books.secrets[fact.secret_id] = replace(books.secrets[fact.secret_id], retired_at=at)
        case facts.ToleranceSet():
            tolerances = {**account.settings.get(TOLERANCES, {}), fact.currency: fact.tolerance}
            books.account = replace(account, settings={**account.settings, TOLERANCES: tolerances})
        case facts.SettlementTermsSet():
            terms = {**account.settings.get(SETTLEMENT_TERMS, {}), fact.channel: terms_of(fact)}
            books.account = replace(account, settings={**account.settings, SETTLEMENT_TERMS: terms})
        case facts.PayoutPolicySet():
            books.account = cycles.set_policy(account, fact)
        case facts.PayoutCycleCut():
            books.account = cycles.take_cut(account, fact)
        case facts.PayoutCycleEnded():
            books.account = cycles.end_cycle(account, fact, at)
        case _:
            assert_never(fact)


def _move_money(
    books: Books,
    fact: facts.RevenueRecorded
    | facts.RevenueSettled
    | facts.RefundRecorded
    | facts.FeeCharged
    | facts.BalanceAdjusted
    | facts.ReserveHeld
    | facts.ReserveReleased,
    at: Instant,
) -> None:
    match fact:
        case facts.RevenueRecorded():
            order = books.orders.get((fact.currency, fact.reference), Order())
            books.orders[fact.currency, fact.reference] = replace(
                order,
                recorded=order.recorded + fact.amount,
                pending=order.pending + fact.amount,
                channel=fact.channel or order.channel,
                expected_at=fact.expected_at or order.expected_at,
            )
            shift(books, fact.currency, pending=fact.amount)
        case facts.RevenueSettled():
            order = books.orders[fact.currency, fact.reference]
            order = replace(order, pending=order.pending - fact.amount)
            books.orders[fact.currency, fact.reference] = settled(order)
            shift(books, fact.currency, pending=-fact.amount, available=fact.amount)
        case facts.RefundRecorded():
            order = books.orders.get((fact.currency, fact.reference), Order())
            books.orders[fact.currency, fact.reference] = refunded(order, fact)
            shift(
                books,
                fact.currency,
                pending=-fact.from_pending,
                available=-fact.from_available,
                held=-(fact.from_held or 0),
            )
        case facts.FeeCharged():
            shift(books, fact.currency, available=-fact.amount)
        case facts.BalanceAdjusted():
            shift(books, fact.currency, available=fact.amount)
        case facts.ReserveHeld():
            books.reserves[fact.reserve_id] = Reserve(
                fact.amount, fact.currency, fact.amount, fact.reason, fact.until, held_at=at
            )
            shift(books, fact.currency, available=-fact.amount, held=fact.amount)
        case facts.ReserveReleased():
            reserve = books.reserves[fact.reserve_id]
            books.reserves[fact.reserve_id] = replace(reserve, remaining=reserve.remaining - fact.amount)
            shift(books, fact.currency, available=fact.amount, held=-fact.amount)
        case _:
            assert_never(fact)
