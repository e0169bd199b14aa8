"""Draws the tables of `docs/permissions.md`: what each command can move, and which scopes each command and route needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from events.account_state import AccountState
from events.command import NEEDS_MORE, Command
from service.http.catalog import OPERATIONS
from service.http.operations import ApiOperation
from service.ledger.api_keys import COMMAND_WRITE, SCOPES
from tests.architecture.walks import ROOT
from tests.events.every import ACCEPTABLE
from tests.spec import NOW, fold, given

DOCUMENT = ROOT / "docs" / "permissions.md"

_BUCKETS = {
    "pending": "pending",
    "available": "available",
    "reserved": "reserved",
    "held": "held",
    "paid_out": "paid out",
}


def scopes_of(command: type[Command]) -> frozenset[str]:
    """All that a key needs for the command."""
    return frozenset({COMMAND_WRITE, command.scope})


def moved_by(command: type[Command]) -> set[str]:
    """What the acceptable commands of this class change in an account: its money by bucket, and what is trusted."""
    moved: set[str] = set()
    for each, history in ACCEPTABLE:
        if type(each) is command:
            outcome = given(*history).when(each)
            assert outcome.refusal is None, outcome.refusal
            moved.update(_differences(outcome.before, fold(outcome.before, outcome.events, NOW)))
    return moved


def money_moved(moved: set[str]) -> set[str]:
    return moved & set(_BUCKETS.values())


def _differences(before: AccountState, after: AccountState) -> Iterator[str]:
    for currency in before.balances.keys() | after.balances.keys():
        for bucket, name in _BUCKETS.items():
            if getattr(before.balance(currency), bucket) != getattr(after.balance(currency), bucket):
                yield name
    if before.account is not None and after.account is not None:
        for name in ("backend", "status"):
            if getattr(before.account, name) != getattr(after.account, name):
                yield name
    for name, attribute in (("bank account", "bank_account"), ("provider", "provider"), ("webhook secrets", "secrets")):
        if getattr(before, attribute) != getattr(after, attribute):
            yield name


def table_of_commands() -> str:
    order = ("trust", "money", "records", "settings")
    commands = sorted({type(each) for each, _ in ACCEPTABLE}, key=lambda each: (order.index(each.effect), _name(each)))
    return _table(
        ("command", "effect", "its example moves", *SCOPES),
        (
            (
                f"`{_name(each)}`",
                f"**{each.effect}**" if each.effect in NEEDS_MORE else each.effect,
                ", ".join(sorted(moved_by(each))),
                *("needs" if scope in scopes_of(each) else "" for scope in SCOPES),
            )
            for each in commands
        ),
    )


def table_of_routes() -> str:
    routes = sorted((each for each in OPERATIONS if isinstance(each, ApiOperation)), key=lambda each: each.path)
    return _table(
        ("route", "operation", *SCOPES),
        (
            (
                f"`{each.method} {each.path}`",
                f"`{each.id}`",
                *("yes" if scope in each.scopes else "" for scope in SCOPES),
            )
            for each in routes
        ),
    )


TABLES = {"commands": table_of_commands, "routes": table_of_routes}


def shown_table(name: str) -> str | None:
    """What the document shows."""
    found = _pattern(name).search(DOCUMENT.read_text(encoding="utf-8"))
    return None if found is None else found["drawn"]


def put_table(name: str, drawn: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    changed, count = _pattern(name).subn(lambda found: found["begin"] + drawn + found["end"], text)
    assert count == 1, f"{DOCUMENT.name} has no marks for {name}"
    DOCUMENT.write_text(changed, encoding="utf-8")


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<begin><!-- table: {name} -->\n)(?P<drawn>.*?)(?P<end>\n<!-- end -->)", re.DOTALL)


def _name(command: type[Command]) -> str:
    return str(command.model_fields["type"].default)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = tuple(heads)
    return "\n".join([_line(heads), "|---" * len(heads) + "|", *map(_line, rows)])


def _line(cells: Iterable[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
