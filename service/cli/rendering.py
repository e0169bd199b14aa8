"""What the operators' commands have in common: the request origin, and how results are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from events.envelope import Actor, Source
from events.refusals import Refusal
from service.ledger.access_scope import AccessScope, of_everything
from service.ledger.commands import Outcome, RequestOrigin
from service.ledger.ledger import Ledger
from service.platform.settings import WrongSettings

By = Annotated[str, Parameter(name="--by", help="Who you are: it is written into the log.")]
Why = Annotated[str, Parameter(name="--reason", help="Why: it is written into the log.")]

LIMIT_MAX = 1000
_NAME_MAX = 64


def operator_origin(ledger: Ledger, by: str, tool: str, mode: str) -> RequestOrigin:
    """The origin of a request at the command line. WrongSettings where `by` is not a valid name."""
    if not (0 < len(by) <= _NAME_MAX and by.isprintable()):
        raise WrongSettings(f"--by: a name of 1 to {_NAME_MAX} printable characters")
    return RequestOrigin(Actor("operator", by), Source("cli", tool), mode, f"cli_{ledger.runtime.ulid()}")


async def access_scope_of(ledger: Ledger, account: str | None) -> AccessScope:
    """Access to everything, or to one account. WrongSettings where there is no such account."""
    everything = of_everything(ledger)
    if account is None:
        return everything
    lane = await ledger.known_lane_of(account)
    if lane is None:
        raise WrongSettings(f"--account: there is no account {account}")
    return AccessScope((lane,), everything.modes, account)


def check_limit(limit: int) -> int:
    if not 1 <= limit <= LIMIT_MAX:
        raise WrongSettings(f"--limit: a number from 1 to {LIMIT_MAX}")
    return limit


_WIDTH_OF_FILES = 300


def document_of(outcome: Outcome) -> dict[str, Any]:
    """The document that an executed request answers. WrongSettings with the message of a refusal."""
    if isinstance(outcome, Refusal):
        raise WrongSettings(outcome.message)
    found: dict[str, Any] = orjson.loads(outcome.body)
    return found


def show_json(document: object) -> None:
    print(orjson.dumps(document).decode())  # noqa: T201


def show_rows(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        # In a pipe or a file nothing is cut off: there is no terminal with a limited width.
        console.width = _WIDTH_OF_FILES
    console.print(table)


def show_fields(document: Mapping[str, object]) -> None:
    """Shows a document, one line for each field."""
    table = Table(show_header=False, box=None)
    for name, value in document.items():
        text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
        table.add_row(name, text)
    Console(markup=False, highlight=False).print(table)
