"""What holds for every command: which account it may touch, from which version, and when it may have happened."""

from __future__ import annotations

from typing import Any

import pytest

from events.accounts.commands import FreezeAccount
from events.accounts.events import AccountClosed
from events.accounts.state import LIVE
from events.catalog import AnyCommand, AnyEvent
from events.command import Command
from events.decide import decide
from events.decision_context import DecisionContext
from events.disputes.commands import OpenDispute
from events.evolve import evolve
from events.payouts.commands import MarkInTransit, RequestPayout, ResubmitPayout
from events.provider.commands import CloseCase
from events.read_set import ReadSet
from tests.events.every import ACCEPTABLE, CLOSE, COMMAND_TYPES, FROZEN, HISTORY, ON_HISTORY, UNFREEZE
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


@every_command
def test_every_command_is_accepted_where_it_fits(command: AnyCommand, history: list[AnyEvent]) -> None:
    outcome = given(*history).when(command)
    assert outcome.refusal is None
    assert outcome.events


@on_an_account
def test_an_account_that_never_was_takes_no_command(command: AnyCommand) -> None:
    given().when(command).then_refused("NOT_FOUND", "accountId")


@on_an_account
def test_a_closed_account_takes_no_command_but_what_is_about_facts_and_giving_its_workspace_away(
    command: AnyCommand,
) -> None:
    outcome = given(*HISTORY, AccountClosed(reason="left us")).when(command)
    if command.type in (
        *("recordBankReturn", "openDispute", "resolveDispute", "closeCase"),
        *("makeMatch", "unmakeMatch", "setProvider"),
    ):
        assert outcome.refusal is None, "money that came back has come back, and what was said was said"
    else:
        outcome.then_refused("ACCOUNT_CLOSED")


@on_an_account
def test_a_key_of_another_mode_sees_no_account(command: AnyCommand) -> None:
    for mode in ("test", "system", ""):
        given(*HISTORY).when(command, mode=mode).then_refused("NOT_FOUND", "accountId")


def test_a_key_of_another_mode_learns_neither_version_nor_state() -> None:
    command = changed(ON_HISTORY[0], expected_version=1, effective_at="2027-01-01T00:00:00.000000Z")
    given(*HISTORY, AccountClosed(reason="left us")).when(command, mode="test").then_refused("NOT_FOUND", "accountId")


@pytest.mark.parametrize("command", ON_HISTORY, ids=lambda command: command.type)
def test_a_frozen_account_refuses_payouts_and_nothing_else(command: AnyCommand) -> None:
    outcome = given(*FROZEN).when(command)
    if isinstance(command, RequestPayout | ResubmitPayout):
        outcome.then_refused("ACCOUNT_FROZEN")
    elif isinstance(command, FreezeAccount):
        outcome.then_refused("INVALID_TRANSITION")
    elif not isinstance(command, MarkInTransit):
        assert outcome.refusal is None


@every_command
def test_the_version_that_the_caller_saw_must_still_stand(command: AnyCommand, history: list[AnyEvent]) -> None:
    version = len(history)
    assert given(*history).when(changed(command, expected_version=version)).refusal is None
    for other in (version - 1, version + 1):
        given(*history).when(changed(command, expected_version=other)).then_refused(
            "VERSION_CONFLICT", "expectedVersion", {"version": version}
        )


@every_command
def test_a_command_may_say_that_it_happened_from_the_earliest_moment_to_now(
    command: AnyCommand, history: list[AnyEvent]
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


def reads_of(command: AnyCommand) -> ReadSet:
    reads = ReadSet()
    command.add_reads(reads)
    return reads


@every_command
def test_the_read_set_names_every_row_that_a_decision_and_its_events_look_at(
    command: AnyCommand, history: list[AnyEvent]
) -> None:
    state = given(*history).state
    seen = seen_by(command, state)
    reads = reads_of(command)
    by_provider = bool(reads.provider_payouts) or isinstance(command, CloseCase)
    everything = set(state.payouts), set(state.cases)
    state.orders = orders = Watched(state.orders)
    state.payouts = payouts = Few(seen.payouts) if by_provider else Watched(state.payouts)
    state.cases = cases = Few(seen.cases) if by_provider else Watched(state.cases)
    state.reserves = reserves = Watched(state.reserves)
    state.secrets = secrets = Watched(state.secrets)
    state.bank_entries = entries = Watched(state.bank_entries)
    state.matches = matches = Watched(state.matches)
    state.disputes = disputes = Watched(state.disputes)
    for event in decide(command, state, DecisionContext(now=NOW, earliest=EARLIEST, new_id=NEW_ID, mode=LIVE)):
        evolve(state, event, NOW, state.version + 1)
    of_dispute = {(row.currency, row.reference) for row in seen.disputes.values()}
    assert orders.read == {key[1:] for key in reads.orders} | of_dispute
    made = {NEW_DISPUTE} if isinstance(command, OpenDispute) else set()
    assert disputes.read == {key for _, key in reads.disputes} | made
    assert (payouts.read & everything[0], cases.read & everything[1]) == (set(seen.payouts), set(seen.cases))
    assert reserves.read == {key for _, key in reads.reserves}
    assert secrets.read == {key for _, key in reads.secrets}
    assert entries.read == set(seen.bank_entries)
    assert matches.read & {"mat_1"} == set(seen.matches)


def test_a_command_that_does_not_say_all_of_its_kind_cannot_be_defined() -> None:
    for missing in ("scope", "effect", "example"):
        said = {"scope": "command:write", "effect": "records", "example": {}}
        del said[missing]
        with pytest.raises(TypeError, match=missing):
            type(
                "Forgetful", (Command,), {"__module__": __name__, "__annotations__": {"type": str}, "type": "x", **said}
            )


@pytest.mark.parametrize("effect", ["money", "trust"])
def test_a_command_that_moves_money_or_trust_cannot_be_defined_for_command_write_alone(effect: str) -> None:
    said = {"scope": "command:write", "effect": effect, "example": {}}
    with pytest.raises(TypeError, match="not enough"):
        type("Loose", (Command,), {"__module__": __name__, "__annotations__": {"type": str}, "type": "x", **said})
