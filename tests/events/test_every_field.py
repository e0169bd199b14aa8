"""What an event says reaches the account's state, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from events.catalog import AnyCommand, AnyEvent
from tests.events.every import ACCEPTABLE
from tests.spec import NOW, fold, given

FOR_READERS_OF_THE_LOG = {
    ("account.closed", "reason"),
    ("account.frozen", "reason"),
    ("account.unfrozen", "reason"),
    ("balance.adjusted", "reason"),
    ("fee.charged", "kind"),
    ("fee.charged", "reference"),
    ("match.unmade", "entry_id"),
    ("payout.adopted", "provider_payout_id"),
    ("payout.paid", "reference"),
    ("refund.recorded", "amount"),
    ("refund.recorded", "reason"),
    ("revenue.settled", "completes"),
}
"""Fields that no decision is made on: why something was done, or what other fields or events of the same batch say."""


def others(event: AnyEvent) -> Iterator[tuple[str, AnyEvent]]:
    """The event with one field changed, for each field that can be changed without knowing what it means."""
    for each in fields(event):
        value: Any = getattr(event, each.name)
        match value:
            case bool():
                other: Any = not value
            case int():
                other = value + 1
            case str():
                other = f"{value}x"
            case None:
                other = "x"
            case _:
                continue
        yield each.name, replace(event, **{each.name: other})


@pytest.mark.parametrize(("command", "history"), ACCEPTABLE, ids=lambda value: getattr(value, "type", ""))
def test_a_field_of_an_event_changes_the_state_or_is_there_for_readers_only(
    command: AnyCommand, history: list[AnyEvent]
) -> None:
    outcome = given(*history).when(command)
    expected = fold(outcome.before, outcome.events, NOW)
    for index, event in enumerate(outcome.events):
        for name, other in others(event):
            if (event.stored_name, name) in FOR_READERS_OF_THE_LOG:
                continue
            changed = [*outcome.events]
            changed[index] = other
            try:
                state = fold(outcome.before, changed, NOW)
            except (KeyError, AssertionError, TypeError):
                # No such row, or no such value: the field was read.
                continue
            assert state != expected, f"nothing of {event.stored_name}.{name} reaches the state"
