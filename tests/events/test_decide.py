"""What holds for every command: which account it may touch, from which version, and when it may have happened."""

from __future__ import annotations

from typing import Any

import pytest

from events import commands, facts
from events.books.accounts import LIVE
from events.commands import AnyCommand
from events.decide import decide
from events.evolve import evolve
from events.facts import Fact
from events.needs import Needs, needs
from events.rules.context import Context
from tests.events.every import ACCEPTABLE, CLOSE, COMMAND_TYPES, FROZEN, GIVEN_UP, HISTORY, ON_HISTORY, OPEN, UNFREEZE
from tests.spec import BEFORE, EARLIEST, NEW_ID, NOW, given, seen_by

every_command = pytest.mark.parametrize(
    ("command", "history"), ACCEPTABLE, ids=[command.type for command, _ in ACCEPTABLE]
)
NEW_DISPUTE = f"dsp_{NEW_ID}"
on_an_account = pytest.mark.parametrize("command", [*ON_HISTORY, UNFREEZE, CLOSE], ids=lambda command: command.type)


def changed(command: AnyCommand, **fields: Any) -> AnyCommand:
    return command.model_copy(update=fields)


def test_no_command_is_forgotten_here() -> None:
    assert {type(command) for command, _ in ACCEPTABLE} == COMMAND_TYPES
    assert len(ACCEPTABLE) == len(COMMAND_TYPES) == 34


@every_command
def test_every_command_is_accepted_where_it_fits(command: AnyCommand, history: list[Fact]) -> None:
    outcome = given(*history).when(command)
    assert outcome.refusal is None
    assert outcome.facts


@on_an_account
def test_an_account_that_never_was_takes_no_command(command: AnyCommand) -> None:
    given().when(command).then_refused("NOT_FOUND", "accountId")


@on_an_account
def test_a_closed_account_takes_no_command_but_what_is_about_facts_and_giving_its_workspace_away(
    command: AnyCommand,
) -> None:
    outcome = given(*HISTORY, facts.AccountClosed(reason="left us")).when(command)
    if command.type in (
        *("recordBankReturn", "openDispute", "resolveDispute", "closeCase"),
        *("makeMatch", "unmakeMatch", "setProvider"),
    ):
        assert outcome.refusal is None, "money that came back has come back, and what was said was said"
    else:
        outcome.then_refused("ACCOUNT_CLOSED")


@on_an_account
@pytest.mark.parametrize("mode", ["test", "system", ""])
def test_a_key_of_another_mode_sees_no_account(command: AnyCommand, mode: str) -> None:
    given(*HISTORY).when(command, mode=mode).then_refused("NOT_FOUND", "accountId")


def test_a_key_of_another_mode_learns_neither_version_nor_state() -> None:
    command = changed(ON_HISTORY[0], expected_version=1, effective_at="2027-01-01T00:00:00.000000Z")
    given(*HISTORY, facts.AccountClosed(reason="left us")).when(command, mode="test").then_refused(
        "NOT_FOUND", "accountId"
    )


@pytest.mark.parametrize("command", ON_HISTORY, ids=lambda command: command.type)
def test_a_frozen_account_refuses_payouts_and_nothing_else(command: AnyCommand) -> None:
    outcome = given(*FROZEN).when(command)
    if isinstance(command, commands.RequestPayout | commands.ResubmitPayout):
        outcome.then_refused("ACCOUNT_FROZEN")
    elif isinstance(command, commands.FreezeAccount):
        outcome.then_refused("INVALID_TRANSITION")
    elif not isinstance(command, commands.MarkInTransit):
        assert outcome.refusal is None


@every_command
def test_the_version_that_the_caller_saw_must_still_stand(command: AnyCommand, history: list[Fact]) -> None:
    version = len(history)
    assert given(*history).when(changed(command, expected_version=version)).refusal is None
    for other in (version - 1, version + 1):
        given(*history).when(changed(command, expected_version=other)).then_refused(
            "VERSION_CONFLICT", "expectedVersion", {"version": version}
        )


@every_command
def test_a_command_may_say_that_it_happened_from_the_earliest_moment_to_now(
    command: AnyCommand, history: list[Fact]
) -> None:
    # A bank return can only have happened after the payment, which lies between.
    returned = command.type == "recordBankReturn"
    for moment in ("2026-05-01T00:00:00.000001Z", NOW) if returned else (EARLIEST, BEFORE, NOW):
        assert given(*history).when(changed(command, effective_at=moment)).refusal is None
    for moment in ("2026-05-13T10:42:00.000001Z", "2026-04-13T10:41:59.999999Z"):
        given(*history).when(changed(command, effective_at=moment)).then_refused("VALIDATION_ERROR", "effectiveAt")


class Watched(dict[Any, Any]):
    """Rows that remember which of them were looked at. Walking through all of them is a failure of its own."""

    def __init__(self, rows: dict[Any, Any]) -> None:
        super().__init__(rows)
        self.read: set[Any] = set()

    def get(self, key: Any, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: Any) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(key)
        return super().__contains__(key)

    def __iter__(self) -> Any:
        raise AssertionError("a decision walks through no rows: an account may have a million")

    items = values = keys = __iter__


class Few(Watched):
    """Rows that were asked for by the provider's id: there are no others to walk through."""

    def items(self) -> Any:
        self.read.update(dict.keys(self))
        return dict.items(self)


@every_command
def test_needs_names_every_row_that_a_decision_and_its_facts_look_at(command: AnyCommand, history: list[Fact]) -> None:
    books = given(*history).books
    seen = seen_by(command, books)
    by_provider = needs(command).provider_payout_id is not None or isinstance(command, commands.CloseCase)
    everything = set(books.payouts), set(books.cases)
    books.orders = orders = Watched(books.orders)
    books.payouts = payouts = Few(seen.payouts) if by_provider else Watched(books.payouts)
    books.cases = cases = Few(seen.cases) if by_provider else Watched(books.cases)
    books.reserves = reserves = Watched(books.reserves)
    books.secrets = secrets = Watched(books.secrets)
    books.bank_entries = entries = Watched(books.bank_entries)
    books.matches = matches = Watched(books.matches)
    books.disputes = disputes = Watched(books.disputes)
    for fact in decide(command, books, Context(now=NOW, earliest=EARLIEST, new_id=NEW_ID, mode=LIVE)):
        evolve(books, fact, NOW, books.version + 1)
    wanted = needs(command)
    of_dispute = {(row.currency, row.reference) for row in seen.disputes.values()}
    assert orders.read == ({wanted.order} if wanted.order else of_dispute)
    made = {NEW_DISPUTE} if isinstance(command, commands.OpenDispute) else set()
    assert disputes.read == ({wanted.dispute_id} if wanted.dispute_id else made)
    assert (payouts.read & everything[0], cases.read & everything[1]) == (set(seen.payouts), set(seen.cases))
    assert reserves.read == ({wanted.reserve_id} if wanted.reserve_id else set())
    assert secrets.read == ({wanted.secret_id} if wanted.secret_id else set())
    assert entries.read == set(seen.bank_entries)
    assert matches.read & {"mat_1"} == set(seen.matches)


NEEDED = {
    "openDispute": Needs(order=("IDR", "o-1")),
    "resolveDispute": Needs(dispute_id="dsp_1"),
    "settleRevenue": Needs(order=("IDR", "o-1")),
    "recordRefund": Needs(order=("IDR", "o-1")),
    # The decision does not depend on the order, but the fold adds to its row.
    "recordRevenue": Needs(order=("USD", "o-1")),
    "releaseReserve": Needs(reserve_id="rsv_1"),
    "retireWebhookSecret": Needs(secret_id="whs_1"),
    "cancelPayout": Needs(payout_id="pout_pending"),
    "markInTransit": Needs(payout_id="pout_pending"),
    "markPaid": Needs(payout_id="pout_sent"),
    "markFailed": Needs(payout_id="pout_sent"),
    "recordBankReturn": Needs(payout_id="pout_paid"),
    "linkProviderPayout": Needs(payout_id="pout_plugipay", provider_payout_id="po_1"),
    "resubmitPayout": Needs(payout_id="pout_silent", case_id=GIVEN_UP),
    "closeCase": Needs(case_id="case_1"),
    "makeMatch": Needs(entry_id="ben_2", target_payouts=("pout_paid",)),
    "unmakeMatch": Needs(match_id="mat_1"),
}


@every_command
def test_a_command_needs_the_row_it_names_and_no_other(command: AnyCommand, history: list[Fact]) -> None:
    assert needs(command) == NEEDED.get(command.type, Needs())


def test_opening_reads_nothing_but_whether_there_is_an_account() -> None:
    assert needs(OPEN) == Needs()
