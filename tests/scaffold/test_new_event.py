"""`make new-event` finds the place of each stub, for an event of each subject."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from events.catalog import AnyCommand, AnyEvent
from tests.scaffold.new_event import COMMAND_STUB, ROOT, STUB, CannotWrite, Stubs, plan, written

SUBJECTS = ("accounts", "balances", "banking", "channels", "disputes", "payouts", "policies", "provider", "statements")


def texts_of(stubs: Stubs) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): text for path, text in written(stubs)}


def code(source: str) -> str:
    """The code of a module without what it imports: a stub that is imported only is written nowhere."""
    kept = [each for each in ast.parse(source).body if not isinstance(each, ast.Import | ast.ImportFrom)]
    return ast.unparse(ast.Module(kept, []))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_event_and_its_command_stand_at_every_place(subject: str) -> None:
    found = texts_of(plan("made_up.thing_done", "doThing", subject))
    assert "MadeUpThingDone(Event)" in found[f"events/{subject}/events.py"]
    for path in (f"events/{subject}/events.py", f"events/{subject}/evolve.py", "projections/statement_fields.py"):
        assert "MadeUpThingDone" in code(found[path]), path
    for path in (f"events/{subject}/commands.py", f"events/{subject}/decide.py", "tests/events/every.py"):
        assert "DoThing" in code(found[path]), path
    sample = json.loads(found["tests/events/samples.json"])[-1]
    assert sample["type"] == "made_up.thing_done"
    assert re.search(r"^\| `made_up\.thing_done` \|", found["docs/log-format.md"], re.MULTILINE)
    commands = found["docs/api.md"].partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert re.search(r"^\| `doThing` \|", commands, re.MULTILINE)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_event_of_an_observation_has_no_command(subject: str) -> None:
    found = texts_of(plan("made_up.thing_done", None, subject))
    assert set(found) == {
        f"events/{subject}/events.py",
        f"events/{subject}/evolve.py",
        "projections/statement_fields.py",
        "tests/events/samples.json",
        "docs/log-format.md",
    }


def test_no_stub_is_left_as_it_was_written() -> None:
    docstrings = {each.__name__: each.__doc__ for each in (*get_args(AnyEvent), *get_args(get_args(AnyCommand)[0]))}
    left = [name for name, docstring in docstrings.items() if docstring in (STUB, COMMAND_STUB)]
    assert left == [], f"say in one sentence what {', '.join(left)} is: `make new-event` left the docstring to you"


def test_nothing_is_written_if_a_place_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, *_: object, **__: object) -> int:
        raise AssertionError(path)

    monkeypatch.setattr(Path, "write_text", fail)
    stubs = plan("settlement.thing_done", "doThing", "settlements")
    with pytest.raises(CannotWrite, match=r"^events/settlements/commands.py: the place for the stub was not found"):
        written(stubs)


@pytest.mark.parametrize(
    ("name", "command", "subject", "problem"),
    [
        ("payout.paid", None, "payouts", "this name is stored already"),
        ("payout.thing_done", "cancelPayout", "payouts", "there is a command of this type"),
        ("PayoutDone", None, "payouts", "a stored name is like"),
        ("payout.thing_done", "DoThing", "payouts", "a command's type is like"),
        ("made_up.thing_done", None, None, "say to which subject it belongs"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, command: str | None, subject: str | None, problem: str) -> None:
    with pytest.raises(CannotWrite, match=problem):
        plan(name, command, subject)
