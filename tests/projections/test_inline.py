"""What an event changes reaches its row, whichever field it is: written live, made again from the log, and read back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from events.account_state import AccountState
from events.accounts.events import AccountOpened
from events.banking.events import BankEntryObserved, BankStatementObserved
from events.banking.withdraw import withdraw_bank_statement, withdraw_entry
from events.catalog import AnyEvent
from events.channels.events import StatementObserved
from events.channels.observe import observe_statement
from events.channels.withdraw import withdraw_statement
from events.decide import decide
from events.decision_context import DecisionContext
from events.disputes.state import Disputed
from events.envelope import EVENT_TYPES, Actor, Envelope, Source, envelope_from, event_of
from events.evolve import evolve
from events.instants import Instant, to_datetime
from events.provider.reports import Report
from events.read_set import ReadSet
from events.settlements.observe import observe_settlement
from events.settlements.withdraw import SaidOfMoney, withdraw_settlement
from projections.inline import TABLES, InlineRows, InlineTable, add_changes
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.event_store import Append, append, read_head
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.replay import rebuild_inline
from service.platform.runtime import REAL
from service.platform.settings import Settings
from tests.events.every import ACCEPTABLE
from tests.events.test_settlements import record
from tests.recorded.recorded import Recorded
from tests.spec import ACCOUNT, BEFORE, EARLIEST, NEW_ID, NOW, fold, opened
from tests.support.tables import read_tables

LANE = 1
SAMPLES: dict[str, tuple[Any, Any]] = {
    "str": ("a", "b"),
    "int": (5, 7),
    "bool": (True, False),
    "Instant": ("2026-05-13T10:42:00.000000Z", "2026-05-13T10:42:00.500000Z"),
    "Day": ("2026-05-13", "2026-05-14"),
    "Data": ({"a": "b"}, {"a": {"b": [1, None]}}),
    "dict[str, str]": ({"a": "b"}, {}),
    "Heard": ({"shopee.wallet": "a digest", "shopee.escrow_list": {"a": ["", "", 5, None]}}, {}),
    "dict[str, int]": ({"IDR": 5}, {}),
    "list[str]": (["a"], []),
    "list[Data]": ([{"rule": "x"}], []),
    "tuple[str, ...]": (("a", "b"), ()),
    "Reports": ((Report("paid", NOW, "TRX-1"), Report("failed", BEFORE, None, "closed")), ()),
    "Disputed": (Disputed(1, 2, 3, 4, 5), Disputed()),
}
"""Two values of each type that a state's field has."""


def samples(annotation: Any) -> tuple[Any, ...]:
    text = str(annotation)
    kind = text.removesuffix(" | None")
    return SAMPLES[kind] if kind == text else (*SAMPLES[kind], None)


@pytest_asyncio.fixture
async def ledger(settings: Settings) -> AsyncIterator[Ledger]:
    # Before anything falls due: only what is recorded here happens.
    async with running_ledger(settings, replace(REAL, now=lambda: to_datetime(BEFORE))) as running:
        yield running


async def write(connection: Any, table: InlineTable[Any], value: Any) -> None:
    """One row of the view, through the append that writes it live."""
    rows: InlineRows = {}
    state = AccountState(ACCOUNT, version=3)
    if table.key:
        key = tuple("k" for _ in table.key)
        setattr(state, table.rows, {key[0] if len(key) == 1 else key: value})
    else:
        setattr(state, table.rows, value)
    add_changes(rows, AccountState(ACCOUNT), state)
    head = await read_head(connection, LANE)
    assert await append(connection, Append(LANE, head, head, [], {table.name: rows[table.name]}))


async def read_back(connection: Any, table: InlineTable[Any]) -> Any:
    text = await connection.fetchval(f"SELECT to_json(t) FROM {table.name} t WHERE account_id = $1", ACCOUNT)
    return table.value_of_json(text)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_each_field_of_a_state_reaches_its_column_and_comes_back(ledger: Ledger, table: InlineTable[Any]) -> None:
    annotations = dict(_annotations(table))
    value = table.row_type(**{name: samples(annotation)[0] for name, annotation in annotations.items()})
    async with ledger.pool.acquire() as connection:
        await write(connection, table, value)
        assert await read_back(connection, table) == value
        for name, annotation in annotations.items():
            for other in samples(annotation)[1:]:
                value = replace(value, **{name: other})
                await write(connection, table, value)
                assert await read_back(connection, table) == value, name


def _annotations(table: InlineTable[Any]) -> Iterable[tuple[str, Any]]:
    return ((name, table.row_type.__dataclass_fields__[name].type) for name in table.fields)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_view_has_a_column_for_each_field_and_no_other(settings: Settings, table: InlineTable[Any]) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        found = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
            table.name,
        )
    finally:
        await connection.close()
    assert {row["attname"] for row in found} == {"lane", *table.whole_key, *table.columns}


@dataclass(slots=True)
class Recording(UnitOfWork[Envelope]):
    """One event that is recorded on the rows that it says it reads."""

    account_id: str
    event: AnyEvent
    effective_at: Instant

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.add(self.account_id)
        self.event.add_reads(self.account_id, read_set)

    def decide(self, batch: Batch) -> Envelope:
        if self.account_id not in batch.keys:
            batch.add_account_key(self.account_id, batch.vault.new_account_key(self.account_id))
        cause = Cause(Actor("key"), Source("command"))
        return batch.record(batch.state(self.account_id), self.event, cause, effective_at=self.effective_at)


def histories() -> dict[str, list[tuple[AnyEvent, Instant]]]:
    """By account: what a recorded ledger has, and every command on a history on which it is accepted."""
    found: dict[str, list[tuple[AnyEvent, Instant]]] = {}
    for recorded in Recorded().events:
        envelope = envelope_from(json.loads(recorded.envelope))
        if envelope.account_id != "system":
            found.setdefault(envelope.account_id, []).append((event_of(envelope), envelope.effective_at))
    for number, (command, history) in enumerate(ACCEPTABLE):
        state = fold(AccountState(ACCOUNT), history)
        made = decide(command, state, DecisionContext(NOW, EARLIEST, NEW_ID, "live"))
        found[f"acc_command_{number}"] = [*((event, BEFORE) for event in history), *((event, NOW) for event in made)]
    found["acc_reread"] = withdrawn_history()
    return found


def withdrawn_history() -> list[tuple[AnyEvent, Instant]]:
    """What was read wrongly, withdrawn: of each sort one thing that stands no more, and one that does."""
    state, made = AccountState("acc_reread"), list[AnyEvent]()

    def happens(events: Sequence[AnyEvent]) -> None:
        nonlocal state
        state = fold(state, events, NOW)
        made.extend(events)

    happens([opened(currency="IDR")])
    for reference in ("order/1", "order/2"):
        said = record(480, reference=reference, digest=reference, observed_at=BEFORE, observed_by="arrival")
        happens(observe_settlement(replace(said, releases=reference), state))
        entry = BankEntryObserved(reference, "ba", "IDR", 100, "2026-05-12", [], False, "csv", [], "d")
        balances = BankStatementObserved("ba", "sealed:1", reference, "IDR", 100, 1, "csv", [])
        happens([entry, balances])
        content = {"Payout": "5.00"}
        statement = StatementObserved("lazada", reference, "lazada.x", "IDR", content, [], "d", "", "", payout=500)
        happens(observe_statement(replace(statement, observed_at=BEFORE, observed_by="arrival"), state))
    money = state.settlements["shopee", "", "order/1"]
    (source,) = money.sources
    (content_digest,) = money.sources[source]
    told = SaidOfMoney(("shopee", "", "order/1"), source, "order/1", content_digest, "order/1")
    happens(withdraw_settlement(told, "x", state, {"IDR": 2}))
    happens(withdraw_entry("order/1", "x", "operator:a", state))
    happens(withdraw_bank_statement(("ba", "order/1", ""), "x", state))
    happens(withdraw_statement(("lazada", "", "order/1"), "d", "x", state))
    gone = (state.settlements, state.bank_entries, state.bank_statements, state.statements)
    assert [len(rows) for rows in gone] == [1, 1, 1, 1]
    assert (state.balance("IDR").pending, state.balance("IDR").paid_out) == (500, 480)
    return [(event, NOW) for event in made]


async def test_every_event_that_can_be_stored_leaves_the_same_rows_live_rebuilt_and_folded(
    ledger: Ledger, settings: Settings
) -> None:
    tables = (*(table.name for table in TABLES), "provider_events")
    stored: set[str] = {"ledger.begun"}
    position = 1
    folded = AccountState("system")
    rows: InlineRows = {}
    for account_id, history in histories().items():
        folded = AccountState(account_id)
        for event, effective_at in history:
            envelope = await ledger.run(LANE, Recording(account_id, event, effective_at))
            position += 1
            evolve(folded, event, effective_at, position, envelope)
            stored.add(event.stored_name)
        if isinstance(history[0][0], AccountOpened):
            add_changes(rows, AccountState(account_id), folded)
    assert stored == EVENT_TYPES.keys(), "an event that no history has is not seen to reach its row"
    live = await read_tables(settings, *tables)
    async with ledger.pool.acquire() as connection:
        assert await rebuild_inline(connection, LANE, ledger.vault, lambda _: None) == position
        assert await read_tables(settings, *tables) == live
        for table in TABLES:
            read = await connection.fetch(f"SELECT to_json(t) AS row FROM {table.name} t WHERE account_id <> 'system'")
            found = {
                tuple(row[name] for name in table.whole_key): table.value_of(row)
                for row in (json.loads(each["row"]) for each in read)
            }
            expected = {
                tuple(row[name] for name in table.whole_key): table.row_type(**{n: row[n] for n in table.fields})
                for row in rows[table.name]
            }
            assert found == expected, table.name
