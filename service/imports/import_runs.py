"""One run of an import: its record, from the first byte to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson

from events.refusals import Refusal
from service.imports.import_records import COUNTS, ImportKey
from service.imports.import_source import Problem, RecordSource
from service.imports.receipt import Receipt
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform.database import OUTAGES
from sql import query

READER = version("payout-ledger")
"""Another release may count the records of a file differently, so it starts with the first one again."""
_COUNTED_AS = {"unchanged": "known"}
"""What banks' imports call what the record has a column for."""


class Stopping(Exception):
    """The process is to end."""


class ImportTakenOver(Exception):
    """Another task has taken this import over."""


@dataclass(frozen=True, slots=True)
class ImportRun:
    """A run of an import. Another run of the same import takes it over."""

    ledger: Ledger
    key: ImportKey
    run: str

    async def begin(self, mode: str, source: RecordSource[Any], digest: str, size: int) -> bool:
        """Begins the import's record; False where there is one of this id."""
        began = await self.ledger.pool.fetchval(
            query("imports/begin"),
            *self.key,
            mode,
            source.channel,
            _json(source.request_document()),
            _json(source.shop_document()),
            digest,
            READER,
            self.run,
            size,
            self.ledger.runtime.now(),
        )
        return began is not None

    async def record(
        self, problems: Sequence[Problem], bytes_read: int, counts: Mapping[str, int], receipt: Receipt
    ) -> None:
        """Brings the record up to date. ImportTakenOver where the import is another run's."""
        rows = [
            {"number": each.number, "delivery_id": each.delivery_id, "place": each.place, "reason": each.reason}
            for each in problems
        ]
        columns = [counts.get(name, counts.get(_COUNTED_AS.get(name, name), 0)) for name in COUNTS]
        recorded = await self.ledger.pool.fetchval(
            query("imports/keep"),
            *self.key,
            self.run,
            bytes_read,
            *columns,
            _json(rows),
            self.ledger.runtime.now(),
            _json(receipt.state()),
        )
        if recorded is None:
            raise ImportTakenOver

    async def finish(self, state: str, error: Mapping[str, Any] | None) -> None:
        """Records how the import ended."""
        document = None if error is None else _json(error)
        await self.ledger.pool.fetchval(
            query("imports/finish"), *self.key, self.run, state, document, self.ledger.runtime.now()
        )


def error_of(problem: Exception) -> dict[str, Any]:
    """What the record of an import says of what ended it."""
    match problem:
        case Refusal():
            field = {} if problem.field is None else {"field": problem.field}
            return {"code": problem.code, "message": problem.message, **field}
        case Unavailable():
            return {"code": "UNAVAILABLE", "message": f"{problem}: send it again under this id"}
        case Stopping():
            return {"code": "UNAVAILABLE", "message": "the service was stopped: send it again under this id"}
        case _ if isinstance(problem, OUTAGES):
            return {"code": "UNAVAILABLE", "message": "the database did not answer: send it again under this id"}
        case _:
            return {
                "code": "INTERNAL",
                "message": "something went wrong on our side: the import's id finds it in the log",
            }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
