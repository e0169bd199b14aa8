"""What a key may do is a table that is drawn from the code, and no command moves more than it says."""

from __future__ import annotations

import pytest

from events.command import NEEDS_MORE, Command
from service.ledger.api_keys import COMMAND_WRITE
from tests.architecture.draw import is_asked_for
from tests.architecture.permissions import DOCUMENT, TABLES, money_moved, moved_by, put_table, scopes_of, shown_table
from tests.events.every import COMMAND_TYPES

COMMANDS = sorted(COMMAND_TYPES, key=lambda each: each.__name__)


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_drawn_as_the_code_is(name: str) -> None:
    drawn = TABLES[name]()
    if is_asked_for():
        put_table(name, drawn)
    assert shown_table(name) == drawn, f"draw {DOCUMENT.name} again: make architecture"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.__name__)
def test_a_command_moves_no_more_than_its_effect_says(command: type[Command]) -> None:
    moved = moved_by(command)
    money = money_moved(moved)
    if money:
        assert command.effect in ("records", "money"), f"it moves {money}"
    if moved - money:
        assert command.effect == "trust", f"it moves {moved - money}"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.__name__)
def test_command_write_alone_is_not_enough_for_money_and_trust(command: type[Command]) -> None:
    alone = scopes_of(command) == {COMMAND_WRITE}
    assert alone == (command.effect in ("settings", "records") and command.scope == COMMAND_WRITE)
    if command.effect in NEEDS_MORE:
        assert not alone


def test_what_is_named_as_moving_money_or_trust_says_so() -> None:
    """Said once more, on purpose: nobody calls one of these something lesser by mistake."""
    by_type = {str(each.model_fields["type"].default): each.effect for each in COMMANDS}
    trust = {
        *("setBackend", "freezeAccount", "unfreezeAccount", "closeAccount", "setBankAccount", "setProvider"),
        *("addWebhookSecret", "retireWebhookSecret"),
    }
    money = {
        *("adjust", "requestPayout", "cancelPayout", "markInTransit", "markPaid", "markFailed", "recordBankReturn"),
        *("linkProviderPayout", "resubmitPayout", "setPayoutPolicy", "closeCase"),
    }
    assert {name for name, effect in by_type.items() if effect == "trust"} == trust
    assert {name for name, effect in by_type.items() if effect == "money"} == money
