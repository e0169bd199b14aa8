"""`make new-event NAME=payout.note_changed [COMMAND=changeNote]`: the stubs of an event, and of the command that makes it.

It writes every place that has to know of them, in the order of CONTRIBUTING.md, or nothing if one place is not found. It
prints what is left to say: the fields, the rule, the fold, and the sentences. Until then the checks are red where
something is missing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from events.catalog import AnyCommand, AnyEvent

ROOT = Path(__file__).parents[2]

STUB = "What became true, in one sentence."
COMMAND_STUB = "What is asked for, in one sentence."

KEYS = {
    "payouts": ("payout_id", "payouts", "pout_1"),
    "disputes": ("dispute_id", "disputes", "dsp_1"),
    "provider": ("case_id", "cases", "case_1"),
    "banking": ("entry_id", "bank_entries", "ben_1"),
    "channels": ("channel", "channels", "lazada"),
}
"""By subject: the field that names the row that most of its events are about, the row's set in the read set, an example."""


class CannotWrite(Exception):
    """The stubs cannot be written, and why."""


@dataclass(frozen=True)
class Stubs:
    """Names of one event and its command."""

    stored_name: str
    command_type: str | None
    subject: str

    @property
    def event(self) -> str:
        return "".join(word.capitalize() for word in re.split(r"[._]", self.stored_name))

    @property
    def command(self) -> str:
        return (self.command_type or "")[:1].upper() + (self.command_type or "")[1:]

    @property
    def rule(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.command).lower()

    @property
    def key(self) -> tuple[str, str, str] | None:
        return KEYS.get(self.subject)

    @property
    def key_on_the_wire(self) -> str:
        name = self.key[0] if self.key is not None else ""
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    @property
    def example_id(self) -> str:
        return self.key[2] if self.key is not None else ""

    @property
    def key_in_a_table(self) -> str:
        return f"`{self.key_on_the_wire}`" if self.key is not None else ""

    def file(self, name: str) -> Path:
        return ROOT / "events" / self.subject / f"{name}.py"


def plan(stored_name: str, command_type: str | None, subject: str | None) -> Stubs:
    """What is to be written. CannotWrite for a name that is taken, or that belongs to no subject."""
    if not re.fullmatch(r"[a-z_]+\.[a-z_]+", stored_name):
        raise CannotWrite(f"NAME={stored_name}: a stored name is like payout.note_changed")
    if command_type is not None and not re.fullmatch(r"[a-z][A-Za-z]+", command_type):
        raise CannotWrite(f"COMMAND={command_type}: a command's type is like changeNote")
    taken = {event_type.stored_name: event_type for event_type in get_args(AnyEvent)}
    if stored_name in taken:
        raise CannotWrite(f"NAME={stored_name}: this name is stored already, for good")
    types = {model.model_fields["type"].default for model in get_args(get_args(AnyCommand)[0])}
    if command_type in types:
        raise CannotWrite(f"COMMAND={command_type}: there is a command of this type")
    prefix = stored_name.partition(".")[0]
    found = {each.__module__.split(".")[1] for name, each in taken.items() if name.startswith(f"{prefix}.")}
    if subject is None and len(found) != 1:
        subjects = ", ".join(sorted({each.__module__.split(".")[1] for each in taken.values()}))
        raise CannotWrite(f"NAME={stored_name}: say to which subject it belongs, with SUBJECT= one of {subjects}")
    return Stubs(stored_name, command_type, subject or found.pop())


def write(stubs: Stubs) -> Iterator[Path]:
    """Writes the stubs; every file that was changed. CannotWrite, before anything is written, if a place is not found."""
    for path, text in written(stubs):
        path.write_text(text, encoding="utf-8")
        yield path


def written(stubs: Stubs) -> list[tuple[Path, str]]:
    """Every file that the stubs are written into, and what is in it then."""
    edits: list[tuple[Path, Callable[[str], str]]] = [(stubs.file("events"), lambda text: _event(text, stubs))]
    if stubs.command_type is not None:
        edits += [
            (stubs.file("commands"), lambda text: _command(text, stubs)),
            (stubs.file("decide"), lambda text: _decide(text, stubs)),
        ]
    edits += [
        (stubs.file("evolve"), lambda text: _evolve(text, stubs)),
        (ROOT / "projections" / "statement_fields.py", lambda text: _statement_fields(text, stubs)),
        (ROOT / "tests" / "events" / "samples.json", lambda text: _sample(text, stubs)),
    ]
    if stubs.command_type is not None:
        edits.append((ROOT / "tests" / "events" / "every.py", lambda text: _every(text, stubs)))
        edits.append((ROOT / "docs" / "api.md", lambda text: _api(text, stubs)))
    edits.append((ROOT / "docs" / "log-format.md", lambda text: _log_format(text, stubs)))
    texts = []
    for path, edit in edits:
        try:
            texts.append((path, edit(path.read_text(encoding="utf-8"))))
        except (OSError, LookupError, ValueError) as problem:
            raise CannotWrite(
                f"{path.relative_to(ROOT)}: the place for the stub was not found, so nothing was written: take an event "
                f"of another subject as the example, and write it by hand"
            ) from problem
    return texts


def _put(text: str, at: str, addition: str, *, last: bool = False) -> str:
    """The text with an addition before the first (or last) place that looks like this. ValueError if there is none."""
    index = text.rindex(at) if last else text.index(at)
    return f"{text[:index]}{addition}{text[index:]}"


def _before_union(text: str, union: str, body: str, member: str) -> str:
    """The class before the subject's union, and its name in the union."""
    found = re.search(rf"^{union} = \(?", text, re.MULTILINE)
    if found is None:
        raise LookupError(union)
    members = text[found.end() :].strip().rstrip(")").strip()
    joined = "\n    | ".join([*(each.strip() for each in members.split("|")), member])
    return f"{text[: found.start()]}{body}\n\n\n{union} = (\n    {joined}\n)\n"


def _union(text: str, ending: str) -> str:
    found: list[str] = re.findall(rf"^(\w+{ending}) = ", text, re.MULTILINE)
    return found[-1]


def _event(text: str, stubs: Stubs) -> str:
    fields = f"    {stubs.key[0]}: str\n" if stubs.key is not None else ""
    reads = ""
    if stubs.key is not None:
        name, rows, _ = stubs.key
        reads = (
            "\n    def add_reads(self, account_id: str, read_set: ReadSet) -> None:\n"
            f"        read_set.{rows}.add((account_id, self.{name}))\n"
        )
    body = (
        f'@value\nclass {stubs.event}(Event):\n    """{STUB}"""\n\n    stored_name = "{stubs.stored_name}"\n\n'
        f"{fields}{reads}".rstrip()
    )
    return _before_union(text, _union(text, "Event"), body, stubs.event)


def _command(text: str, stubs: Stubs) -> str:
    example = f'"{stubs.key_on_the_wire}": "{stubs.example_id}"' if stubs.key is not None else ""
    fields = f"    {stubs.key[0]}: Identifier\n" if stubs.key is not None else ""
    reads = ""
    if stubs.key is not None:
        name, rows, _ = stubs.key
        reads = (
            "\n    def add_reads(self, read_set: ReadSet) -> None:\n"
            f"        read_set.{rows}.add((self.account_id, self.{name}))\n"
        )
    body = (
        f'class {stubs.command}(Command):\n    """{COMMAND_STUB}"""\n\n'
        f'    type: Literal["{stubs.command_type}"] = "{stubs.command_type}"\n'
        f'    scope = "command:write"\n    effect = "records"\n    example = {{{example}}}\n{fields}{reads}'.rstrip()
    )
    return _before_union(text, _union(text, "Command"), body, stubs.command)


def _decide(text: str, stubs: Stubs) -> str:
    text = _import(text, f"events.{stubs.subject}.commands", stubs.command)
    text = _import(text, f"events.{stubs.subject}.events", stubs.event)
    arm = f"        case {stubs.command}():\n            return {stubs.rule}(command, state)\n"
    text = _put(text, "        case _:\n            assert_never(command)", arm)
    given = f"{stubs.key[0]}=command.{stubs.key[0]}" if stubs.key is not None else ""
    return (
        f"{text.rstrip()}\n\n\ndef {stubs.rule}(command: {stubs.command}, state: AccountState) -> Sequence[AnyEvent]:\n"
        f"    return [{stubs.event}({given})]\n"
    )


def _evolve(text: str, stubs: Stubs) -> str:
    text = _import(text, f"events.{stubs.subject}.events", stubs.event)
    arm = f"        case {stubs.event}():\n            pass\n"
    return _put(text, "        case _:\n            assert_never(event)", arm, last=True)


def _statement_fields(text: str, stubs: Stubs) -> str:
    text = _import(text, f"events.{stubs.subject}.events", stubs.event)
    return _put(text, "        ):\n            return ()\n        case _:\n", f"            | {stubs.event}()\n")


def _sample(text: str, stubs: Stubs) -> str:
    data = {stubs.key_on_the_wire: stubs.example_id} if stubs.key is not None else {}
    sample = {"type": stubs.stored_name, "schemaVersion": 1, "data": data}
    written = json.dumps(sample, indent=2).replace("\n", "\n  ")
    return f"{text.rstrip().removesuffix(']').rstrip()},\n  {written}\n]\n"


def _every(text: str, stubs: Stubs) -> str:
    text = _import(text, f"events.{stubs.subject}.commands", stubs.command)
    given = ', payout_id="pout_pending"' if stubs.subject == "payouts" else ""
    line = f"    {stubs.command}(account_id=ACCOUNT{given}),\n"
    start = text.index("ON_HISTORY: list")
    end = text.index("\n]\n", start)
    return f"{text[: end + 1]}{line}{text[end + 1 :]}"


def _api(text: str, stubs: Stubs) -> str:
    """A row after those of the subject's other commands, or at the end of the table."""
    models = get_args(get_args(AnyCommand)[0])
    own = [model for model in models if model.__module__ == f"events.{stubs.subject}.commands"]
    row = f"| `{stubs.command_type}` | {stubs.key_in_a_table} | |\n".replace("|  |", "| |")
    start = text.index("\n## Commands\n")
    section = text[start : text.index("\n## ", start + 1)]
    for some in (own, models):
        types = "|".join(model.model_fields["type"].default for model in some)
        rows = list(re.finditer(rf"^\| [^|]*`(?:{types})`[^|]* \|[^\n]*\n", section, re.MULTILINE))
        if rows:
            at = start + rows[-1].end()
            return f"{text[:at]}{row}{text[at:]}"
    raise LookupError("## Commands")


def _log_format(text: str, stubs: Stubs) -> str:
    row = f"| `{stubs.stored_name}` | {stubs.key_in_a_table} |\n".replace("|  |", "| |")
    prefix = stubs.stored_name.partition(".")[0]
    rows = list(re.finditer(rf"^\| `{prefix}\.[^\n]*\n", text, re.MULTILINE))
    at = rows[-1].end() if rows else list(re.finditer(r"^\| `[a-z_]+\.[^\n]*\n", text, re.MULTILINE))[-1].end()
    return f"{text[:at]}{row}{text[at:]}"


def _import(text: str, module: str, name: str) -> str:
    """The text with one more import; ruff sorts it."""
    line = f"from {module} import {name}\n"
    return text.replace("from __future__ import annotations\n", f"from __future__ import annotations\n{line}", 1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make new-event")
    parser.add_argument("name", help="the stored name, such as payout.note_changed")
    parser.add_argument("--command", help="the type of the command that makes it, such as changeNote")
    parser.add_argument("--subject", help="the folder of events/ that it belongs to")
    options = parser.parse_args()
    try:
        stubs = plan(options.name, options.command or None, options.subject or None)
        for path in write(stubs):
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    except CannotWrite as problem:
        sys.exit(str(problem))
    sys.stdout.write(
        "Now say its fields, its rule, its fold and its sentences there: see CONTRIBUTING.md, Add an event.\n"
        "`make lint` and `.venv/bin/pytest -n 2 tests/events` say most of what is missing.\n"
    )


if __name__ == "__main__":
    main()
