"""The ledger of a command: the embedded one in a data directory, or the one that the environment names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self, TypeVar

import uvloop
from cyclopts import Parameter

from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.platform import logs, settings
from service.platform.settings import Settings

Result = TypeVar("Result")

Data = Annotated[
    Path | None, Parameter(help="The data directory of an embedded ledger, running or not (default: DATABASE_URL).")
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


class Target:
    """The ledger's settings. An embedded Postgres is started if it does not run, and stopped if nobody else uses it."""

    settings: Settings

    def __init__(self, data: Path | None) -> None:
        self._data = data

    def __enter__(self) -> Self:
        if self._data is None:
            self.settings = settings.load()
            return self
        from service.cli.embedded import join_embedded  # noqa: PLC0415 - not in the production wheel

        self._postgres, self.settings = join_embedded(self._data)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._data is not None:
            self._postgres.stop()


def with_ledger(data: Path | None, run: Callable[[Ledger, Settings], Awaitable[Result]]) -> Result:
    """Runs a function with the command's ledger."""

    async def go(target: Target) -> Result:
        async with running_ledger(target.settings) as ledger:
            return await run(ledger, target.settings)

    with Target(data) as target:
        logs.configure("warning")
        return uvloop.run(go(target))
