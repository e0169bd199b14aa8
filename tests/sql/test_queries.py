"""Every statement stands in a file of its own, is understood by the migrated schema, and documents its parameters."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import sql
from events.read_set import ReadSet
from projections.inline import TABLES
from service.ledger.event_store import Append, Head
from service.platform.settings import Settings

FOLDER = Path(sql.__file__).parent / "queries"
COMPOSED = {"ledger/append": ("ledger/append", 11), "ledger/read_state": ("ledger/read_state", 2)}
"""Statements that are made of parts: their parts' folder, and how many parameters are their own."""
PARTS = sorted(
    str(path.relative_to(FOLDER))[:-4] for folder, _ in COMPOSED.values() for path in (FOLDER / folder).glob("*.sql")
)
NAMES = sorted({str(path.relative_to(FOLDER))[:-4] for path in FOLDER.rglob("*.sql")} - set(PARTS))
ROOMS = [Path(sql.__file__).parents[1] / room for room in ("service", "projections")]

_HEAD = Head(0, b"", "2026-01-01T00:00:00.000000Z", 0)
_DOCUMENTED = re.compile(r"(?:^|\s{2,}|: )((?:\d+, )*\d+) (?=[a-zA-Z])")
_USED = re.compile(r"\$(\d+)")


@pytest_asyncio.fixture
async def service(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(settings.database_url)
    yield connection
    await connection.close()


async def test_postgres_understands_every_query(service: asyncpg.Connection[asyncpg.Record]) -> None:
    assert NAMES
    for name in NAMES:
        try:
            statement = await service.prepare(sql.query(name))
        except asyncpg.PostgresError as problem:
            pytest.fail(f"{name}: {problem}")
        used = {int(number) for number in _USED.findall(sql.query(name))}
        assert used == set(range(1, len(statement.get_parameters()) + 1)), f"{name} leaves a parameter out"


def _parts(folder: str) -> list[str]:
    return [
        name.removeprefix(f"{folder}/") for name in PARTS if name.startswith(folder) and not name.endswith("_guard")
    ]


async def test_postgres_understands_every_part_alone_and_all_of_them_together(
    service: asyncpg.Connection[asyncpg.Record],
) -> None:
    for name, (folder, numbered) in COMPOSED.items():
        parts = _parts(folder)
        for chosen in [*((part,) for part in parts), tuple(parts)]:
            made = sql.composed(name, folder, chosen, numbered)
            try:
                statement = await service.prepare(made.text)
            except asyncpg.PostgresError as problem:
                pytest.fail(f"{name} with {chosen}: {problem}")
            assert len(statement.get_parameters()) == numbered + len(made.parameters)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_says_first_what_it_is_about(name: str) -> None:
    assert re.match(r"-- [A-Z][^\n]+", sql.query(name))


def test_a_part_is_in_a_composed_statement_with_its_guard_and_its_parameter() -> None:
    made = sql.composed("ledger/append", "ledger/append", ("deliveries", "parkings_ended"), 11)
    assert made.parameters == ("parkings_ended", "deliveries", "sealed_deliveries")
    asked_first = made.text[: made.text.index("THEN append_events")]
    assert "parked_deliveries" in asked_first
    assert "consumer_offsets" not in made.text
    assert "json_to_recordset($12::json)" in made.text
    assert "unnest($14::bytea[])" in made.text


def test_every_part_is_written_or_wanted() -> None:
    read_set = {want.name for want in fields(ReadSet)}
    for part in _parts("ledger/read_state"):
        made = sql.composed("ledger/read_state", "ledger/read_state", (part,), 2)
        assert made.parameters
        assert read_set.issuperset(made.parameters), part
    written = set(Append(0, _HEAD, _HEAD, [], {}).tables())
    assert {name.rpartition("/")[2] for name in PARTS if "/append/" in name and not name.endswith("_guard")} == written


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_first_what_it_does_and_what_each_parameter_is(name: str) -> None:
    text = sql.query(name)
    header = [line[2:].strip() for line in text.split("\n") if line.startswith("--")]
    assert text.startswith("-- "), "the first line says what it does"
    groups = [group for line in header for group in _DOCUMENTED.findall(line)]
    documented = [int(number) for group in groups for number in group.split(", ")]
    used = {int(number) for number in _USED.findall(text)}
    assert documented == sorted(used), header


def test_every_query_is_used_and_every_used_query_is_there() -> None:
    text = "\n".join(path.read_text() for room in ROOMS for path in room.rglob("*.py"))
    named = set(re.findall(r'"([a-z_]+/[a-z_]+)"', text)) - {folder for folder, _ in COMPOSED.values()} | set(COMPOSED)
    assert {name for name in named if (FOLDER / name).parent.is_dir()} - set(NAMES) == set()
    assert set(NAMES) - named == set()


async def test_postgres_understands_what_is_rendered_for_every_inline_view(
    service: asyncpg.Connection[asyncpg.Record],
) -> None:
    parts = {table.name: sql.append_rows(table.name, table.whole_key, table.columns) for table in TABLES}
    for chosen in [*((part,) for part in parts.values()), tuple(parts.values())]:
        made = sql.composed("ledger/append", "ledger/append", (), 11, chosen)
        assert len((await service.prepare(made.text)).get_parameters()) == 11 + len(made.parameters)
    assert made.parameters == tuple(parts)
    for table in TABLES:
        assert len((await service.prepare(sql.clear_rows(table.name))).get_parameters()) == 1
