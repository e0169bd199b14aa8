"""Reads ISO 20022 camt.053, versions 02 and later, entry by entry; and its sisters camt.052 and camt.054.

A statement (053) books; an interim report (052) has entries that are in a statement later; a notification (054) only
explains what a statement books, such as the payments of a batch. Memory does not grow with the file, nor with the
payments of a batched entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from service.banks.camt_statement import NOTIFICATION, REPORT, STATEMENT, CamtStatement, Entry
from service.banks.observations import BankObservation
from service.formats.amounts import NotUnderstood
from service.formats.bounds import BALANCES_MAX
from service.formats.unreadable import RAW_MAX, unreadable
from service.formats.xml import RefusedXml, XmlReader

_TEXT_BYTES_MAX = 10_000
_BODIES = {
    ("BkToCstmrStmt", "Stmt"): STATEMENT,
    ("BkToCstmrAcctRpt", "Rpt"): REPORT,
    ("BkToCstmrDbtCdtNtfctn", "Ntfctn"): NOTIFICATION,
}
"""The element of each kind of message that has entries, below the message's own."""
_NAMES = frozenset(name for _, name in _BODIES)


def camt_observations(stream: BinaryIO) -> Iterator[BankObservation]:
    """Every booked entry of each statement, and after them the statement's balances."""
    reader = _Statements()
    try:
        yield from reader.read(stream)
    except RefusedXml as problem:
        yield unreadable(f"line {reader.line}", f"not XML that we read: {problem}", b"")
        return
    if not reader.count:
        yield unreadable(
            "the file", "it has no statement (BkToCstmrStmt/Stmt): it is no camt.053, nor camt.052 or camt.054", b""
        )


class _Statements(XmlReader[BankObservation]):
    def __init__(self) -> None:
        # Each version has its own namespace.
        super().__init__(namespaces=True)
        self._text: list[str] = []
        self._text_length = 0
        self._statement: CamtStatement | None = None
        self._entry: Entry | None = None
        self._entry_start = 0
        self.count = 0

    def _chunk_ended(self) -> None:
        entry = self._entry
        if entry is not None and not entry.raw:
            if self._base + len(self._window) - self._entry_start < RAW_MAX:
                return
            start = self._entry_start - self._base
            entry.raw = bytes(self._window[start : start + RAW_MAX])
        parsed = self._parser.CurrentByteIndex
        if parsed > self._base:
            del self._window[: parsed - self._base]
            self._base = parsed

    def _element_started(self, name: str, attributes: dict[str, str]) -> None:
        self._text, self._text_length = [], 0
        source = self._source(name)
        if source is not None:
            self.count += 1
            self._statement = CamtStatement(self.count, source)
        elif self._statement is not None and name == "Ntry" and self._entry is None:
            place = f"Stmt[{self.count - 1}]/Ntry[{self._statement.entries_seen}], line {self.line}"
            self._statement.entries_seen += 1
            self._entry = Entry(place)
            self._entry_start = self._parser.CurrentByteIndex
        elif self._statement is not None and name == "Bal" and self._entry is None:
            if len(self._statement.balances) == BALANCES_MAX:
                raise RefusedXml(f"Stmt[{self.count - 1}] has more than {BALANCES_MAX} balances")
            self._statement.balances.append({})
        if name == "Amt" and "Ccy" in attributes:
            self._add_text("Ccy", attributes["Ccy"], attribute=True)

    def _source(self, name: str) -> str | None:
        """The kind of message whose body the element is; None for any other element."""
        return _BODIES.get((self._path[-2], name)) if name in _NAMES and len(self._path) > 1 else None

    def _text_read(self, text: str) -> None:
        self._text_length += len(text)
        if self._text_length <= _TEXT_BYTES_MAX:
            self._text.append(text)

    def _element_ended(self, name: str) -> None:
        text = "".join(self._text).strip()
        self._text, self._text_length = [], 0
        if text:
            self._add_text(name, text)
        if self._statement is None:
            return
        if name == "Ntry" and self._entry is not None and self._path[-2] in _NAMES:
            self._end_entry(self._entry)
            self._entry = None
        elif self._source(name) is not None:
            self._found.extend(self._statement.end())
            self._statement = None

    def _add_text(self, name: str, text: str, *, attribute: bool = False) -> None:
        """Adds the text of an element, or of an attribute of the innermost one, to the open entry or statement."""
        if self._statement is None:
            return
        inside = self._path if attribute else self._path[:-1]
        if self._entry is not None:
            self._entry.add_text("/".join(inside[inside.index("Ntry") + 1 :]), name, text)
        elif (body := next((index for index, each in enumerate(inside) if each in _NAMES), None)) is not None:
            self._statement.add_text("/".join(inside[body + 1 :]), name, text)

    def _end_entry(self, entry: Entry) -> None:
        assert self._statement is not None
        if not entry.raw:
            start, end = self._entry_start - self._base, self._parser.CurrentByteIndex - self._base
            entry.raw = bytes(self._window[start : self._window.find(b">", end) + 1])[:RAW_MAX]
        if entry.status != "BOOK":
            self._found.append(self._statement.left_out(entry))
            return
        try:
            self._found.append(self._statement.add(entry))
        except NotUnderstood as problem:
            self._found.append(unreadable(entry.place, str(problem), entry.raw))
