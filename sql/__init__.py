"""All SQL of the product: numbered migrations, and queries with one statement in each file.

`query("payouts/page")` is the text of `sql/queries/payouts/page.sql`, whose first lines document its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files


@dataclass(frozen=True)
class Migration:
    """A forward-only change of the schema. A released one is never edited: its `checksum` is compared."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@cache
def query(name: str) -> str:
    """The statement in `queries/<name>.sql`."""
    return files(__name__).joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Composed:
    """A statement made of parts, and the names of its parameters after the numbered ones, in their order."""

    text: str
    parameters: tuple[str, ...]


_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")


@cache
def composed(name: str, folder: str, parts: Sequence[str], numbered: int, rendered: Sequence[str] = ()) -> Composed:
    """The statement in `queries/<name>.sql`, with the parts `queries/<folder>/<part>.sql` and the `rendered` ones in it.

    Parts replace `/* parts */`; their guards (`<part>_guard.sql`, if there is one) replace `/* guards */`. Parts have
    named parameters (`:orders`), which get the numbers after the statement's own `numbered` ones.
    """
    directory = files(__name__).joinpath("queries", folder)
    guards = [file for part in parts if (file := directory.joinpath(f"{part}_guard.sql")).is_file()]
    bodies = [*(_body(query(f"{folder}/{part}")) for part in parts), *rendered]
    text = query(name)
    text = text.replace("/* guards */", "\n".join(f"AND {_body(file.read_text(encoding='utf-8'))}" for file in guards))
    text = text.replace("/* parts */", "".join(f", {body}\n" for body in bodies))
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    number = {found: numbered + index for index, found in enumerate(names, start=1)}
    return Composed(_NAMED.sub(lambda found: f"${number[found[1]]}", text), names)


@cache
def append_rows(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """The part of an append that writes the rows of an inline view: `templates/append_rows.sql` for this table."""

    def listed(names: tuple[str, ...], of: str = "") -> str:
        return ", ".join(f'{of}"{name}"' for name in names)

    return _body(_template("append_rows")).format(
        table=table,
        key=listed(key),
        columns=listed(columns),
        row_key=listed(key, "r."),
        row_columns=listed(columns, "r."),
        excluded_columns=listed(columns, "excluded."),
    )


@cache
def remove_rows(table: str, key: tuple[str, ...]) -> str:
    """The part of an append that deletes rows of an inline view: `templates/remove_rows.sql` for this table."""
    return _body(_template("remove_rows")).format(
        table=table,
        key=", ".join(f't."{name}"' for name in key),
        row_key=", ".join(f'r."{name}"' for name in key),
    )


@cache
def clear_rows(table: str) -> str:
    """Deletes an inline view of a lane: `templates/clear_rows.sql` for this table. Its parameter is the lane."""
    return _template("clear_rows").format(table=table)


@cache
def set_mac(table: str, key: tuple[str, ...], mac: str) -> str:
    """Puts a MAC beside a row: `templates/set_mac.sql` for this table. Its parameters are the MAC and the row's key."""
    values = ", ".join(f"${number}" for number in range(2, len(key) + 2))
    return _body(_template("set_mac")).format(table=table, mac=mac, key=", ".join(key), values=values)


def _template(name: str) -> str:
    """A statement for tables of one kind. The names in it come from our code, never from input."""
    return files(__name__).joinpath("templates", f"{name}.sql").read_text(encoding="utf-8")


def _body(text: str) -> str:
    """A part without its leading comment."""
    return re.sub(r"\A(--.*\n)+", "", text).strip()


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations, oldest first."""
    found = (entry for entry in files(__name__).joinpath("migrations").iterdir() if entry.name.endswith(".sql"))
    return tuple(
        sorted(
            (Migration(int(f.name[:4]), f.name[5:-4], f.read_text(encoding="utf-8")) for f in found),
            key=lambda migration: migration.version,
        )
    )


@cache
def statement_file(name: str) -> str:
    """The script in `<name>.sql`, beside the migrations."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
