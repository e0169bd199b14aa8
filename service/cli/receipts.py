"""The receipt of an import as a table, and what of it could not be read."""

from __future__ import annotations

import sys
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from service.cli.rendering import show_json
from service.imports.import_source import ImportResult
from service.imports.receipt import ReceiptDocument

_WIDTH_OF_FILES = 160


def show_result(name: str, result: ImportResult, *, as_json: bool) -> None:
    """Shows an import's receipt, and what could not be read. Exits with 1 where nothing of the file was read."""
    if as_json:
        show_json(result.document())
    else:
        show_receipt(name, result)
    receipt = result.receipt.document()
    if receipt["booked"] + receipt["known"] == 0 and not receipt["leftOut"] and not result.counts.get("statements"):
        sys.exit(1)


def show_receipt(name: str, result: ImportResult) -> None:
    """Shows what became of the records, and the file's own totals."""
    receipt = result.receipt.document()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    console.print(_counts(name, receipt))
    if receipt["totals"]:
        console.print(_totals(receipt))
    _show_remarks(console, result, receipt)


def _counts(name: str, receipt: ReceiptDocument) -> Table:
    table = Table("Records", "Number", title=f"Receipt of {name}", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("read", _grouped(receipt["read"]))
    table.add_row("  booked", _grouped(receipt["booked"]))
    table.add_row("  known before", _grouped(receipt["known"]))
    for left_out in receipt["leftOut"]:
        table.add_row(f"  left out: {left_out['reason']}", _grouped(left_out["records"]))
    table.add_row("  could not be read", _grouped(receipt["unreadable"]))
    return table


def _totals(receipt: ReceiptDocument) -> Table:
    table = Table("The file's own total", "Of", "", "File says", "Kept", "Left out", "Difference")
    for column in table.columns[3:]:
        column.justify = "right"
    for total in receipt["totals"]:
        difference = total["difference"]
        table.add_row(
            total["name"],
            total["group"] or "the whole file",
            total["currency"] or total["of"],
            _money(total["stated"]),
            "not checked" if total["kept"] is None else _money(total["kept"]),
            _money(total["leftOut"]) if Decimal(total["leftOut"]) else "",
            "" if difference is None else "agrees" if Decimal(difference) == 0 else _money(difference),
        )
    return table


def _show_remarks(console: Console, result: ImportResult, receipt: ReceiptDocument) -> None:
    if receipt["closes"]:
        console.print("The receipt closes.")
    else:
        console.print("The receipt does not close: see what could not be read, and the differences.", style="yellow")
    for note in receipt["notes"]:
        console.print(f"Note: {note}.")
    for finding in receipt["findings"]:
        console.print(f"Finding: {finding['rule'].replace('_', ' ')} ({_grouped(finding['records'])}).", style="yellow")
    if receipt["unusedHeadings"]:
        console.print(f"Headings that were not used: {', '.join(receipt['unusedHeadings'])}.")
    if receipt["unreadable"]:
        console.print(f"{receipt['unreadable']} could not be read, and are stored as they are:", style="yellow")
        for problem in result.problems:
            console.print(f"  {problem.place}: {problem.reason}")
        if receipt["unreadable"] > len(result.problems):
            console.print(f"  and {receipt['unreadable'] - len(result.problems)} more")


def _grouped(number: int) -> str:
    return f"{number:,}"


def _money(text: str) -> str:
    return f"{Decimal(text):,f}"
