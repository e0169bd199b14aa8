"""`payout-ledger reread` and `imports`: files that were imported with a mistake are read anew, as they were kept."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from events.refusals import Refusal
from service.cli.rendering import operator_origin, show_json, show_rows
from service.cli.target import AsJson, Data, with_ledger
from service.imports.import_records import ImportRecord, page
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.platform.settings import WrongSettings
from service.rereading.parameters import ReadingParameters
from service.rereading.receipt import ChangeDocument, RereadDocument, ShownDocument, is_nothing
from service.rereading.reread import imports_of, reread

TOOL = "reread"
_WIDTH_OF_FILES = 160
_SHOWN = 50
_LISTED = 1000


def reread_imports(
    *import_ids: str,
    account: str,
    channel: str | None = None,
    currency: str | None = None,
    zone: Annotated[str | None, Parameter(name=("--zone", "--time-zone"))] = None,
    columns: str | None = None,
    types: str | None = None,
    seller: str | None = None,
    collects: Literal["seller", "platform"] | None = None,
    observed_at: str | None = None,
    bank_account: str | None = None,
    table_format: Annotated[str | None, Parameter(name="--format")] = None,
    decimal: Literal["comma", "dot"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
    mode: Literal["live", "test"] = "live",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Read imported files anew, with what is said of them now.

    What was read wrongly is withdrawn, and booked as it is read now.

    Parameters
    ----------
    import_ids
        The imports, as `payout-ledger imports` lists them. Without any: all of the account, or of the channel.
    account
        The account.
    channel
        Only imports of this marketplace, or of banks (bank).
    currency
        The currency, for files that name none. As for all parameters below: what is left out is as it was.
    zone
        The time zone of times without one, such as Asia/Jakarta.
    columns
        The headings of a table's or report's columns, as at its import.
    types
        The meaning of types that nobody attests: "1002=commission:-1;1003=shipping".
    seller
        The shop.
    collects
        Whom the marketplace pays: seller or platform.
    observed_at
        When the file was made: a date or time.
    bank_account
        The bank account's number, for bank files that name none.
    table_format
        The bank's own table, such as bca-klikbca.
    decimal
        The decimal separator, where amounts such as 1.500 do not show it.
    dates
        The order of dates such as 11/09/2026.
    mode
        The mode of the account.

    """
    parameters = ReadingParameters(
        currency=currency,
        columns=columns,
        seller=seller,
        zone=zone,
        collects=collects,
        types=types,
        observed_at=observed_at,
        bank_account=bank_account,
        format=table_format,
        decimal=decimal,
        dates=dates,
    )

    async def run(ledger: Ledger) -> RereadDocument:
        try:
            ids = import_ids or await imports_of(ledger, account, mode, channel)
            return await reread(ledger, account, ids, parameters, operator_origin(ledger, TOOL, TOOL, mode))
        except Refusal as problem:
            raise WrongSettings(f"{problem.field}: {problem.message}" if problem.field else problem.message) from None
        except Unavailable as problem:
            raise WrongSettings(f"{problem}; what was read anew until then stays: run it again") from None

    document = with_ledger(data, lambda ledger, _: run(ledger))
    if as_json:
        show_json(document)
    else:
        _show(document)
    if is_nothing(document):
        sys.exit(1)


def _show(document: RereadDocument) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    table = Table("Records", "Number", title=f"{len(document['imports'])} read anew", title_justify="left")
    table.columns[1].justify = "right"
    records = {
        "read": document["read"],
        "  left out": document["leftOut"],
        "  could not be read": document["unreadable"],
    }
    stated = {
        "unchanged": document["unchanged"],
        "changed": document["changed"],
        "newly booked": document["booked"],
        "withdrawn": document["withdrawn"],
    }
    for name, number in records.items():
        table.add_row(name, f"{number:,}")
    # A record may state several things, such as an order's worth and that it was paid; and a file, its balances.
    table.add_section()
    table.add_row("What they state", "", style="bold")
    for name, number in stated.items():
        table.add_row(f"  {name}", f"{number:,}")
    console.print(table)
    if document["changes"]:
        console.print(_changes(document["changes"][:_SHOWN]))
    if len(document["changes"]) > _SHOWN:
        console.print(f"and {len(document['changes']) - _SHOWN} more: --json shows up to a thousand")
    for why in document["notWithdrawn"]:
        console.print(f"Not withdrawn: {why}", style="yellow")
    for each in document["notReread"]:
        console.print(f"Not read anew: {each['importId']} ({each['file']}): {each['reason']}", style="yellow")


def _changes(changes: list[ChangeDocument]) -> Table:
    table = Table("Place", "Before", "After", title="What changed", title_justify="left")
    for change in changes:
        table.add_row(change["place"], _text(change["before"]), _text(change["after"]))
    return table


def _text(shown: ShownDocument | None) -> str:
    if shown is None:
        return ""
    return " ".join(filter(None, (shown["date"], shown["currency"], shown["amount"])))


def list_imports(
    *, account: str, mode: Literal["live", "test"] = "live", as_json: AsJson = False, data: Data = None
) -> None:
    """List an account's imports, newest first.

    Parameters
    ----------
    account
        The account.
    mode
        The mode of the account.

    """

    async def run(ledger: Ledger) -> list[ImportRecord]:
        lane = await ledger.lane_of(account)
        return await page(ledger, lane, account, mode, state=None, before=None, limit=_LISTED)

    found = with_ledger(data, lambda ledger, _: run(ledger))
    rows = [
        {
            "id": each.id,
            "channel": each.channel,
            "file": each.request["name"],
            "state": each.state,
            "startedAt": each.started_at,
            "read": each.counts["read"],
            "unreadable": each.counts["unreadable"],
            "findings": [finding["rule"] for finding in each.receipt.document()["findings"]] if each.receipt else [],
        }
        for each in found
    ]
    if as_json:
        show_json(rows)
        return
    if not rows:
        Console(highlight=False, markup=False).print(f"{account} has no imports")
        return
    names = ("id", "channel", "file", "state", "startedAt", "read", "unreadable")
    show_rows((*names, "findings"), ([*(row[name] for name in names), ", ".join(row["findings"])] for row in rows))
