"""Recipes: the tables of single banks, as data. A table is known by headings that no other bank writes together.

The headings are those of files that customers of these banks show in public, each from one source or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from events.values import value

BOOKED = frozenset(
    {"BOOKED", "COMPLETED", "SUCCESS", "SUCCEEDED", "SUKSES", "BERHASIL", "SELESAI", "SETTLED", "POSTED"}
) | {
    "UMSATZ GEBUCHT",
    "GEBUCHT",
    "DONE",
}
"""The words of a status column for what is booked. Any other word is not."""


@value
class Recipe:
    """How to read the table of one bank."""

    name: str
    needs: tuple[str, ...]
    """The headings that it is known by. An empty one is a column without a heading."""
    columns: Mapping[str, tuple[str, ...]]
    """The headings of each role, all of which are read: the first one with a text counts where there can be one only."""
    decimal: str = "dot"
    month_first: bool = False
    encoding: str = "utf-8-sig"
    called: str | None = None
    """What the bank account is called where files never have its number: one for each currency."""
    text: str = ""
    """What the file is, for people."""
    unused: tuple[str, ...] = field(default_factory=tuple)
    """Headings that are known to say nothing of the money."""


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="bca-klikbca",
            text="KlikBCA Individu, Mutasi Rekening as CSV",
            needs=("Tanggal", "Keterangan", "Cabang", "Jumlah", "Saldo"),
            columns={
                "date": ("Tanggal",),
                "description": ("Keterangan",),
                "amount": ("Jumlah",),
                "balance": ("Saldo",),
            },
            unused=("Cabang",),
        ),
        Recipe(
            name="bca-bisnis",
            text="KlikBCA Bisnis, Mutasi Rekening as CSV",
            needs=("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "Saldo"),
            columns={
                "date": ("Tanggal Transaksi",),
                "description": ("Keterangan",),
                "amount": ("Jumlah",),
                "balance": ("Saldo",),
            },
            unused=("Cabang",),
        ),
        Recipe(
            name="mandiri",
            text="Mandiri (Livin' by Mandiri Bisnis, MCM), account statement as CSV",
            needs=("Account No", "Date", "Val. Date", "Transaction Code", "Description", "Debit", "Credit"),
            columns={
                "account": ("Account No",),
                "date": ("Date",),
                "valueDate": ("Val. Date",),
                "description": ("Description",),
                "reference": ("Reference No.",),
                "debit": ("Debit",),
                "credit": ("Credit",),
            },
            unused=("Transaction Code",),
        ),
        Recipe(
            name="bri",
            text="BRI (CMS, Qlola), account statement as CSV",
            needs=("TGL_TRAN", "DESK_TRAN", "MUTASI_DEBET", "MUTASI_KREDIT", "SALDO_AKHIR_MUTASI"),
            columns={
                "account": ("NOREK",),
                "date": ("TGL_TRAN",),
                "valueDate": ("TGL_EFEKTIF",),
                "description": ("DESK_TRAN", "TRREMK", "REMARK_CUSTOM"),
                "debit": ("MUTASI_DEBET",),
                "credit": ("MUTASI_KREDIT",),
                "balance": ("SALDO_AKHIR_MUTASI",),
                "reference": ("NOREF", "NO_REFF"),
            },
            unused=("JAM_TRAN", "KODE_TRAN", "SALDO_AWAL_MUTASI", "TRUSER", "GLSIGN", "SEQ", "ID", "KODE_TRAN_TELLER"),
        ),
        Recipe(
            name="bni",
            text="BNIDirect, account statement as CSV",
            needs=("Post Date", "Branch", "Journal No.", "Description", "Amount", "Db/Cr", "Balance"),
            columns={
                "date": ("Post Date",),
                "valueDate": ("Value Date", "Effective Date"),
                "description": ("Description",),
                "amount": ("Amount",),
                "direction": ("Db/Cr",),
                "balance": ("Balance",),
                "reference": ("Journal No.",),
            },
            unused=("Branch", "No."),
        ),
        Recipe(
            name="wise",
            text="Wise, statement of one balance as CSV",
            needs=("TransferWise ID", "Date", "Amount", "Currency", "Description", "Running Balance"),
            columns={
                "reference": ("TransferWise ID",),
                "references": ("Payment Reference",),
                "date": ("Date",),
                "amount": ("Amount",),
                "currency": ("Currency",),
                "description": ("Description", "Payment Reference", "Note"),
                "balance": ("Running Balance",),
                "counterparty": ("Payer Name", "Payee Name", "Merchant"),
            },
            called="Wise",
            unused=("Exchange From", "Exchange To", "Exchange Rate", "Total fees", "Exchange To Amount"),
        ),
        Recipe(
            name="revolut",
            text="Revolut, account statement as CSV",
            needs=(
                "Type",
                "Product",
                "Started Date",
                "Completed Date",
                "Description",
                "Amount",
                "Fee",
                "Currency",
                "State",
            ),
            columns={
                "date": ("Completed Date", "Started Date"),
                "description": ("Description",),
                "amount": ("Amount",),
                "fee": ("Fee",),
                "currency": ("Currency",),
                "status": ("State",),
                "balance": ("Balance",),
            },
            called="Revolut",
            unused=("Type", "Product"),
        ),
        Recipe(
            name="sparkasse",
            text="Sparkasse, Umsätze as CSV-CAMT",
            needs=("Auftragskonto", "Buchungstag", "Valutadatum", "Verwendungszweck", "Betrag", "Info"),
            columns={
                "account": ("Auftragskonto",),
                "date": ("Buchungstag",),
                "valueDate": ("Valutadatum",),
                "description": ("Verwendungszweck", "Buchungstext"),
                "references": ("Kundenreferenz (End-to-End)", "Mandatsreferenz", "Sammlerreferenz"),
                "counterparty": (
                    "Beguenstigter/Zahlungspflichtiger",
                    "Begünstigter/Zahlungspflichtiger",
                    "Kontonummer/IBAN",
                ),
                "amount": ("Betrag",),
                "currency": ("Waehrung", "Währung"),
                "status": ("Info",),
            },
            decimal="comma",
            encoding="cp1252",
            unused=(
                *("Glaeubiger ID", "Lastschrift Ursprungsbetrag", "Auslagenersatz Ruecklastschrift"),
                "BIC (SWIFT-Code)",
            ),
        ),
    )
}
"""The recipes by the name that `--format` takes."""
