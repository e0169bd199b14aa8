"""A payout's life as commands drive it."""

from __future__ import annotations

from typing import Any

import pytest

from events.accounts.events import AccountFrozen, AccountUnfrozen, BackendSet, BankAccountSet, CurrencyAdded
from events.balances.events import FeeCharged, RevenueRecorded
from events.balances.state import Balance
from events.catalog import AnyCommand, AnyEvent
from events.payouts.commands import (
    CancelPayout,
    ChangeNote,
    LinkProviderPayout,
    MarkFailed,
    MarkInTransit,
    MarkPaid,
    RecordBankReturn,
    RequestPayout,
)
from events.payouts.events import (
    PayoutCancelled,
    PayoutFailed,
    PayoutInTransit,
    PayoutNoteChanged,
    PayoutPaid,
    PayoutProviderLinked,
    PayoutRequested,
    PayoutReturned,
)
from events.payouts.state import Payout
from tests.events.deliveries import KNOWN, MAY_2, REQUESTED, START, SUBMITTED
from tests.spec import ACCOUNT, BEFORE, NEW_ID, NOW, Dated, at, earned, given, opened

BANK = BankAccountSet("bca", "Bank Central Asia", "sealed:1", "sealed:2")
NEW_PAYOUT = f"pout_{NEW_ID}"


def request(amount: int = 400, currency: str = "IDR", **fields: Any) -> RequestPayout:
    return RequestPayout(account_id=ACCOUNT, amount=amount, currency=currency, **fields)


def test_a_payout_promises_available_money_to_the_bank_account_of_that_moment() -> None:
    state = (
        given(opened(), BANK, *earned(1000))
        .when(request(note="April revenue"))
        .then(
            PayoutRequested(
                NEW_PAYOUT, 400, "IDR", "manual", "bca", "Bank Central Asia", "sealed:1", "sealed:2", "April revenue"
            )
        )
    )
    assert state.balances == {"IDR": Balance(available=600, reserved=400)}
    # Opening, bank account, earning and releasing come before: the payout is the fifth event.
    assert state.payouts == {
        NEW_PAYOUT: Payout(
            amount=400,
            currency="IDR",
            status="pending",
            backend="manual",
            bank_code="bca",
            bank_name="Bank Central Asia",
            bank_account_number="sealed:1",
            bank_account_holder="sealed:2",
            requested_at=NOW,
            position=5,
            note="April revenue",
        )
    }


def test_a_payout_takes_no_more_than_is_available() -> None:
    account = given(opened(), BANK, *earned(400), RevenueRecorded(9000, "IDR", "o-2"))
    account.when(request(400)).then(
        PayoutRequested(NEW_PAYOUT, 400, "IDR", "manual", "bca", "Bank Central Asia", "sealed:1", "sealed:2")
    )
    account.when(request(401)).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": 400, "currency": "IDR"})


def test_an_account_in_debt_pays_nothing_out() -> None:
    in_debt = given(opened(), BANK, FeeCharged(10, "IDR", "f", "platform"))
    in_debt.when(request(1)).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": -10, "currency": "IDR"})


def test_a_payout_in_a_currency_the_account_does_not_hold_is_refused() -> None:
    given(opened(), BANK, *earned(1000)).when(request(1, "USD")).then_refused("VALIDATION_ERROR", "currency")


def test_a_payout_is_covered_by_its_own_currency_only() -> None:
    two = given(opened(), BANK, *earned(9000), CurrencyAdded("USD"), *earned(10, "USD"))
    two.when(request(11, "USD")).then_refused("INSUFFICIENT_BALANCE", "amount", {"available": 10, "currency": "USD"})


def test_a_frozen_account_pays_nothing_out() -> None:
    frozen = given(opened(), BANK, *earned(1000), AccountFrozen(reason="fraud check"))
    frozen.when(request(1)).then_refused("ACCOUNT_FROZEN")


def test_an_unfrozen_account_pays_out_again() -> None:
    thawed = given(opened(), BANK, *earned(9), AccountFrozen(reason="a"), AccountUnfrozen(reason="b"))
    thawed.when(request(9)).then(
        PayoutRequested(NEW_PAYOUT, 9, "IDR", "manual", "bca", "Bank Central Asia", "sealed:1", "sealed:2")
    )


CONFIGURED = ("bca", "Bank Central Asia", "sealed:1", "sealed:2")


@pytest.mark.parametrize(
    ("override", "sent_to"),
    [
        ({}, CONFIGURED),
        ({"bank_code": "bni"}, ("bni", *CONFIGURED[1:])),
        ({"bank_name": "BNI"}, ("bca", "BNI", "sealed:1", "sealed:2")),
        ({"bank_account_number": "sealed:9"}, ("bca", "Bank Central Asia", "sealed:9", "sealed:2")),
        ({"bank_account_holder": "sealed:8"}, ("bca", "Bank Central Asia", "sealed:1", "sealed:8")),
        (
            {
                "bank_code": "bni",
                "bank_name": "BNI",
                "bank_account_number": "sealed:9",
                "bank_account_holder": "sealed:8",
            },
            ("bni", "BNI", "sealed:9", "sealed:8"),
        ),
    ],
)
def test_bank_fields_override_the_configured_account_one_by_one(
    override: dict[str, Any], sent_to: tuple[str, str, str, str]
) -> None:
    account = given(opened(), BANK, *earned(400))
    state = account.when(request(**override)).then(PayoutRequested(NEW_PAYOUT, 400, "IDR", "manual", *sent_to))
    assert state.bank_account == account.state.bank_account, "an override is for one payout only"


WHOLE: dict[str, Any] = {"bank_name": "BNI", "bank_account_number": "sealed:9", "bank_account_holder": "sealed:8"}


def test_a_request_that_carries_a_whole_account_needs_no_configured_one() -> None:
    given(opened(), *earned(400)).when(request(**WHOLE)).then(
        PayoutRequested(NEW_PAYOUT, 400, "IDR", "manual", None, "BNI", "sealed:9", "sealed:8")
    )


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("bank_name", "bankName"),
        ("bank_account_number", "bankAccountNumber"),
        ("bank_account_holder", "bankAccountHolder"),
    ],
)
def test_without_a_configured_account_every_missing_field_is_named(missing: str, field: str) -> None:
    carried = {name: value for name, value in WHOLE.items() if name != missing}
    given(opened(), *earned(400)).when(request(**carried)).then_refused("BANK_ACCOUNT_NOT_SET", field)


def test_a_payout_without_any_bank_account_is_refused() -> None:
    given(opened(), *earned(400)).when(request()).then_refused("BANK_ACCOUNT_NOT_SET", "bankName")


def test_a_plugipay_payout_needs_a_bank_code_from_the_account_or_the_request() -> None:
    codeless = BankAccountSet(None, "BNI", "sealed:9", "sealed:8")
    account = given(opened("plugipay"), codeless, *earned(400))
    account.when(request()).then_refused("VALIDATION_ERROR", "bankCode")
    account.when(request(bank_code="bni")).then(
        PayoutRequested(NEW_PAYOUT, 400, "IDR", "plugipay", "bni", "BNI", "sealed:9", "sealed:8")
    )


def test_a_payout_keeps_the_backend_it_was_requested_with() -> None:
    requested = PayoutRequested("pout_1", 400, "IDR", "manual", "bca", "BCA", "sealed:1", "sealed:2")
    moved = given(opened(), *earned(400), requested, BackendSet(backend="plugipay"))
    assert moved.state.payouts["pout_1"].backend == "manual"
    moved.when(MarkInTransit(account_id=ACCOUNT, payout_id="pout_1")).then(PayoutInTransit("pout_1"))


def test_a_payout_keeps_the_bank_account_it_was_requested_with() -> None:
    requested = PayoutRequested("pout_1", 400, "IDR", "manual", *CONFIGURED)
    changed = given(opened(), BANK, *earned(400), requested, BankAccountSet("bni", "BNI", "sealed:9", "sealed:8"))
    assert changed.state.payouts["pout_1"].bank_account_number == "sealed:1"


STATUSES = ("pending", "in_transit", "paid", "failed", "cancelled", "returned")
SENT = PayoutInTransit("pout_1", reference="trf-1")
PAID = PayoutPaid("pout_1", 400, "IDR")
FAILED = PayoutFailed("pout_1", 400, "IDR", "wrong number")
CANCELLED = PayoutCancelled("pout_1", 400, "IDR")
RETURNED = PayoutReturned("pout_1", 400, "IDR", "account closed")


def history(status: str, backend: str) -> list[AnyEvent | Dated]:
    """What brings a payout of 400 from 1000 to the status: by hand, or by the provider's word."""
    if backend == "plugipay":
        return [*REQUESTED, *([] if status == "pending" else KNOWN[status])]
    requested = PayoutRequested("pout_1", 400, "IDR", backend, *CONFIGURED)
    steps: dict[str, list[AnyEvent | Dated]] = {
        "pending": [],
        "in_transit": [SENT],
        "paid": [SENT, PAID],
        "failed": [SENT, FAILED],
        "cancelled": [CANCELLED],
        "returned": [SENT, PAID, at(MAY_2, RETURNED)],
    }
    return [opened(backend), *earned(1000), requested, *steps[status]]


CANCEL = CancelPayout(account_id=ACCOUNT, payout_id="pout_1")
MARK_IN_TRANSIT = MarkInTransit(account_id=ACCOUNT, payout_id="pout_1", reference="trf-1")
MARK_PAID = MarkPaid(account_id=ACCOUNT, payout_id="pout_1")
MARK_FAILED = MarkFailed(account_id=ACCOUNT, payout_id="pout_1", failure_reason="wrong number")
RETURN = RecordBankReturn(account_id=ACCOUNT, payout_id="pout_1", reason="account closed")

ALLOWED: dict[tuple[str, str, str], AnyEvent] = {
    ("pending", "cancelPayout", "manual"): CANCELLED,
    ("pending", "cancelPayout", "plugipay"): CANCELLED,
    ("pending", "markInTransit", "manual"): SENT,
    ("in_transit", "markPaid", "manual"): PAID,
    ("pending", "markFailed", "manual"): FAILED,
    ("in_transit", "markFailed", "manual"): FAILED,
    ("paid", "recordBankReturn", "manual"): RETURNED,
    ("paid", "recordBankReturn", "plugipay"): RETURNED,
}
"""(status, command, backend) -> what follows. Every cell that is not here is a 409."""


@pytest.mark.parametrize("backend", ["manual", "plugipay"])
@pytest.mark.parametrize("command", [CANCEL, MARK_IN_TRANSIT, MARK_PAID, MARK_FAILED, RETURN], ids=lambda c: c.type)
@pytest.mark.parametrize("status", STATUSES)
def test_a_payout_moves_only_as_its_table_allows(status: str, command: AnyCommand, backend: str) -> None:
    outcome = given(*history(status, backend)).when(command)
    follows = ALLOWED.get((status, command.type, backend))
    if follows is not None:
        outcome.then(follows)
    else:
        shown = "failed" if status == "returned" else status
        outcome.then_refused("INVALID_TRANSITION", details={"status": shown, "backend": backend})


@pytest.mark.parametrize(
    ("status", "balance"),
    [
        ("pending", Balance(available=600, reserved=400)),
        ("in_transit", Balance(available=600, reserved=400)),
        ("paid", Balance(available=600, paid_out=400)),
        ("failed", Balance(available=1000)),
        ("cancelled", Balance(available=1000)),
        ("returned", Balance(available=1000)),
    ],
)
def test_money_is_where_the_payouts_status_says(status: str, balance: Balance) -> None:
    assert given(*history(status, "manual")).state.balances == {"IDR": balance}


@pytest.mark.parametrize("command", [CANCEL, MARK_IN_TRANSIT, MARK_PAID, MARK_FAILED, RETURN], ids=lambda c: c.type)
def test_a_payout_that_never_was_cannot_move(command: AnyCommand) -> None:
    given(opened(), *earned(1000)).when(command).then_refused("NOT_FOUND", "payoutId")


def test_each_step_leaves_its_stamp_and_a_return_shows_as_failed() -> None:
    base = history("pending", "manual")
    steps = [
        at("2026-05-02T00:00:00.000000Z", PayoutInTransit("pout_1", reference="trf-1")),
        at("2026-05-03T00:00:00.000000Z", PayoutPaid("pout_1", 400, "IDR", reference="trf-2")),
        at("2026-05-04T00:00:00.000000Z", PayoutReturned("pout_1", 400, "IDR", "closed", reference="trf-3")),
    ]
    payout = given(*base, *steps).state.payouts["pout_1"]
    assert (payout.status, payout.failure_reason, payout.reference) == ("failed", "closed", "trf-2")
    assert (payout.requested_at, payout.in_transit_at, payout.paid_at, payout.failed_at, payout.returned_at) == (
        BEFORE,
        "2026-05-02T00:00:00.000000Z",
        "2026-05-03T00:00:00.000000Z",
        "2026-05-04T00:00:00.000000Z",
        "2026-05-04T00:00:00.000000Z",
    )
    assert payout.cancelled_at is None


def test_a_failed_and_a_cancelled_payout_show_when_and_why() -> None:
    failed = given(*history("failed", "manual")).state.payouts["pout_1"]
    assert (failed.status, failed.failure_reason, failed.failed_at) == ("failed", "wrong number", BEFORE)
    assert (failed.paid_at, failed.returned_at, failed.cancelled_at) == (None, None, None)
    cancelled = given(*history("cancelled", "manual")).state.payouts["pout_1"]
    assert (cancelled.status, cancelled.cancelled_at, cancelled.failed_at) == ("cancelled", BEFORE, None)


@pytest.mark.parametrize("backend", ["manual", "plugipay"])
def test_a_bank_return_is_later_than_the_payment(backend: str) -> None:
    paid = given(*history("paid", backend))
    paid_at = max(one.at for one in paid.state.payouts["pout_1"].told if one.says == "paid")
    same = RETURN.model_copy(update={"effective_at": paid_at})
    paid.when(same).then_refused("VALIDATION_ERROR", "effectiveAt")
    just_after = RETURN.model_copy(update={"effective_at": paid_at.replace("00.000000Z", "00.000001Z")})
    assert paid.when(just_after).refusal is None


def test_a_returned_payouts_money_can_be_paid_out_again() -> None:
    given(*history("returned", "manual"), BANK).when(request(1000)).then(
        PayoutRequested(NEW_PAYOUT, 1000, "IDR", "manual", *CONFIGURED)
    )


LINK = LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_1", provider_payout_id="po_1")


def test_a_provider_id_is_recorded_once_per_payout() -> None:
    waiting = history("pending", "plugipay")
    linked = PayoutProviderLinked("pout_1", "po_1")
    state = given(*waiting).when(LINK).then(linked)
    assert state.payouts["pout_1"].provider_payout_id == "po_1"
    given(*waiting, linked).when(LINK).then_nothing_changes()
    other = LinkProviderPayout(account_id=ACCOUNT, payout_id="pout_1", provider_payout_id="po_2")
    given(*waiting, linked).when(other).then_refused("INVALID_TRANSITION", details={"providerPayoutId": "po_1"})


def test_a_manual_payout_has_no_provider_id() -> None:
    given(*history("pending", "manual")).when(LINK).then_refused("INVALID_TRANSITION", details={"backend": "manual"})
    given(opened("plugipay")).when(LINK).then_refused("NOT_FOUND", "payoutId")


def change_note(note: str | None = "May revenue") -> ChangeNote:
    return ChangeNote(account_id=ACCOUNT, payout_id="pout_1", note=note)


@pytest.mark.parametrize("note", ["May revenue", "", None])
def test_a_merchant_corrects_the_note_of_a_pending_payout(note: str | None) -> None:
    before = given(*REQUESTED, PayoutNoteChanged("pout_1", "April revenue"))
    state = before.when(change_note(note)).then(PayoutNoteChanged("pout_1", note))
    assert state.payouts["pout_1"].note == note
    assert state.balances == before.state.balances


def test_the_note_that_a_payout_has_is_no_change() -> None:
    given(*REQUESTED, PayoutNoteChanged("pout_1", "May revenue")).when(change_note()).then_nothing_changes()


@pytest.mark.parametrize("history", [SUBMITTED, START], ids=["on its way", "with the provider"])
def test_the_note_of_a_submitted_payout_is_the_providers_too(history: list[AnyEvent | Dated]) -> None:
    given(*history).when(change_note()).then_refused(
        "INVALID_TRANSITION", details={"status": "pending", "backend": "plugipay"}
    )


def test_the_note_of_a_payout_that_has_ended_stays() -> None:
    given(*REQUESTED, PayoutCancelled("pout_1", 400, "IDR")).when(change_note()).then_refused("INVALID_TRANSITION")
