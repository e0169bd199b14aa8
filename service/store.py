"""The event store: reads what a decision needs, and appends a batch behind the lane's fence."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import asyncpg
import orjson

from events.account import Books, Needs
from events.instants import Instant, to_datetime
from events.values import value
from projections.inline import InlineRows, Row, fill_books
from service.database import Connection
from service.vault import AccountKey, Vault
from sql import query


@value
class Head:
    """Where a lane stands: its last position, that event's digest and time, and the fence's term."""

    position: int
    digest: bytes
    recorded_at: Instant
    term: int


@value
class Answer:
    """What was answered to a command, sealed with its account's key."""

    digest: str
    status: int
    sealed: bytes
    position: int


@dataclass(slots=True)
class Wants:
    """The rows that a batch of decisions has to see."""

    accounts: set[str] = field(default_factory=set)
    orders: set[tuple[str, str, str]] = field(default_factory=set)
    payouts: set[tuple[str, str]] = field(default_factory=set)
    reserves: set[tuple[str, str]] = field(default_factory=set)
    secrets: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str]] = field(default_factory=set)
    observed: set[tuple[str, str]] = field(default_factory=set)
    provider_payouts: set[tuple[str, str]] = field(default_factory=set)
    cases: set[tuple[str, str]] = field(default_factory=set)
    unanswered: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, amount and currency of payouts whose submission has no answer yet."""
    channels: set[tuple[str, str]] = field(default_factory=set)
    statements: set[tuple[str, str, str, str, str, str]] = field(default_factory=set)
    """Account, channel, seller or nothing, number, currency, and time or nothing: with those beside it in time."""

    def add(self, account_id: str, needs: Needs) -> None:
        self.accounts.add(account_id)
        if needs.order is not None:
            self.orders.add((account_id, *needs.order))
        elif needs.payout_id is not None:
            self.payouts.add((account_id, needs.payout_id))
            if needs.provider_payout_id is not None:
                self.provider_payouts.add((account_id, needs.provider_payout_id))
        elif needs.case_id is not None:
            self.cases.add((account_id, needs.case_id))
        elif needs.reserve_id is not None:
            self.reserves.add((account_id, needs.reserve_id))
        elif needs.secret_id is not None:
            self.secrets.add((account_id, needs.secret_id))

    @property
    def only_answers(self) -> bool:
        """Whether no rows are wanted but the answers given under some keys."""
        return not any(getattr(self, name) for name in _NAMED_ROWS if name != "answers")

    @property
    def named_rows(self) -> bool:
        """Whether anything but accounts and their totals is wanted."""
        return any(getattr(self, name) for name in _NAMED_ROWS)

    def accounts_of_named_rows(self) -> set[str]:
        """Rows are filled into the books of their accounts, so those are read with them; answers stand alone."""
        return {row[0] for name in _NAMED_ROWS if name != "answers" for row in getattr(self, name)}


_NAMED_ROWS = (
    *("orders", "payouts", "reserves", "secrets", "answers", "observed", "provider_payouts", "cases", "unanswered"),
    *("channels", "statements"),
)


@dataclass(slots=True)
class Snapshot:
    """What stood in the database at one moment."""

    head: Head
    books: dict[str, Books]
    keys: dict[str, AccountKey]
    answers: dict[tuple[str, str], Answer]


@dataclass(slots=True)
class Append:
    """All that one transaction writes to a lane."""

    lane: int
    before: Head
    after: Head
    events: list[Row]
    views: InlineRows
    provider_events: list[Row] = field(default_factory=list)
    account_keys: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    consumer_offsets: list[Row] = field(default_factory=list)
    parkings_ended: list[Row] = field(default_factory=list)


_VIEWS = tuple(f.name for f in fields(InlineRows))
_LATER_VIEWS = ("cases", "channels", "statements")
"""Views whose parameters were added behind the others."""


async def read_head(connection: Connection, lane: int) -> Head:
    row = await connection.fetchrow(query("ledger/head"), lane)
    assert row is not None, "a lane has a head from its first event on"
    return _head(row)


async def read_answers(connection: Connection, lane: int, wanted: set[tuple[str, str]]) -> Snapshot:
    """The head and the answers given under these keys: what a warm writer has to ask."""
    row = await connection.fetchrow(query("ledger/read_answers"), lane, *_columns(wanted, 2))
    assert row is not None, "a lane has a head from its first event on"
    return Snapshot(_head(row), {}, {}, _answers(orjson.loads(row["answers"] or "[]")))


def _answers(rows: Iterable[Row]) -> dict[tuple[str, str], Answer]:
    return {
        (row["account_id"], row["key"]): Answer(
            row["digest"], row["status"], base64.b64decode(row["answer"]), row["position"]
        )
        for row in rows
    }


def _head(row: asyncpg.Record) -> Head:
    return Head(row["position"], row["digest"], row["recorded_at"], row["term"])


async def read_books(connection: Connection, lane: int, wants: Wants, vault: Vault) -> Snapshot:
    """The wanted rows and the head, in one snapshot. Accounts that do not exist come back as empty books."""
    row = await connection.fetchrow(
        query("ledger/read_books"),
        lane,
        list(wants.accounts),
        *_columns(wants.orders, 3),
        *_columns(wants.payouts, 2),
        *_columns(wants.reserves, 2),
        *_columns(wants.secrets, 2),
        *_columns(wants.answers, 2),
        *_columns(wants.observed, 2),
        *_columns(wants.provider_payouts, 2),
        *_columns(wants.cases, 2),
        *_columns(wants.unanswered, 3),
        *_columns(wants.channels, 2),
        *_columns(wants.statements, 6),
    )
    assert row is not None, "a lane has a head from its first event on"
    found: dict[str, Iterable[Row]] = {
        name: orjson.loads(value) if value else () for name, value in row.items() if name not in _HEAD
    }
    books = {account_id: Books(account_id) for account_id in wants.accounts}
    fill_books(books, found)
    keys: dict[str, AccountKey] = {}
    for entry in found["account_keys"]:
        known = keys.get(entry["account_id"])
        if known is None or known.generation < entry["generation"]:
            keys[entry["account_id"]] = vault.account_key(
                entry["account_id"], entry["generation"], base64.b64decode(entry["wrapped"])
            )
    return Snapshot(_head(row), books, keys, _answers(found["answers"]))


_HEAD = ("position", "term", "digest", "recorded_at")


def _columns(rows: set[Any], count: int) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def _json(rows: list[Row]) -> str:
    return orjson.dumps(rows).decode() if rows else "[]"


async def append(connection: Connection, batch: Append) -> bool:
    """Writes the batch where the lane still stands at `before`; False, and nothing written, where it has moved on."""
    position = await connection.fetchval(
        query("ledger/append"),
        batch.lane,
        batch.before.position,
        batch.after.position,
        batch.after.digest,
        to_datetime(batch.after.recorded_at),
        _json(batch.events),
        *(_json(getattr(batch.views, name)) for name in _VIEWS if name not in _LATER_VIEWS),
        _json(batch.provider_events),
        _json(batch.account_keys),
        _json(batch.answers),
        _json(batch.deliveries),
        _json(batch.consumer_offsets),
        batch.before.term,
        _json(batch.views.cases),
        _json(batch.parkings_ended),
        _json(batch.views.channels),
        _json(batch.views.statements),
    )
    return position is not None
