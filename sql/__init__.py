"""The only place where SQL is written: numbered migrations, and queries of one statement a file.

`query("payouts/page")` is the text of `sql/queries/payouts/page.sql`, whose first lines document its parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files


@dataclass(frozen=True)
class Migration:
    """A forward-only step of the schema. A released one is never edited: `checksum` tells."""

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
