"""`payout-ledger import`: imports a marketplace's file, and says what became of its records."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import orjson
import uvloop
from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from events.chain import Actor, Source
from events.fields import AccountId
from events.refusals import Refusal
from service.cli.target import Data, Target
from service.imports.import_request import ImportRequest
from service.imports.ingestion import ImportResult, import_file
from service.imports.record_source import Problem, RecordSource
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.writer import Unavailable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.import_source import MarketplaceOptions, MarketplaceSource
from service.platform import logs
from service.platform.settings import Settings, WrongSettings

TOOL = "import"

_NAMES = list(CHANNELS)
ChannelName = Annotated[str, Parameter(help=f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}.")]

app = App(name="import", help="Take in what a marketplace or a bank says.")
app.command(
    "service.cli.banking:import_bank",
    name="bank",
    help="Take a bank's statement in, to confirm what was paid: no money moves. Doing so again changes nothing.",
)


@app.default
def import_statements(
    channel: ChannelName,
    file: Path,
    *,
    account: str,
    seller: str | None = None,
    currency: str | None = None,
    zone: str | None = None,
    collects: Literal["seller", "platform"] | None = None,
    mode: Literal["live", "test"] = "live",
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    data: Data = None,
) -> None:
    """Take in what a marketplace says: an answer of its API that was saved, or a report. Doing so again changes nothing.

    Parameters
    ----------
    file
        JSON, JSON lines, XML, CSV or XLSX; its content tells which.
    account
        Whose it is. An account that does not exist is opened, in the currency of its first statement.
    seller
        The shop, where the account has several with this marketplace.
    currency
        For files that name none.
    zone
        Of times without one, such as Asia/Jakarta.
    collects
        Who is paid by the marketplace: the seller's own bank (paid statements are paid out) or the platform (they become available).
    mode
        The mode of the account.

    """
    options = MarketplaceOptions(channel, seller, currency, zone, collects)
    request = checked_request(ImportRequest(account, file.name, options))
    result = run_import(request, file, mode, data)
    if as_json:
        print(orjson.dumps(result.document()).decode())  # noqa: T201
        return
    show_counts(Console(highlight=False, markup=False, soft_wrap=True), file.name, result)


def checked_request(request: ImportRequest[MarketplaceSource]) -> ImportRequest[MarketplaceSource]:
    """The request; WrongSettings for one that cannot be fulfilled."""
    try:
        TypeAdapter(AccountId).validate_python(request.account_id)
        request.check()
    except ValidationError:
        raise WrongSettings(
            "--account: an id is up to 64 letters, digits, dots, colons, dashes and underscores"
        ) from None
    except Refusal as problem:
        raise WrongSettings(f"{problem.field}: {problem.message}") from None
    return request


def run_import(request: ImportRequest[RecordSource[Any]], file: Path, mode: str, data: Path | None) -> ImportResult:
    """Imports the file, with a bar of the bytes that were read. WrongSettings for what a person can put right."""
    try:
        stream = file.open("rb")
    except OSError as problem:
        raise WrongSettings(f"{file} cannot be read: {problem.strerror}") from None
    with stream, Target(data) as target:
        logs.configure("warning")
        return uvloop.run(_import(target.settings, request, stream, file.stat().st_size, mode))


async def _import(
    settings: Settings, request: ImportRequest[RecordSource[Any]], stream: BinaryIO, size: int, mode: str
) -> ImportResult:
    async with running_ledger(settings) as ledger:
        with _bytes_read() as bar:
            task = bar.add_task(request.name, total=size)

            async def progress(_: list[Problem]) -> None:
                bar.update(task, completed=await asyncio.to_thread(stream.tell))

            try:
                return await import_file(ledger, request, stream, operator(ledger, TOOL, mode), progress)
            except Refusal as problem:
                raise WrongSettings(problem.message) from None
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; what was taken in until then stays: run it again") from None


def operator(ledger: Ledger, tool: str, mode: str) -> RequestOrigin:
    """The origin of a request from the command line: whoever may run commands on the ledger's machine."""
    return RequestOrigin(Actor("operator", tool), Source("cli", tool), mode, f"cli_{ledger.runtime.ulid()}")


def _bytes_read() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def show_counts(console: Console, name: str, result: ImportResult) -> None:
    """What became of the records, and the unreadable ones."""
    counts = result.counts
    console.print(
        f"{name}: {counts['read']} records read: {counts['new']} new, {counts['changed']} changed, "
        f"{counts['unchanged']} unchanged; {counts['lines']} settlement lines"
    )
    if counts["unreadable"]:
        console.print(f"{counts['unreadable']} could not be read, and are kept:", style="yellow")
        for problem in result.problems:
            console.print(f"  {problem.place}: {problem.reason}")
        if counts["unreadable"] > len(result.problems):
            console.print(f"  and {counts['unreadable'] - len(result.problems)} more")
