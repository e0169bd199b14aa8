"""The inline views: the state that decisions are made on, written in the same transaction as the events.

The fold is `events.evolve`, the same for the live view, a rebuild and the tests. This module only turns an account's
state into rows, and rows back into state. Each view is defined once, in `TABLES`: its rows are the values of one
attribute of `AccountState`, and its columns are their fields. So a change by an event always reaches its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson

from events.account_state import AccountState, fields_of
from events.accounts.state import Account, BankAccount, Provider, WebhookSecret
from events.balances.state import Balance, Order, Reserve
from events.banking.state import BankEntry, BankStatement, Match
from events.channels.state import Channel, ChannelStatement
from events.disputes.state import Dispute, Disputed
from events.envelope import envelope_from, event_of
from events.instants import from_json
from events.payouts.state import Payout
from events.provider.events import ProviderObserved
from events.provider.reports import read_reports
from events.provider.state import Case
from events.settlements.state import Settlement

Row = dict[str, Any]
RowValue = TypeVar("RowValue")


@dataclass(frozen=True)
class InlineTable(Generic[RowValue]):
    """One inline view. Its key is the lane, the account and `key`; without a `key` an account has one row."""

    name: str
    row_type: type[RowValue]
    """The class of the values. Its fields are the columns."""
    rows: str
    """The attribute of `AccountState` with the values by key, or with the only value."""
    key: tuple[str, ...] = ()
    with_version: bool = False
    """Whether the account's version is a column too."""
    with_mac: bool = False
    """Whether a column has a MAC, which whoever appends the rows puts into them: a row without one grants nothing."""
    fields: tuple[str, ...] = field(init=False)
    columns: tuple[str, ...] = field(init=False)
    row_columns: tuple[str, ...] = field(init=False)
    """The key, then the fields."""
    readers: Mapping[str, Callable[[Any], Any]] = field(init=False)
    """By field: what turns the column's JSON into the field's value, if they differ."""
    rows_of: Callable[[AccountState], Any] = field(init=False)
    """The attribute `rows` of a state."""
    field_values: Callable[[Any], Iterable[Any]] = field(init=False)
    """A value's fields, in the order of `fields`."""

    def __post_init__(self) -> None:
        # As text: an alias such as Instant is not a type of its own.
        types = {each.name: str(each.type) for each in fields(self.row_type)}  # type: ignore[arg-type]
        object.__setattr__(self, "fields", tuple(types))
        object.__setattr__(self, "columns", (*("version",) * self.with_version, *types, *("mac",) * self.with_mac))
        readers = {name: reader for name, annotation in types.items() if (reader := _reader(annotation)) is not None}
        object.__setattr__(self, "readers", readers)
        object.__setattr__(self, "row_columns", (*self.whole_key, *types))
        object.__setattr__(self, "rows_of", attrgetter(self.rows))
        object.__setattr__(self, "field_values", fields_of(self.row_type))  # type: ignore[arg-type]

    @property
    def whole_key(self) -> tuple[str, ...]:
        return ("account_id", *self.key)

    def row_of(self, account_id: str, key: tuple[str, ...], of: RowValue) -> Row:
        """The row of a value, without the version."""
        return dict(zip(self.row_columns, (account_id, *key, *self.field_values(of)), strict=True))

    def value_of(self, row: Row) -> RowValue:
        """The value of a row. The row is as `to_json` writes it, and may have more columns."""
        given = {name: row[name] for name in self.fields}
        for name, reader in self.readers.items():
            given[name] = reader(given[name])
        return self.row_type(**given)

    def value_of_json(self, text: str) -> RowValue:
        return self.value_of(orjson.loads(text))


def _reader(annotation: str) -> Callable[[Any], Any] | None:
    if annotation.startswith("Instant"):
        return from_json
    if annotation.startswith("tuple["):
        return _tuple_or_none if annotation.endswith("| None") else tuple
    return _READERS.get(annotation)


def _tuple_or_none(found: list[Any] | None) -> tuple[Any, ...] | None:
    return None if found is None else tuple(found)


def _disputed(found: Row | None) -> Disputed | None:
    return None if found is None else Disputed(**found)


_READERS: dict[str, Callable[[Any], Any]] = {"Reports": read_reports, "Disputed | None": _disputed}

ACCOUNTS = InlineTable("accounts", Account, "account", with_version=True)
PAYOUTS = InlineTable("payouts", Payout, "payouts", ("payout_id",))
CASES = InlineTable("cases", Case, "cases", ("case_id",))

TABLES: tuple[InlineTable[Any], ...] = (
    ACCOUNTS,
    InlineTable("bank_accounts", BankAccount, "bank_account"),
    InlineTable("providers", Provider, "provider", with_mac=True),
    InlineTable("webhook_secrets", WebhookSecret, "secrets", ("secret_id",), with_mac=True),
    InlineTable("balances", Balance, "balances", ("currency",)),
    InlineTable("orders", Order, "orders", ("currency", "reference")),
    InlineTable("reserves", Reserve, "reserves", ("reserve_id",)),
    InlineTable("disputes", Dispute, "disputes", ("dispute_id",)),
    PAYOUTS,
    CASES,
    InlineTable("channels", Channel, "channels", ("channel",)),
    InlineTable("statements", ChannelStatement, "statements", ("channel", "seller", "number")),
    InlineTable("settlements", Settlement, "settlements", ("channel", "seller", "reference")),
    InlineTable("bank_entries", BankEntry, "bank_entries", ("entry_id",)),
    InlineTable("bank_statements", BankStatement, "bank_statements", ("bank_account", "number", "part")),
    InlineTable("matches", Match, "matches", ("match_id",)),
)
"""Every inline view except the set of the provider's event ids, which only grows (`provider_events`)."""

InlineRows = dict[str, list[Row]]
"""Rows to write, by their table."""


def add_changes(rows: InlineRows, before: AccountState, after: AccountState) -> None:
    """Adds the rows that differ between two states of an account. Values are immutable, so identity shows a change."""
    account_id = after.account_id
    for table in TABLES:
        now = table.rows_of(after)
        if not now:
            continue
        was = table.rows_of(before)
        if not table.key:
            if now is not was or (table.with_version and after.version != before.version):
                row = table.row_of(account_id, (), now)
                if table.with_version:
                    row["version"] = after.version
                rows.setdefault(table.name, []).append(row)
            continue
        for key, value in now.items():
            if was.get(key) is not value:
                names = (key,) if isinstance(key, str) else key
                rows.setdefault(table.name, []).append(table.row_of(account_id, names, value))


def add_removals(rows: InlineRows, before: AccountState, after: AccountState) -> None:
    """Adds the keys of the rows that an event took out of an account's state."""
    for table in TABLES:
        if not table.key:
            continue
        was = getattr(before, table.rows)
        for key in was.keys() - getattr(after, table.rows).keys():
            names = (key,) if isinstance(key, str) else key
            rows.setdefault(table.name, []).append(dict(zip(table.whole_key, (after.account_id, *names), strict=True)))


def fill_states(states: dict[str, AccountState], found: Mapping[str, Iterable[Row]]) -> None:
    """Puts the rows of `ledger/read_state.sql` and its parts into the states of their accounts."""
    for table in TABLES:
        for row in found.get(table.name) or ():
            state = states[row["account_id"]]
            value = table.value_of(row)
            if not table.key:
                setattr(state, table.rows, value)
                if table.with_version:
                    state.version = row["version"]
            else:
                key = row[table.key[0]] if len(table.key) == 1 else tuple(row[name] for name in table.key)
                getattr(state, table.rows)[key] = value
    for row in found.get("provider_events") or ():
        event = event_of(envelope_from(row["envelope"]))
        assert isinstance(event, ProviderObserved), "provider events are recorded with their position"
        states[row["account_id"]].observed[event.event_id] = event
