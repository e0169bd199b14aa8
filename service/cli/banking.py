"""`payout-ledger import bank` and `payout-ledger reconcile`: what banks say came, against what was expected."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import uvloop
from cyclopts import Parameter
from rich.console import Console

from events.chain import Actor, Source
from events.refusals import Refusal
from projections.reconciliation import ItemState
from service.banks.importing import BankImported, BankImportRequest, check, import_bank_file, read_columns
from service.banks.tables import Layout
from service.cli.importing import progress
from service.cli.rendering import show_json, show_rows
from service.cli.target import AsJson, Data, Target, with_ledger
from service.ledger.account_profile import read_profile
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.lifespan import running_ledger
from service.ledger.writer import Unavailable
from service.platform import logs
from service.platform.settings import Settings, WrongSettings
from service.reconciliation.claims import KINDS
from service.reconciliation.reading import reconciliation
from service.reconciliation.row_document import ReconciliationRowDocument
from service.reconciliation.rows import ALL, COLUMNS, OPEN, Filter, csv_line, csv_row

TOOL = "import"
_STATES = (OPEN, ALL, *(state.value for state in ItemState))


def import_bank(
    file: Path,
    *,
    account: str,
    bank_account: str | None = None,
    currency: str | None = None,
    columns: str = "",
    decimal: Literal["comma", "dot"] | None = None,
    dates: Literal["dmy", "mdy"] = "dmy",
    mode: Literal["live", "test"] = "live",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Take a bank's statement in, to confirm what was paid: no money moves. Doing so again changes nothing.

    Parameters
    ----------
    file
        ISO 20022 camt.053 (XML), CSV or XLSX; its content tells which.
    account
        Whose bank account it is about. The account has to exist.
    bank_account
        The bank account's number, for files that name none.
    currency
        For tables.
    columns
        The headings of a table's columns, where they are not common ones: date=Tanggal;description=Uraian;amount=Jumlah. There are date, valueDate, description, amount, debit, credit, direction, balance, reference and counterparty.
    decimal
        Whether decimals stand behind a comma or a dot, where amounts such as 1.500 leave it open.
    dates
        The order of dates such as 11/09/2026.
    mode
        The mode of the account.

    """
    try:
        layout = Layout(read_columns(columns), decimal, month_first=dates == "mdy")
        wish = BankImportRequest(account, file.name, bank_account, currency, layout)
        check(wish)
        stream = file.open("rb")
    except Refusal as problem:
        raise WrongSettings(f"{problem.field}: {problem.message}") from None
    except OSError as problem:
        raise WrongSettings(f"{file} cannot be read: {problem.strerror}") from None
    with stream, Target(data) as target:
        logs.configure("warning")
        found = uvloop.run(_import(target.settings, wish, stream, file.stat().st_size, mode))
    if as_json:
        show_json(found.document())
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{file.name}: {found.read} entries read: {found.new} new, {found.known} known")
    if found.unreadable:
        console.print(f"{found.unreadable} rows could not be read, and are kept:", style="yellow")
        for each in found.problems:
            console.print(f"  {each['place']}: {each['reason']}")


async def _import(settings: Settings, wish: BankImportRequest, stream: BinaryIO, size: int, mode: str) -> BankImported:
    async with running_ledger(settings) as ledger:
        origin = RequestOrigin(Actor("operator", TOOL), Source("cli", TOOL), mode, f"cli_{ledger.runtime.ulid()}")
        with progress() as bar:
            task = bar.add_task(wish.name, total=size)
            try:
                return await import_bank_file(
                    ledger, wish, stream, origin, lambda done: bar.update(task, completed=done)
                )
            except Refusal as problem:
                raise WrongSettings(problem.message) from None
            except Unavailable as problem:
                raise WrongSettings(f"{problem}; what was taken in until then stays: run it again") from None


def reconcile(
    *,
    account: str,
    state: str = OPEN,
    kind: str | None = None,
    channel: str | None = None,
    currency: str | None = None,
    to_csv: Annotated[Path | None, Parameter(name="--csv")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Show what is expected against what was paid: the open differences, if nothing else is said.

    Parameters
    ----------
    account
        Whose.
    state
        open, all, or one of expected, not_due, overdue, matched, short, over, unexpected, needs_review.
    kind
        Only statement, order, withdrawal, payout, bank_entry or bank_statement.
    channel
        Only this marketplace's.
    currency
        Only in this currency.
    to_csv
        Write the rows to this file too, as the API gives them.

    """
    if state not in _STATES:
        raise WrongSettings(f"--state: one of {', '.join(_STATES)}")
    if kind is not None and kind not in KINDS:
        raise WrongSettings(f"--kind: one of {', '.join(KINDS)}")
    wish = Filter(state=state, kind=kind, channel=channel, currency=currency)
    documents = with_ledger(data, lambda ledger, _: _rows(ledger, account, wish, to_csv))
    if as_json:
        show_json(documents)
        return
    names = ("kind", "id", "channel", "currency", "date", "dueOn", "state", "expected", "paid", "difference")
    rows: list[Mapping[str, object]] = [*documents]
    show_rows(names, ([row[name] for name in names] for row in rows))
    show_rows(("currency", "state", "rows", "expected", "paid", "difference"), totals(documents))


async def _rows(ledger: Ledger, account: str, wish: Filter, to_csv: Path | None) -> list[ReconciliationRowDocument]:
    lane = await ledger.known_lane_of(account)
    profile = await read_profile(ledger, lane, account) if lane is not None else None
    if lane is None or profile is None:
        raise WrongSettings(f"--account: there is no account {account}")
    documents = []
    with contextlib.ExitStack() as stack:
        try:
            output = stack.enter_context(to_csv.open("w", encoding="utf-8", newline="")) if to_csv else None
        except OSError as problem:
            raise WrongSettings(f"--csv: {to_csv} cannot be written: {problem.strerror}") from None
        if output:
            output.write(csv_line(list(COLUMNS)))
        async with contextlib.aclosing(reconciliation(ledger, lane, account, profile.key, wish)) as rows:
            async for row in rows:
                documents.append(row.document)
                if output:
                    output.write(csv_row(row.document))
    return documents


def totals(documents: list[ReconciliationRowDocument]) -> list[list[str]]:
    """Of each currency and state: how many rows, and what they add up to."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for document in documents:
        texts = (document["expected"], document["paid"], document["difference"])
        amounts = (Decimal(text or 0) for text in texts)
        of = document["currency"], document["state"]
        sums[of] = [known + more for known, more in zip(sums[of], (Decimal(1), *amounts), strict=True)]
    return [[*of, *(format(total, "f") for total in found)] for of, found in sorted(sums.items())]
