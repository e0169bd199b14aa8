"""`payout-ledger pull`: reads settlements from a marketplace's API, and books them page by page."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import aiohttp
import orjson
import uvloop
from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from events.instants import from_datetime
from events.refusals import Refusal
from service.cli.importing import ChannelName, checked_request
from service.cli.receipts import show_receipt
from service.cli.rendering import operator_origin
from service.cli.target import AsJson, Data, Target
from service.imports.import_source import ImportRequest
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.write_failures import Unavailable
from service.marketplaces.api_calls import ApiSession, PullFailed
from service.marketplaces.channel_access import EXAMPLE, ChannelAccess, WrongCredentials, access_of, read_credentials
from service.marketplaces.channels import CHANNELS
from service.marketplaces.http_session import HttpSession
from service.marketplaces.import_source import MarketplaceOptions, MarketplaceSource
from service.marketplaces.pull_runs import PullPeriod, PullProgress, PullResult, ReportProgress, TakenOver, pull
from service.marketplaces.refusals import Retry
from service.platform import logs
from service.platform.settings import Settings, WrongSettings

TOOL = "pull"
CREDENTIALS = "PAYOUT_LEDGER_CHANNEL_CREDENTIALS"

_ADVICE = {
    Retry.NEVER: "it would refuse the same request again: check the credentials and the period",
    Retry.RESIGN: "it does not accept our time: check this machine's clock",
    Retry.AUTHORISE: "its owner has to authorise the shop again, or the token has to be renewed in the credentials",
    Retry.LATER: "try again later",
}

_CREDENTIALS_HELP = (
    f'JSON that only its owner can read: {{"{EXAMPLE[0]}": {{"{EXAMPLE[1]}": ...}}}} '
    f"(default: the file that {CREDENTIALS} names)."
)
_NAMELESS = [name for name, each in CHANNELS.items() if not all(api.names_currency for api in each.apis)]
_CURRENCY_HELP = f"For answers that name none ({', '.join(_NAMELESS)})."


def pull_channel(
    channel: ChannelName,
    *,
    account: str,
    since: str | None = None,
    until: str | None = None,
    credentials_file: Annotated[Path | None, Parameter(help=_CREDENTIALS_HELP)] = None,
    base_url: str | None = None,
    seller: str | None = None,
    currency: Annotated[str | None, Parameter(help=_CURRENCY_HELP)] = None,
    zone: str | None = None,
    collects: Literal["seller", "platform"] | None = None,
    types: str | None = None,
    overlap_days: int | None = None,
    again: Annotated[bool, Parameter(negative="")] = False,
    mode: Literal["live", "test"] = "live",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Read settlements from a marketplace's API, and book them. A pull that was stopped continues where it stopped.

    Parameters
    ----------
    account
        The account. One that does not exist is opened, in the currency of its first statement.
    since
        A date, or a date and time (default: the end of the last pull, less the overlap).
    until
        Up to the beginning of this date, or up to this time (default: now).
    base_url
        The address of the API, instead of the credentials' baseUrl.
    seller
        The shop, if the account has several at this marketplace.
    zone
        The time zone of dates, and of times without one, such as Asia/Jakarta.
    collects
        Whom the marketplace pays: the seller's own bank account or the platform.
    types
        The meaning of types that nobody attests: "1002=commission:-1;1003=shipping". Remembered for the channel.
    overlap_days
        How many days before its end the last pull is repeated (default: by the channel).
    again
        Start an unfinished time window from its beginning.
    mode
        The mode of the account.

    """
    options = MarketplaceOptions(channel, seller, currency, zone, collects, types=types)
    request = checked_request(ImportRequest(account, "pull", options))
    if overlap_days is not None and not 0 <= overlap_days <= 3650:
        raise WrongSettings("--overlap-days is a number of days from 0 to 3650")
    overlap = None if overlap_days is None else timedelta(days=overlap_days)
    try:
        access = access_of(channel, read_credentials(_credentials(credentials_file)), base_url)
    except WrongCredentials as problem:
        raise WrongSettings(str(problem)) from None
    period = PullPeriod(since, until, overlap, again)
    with Target(data) as target:
        logs.configure("warning")
        pulled = uvloop.run(_pull(target.settings, access, request, period, mode))
    _show(pulled, channel, as_json=as_json)


def _credentials(given: Path | None) -> Path:
    if given is not None:
        return given
    named = os.environ.get(CREDENTIALS)
    if not named:
        raise WrongSettings(f"--credentials-file is not given, and {CREDENTIALS} names none")
    return Path(named)


async def _pull(
    settings: Settings,
    access: ChannelAccess,
    request: ImportRequest[MarketplaceSource],
    period: PullPeriod,
    mode: str,
) -> PullResult:
    async with running_ledger(settings) as ledger, aiohttp.ClientSession() as client:
        with _progress() as bar:
            task = bar.add_task(access.channel, pages=0, read=0, call="")

            def report(at: PullProgress) -> None:
                until = from_datetime(at.window.until)[:16]
                described = f"{access.channel} {from_datetime(at.window.since)[:16]} to {until}"
                bar.update(task, description=described, pages=at.pages, read=at.result.counts["read"], call=at.call)

            session = HttpSession(client, access.channel, access.base_url, access.marketplace.failure, ledger.runtime)
            return await _pulled(ledger, session, access, request, period, mode, report)


async def _pulled(
    ledger: Ledger,
    session: ApiSession,
    access: ChannelAccess,
    request: ImportRequest[MarketplaceSource],
    period: PullPeriod,
    mode: str,
    report: ReportProgress,
) -> PullResult:
    resume_advice = "what was booked until then stays, and the same command continues after it"
    try:
        return await pull(ledger, session, access, request, period, operator_origin(ledger, TOOL, TOOL, mode), report)
    except Refusal as problem:
        raise WrongSettings(f"--{problem.field}: {problem.message}" if problem.field else problem.message) from None
    except PullFailed as problem:
        wait = problem.retry_after_seconds
        advice = _ADVICE[problem.retry] if wait is None else f"try again in {wait:.0f} seconds"
        raise WrongSettings(access.masked(f"{problem}\n{advice}; {resume_advice}")) from None
    except TakenOver:
        raise WrongSettings("another pull of this shop has started since, and continues instead of this one") from None
    except Unavailable as problem:
        raise WrongSettings(f"{problem}; {resume_advice}") from None


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.fields[pages]} pages, {task.fields[read]} records, {task.fields[call]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _show(pulled: PullResult, channel: str, *, as_json: bool) -> None:
    document = pulled.document()
    if as_json:
        print(orjson.dumps(document).decode())  # noqa: T201
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for each in document["stretches"]:
        resumed = ", continued where it had stopped" if each["resumed"] else ""
        console.print(f"{channel}: from {each['since']} until {each['until']}{resumed}")
    show_receipt(f"{pulled.pages} pages", pulled.result)
    if document["gap"] is not None:
        since, until = document["gap"]["since"], document["gap"]["until"]
        console.print(f"the time from {since} until {until} was never pulled: use --since {since}", style="yellow")
