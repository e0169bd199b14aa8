"""Statements of a made-up bank: the true entries, and the same in each format that is read."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
from hypothesis import strategies as st

DAY = date(2026, 9, 1)
OPENING = Decimal(100000)


@dataclass(frozen=True)
class TrueEntry:
    """One entry of the bank. The reference may be shared, a placeholder, or none."""

    day: int
    amount: int
    reference: str
    text: str

    @property
    def on(self) -> date:
        return DAY + timedelta(days=self.day)


ENTRIES = st.lists(
    st.builds(
        TrueEntry,
        day=st.integers(0, 1),
        amount=st.sampled_from([-50, -50, -5000, 100]),
        reference=st.sampled_from(["FT001", "FT001", "0", "NONREF", ""]),
        text=st.sampled_from(["fee", "SHOPEE WD"]),
    ),
    min_size=1,
    max_size=9,
).map(lambda entries: sorted(entries, key=lambda entry: entry.day))


Listed = Sequence[tuple[TrueEntry, Decimal]]
"""Rows of a file: each entry with the balance after it."""


def listed_of(entries: Sequence[TrueEntry], opening: Decimal = OPENING) -> list[tuple[TrueEntry, Decimal]]:
    """The rows of an honest file."""
    found = []
    for entry in entries:
        opening += entry.amount
        found.append((entry, opening))
    return found


def camt(
    entries: Sequence[TrueEntry],
    listed: Listed | None = None,
    opening: Decimal = OPENING,
    number: str = "S1",
    page: int | None = None,
) -> bytes:
    """A camt.053 statement, or a page of one."""
    closing = opening + sum(entry.amount for entry in entries)
    came = [entry.amount for entry in entries if entry.amount > 0]
    went = [-entry.amount for entry in entries if entry.amount < 0]
    pagination = f"<StmtPgntn><PgNb>{page}</PgNb></StmtPgntn>" if page is not None else ""
    first, last = (entries[0].on, entries[-1].on) if entries else (DAY, DAY)
    body = "".join(
        f'<Ntry><Amt Ccy="IDR">{abs(entry.amount)}.00</Amt><CdtDbtInd>{"CRDT" if entry.amount > 0 else "DBIT"}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{entry.on}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{entry.reference}</AcctSvcrRef>" if entry.reference else "")
        + f"<NtryDtls><TxDtls><RmtInf><Ustrd>{entry.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for entry, _ in listed or listed_of(entries)
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Id>{number}</Id>{pagination}<CreDtTm>2026-10-01T00:00:00+07:00</CreDtTm>"
        "<Acct><Id><Othr><Id>5550001112</Id></Othr></Id><Ccy>IDR</Ccy></Acct>"
        + _balance("OPBD", opening, first)
        + _balance("CLBD", closing, last)
        + f"<TxsSummry><TtlNtries><NbOfNtries>{len(entries)}</NbOfNtries><Sum>{sum(came) + sum(went)}</Sum></TtlNtries>"
        f"<TtlCdtNtries><Sum>{sum(came)}</Sum></TtlCdtNtries><TtlDbtNtries><Sum>{sum(went)}</Sum></TtlDbtNtries>"
        f"</TxsSummry>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, amount: Decimal, on: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="IDR">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def mt940(entries: Sequence[TrueEntry], listed: Listed | None = None, opening: Decimal = OPENING) -> bytes:
    """An MT940 message."""
    closing = opening + sum(entry.amount for entry in entries)
    lines = [":20:MADE", ":25:5550001112", ":28C:00009/001", f":60F:C{entries[0].on:%y%m%d}IDR{_comma(opening)}"]
    for entry, _ in listed or listed_of(entries):
        mark = "C" if entry.amount > 0 else "D"
        reference = f"//{entry.reference}" if entry.reference else ""
        lines += [
            f":61:{entry.on:%y%m%d%m%d}{mark}{_comma(Decimal(abs(entry.amount)))}NTRFNONREF{reference}",
            f":86:{entry.text}",
        ]
    return "\n".join([*lines, f":62F:C{entries[-1].on:%y%m%d}IDR{_comma(closing)}", "-"]).encode()


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def csv_with_balances(entries: Sequence[TrueEntry], listed: Listed | None = None, opening: Decimal = OPENING) -> bytes:
    """A table of one signed amount, with the balance after each row."""
    rows = [
        f"{entry.on},{entry.text},{entry.reference},{entry.amount}.00,{balance}.00"
        for entry, balance in listed or listed_of(entries, opening)
    ]
    return "\n".join(["Date,Description,Reference,Amount,Balance", *rows]).encode()


def csv_with_totals(entries: Sequence[TrueEntry], listed: Listed | None = None, opening: Decimal = OPENING) -> bytes:
    """A table with a direction in a column without a heading, and its totals below."""
    came = sum(entry.amount for entry in entries if entry.amount > 0)
    went = -sum(entry.amount for entry in entries if entry.amount < 0)
    rows = [
        f"{entry.on:%d/%m},{entry.text},0000,{abs(entry.amount)}.00,{'CR' if entry.amount > 0 else 'DB'},"
        for entry, _ in listed or listed_of(entries)
    ]
    head = ["No. rekening : 5550001112", "Periode : 01/09/2026 - 30/09/2026", "Kode Mata Uang : IDR"]
    foot = [
        f"Saldo Awal,:,{opening}.00",
        f"Mutasi Debet,:,{went}.00",
        f"Mutasi Kredit,:,{came}.00",
        f"Saldo Akhir,:,{opening + came - went}.00",
    ]
    return "\n".join([*head, "Tanggal,Keterangan,Cabang,Jumlah,,Saldo", *rows, *foot]).encode()


def xlsx(entries: Sequence[TrueEntry], listed: Listed | None = None, opening: Decimal = OPENING) -> bytes:
    """A workbook with a debit and a credit column."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Tanggal", "Keterangan", "Debet", "Kredit", "Saldo"])
    for entry, balance in listed or listed_of(entries, opening):
        came, went = (entry.amount, None) if entry.amount > 0 else (None, -entry.amount)
        sheet.append([entry.on, entry.text, went, came, int(balance)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


FORMATS = {
    "camt.053": camt,
    "mt940": mt940,
    "csv with balances": csv_with_balances,
    "csv with totals": csv_with_totals,
    "xlsx": xlsx,
}


ONLY_ROW_BALANCES = frozenset({"csv with balances", "xlsx"})
"""Formats that state nothing but the balance after each row: what is wrong with their first or last row, nobody can see."""


def damaged(listed: Listed, how: str, index: int) -> list[tuple[TrueEntry, Decimal]]:
    """The rows with one taken out, its sign turned, or its amount changed. The balances stay as the bank wrote them."""
    entry, balance = listed[index]
    if how == "taken out":
        return [*listed[:index], *listed[index + 1 :]]
    changed = replace(entry, amount=-entry.amount if how == "sign turned" else entry.amount + 1)
    return [*listed[:index], (changed, balance), *listed[index + 1 :]]


def reads_backwards(listed: Listed) -> bool:
    """Whether the rows are an honest list with the newest first: of a single day, nobody can tell that they are not."""
    steps = itertools.pairwise(listed)
    return listed[0][0].on == listed[-1][0].on and all(older + of.amount == newer for (of, newer), (_, older) in steps)
