"""`payout-ledger import`: imports a marketplace's file, and shows the counts of its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import orjson
import uvloop
from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from events.fields import AccountId
from events.refusals import Refusal
from service.cli.rendering import operator_origin
from service.cli.target import Data, Target
from service.ledger.lifespan import running_ledger
from service.ledger.writer import Unavailable
from service.marketplaces.importing import Imported, ImportRequest, check, import_file
from service.platform import logs
from service.platform.settings import Settings, WrongSettings

TOOL = "import"

app = App(name="import", help="Import a file of a marketplace or a bank.")
app.command(
    "service.cli.banking:import_bank",
    name="bank",
    help="Import a bank's statement, to confirm what was paid: no money moves. Importing it again changes nothing.",
)


@app.default
def import_statements(
    channel: str,
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
    """Import a marketplace's file: a saved response of its API, or a report. Importing it again changes nothing.

    Parameters
    ----------
    channel
        lazada, shopee, tokopedia, tiktok or blibli.
    file
        JSON, JSON lines, XML, CSV or XLSX; the format is detected from the content.
    account
        The account. One that does not exist is opened, in the currency of its first statement.
    seller
        The shop, if the account has several at this marketplace.
    currency
        The currency, for files that name none.
    zone
        The time zone of times without one, such as Asia/Jakarta.
    collects
        Whom the marketplace pays: the seller's own bank account (paid statements are paid out) or the platform (they become available).
    mode
        The mode of the account.

    """
    request = checked_request(ImportRequest(account, channel, file.name, seller, currency, zone, collects))
    try:
        stream = file.open("rb")
    except OSError as problem:
        raise WrongSettings(f"{file} cannot be read: {problem.strerror}") from None
    with stream, Target(data) as target:
        logs.configure("warning")
        imported = uvloop.run(_import(target.settings, request, stream, file.stat().st_size, mode))
    _show(imported, file.name, as_json=as_json)


def checked_request(request: ImportRequest) -> ImportRequest:
    """The same request; WrongSettings if it is not valid."""
    try:
        TypeAdapter(AccountId).validate_python(request.account_id)
        check(request)
    except ValidationError:
        raise WrongSettings(
            "--account: an id is up to 64 letters, digits, dots, colons, dashes and underscores"
        ) from None
    except Refusal as problem:
        raise WrongSettings(f"{problem.field}: {problem.message}") from None
    return request


async def _import(settings: Settings, request: ImportRequest, stream: BinaryIO, size: int, mode: str) -> Imported:
    async with running_ledger(settings) as ledger:
        with progress() as bar:
            task = bar.add_task(request.name, total=size)
            try:
                return await import_file(
                    ledger,
                    request,
                    stream,
                    operator_origin(ledger, TOOL, TOOL, mode),
                    lambda done: bar.update(task, completed=done),
                )
            except Refusal as problem:
                raise WrongSettings(problem.message) from None
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; what was imported until then stays: run it again") from None


def progress() -> Progress:
    """A progress bar of the bytes that were read."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _show(imported: Imported, name: str, *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(imported.document()).decode())  # noqa: T201
        return
    show_counts(Console(highlight=False, markup=False, soft_wrap=True), name, imported)


def show_counts(console: Console, name: str, imported: Imported) -> None:
    """The counts of the records, and those that could not be read."""
    console.print(
        f"{name}: {imported.read} records read: {imported.new} new, {imported.changed} changed, "
        f"{imported.unchanged} unchanged; {imported.lines} settlement lines"
    )
    if imported.unreadable:
        console.print(f"{imported.unreadable} could not be read, and are stored as they are:", style="yellow")
        for problem in imported.problems:
            console.print(f"  {problem.place}: {problem.reason}")
        if imported.unreadable > len(imported.problems):
            console.print(f"  and {imported.unreadable - len(imported.problems)} more")
