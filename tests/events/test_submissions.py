"""A payout's way to the provider: given once, held while there is no answer, and called off only with its consent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from events.accounts.events import AccountFrozen
from events.accounts.state import FROZEN, Account
from events.balances.state import Balance
from events.catalog import AnyEvent
from events.payouts import submissions
from events.payouts.commands import CancelPayout, LinkProviderPayout, ResubmitPayout
from events.payouts.events import (
    PayoutCancelAsked,
    PayoutCancelled,
    PayoutCancelRefused,
    PayoutFailed,
    PayoutProviderLinked,
    PayoutRequested,
    PayoutSubmissionStarted,
    PayoutSubmissionUnknown,
)
from events.payouts.state import Payout
from events.provider.events import CaseClosed, CaseOpened
from events.provider.observe import observe
from events.provider.reports import CaseKind, ReportedStatus, case_id
from tests.events.deliveries import MAY_2, REQUESTED, SUBMITTED, delivery
from tests.events.provider_model import balance
from tests.spec import ACCOUNT, ACTOR, BEFORE, NEW_ID, NOW, Given, fold, given

CANCEL = CancelPayout(account_id=ACCOUNT, payout_id="pout_1")
RESUBMIT = ResubmitPayout(account_id=ACCOUNT, payout_id="pout_1", reason="they have no trace of it")
LINK = LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_1", provider_payout_id="po_1")

SILENT = PayoutSubmissionUnknown("pout_1", "no answer")
GIVEN_UP = case_id(ACCOUNT, CaseKind.SUBMISSION_UNKNOWN, "pout_1")
CASE = CaseOpened(GIVEN_UP, "submission_unknown", "submitted", "no trace", payout_id="pout_1")
LINKED = PayoutProviderLinked("pout_1", "po_1")
REFUSED = PayoutFailed("pout_1", 400, "IDR", "INVALID_DESTINATION")


def payout(*more: AnyEvent) -> Payout:
    return given(*REQUESTED, *more).state.payouts["pout_1"]


STARTED = PayoutSubmissionStarted("pout_1", 1)
STAGES: dict[str, list[AnyEvent]] = {
    "waiting": [],
    "started": [STARTED],
    "unknown": [STARTED, SILENT],
    "accepted": [STARTED, LINKED],
    "accepted without an id": [STARTED],
    "refused": [STARTED, REFUSED],
    "called off": [PayoutCancelled("pout_1", 400, "IDR")],
}


def at_stage(stage: str) -> Payout:
    state = given(*REQUESTED, *STAGES[stage]).state
    if stage == "accepted without an id":
        said = replace(delivery(ReportedStatus.CREATED), provider_payout_id=None)
        state = fold(state, observe(said, state, "pout_1", NEW_ID))
    return state.payouts["pout_1"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_payout_is_given_to_the_provider_only_while_it_may_not_have_it(stage: str) -> None:
    account = Account(mode="live", backend="plugipay", currencies=("IDR",))
    one = at_stage(stage)
    assert submissions.may_be_submitted(one, account) == (stage in ("waiting", "started", "unknown"))
    assert list(submissions.start("pout_1", one)) == ([STARTED] if one.submission is None else [])
    assert list(submissions.silent("pout_1", one, "no answer")) == ([SILENT] if stage == "started" else [])
    unanswered = stage in ("started", "unknown")
    assert list(submissions.refused("pout_1", one, "INVALID_DESTINATION")) == ([REFUSED] if unanswered else [])
    assert len(submissions.given_up(ACCOUNT, "pout_1", one, "no trace")) == unanswered


def test_a_frozen_account_gives_out_nothing_new_and_goes_on_asking_about_what_it_gave() -> None:
    frozen = Account(mode="live", backend="plugipay", currencies=("IDR",), status=FROZEN)
    assert not submissions.may_be_submitted(payout(), frozen)
    assert submissions.may_be_submitted(payout(STARTED), frozen)


def test_a_manual_payout_is_never_submitted() -> None:
    by_hand = PayoutRequested("pout_2", 4, "IDR", "manual", "bca", "BCA", "s", "s")
    state = given(*REQUESTED, by_hand).state
    assert state.account is not None
    assert not submissions.may_be_submitted(state.payouts["pout_2"], state.account)


def test_a_submission_says_which_attempt_it_is_and_when_it_began() -> None:
    one = payout(STARTED)
    assert (one.submission, one.attempt, one.submission_started_at) == ("started", 1, BEFORE)


def test_silence_holds_the_money() -> None:
    state = given(*SUBMITTED, SILENT, CASE).state
    assert (state.payouts["pout_1"].status, state.payouts["pout_1"].submission) == ("pending", "unknown")
    assert state.balances == {"IDR": Balance(available=600, reserved=400)}


def test_a_refusal_gives_the_money_back_with_its_reason() -> None:
    state = given(*SUBMITTED, REFUSED).state
    one = state.payouts["pout_1"]
    assert (one.status, one.failure_reason, one.failed_at, one.returned_at) == (
        "failed",
        "INVALID_DESTINATION",
        BEFORE,
        None,
    )
    assert state.balances == {"IDR": balance("failed")}


def test_until_it_is_given_out_a_payout_is_called_off_at_once_and_from_then_on_it_is_asked_for() -> None:
    given(*REQUESTED).when(CANCEL).then(PayoutCancelled("pout_1", 400, "IDR"))
    asked = PayoutCancelAsked("pout_1")
    state = given(*SUBMITTED).when(CANCEL).then(asked)
    assert (state.payouts["pout_1"].status, state.payouts["pout_1"].cancel_asked_at) == ("pending", NOW)
    assert state.balances == {"IDR": balance("pending")}
    given(*SUBMITTED, asked).when(CANCEL).then_nothing_changes()
    refused = PayoutCancelRefused("pout_1", "too late")
    assert list(submissions.cancel_refused("pout_1", state.payouts["pout_1"], "too late")) == [refused]
    assert list(submissions.cancel_refused("pout_1", payout(STARTED), "too late")) == []
    given(*SUBMITTED, asked, refused).when(CANCEL).then(asked)


def test_only_a_submission_that_was_given_up_is_made_again_and_under_a_new_attempt() -> None:
    state = (
        given(*SUBMITTED, SILENT, CASE)
        .when(RESUBMIT)
        .then(
            CaseClosed(GIVEN_UP, "they have no trace of it", ACTOR),
            PayoutSubmissionStarted("pout_1", 2),
        )
    )
    one = state.payouts["pout_1"]
    assert (one.submission, one.attempt, one.submission_started_at, one.contradictions) == ("started", 2, NOW, ())
    given(*SUBMITTED, SILENT).when(RESUBMIT).then_refused("INVALID_TRANSITION")
    given(*REQUESTED).when(RESUBMIT).then_refused("INVALID_TRANSITION")
    given().when(RESUBMIT).then_refused("NOT_FOUND", "accountId")
    given(*SUBMITTED, CASE, AccountFrozen("x")).when(RESUBMIT).then_refused("ACCOUNT_FROZEN")


@pytest.mark.parametrize("says", [says for says in ReportedStatus if says is not ReportedStatus.OTHER])
def test_what_the_provider_was_heard_of_is_never_submitted_again(says: ReportedStatus) -> None:
    # The case may still stand open: paying twice must not hang on somebody having closed it.
    state = given(*SUBMITTED, SILENT, CASE).state
    heard = fold(state, observe(delivery(says), state, "pout_1", NEW_ID), MAY_2)
    Given(heard).when(RESUBMIT).then_refused("INVALID_TRANSITION")
    given(*SUBMITTED, SILENT, CASE, LINKED).when(RESUBMIT).then_refused("INVALID_TRANSITION")


def test_a_link_is_the_answer_to_a_submission() -> None:
    state = given(*SUBMITTED, SILENT).when(LINK).then(LINKED)
    assert (state.payouts["pout_1"].submission, state.payouts["pout_1"].provider_payout_id) == ("accepted", "po_1")
