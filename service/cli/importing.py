"""`payout-ledger import`: imports a file of a marketplace or a bank, and shows its receipt."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import uvloop
from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from events.command import AccountId
from events.refusals import Refusal
from service.cli.receipts import show_result
from service.cli.rendering import operator_origin
from service.cli.target import Data, Target
from service.imports.import_source import ImportRequest, ImportResult, Problem, RecordSource
from service.imports.ingestion import import_file
from service.imports.kept_files import seekable
from service.ledger.lifespan import running_ledger
from service.ledger.write_failures import Unavailable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.import_source import MarketplaceOptions, MarketplaceSource
from service.platform import logs
from service.platform.runtime import collect_garbage_rarely
from service.platform.settings import Settings, WrongSettings

TOOL = "import"

_NAMES = list(CHANNELS)
ChannelName = Annotated[
    str, Parameter(help=f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}; nothing, only the file, for a bank's statement.")
]

app = App(name="import", help="Import a file of a marketplace or a bank.")
app.command(
    "service.cli.banking:import_bank",
    name="bank",
    help="Import a bank's statement, to confirm what was paid: no money moves. Importing it again changes nothing.",
)


@app.default
def import_statements(
    channel: ChannelName,
    file: Path | None = None,
    *,
    account: str,
    seller: str | None = None,
    currency: str | None = None,
    zone: str | None = None,
    collects: Literal["seller", "platform"] | None = None,
    columns: str | None = None,
    types: str | None = None,
    observed_at: str | None = None,
    mode: Literal["live", "test"] = "live",
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    data: Data = None,
) -> None:
    """Import a file: a bank's statement, or with its channel a marketplace's saved response or report. Importing it again changes nothing.

    Parameters
    ----------
    file
        JSON, JSON lines, XML, CSV or XLSX; the format is detected from the content. Without a channel, a bank's file that names its own account and currency.
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
    columns
        The headings of a report that nobody attests: "orderNo=No. Pesanan;totalPayment=Dibayar". Remembered for the channel.
    types
        The meaning of types that nobody attests: "1002=commission:-1;1003=shipping". Remembered for the channel.
    observed_at
        When the file was made: a date or time. Records with a time of their own go by that; without either, by arrival.
    mode
        The mode of the account.

    """
    if file is None:
        # Imported here: a marketplace's file needs nothing of the banks.
        from service.cli.banking import import_bank  # noqa: PLC0415

        if seller or zone or collects or columns or types or observed_at:
            raise WrongSettings(
                "say whose file it is, before its name: seller, zone, collects, columns, types and observed-at are of "
                "marketplaces"
            )
        import_bank(Path(channel), account=account, currency=currency, mode=mode, as_json=as_json, data=data)
        return
    options = MarketplaceOptions(channel, seller, currency, zone, collects, columns, types, observed_at)
    request = checked_request(ImportRequest(account, file.name, options))
    result = run_import(request, file, mode, data)
    show_result(file.name, result, as_json=as_json)


def checked_request(request: ImportRequest[MarketplaceSource]) -> ImportRequest[MarketplaceSource]:
    """The request; WrongSettings if it is not valid."""
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
        return uvloop.run(_import(target.settings, request, stream, mode))


async def _import(
    settings: Settings, request: ImportRequest[RecordSource[Any]], given: BinaryIO, mode: str
) -> ImportResult:
    async with running_ledger(settings) as ledger, seekable(given) as stream:
        collect_garbage_rarely()
        with _bytes_read() as bar:
            task = bar.add_task(request.name, total=os.fstat(stream.fileno()).st_size)

            async def progress(_: list[Problem]) -> None:
                bar.update(task, completed=await asyncio.to_thread(stream.tell))

            try:
                return await import_file(ledger, request, stream, operator_origin(ledger, TOOL, TOOL, mode), progress)
            except Refusal as problem:
                raise WrongSettings(problem.message) from None
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; what was imported until then stays: run it again") from None


def _bytes_read() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
