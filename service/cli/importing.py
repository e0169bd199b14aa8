"""`payout-ledger import`: takes a marketplace's file in, and says what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, BinaryIO, Literal

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
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.writer import Unavailable
from service.marketplaces.importing import Imported, ImportRequest, check, import_file
from service.platform import logs
from service.platform.settings import Settings, WrongSettings

TOOL = "import"

app = App(name="import", help="Take in what a marketplace or a bank says.")
app.command(
    "service.cli.banking:import_bank",
    name="bank",
    help="Take a bank's statement in, to confirm what was paid: no money moves. Doing so again changes nothing.",
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
    """Take in what a marketplace says: an answer of its API that was saved, or a report. Doing so again changes nothing.

    Parameters
    ----------
    channel
        lazada, shopee, tokopedia, tiktok or blibli.
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
    wish = checked_wish(ImportRequest(account, channel, file.name, seller, currency, zone, collects))
    try:
        stream = file.open("rb")
    except OSError as problem:
        raise WrongSettings(f"{file} cannot be read: {problem.strerror}") from None
    with stream, Target(data) as target:
        logs.configure("warning")
        found = uvloop.run(_import(target.settings, wish, stream, file.stat().st_size, mode))
    _show(found, file.name, as_json=as_json)


def checked_wish(wish: ImportRequest) -> ImportRequest:
    """The wish; WrongSettings for one that cannot be fulfilled."""
    try:
        TypeAdapter(AccountId).validate_python(wish.account_id)
        check(wish)
    except ValidationError:
        raise WrongSettings(
            "--account: an id is up to 64 letters, digits, dots, colons, dashes and underscores"
        ) from None
    except Refusal as problem:
        raise WrongSettings(f"{problem.field}: {problem.message}") from None
    return wish


async def _import(settings: Settings, wish: ImportRequest, stream: BinaryIO, size: int, mode: str) -> Imported:
    async with running_ledger(settings) as ledger:
        with progress() as bar:
            task = bar.add_task(wish.name, total=size)
            try:
                return await import_file(
                    ledger, wish, stream, operator(ledger, TOOL, mode), lambda done: bar.update(task, completed=done)
                )
            except Refusal as problem:
                raise WrongSettings(problem.message) from None
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; what was taken in until then stays: run it again") from None


def operator(ledger: Ledger, tool: str, mode: str) -> RequestOrigin:
    """Who asks: whoever may run commands on the ledger's machine."""
    return RequestOrigin(Actor("operator", tool), Source("cli", tool), mode, f"cli_{ledger.runtime.ulid()}")


def progress() -> Progress:
    """A bar of the bytes that were read."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _show(found: Imported, name: str, *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(found.document()).decode())  # noqa: T201
        return
    show_counts(Console(highlight=False, markup=False, soft_wrap=True), name, found)


def show_counts(console: Console, name: str, found: Imported) -> None:
    """What became of the records, and those that nobody could read."""
    console.print(
        f"{name}: {found.read} records read: {found.new} new, {found.changed} changed, "
        f"{found.unchanged} unchanged; {found.lines} settlement lines"
    )
    if found.unreadable:
        console.print(f"{found.unreadable} could not be read, and are kept:", style="yellow")
        for problem in found.problems:
            console.print(f"  {problem.place}: {problem.reason}")
        if found.unreadable > len(found.problems):
            console.print(f"  and {found.unreadable - len(found.problems)} more")
