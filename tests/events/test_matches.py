"""What a bank's entries and people's matches do to an account: kept once, claimed once, and no money moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from events.account_state import AccountState
from events.balances.state import Balance
from events.banking.commands import MakeMatch, SetTolerance, UnmakeMatch
from events.banking.events import BankEntryObserved, BankStatementObserved, MatchMade, MatchUnmade, ToleranceSet
from events.banking.observe import observe_bank_statement
from events.catalog import AnyEvent
from events.channels.commands import SetSettlementTerms
from events.channels.events import SettlementTermsSet, StatementObserved
from events.payouts.events import PayoutRequested
from tests.spec import ACCOUNT, ACTOR, NEW_ID, Given, fold, given, opened


def entry(amount: int = 1000, entry_id: str = "ben_1", *, currency: str = "IDR") -> BankEntryObserved:
    return BankEntryObserved(entry_id, "ba", currency, amount, "2026-05-11", [], False, "csv", [], "digest")


def statement(number: str, payout: int) -> StatementObserved:
    return StatementObserved("lazada", number, "s", "IDR", {}, [], "d", "seller", number, payout=payout)


def requested(payout_id: str = "pout_1", amount: int = 600) -> AnyEvent:
    return PayoutRequested(payout_id, amount, "IDR", "manual", None, "BCA", "sealed:1", "sealed:2")


def match(*targets: dict[str, Any], entry_id: str = "ben_1") -> MakeMatch:
    return MakeMatch.model_validate(
        {"accountId": ACCOUNT, "entryId": entry_id, "targets": list(targets), "reason": "seen on paper"}
    )


def made(*targets: dict[str, Any], match_id: str = f"mat_{NEW_ID}", entry_id: str = "ben_1") -> MatchMade:
    return MatchMade(match_id, entry_id, "IDR", list(targets), "seen on paper", ACTOR)


def account(*more: AnyEvent) -> Given:
    return given(opened(), entry(), statement("S-1", 600), statement("S-2", 400), requested(), *more)


S1 = {"kind": "statement", "id": "S-1", "channel": "lazada"}
S2 = {"kind": "statement", "id": "S-2", "channel": "lazada"}
PAYOUT = {"kind": "payout", "id": "pout_1"}


def test_one_target_without_an_amount_gets_what_is_left_of_the_entry() -> None:
    state = account().when(match(S1)).then(made({**S1, "amount": 1000}))
    assert state.bank_entries["ben_1"].claimed == 1000
    part = made({**S2, "amount": 400}, match_id="mat_0")
    account(part).when(match(S1)).then(made({**S1, "amount": 600}))


def test_several_targets_get_what_is_expected_of_each() -> None:
    account().when(match(S1, S2)).then(made({**S1, "amount": 600}, {**S2, "amount": 400}))


def test_a_match_moves_no_money() -> None:
    state = account().when(match(S1)).then(made({**S1, "amount": 1000}))
    assert state.balance("IDR") == Balance(available=-600, reserved=600), "as the payout left it"


def test_an_amount_for_each_is_taken_as_it_is_said() -> None:
    account().when(match({**S1, "amount": 599}, {**PAYOUT, "amount": 1})).then(
        made({**S1, "amount": 599}, {**PAYOUT, "amount": 1})
    )


def test_the_same_money_is_never_claimed_twice() -> None:
    account().when(match({**S1, "amount": 1001})).then_refused("ALREADY_MATCHED", "targets")
    account().when(match(S1, S2, PAYOUT)).then_refused("ALREADY_MATCHED", "targets", {"left": 1000, "currency": "IDR"})
    whole = made({**S1, "amount": 1000}, match_id="mat_0")
    account(whole).when(match(S2)).then_refused("ALREADY_MATCHED", "targets", {"left": 0, "currency": "IDR"})
    most = made({**S1, "amount": 601}, match_id="mat_0")
    account(most).when(match({**S2, "amount": 400})).then_refused(
        "ALREADY_MATCHED", "targets", {"left": 399, "currency": "IDR"}
    )


def test_a_target_may_be_paid_by_several_entries() -> None:
    first = made({**S1, "amount": 1000}, match_id="mat_0")
    account(first, entry(300, "ben_2")).when(match(S1, entry_id="ben_2")).then(
        made({**S1, "amount": 300}, entry_id="ben_2")
    )


def test_a_match_is_unmade_once_and_its_money_is_free_again() -> None:
    state = account(made({**S1, "amount": 1000}, match_id="mat_0"))
    undo = UnmakeMatch(account_id=ACCOUNT, match_id="mat_0", reason="another shop's")
    unmade = MatchUnmade("mat_0", "ben_1", "another shop's", ACTOR)
    after = state.when(undo).then(unmade)
    assert after.bank_entries["ben_1"].claimed == 0
    assert (after.matches["mat_0"].unmade_by, after.matches["mat_0"].unmade_reason) == (ACTOR, "another shop's")
    again = account(made({**S1, "amount": 1000}, match_id="mat_0"), unmade)
    again.when(undo).then_refused("INVALID_TRANSITION")
    again.when(match(S2)).then(made({**S2, "amount": 1000}))


@pytest.mark.parametrize(
    ("target", "code", "field"),
    [
        ({"kind": "statement", "id": "S-1"}, "VALIDATION_ERROR", "targets[0].channel"),
        ({"kind": "order", "id": "o-1"}, "VALIDATION_ERROR", "targets[0].channel"),
        ({"kind": "withdrawal", "id": "w-1"}, "VALIDATION_ERROR", "targets[0].channel"),
        ({**PAYOUT, "channel": "lazada"}, "VALIDATION_ERROR", "targets[0].channel"),
        ({**PAYOUT, "seller": "shop"}, "VALIDATION_ERROR", "targets[0].seller"),
        ({**S1, "seller": "another"}, "NOT_FOUND", "targets[0].id"),
        ({**S1, "id": "S-9"}, "NOT_FOUND", "targets[0].id"),
        ({"kind": "payout", "id": "pout_9"}, "NOT_FOUND", "payoutId"),
    ],
)
def test_a_target_that_is_not_there_is_named(target: dict[str, Any], code: str, field: str) -> None:
    account().when(match(target)).then_refused(code, field)


def test_what_the_ledger_does_not_know_the_amount_of_needs_one_beside_others() -> None:
    order = {"kind": "order", "id": "o-1", "channel": "shopee"}
    account().when(match(S1, order)).then_refused("VALIDATION_ERROR", "targets[1].amount")
    account().when(match(order)).then(made({**order, "amount": 1000}))


def test_a_target_stands_once_in_a_match() -> None:
    twice = {**S1, "amount": 1}
    account().when(match(twice, twice)).then_refused("VALIDATION_ERROR", "targets[1].id")


def test_an_entry_pays_in_its_own_currency_and_direction() -> None:
    given(opened(), entry(currency="USD"), statement("S-1", 600)).when(match(S1)).then_refused(
        "VALIDATION_ERROR", "targets[0].id"
    )
    given(opened(), entry(-1000), statement("S-1", 600)).when(match(S1)).then_refused(
        "VALIDATION_ERROR", "targets[0].id"
    )
    given(opened(), entry(-600), statement("S-1", -600)).when(match(S1)).then(made({**S1, "amount": 600}))
    # A payout leaves the platform's bank and reaches the merchant's: which one is imported is not ours to say.
    given(opened(), entry(-600), requested()).when(match(PAYOUT)).then(made({**PAYOUT, "amount": 600}))
    given(opened(), entry(600), requested()).when(match(PAYOUT)).then(made({**PAYOUT, "amount": 600}))


def test_what_is_not_there_cannot_be_matched_or_unmade() -> None:
    account().when(match(S1, entry_id="ben_9")).then_refused("NOT_FOUND", "entryId")
    undo = UnmakeMatch(account_id=ACCOUNT, match_id="mat_9", reason="no")
    account().when(undo).then_refused("NOT_FOUND", "matchId")


def test_a_bank_statement_is_a_fact_when_its_balances_are_new() -> None:
    said = BankStatementObserved("ba", "enc1:1:x", "1", "IDR", 1000, 1, "csv", [], opening=0, closing=1000)
    state = fold(AccountState(ACCOUNT), [opened()])
    assert observe_bank_statement(said, state) == [said]
    state = fold(state, [said])
    assert observe_bank_statement(replace(said, bank_account_number="enc1:1:y"), state) == []
    grown = replace(said, moved=1500, closing=1500, entries_count=2)
    assert observe_bank_statement(grown, state) == [grown]


def test_tolerances_and_terms_are_settings_and_repeats_are_nothing() -> None:
    tolerance = SetTolerance(account_id=ACCOUNT, currency="IDR", tolerance="250")
    state = given(opened()).when(tolerance).then(ToleranceSet("IDR", "250"))
    assert state.account is not None
    assert state.account.settings["tolerances"] == {"IDR": "250"}
    Given(state).when(tolerance).then_nothing_changes()
    terms = SetSettlementTerms(account_id=ACCOUNT, channel="lazada", due_after_business_days=5, country="MY")
    state = Given(state).when(terms).then(SettlementTermsSet("lazada", due_after_business_days=5, country="MY"))
    assert state.account is not None
    assert state.account.settings == {
        "tolerances": {"IDR": "250"},
        "settlementTerms": {"lazada": {"dueAfterBusinessDays": 5, "country": "MY"}},
    }
    Given(state).when(terms).then_nothing_changes()
    both = terms.model_copy(update={"due_after_days": 3})
    Given(state).when(both).then_refused("VALIDATION_ERROR", "dueAfterBusinessDays")
