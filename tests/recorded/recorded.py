"""Reads a recorded ledger, and puts it into a database."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from service.platform.settings import Settings
from tests.support.tables import as_owner

FOLDER = Path(__file__).parent / "ledger_2026_11_27"
MASTER_KEY = SecretStr(base64.b64encode(bytes(range(32))).decode())
CLOCK = datetime(2026, 11, 27, 13, 48, tzinfo=UTC)
"""When the answers were given: what is due or overdue depends on it."""

MADE_BY_THE_MIGRATION = ("api_key_epoch",)

Row = dict[str, Any]


@dataclass(frozen=True)
class RecordedEvent:
    envelope: str
    digest: str


@dataclass(frozen=True)
class RecordedAnswer:
    account: str
    path: str
    status: int
    document: Row
    """`data` or `error`."""


class Recorded:
    """The files of one recorded ledger."""

    @cached_property
    def events(self) -> list[RecordedEvent]:
        return [RecordedEvent(**json.loads(line)) for line in _lines("log.jsonl")]

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for line in _lines("tables.jsonl"):
            entry = json.loads(line)
            found.setdefault(entry["table"], []).append(entry["row"])
        return found

    @cached_property
    def answers(self) -> list[RecordedAnswer]:
        found = []
        for line in _lines("answers.jsonl"):
            entry = json.loads(line)
            account, path, status = entry.pop("account"), entry.pop("path"), entry.pop("status")
            found.append(RecordedAnswer(account, path.format(a=account), status, entry))
        return found


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


async def restore(recorded: Recorded, settings: Settings) -> Settings:
    """Fills a migrated database with the recorded ledger; the settings to serve it with."""
    owner = await as_owner(settings)
    try:
        async with owner.transaction():
            for table, rows in recorded.tables.items():
                if table not in MADE_BY_THE_MIGRATION:
                    columns = ", ".join(f'"{column}"' for column in rows[0])
                    # Columns that came later take their defaults.
                    await owner.execute(
                        f'INSERT INTO "{table}" ({columns}) SELECT {columns}'
                        f' FROM json_populate_recordset(NULL::"{table}", $1::json)',
                        json.dumps(rows),
                    )
            # Its rows are of a release before MACs, and get theirs when it is served.
            await owner.execute("DELETE FROM macs_given")
            await owner.execute(
                "INSERT INTO events (lane, position, account_id, version, type, effective_at, recorded_at, envelope,"
                ' digest) SELECT e.lane, e.position, e."accountId", e.version, e.type, e."effectiveAt",'
                " e.\"recordedAt\", r.envelope, decode(r.digest, 'hex')"
                " FROM json_to_recordset($1::json) AS r(envelope text, digest text),"
                ' json_to_record(r.envelope::json) AS e(lane integer, position bigint, "accountId" text,'
                ' version bigint, type text, "effectiveAt" timestamptz, "recordedAt" timestamptz)',
                json.dumps([{"envelope": event.envelope, "digest": event.digest} for event in recorded.events]),
            )
    finally:
        await owner.close()
    return settings.model_copy(update={"master_key": MASTER_KEY})


async def read_rows(settings: Settings, table: str) -> list[Row]:
    """A table's rows as the recorded files have them, in their order."""
    owner = await as_owner(settings)
    try:
        return [
            json.loads(row["row"])
            for row in await owner.fetch(f'SELECT to_json(t)::text AS row FROM "{table}" t ORDER BY 1')
        ]
    finally:
        await owner.close()
