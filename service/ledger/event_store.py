"""The event store: reads what a decision needs, remembers it, and appends a batch behind the lane's fence."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import asyncpg
import orjson

from events.account_state import AccountState
from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant, to_datetime
from events.read_set import ReadSet
from events.values import value
from projections.inline import TABLES, InlineRows, InlineTable, Row, fill_states
from service.ledger.vault import PROVIDERS, WEBHOOK_SECRETS, AccountKey, Vault
from service.platform.database import Connection
from sql import append_rows, composed, query, remove_rows


@value
class Head:
    """Where a lane stands: its last position, that event's digest and time, and the fence's term."""

    position: int
    digest: bytes
    recorded_at: Instant
    term: int


@value
class StoredAnswer:
    """What was answered to a command, sealed with its account's key."""

    digest: str
    status: int
    sealed: bytes
    position: int


_NAMED_ROWS: dict[str, tuple[str, ...]] = {
    "orders": ("account_id", "currency", "reference"),
    "payouts": ("account_id", "payout_id"),
    "reserves": ("account_id", "reserve_id"),
    "disputes": ("account_id", "dispute_id"),
    "secrets": ("account_id", "secret_id"),
    "answers": ("account_id", "key"),
    "observed": ("account_id", "event_id"),
    "provider_payouts": ("account_id", "provider_payout_id"),
    "cases": ("account_id", "case_id"),
    "unanswered": ("account_id", "amount", "currency"),
    "channels": ("account_id", "channel"),
    "statements": ("account_id", "channel", "seller", "number", "currency", "created_at"),
    "settlements": ("account_id", "channel", "seller", "reference"),
    "bank_entries": ("account_id", "entry_id"),
    "bank_contents": ("account_id", "content"),
    "bank_references": ("account_id", "reference"),
    "bank_statements": ("account_id", "bank_account", "number"),
    "matches": ("account_id", "match_id"),
}
"""What names a row, by the want: the columns of the parameter that `ledger/read_state/` reads."""

_PARTS: dict[str, frozenset[str]] = {
    "orders": frozenset({"orders", "disputes", "settlements"}),
    "payouts": frozenset({"payouts", "provider_payouts", "cases", "unanswered"}),
    "cases": frozenset({"cases", "provider_payouts", "payouts"}),
    "reserves": frozenset({"reserves"}),
    "disputes": frozenset({"disputes"}),
    "webhook_secrets": frozenset({"secrets"}),
    "answers": frozenset({"answers"}),
    "provider_events": frozenset({"observed"}),
    "channels": frozenset({"channels"}),
    "statements": frozenset({"statements"}),
    "settlements": frozenset({"settlements"}),
    "bank_entries": frozenset({"bank_entries", "bank_contents", "bank_references", "matches"}),
    "bank_statements": frozenset({"bank_statements"}),
    "matches": frozenset({"matches"}),
}
"""The files of `sql/queries/ledger/read_state/`, and which wants each of them answers."""


@dataclass(slots=True)
class Snapshot:
    """What stood in the database at one moment."""

    head: Head
    states: dict[str, AccountState]
    keys: dict[str, AccountKey]
    answers: dict[tuple[str, str], StoredAnswer]


NewEvent = tuple[str, int, str, str, str, bytes]
"""An event to write: account, version, type, effective time, its canonical JSON, and the digest of the chain with it."""


@dataclass(slots=True)
class Append:
    """All that one transaction writes to a lane."""

    lane: int
    before: Head
    after: Head
    events: list[NewEvent]
    views: InlineRows
    removed: InlineRows = field(default_factory=dict)
    """The keys of rows of the inline views that stand no more."""
    provider_events: list[Row] = field(default_factory=list)
    account_keys: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    sealed_deliveries: list[bytes] = field(default_factory=list)
    """Of each delivery, its bytes."""
    consumer_offsets: list[Row] = field(default_factory=list)
    parkings_ended: list[Row] = field(default_factory=list)

    def tables(self) -> dict[str, list[Row]]:
        """The rows that are not an inline view's, by the file of `sql/queries/ledger/append/` that writes them."""
        return {
            "provider_events": self.provider_events,
            "account_keys": self.account_keys,
            "answers": self.answers,
            "deliveries": self.deliveries,
            "consumer_offsets": self.consumer_offsets,
            "parkings_ended": self.parkings_ended,
        }


async def read_head(connection: Connection, lane: int) -> Head:
    row = await connection.fetchrow(query("ledger/head"), lane)
    assert row is not None, "a lane has a head from its first event on"
    return _head(row)


async def read_answers(connection: Connection, lane: int, wanted: set[tuple[str, str]]) -> Snapshot:
    """The head and the answers given under these keys: what a warm writer has to ask."""
    row = await connection.fetchrow(query("ledger/read_answers"), lane, *_columns(wanted, 2))
    assert row is not None, "a lane has a head from its first event on"
    return Snapshot(_head(row), {}, {}, _answers(orjson.loads(row["answers"] or "[]")))


def _answers(rows: Iterable[Row]) -> dict[tuple[str, str], StoredAnswer]:
    return {
        (row["account_id"], row["key"]): StoredAnswer(
            row["digest"], row["status"], base64.b64decode(row["answer"]), row["position"]
        )
        for row in rows
    }


def _head(row: asyncpg.Record) -> Head:
    return Head(row["position"], row["digest"], row["recorded_at"], row["term"])


async def read_state(connection: Connection, lane: int, read_set: ReadSet, vault: Vault) -> Snapshot:
    """The wanted rows, the accounts' keys and the head, in one snapshot. What does not exist comes back empty."""
    head, found = await _read(connection, lane, read_set)
    keys: dict[str, AccountKey] = {}
    for entry in found["account_keys"]:
        known = keys.get(entry["account_id"])
        if known is None or known.generation < entry["generation"]:
            keys[entry["account_id"]] = vault.account_key(
                entry["account_id"], entry["generation"], base64.b64decode(entry["wrapped"])
            )
    return Snapshot(head, _states(read_set, found, vault), keys, _answers(found.get("answers", ())))


async def read_rows(
    connection: Connection, lane: int, read_set: ReadSet, vault: Vault
) -> tuple[Head, dict[str, AccountState]]:
    """As `read_state`, without the keys: what folds the log again reads nothing that is sealed."""
    head, found = await _read(connection, lane, read_set)
    return head, _states(read_set, found, vault)


async def _read(connection: Connection, lane: int, read_set: ReadSet) -> tuple[Head, dict[str, Iterable[Row]]]:
    wanted = {name for name in _NAMED_ROWS if getattr(read_set, name)}
    parts = tuple(part for part, answers in _PARTS.items() if not wanted.isdisjoint(answers))
    statement = composed("ledger/read_state", "ledger/read_state", parts, 2)
    named = (_named(getattr(read_set, name), _NAMED_ROWS[name]) for name in statement.parameters)
    row = await connection.fetchrow(statement.text, lane, list(read_set.accounts), *named)
    assert row is not None, "a lane has a head from its first event on"
    return _head(row), {name: orjson.loads(value) if value else () for name, value in row.items() if name not in _HEAD}


def _states(read_set: ReadSet, found: dict[str, Iterable[Row]], vault: Vault) -> dict[str, AccountState]:
    states = {account_id: AccountState(account_id) for account_id in read_set.accounts}
    for table, granting in _GRANTING:
        if found.get(table.name):
            found[table.name] = [row for row in found[table.name] if vault.holds(granting, _as_written(table, row))]
    fill_states(states, found)
    return states


_GRANTING = tuple(
    (table, granting) for table in TABLES for granting in (PROVIDERS, WEBHOOK_SECRETS) if table.name == granting.name
)
"""The inline views whose rows carry a MAC."""


def _as_written(table: InlineTable[Any], row: Row) -> Row:
    """A row of a view with its times as the log spells them."""
    return row | {name: reader(row[name]) for name, reader in table.readers.items()}


def add_macs(views: InlineRows, lane: int, vault: Vault) -> None:
    """Puts their MACs into the rows of a lane that carry one."""
    for table, granting in _GRANTING:
        for row in views.get(table.name, ()):
            row["mac"] = "\\x" + vault.mac(granting, {"lane": lane, **row}).hex()


_HEAD = ("position", "term", "digest", "recorded_at")


def _columns(rows: set[Any], count: int) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def _named(rows: set[tuple[str, ...]], columns: tuple[str, ...]) -> str:
    return orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode()


ANSWERED = "answers_pkey"
"""What an append runs into where one of its idempotency keys has an answer already."""


_NO_EVENTS: list[list[Any]] = [[] for _ in range(6)]


async def append(connection: Connection, batch: Append, clock_ahead_seconds_max: float = 5) -> bool:
    """Writes the batch where the lane still stands at `before`; False, and nothing written, where it has moved on.

    Or where the batch's time is further ahead of the database's clock than this.
    """
    rows = {table: rows for table, rows in batch.tables().items() if rows}
    parts = tuple(rows)
    views = [table for table in TABLES if table.name in batch.views]
    rows |= batch.views
    beside: dict[str, list[Any]] = {"sealed_deliveries": batch.sealed_deliveries}
    removed = [table for table in TABLES if table.name in batch.removed]
    rows |= {f"{table.name}_gone": batch.removed[table.name] for table in removed}
    rendered = (
        *(append_rows(table.name, table.whole_key, table.columns) for table in views),
        *(remove_rows(table.name, table.whole_key) for table in removed),
    )
    statement = composed("ledger/append", "ledger/append", parts, 11, rendered)
    position = await connection.fetchval(
        statement.text,
        batch.lane,
        batch.before.position,
        batch.before.term,
        to_datetime(batch.after.recorded_at),
        clock_ahead_seconds_max,
        *([list(column) for column in zip(*batch.events, strict=True)] if batch.events else _NO_EVENTS),
        *(beside[name] if name in beside else orjson.dumps(rows[name]).decode() for name in statement.parameters),
    )
    return position is not None


class StateCache:
    """What a lane's writer remembers: states and keys of the accounts that were used last, true while its appends succeed."""

    def __init__(self, accounts_max: int) -> None:
        self.head: Head | None = None
        """Where the lane stood when all of this was true; None where nothing is remembered."""
        self._accounts_max = accounts_max
        self._known: OrderedDict[str, tuple[AccountState, AccountKey]] = OrderedDict()

    def not_cached(self, read_set: ReadSet, *, with_answers: bool) -> ReadSet | None:
        """What of it has to be read from the database; None where all of it is here. `with_answers`: also old answers.

        Rows are put into the states of their accounts, so those accounts are read with them; answers stand alone.
        """
        accounts = read_set.accounts - self._known.keys()
        for name in _ROWS:
            accounts.update(row[0] for row in getattr(read_set, name))
        if not accounts and not (read_set.answers and with_answers):
            return None
        return replace(read_set, accounts=accounts)

    def snapshot(self, head: Head, accounts: Iterable[str]) -> Snapshot:
        """These accounts, all of them known, as they are at this head."""
        state: dict[str, AccountState] = {}
        keys: dict[str, AccountKey] = {}
        for account_id in accounts:
            state[account_id], keys[account_id] = self._known[account_id]
            self._known.move_to_end(account_id)
        return Snapshot(head, state, keys, {})

    def adopt(self, head: Head, states: Mapping[str, AccountState], keys: Mapping[str, AccountKey]) -> None:
        """Remembers the states that the commit left, without the rows that only single commands named."""
        self.head = head
        for account_id, state in states.items():
            key = keys.get(account_id)
            if state.account is None or key is None or account_id == SYSTEM_ACCOUNT:
                continue
            totals = AccountState(
                account_id=account_id,
                version=state.version,
                account=state.account,
                bank_account=state.bank_account,
                provider=state.provider,
                balances=state.balances,
            )
            self._known[account_id] = (totals, key)
            self._known.move_to_end(account_id)
        while len(self._known) > self._accounts_max:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Another process has written, or nobody knows."""
        self.head = None
        self._known.clear()


_ROWS = tuple(each.name for each in fields(ReadSet) if each.name not in ("accounts", "answers"))
