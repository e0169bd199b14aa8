"""`payout-ledger import bank` and `payout-ledger reconcile`: bank entries, and expected against paid."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from events.refusals import Refusal
from projections.reconciliation import ItemState
from service.banks.columns import Layout
from service.banks.import_source import BankOptions, read_columns
from service.banks.recipes import RECIPES
from service.cli.importing import run_import
from service.cli.receipts import show_result
from service.cli.rendering import show_json, show_rows
from service.cli.target import AsJson, Data, with_ledger
from service.imports.import_source import ImportRequest
from service.ledger.account_profile import read_profile
from service.ledger.ledger import Ledger
from service.platform.settings import WrongSettings
from service.reconciliation.claims import KINDS
from service.reconciliation.reading import reconciliation
from service.reconciliation.row_document import ReconciliationRowDocument
from service.reconciliation.rows import ALL, COLUMNS, OPEN, RowFilter, csv_line, csv_row

_FORMATS = f"The bank's own table: {', '.join(RECIPES)}. Recognised by itself where its headings are unmistakable."
_STATES = (OPEN, ALL, *(state.value for state in ItemState))


def import_bank(
    file: Path,
    *,
    account: str,
    bank_account: str | None = None,
    currency: str | None = None,
    table_format: Annotated[str | None, Parameter(name="--format", help=_FORMATS)] = None,
    columns: str = "",
    decimal: Literal["comma", "dot"] | None = None,
    dates: Literal["dmy", "mdy"] = "dmy",
    mode: Literal["live", "test"] = "live",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Import a bank's statement, to confirm what was paid: no money moves. Importing it again changes nothing.

    Parameters
    ----------
    file
        ISO 20022 camt.053, camt.052 or camt.054 (XML), MT940, CSV or XLSX, or a zip file of these; the format is detected from the content.
    account
        The account that the bank account belongs to. It has to exist.
    bank_account
        The bank account's number, for files that name none.
    currency
        The currency of a CSV or XLSX file that names none. An account with one currency needs none.
    columns
        The headings of a table's columns, if they are not the common ones: date=Tanggal;description=Uraian;amount=Jumlah. There are date, valueDate, description, amount, debit, credit, direction, balance, reference, references, counterparty, currency, account, status and fee; ignore=Heading leaves a column out, and "column 5" is one without a heading.
    decimal
        The decimal separator, where amounts such as 1.500 do not show it.
    dates
        The order of dates such as 11/09/2026.
    mode
        The mode of the account.

    """
    try:
        layout = Layout(read_columns(columns), decimal, month_first=dates == "mdy", recipe=table_format)
        request = ImportRequest(account, file.name, BankOptions(bank_account, currency, layout))
        request.check()
    except Refusal as problem:
        raise WrongSettings(f"{problem.field}: {problem.message}") from None
    result = run_import(request, file, mode, data)
    show_result(file.name, result, as_json=as_json)


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
    """Show what was expected against what was paid: by default the open differences.

    Parameters
    ----------
    account
        The account.
    state
        open, all, or one of expected, not_due, overdue, matched, short, over, unexpected, not_checked, needs_review.
    kind
        Only statement, order, withdrawal, payout, bank_entry or bank_statement.
    channel
        Only this marketplace's.
    currency
        Only in this currency.
    to_csv
        Also write the rows to this file, as in the API.

    """
    if state not in _STATES:
        raise WrongSettings(f"--state: one of {', '.join(_STATES)}")
    if kind is not None and kind not in KINDS:
        raise WrongSettings(f"--kind: one of {', '.join(KINDS)}")
    row_filter = RowFilter(state=state, kind=kind, channel=channel, currency=currency)
    documents = with_ledger(data, lambda ledger, _: _rows(ledger, account, row_filter, to_csv))
    if as_json:
        show_json(documents)
        return
    names = ("kind", "id", "channel", "currency", "date", "dueOn", "state", "expected", "paid", "difference")
    rows: list[Mapping[str, object]] = [*documents]
    show_rows(names, ([row[name] for name in names] for row in rows))
    show_rows(("currency", "state", "rows", "expected", "paid", "difference"), totals(documents))


async def _rows(
    ledger: Ledger, account: str, row_filter: RowFilter, to_csv: Path | None
) -> list[ReconciliationRowDocument]:
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
        async with contextlib.aclosing(reconciliation(ledger, lane, account, profile.key, row_filter)) as rows:
            async for row in rows:
                documents.append(row.document)
                if output:
                    output.write(csv_row(row.document))
    return documents


def totals(documents: list[ReconciliationRowDocument]) -> list[list[str]]:
    """For each currency and state: the number of rows, and the sums of their amounts."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for document in documents:
        texts = (document["expected"], document["paid"], document["difference"])
        amounts = (Decimal(text or 0) for text in texts)
        of = document["currency"], document["state"]
        sums[of] = [known + more for known, more in zip(sums[of], (Decimal(1), *amounts), strict=True)]
    return [[*of, *(format(total, "f") for total in row)] for of, row in sorted(sums.items())]
