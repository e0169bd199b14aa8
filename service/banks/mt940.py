"""Reads SWIFT MT940, the text statement that banks sent before camt: one message for each page of a statement.

The fields are read by a library; entry by entry, so that one that cannot be read is listed, and the others are in. A
reversal of a credit (`RC`) is money that went. The whole text is held in memory.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import mt940

from events.refusals import InvalidCommand
from service.banks.observations import (
    TEXT_MAX,
    BankObservation,
    ObservedBankStatement,
    ObservedEntry,
    StatementPart,
    reference_of,
)
from service.formats.bounds import MT940_BYTES_MAX, MT940_ENTRY_CHARACTERS_MAX, MT940_HEAD_CHARACTERS_MAX
from service.formats.file_remarks import StatedTotal, TotalOf
from service.formats.unreadable import RAW_MAX, unreadable

SOURCE = "mt940"
_TAG = re.compile(r"^:(\d{2}[A-Z]?):", re.MULTILINE)
_MESSAGE = re.compile(r"^:20:", re.MULTILINE)
_CAME = frozenset({"C", "RD"})
_TEXTS = ("posting_text", "transaction_details", "purpose", "additional_purpose", "extra_details")
_REFERENCES = ("customer_reference", "end_to_end_reference", "additional_position_reference")
_PARTIES = ("applicant_name", "recipient_name", "gvc_applicant_iban")

# It writes lines that it cannot read to the log, and these have names and account numbers.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)


def is_mt940(head: bytes) -> bool:
    """Whether a text begins as an MT940 does: with a reference, an account and an opening balance."""
    text = head.decode("latin-1")
    return all(re.search(pattern, text, re.MULTILINE) for pattern in (r"^:20:", r"^:25[A-Z]?:", r"^:60[FM]:"))


def mt940_observations(stream: BinaryIO) -> Iterator[BankObservation]:
    """Every entry of each message, and after them its balances. InvalidCommand for more than `MT940_BYTES_MAX`."""
    body = stream.read(MT940_BYTES_MAX + 1)
    if len(body) > MT940_BYTES_MAX:
        raise InvalidCommand(f"an MT940 file has up to {MT940_BYTES_MAX // 1024**2} MiB: split it", field="file")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    text = text.replace("\r\n", "\n")
    starts = [match.start() for match in _MESSAGE.finditer(text)]
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        yield from _message(index, text[start:end])


@dataclass(frozen=True, slots=True)
class _Field:
    tag: str
    text: str


def _fields(message: str) -> list[_Field]:
    """The fields of a message, each with its tag and all of its lines."""
    body = re.split(r"^-\}?\s*$", message, maxsplit=1, flags=re.MULTILINE)[0]
    starts = list(_TAG.finditer(body))
    ends = [match.start() for match in starts[1:]]
    return [_Field(match[1], body[match.start() : end]) for match, end in zip(starts, [*ends, len(body)], strict=True)]


def _message(index: int, message: str) -> Iterator[BankObservation]:
    place = f"message {index + 1}"
    fields = _fields(message)
    entries: list[list[str]] = []
    heads: list[str] = []
    closed = False
    for each in fields:
        closed = closed or each.tag.startswith("62")
        if each.tag == "61":
            entries.append([each.text])
        elif each.tag != "86":
            heads.append(each.text)
        elif entries and not closed:
            # Behind the closing balance it is about the statement.
            entries[-1].append(each.text)
    header = "".join(heads)
    if len(header) > MT940_HEAD_CHARACTERS_MAX:
        reason = f"the fields beside its entries have more than {MT940_HEAD_CHARACTERS_MAX} characters"
        yield unreadable(place, reason, message[:RAW_MAX].encode())
        return
    try:
        said: dict[str, Any] = mt940.parse(header).data
        part, account, currency = _part(said)
    except Exception as problem:  # noqa: BLE001 - the library raises anything for what it cannot read
        yield unreadable(place, _reason("the head of the message is no MT940", problem), message.encode())
        return
    group = f"{part.number}/{part.page}" if part.page is not None else part.number
    if index:
        group += f", message {index + 1}"
    for number, texts in enumerate(entries):
        where = f"{place}, entry {number + 1}"
        text = "".join(texts)
        if len(text) > MT940_ENTRY_CHARACTERS_MAX:
            yield unreadable(
                where, f"it has more than {MT940_ENTRY_CHARACTERS_MAX} characters", text[:RAW_MAX].encode()
            )
            continue
        try:
            [found] = mt940.parse(header + text).transactions
            entry: BankObservation = _entry(found.data, text.encode(), account, currency, part, group, where)
        except Exception as problem:  # noqa: BLE001 - as above
            entry = unreadable(where, _reason("its :61: line is no MT940", problem), text.encode())
        yield entry
    if part.opening is not None and part.closing is not None:
        moved = part.closing - part.opening
        yield StatedTotal("closing less opening balance", TotalOf.AMOUNTS, moved, currency, group)
    yield ObservedBankStatement(
        bank_account=account, part=part, currency=currency, source=SOURCE, place=place, group=group
    )


def _reason(what: str, problem: Exception) -> str:
    # The library's own text may quote the line.
    return f"{what} ({type(problem).__name__})"


def _part(said: dict[str, Any]) -> tuple[StatementPart, str, str]:
    opening = said.get("final_opening_balance") or said.get("intermediate_opening_balance")
    closing = said.get("final_closing_balance") or said.get("intermediate_closing_balance")
    currency = next(str(each.amount.currency) for each in (opening, closing) if each is not None)
    number = said.get("statement_number") or said["transaction_reference"]
    return (
        StatementPart(
            number=str(number),
            page=said.get("sequence_number"),
            from_on=None if opening is None else _day(opening.date),
            to_on=None if closing is None else _day(closing.date),
            opening=None if opening is None else _balance(opening),
            closing=None if closing is None else _balance(closing),
        ),
        str(said["account_identification"]).split("\n")[0].strip(),
        currency,
    )


def _entry(
    said: dict[str, Any], raw: bytes, account: str, currency: str, part: StatementPart, group: str, place: str
) -> ObservedEntry:
    amount = abs(Decimal(said["amount"].amount))
    status = str(said["status"])
    texts = " ".join(" ".join(str(said[name]).split()) for name in _TEXTS if said.get(name))
    references = [reference_of(str(said[name])) for name in _REFERENCES if said.get(name)]
    parties = [str(said[name]).strip() for name in _PARTIES if said.get(name)]
    return ObservedEntry(
        bank_account=account,
        currency=currency,
        amount=amount if status in _CAME else -amount,
        booked_on=_day(said.get("entry_date") or said["date"]),
        value_on=_day(said["date"]),
        source=SOURCE,
        place=place,
        raw=raw,
        reference=reference_of(said.get("bank_reference")),
        references=tuple(dict.fromkeys(name for name in references if name is not None)),
        remittance=texts[:TEXT_MAX] or None,
        counterparty=" ".join(parties)[:TEXT_MAX] or None,
        reversal=status.startswith("R"),
        group=group,
        statement=part,
    )


def _balance(found: Any) -> Decimal:
    amount = abs(Decimal(found.amount.amount))
    return amount if str(found.status).endswith("C") else -amount


def _day(found: Any) -> date:
    return date(found.year, found.month, found.day)
