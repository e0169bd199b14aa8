"""Every statement stands in a file of its own, is understood by the migrated schema, and documents its parameters."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import sql
from service.settings import Settings

FOLDER = Path(sql.__file__).parent / "queries"
NAMES = sorted(str(path.relative_to(FOLDER))[:-4] for path in FOLDER.rglob("*.sql"))
ROOMS = [Path(sql.__file__).parents[1] / room for room in ("service", "projections")]

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
    named = set(re.findall(r'"([a-z_]+/[a-z_]+)"', text))
    assert {name for name in named if (FOLDER / name).parent.is_dir()} - set(NAMES) == set()
    # The rebuild names its tables' queries by formatting them.
    formatted = {name for name in NAMES if name.startswith("inline/clear_")}
    assert set(NAMES) - named - formatted == set()
