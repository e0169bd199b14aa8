"""A bank's file, in whichever format it is: camt, MT940, a table, or a zip file of these."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from events.refusals import InvalidCommand
from service.banks.camt import camt_observations
from service.banks.mt940 import is_mt940, mt940_observations
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.banks.tables import TableRequest, table_observations
from service.formats.bounds import BeyondBounds, Unpacking
from service.formats.detection import HEAD_BYTES, JSON, XML, ZIP, detect_format
from service.formats.file_remarks import LeftOut, StatedTotal
from service.formats.unreadable import Unreadable, unreadable
from service.formats.zip_files import check_members, open_zip

NO_STATEMENT = "no statement: a file of another kind in the zip file"
_OTHER_KINDS = (".pdf", ".png", ".jpg", ".jpeg", ".txt.sig", ".md5", ".sha256")


def bank_observations(stream: BinaryIO, request: TableRequest) -> Iterator[BankObservation]:
    """All that the file says. InvalidCommand where its format is none that is read."""
    format_name, whole = detect_format(stream)
    if format_name == ZIP:
        return _zipped(whole, request)
    if format_name == XML:
        return camt_observations(whole)
    if format_name == JSON:
        raise InvalidCommand(
            "a bank's statement is camt (XML), MT940, CSV or XLSX, or these in a zip file; this is JSON", field="file"
        )
    if is_mt940(whole.peek(HEAD_BYTES)[:HEAD_BYTES]):
        return mt940_observations(whole)
    return table_observations(whole, format_name, request)


def _zipped(stream: io.BufferedReader, request: TableRequest) -> Iterator[BankObservation]:
    """What each file in the zip file says, in the order of their names: banks name them by day."""
    try:
        unpacking = Unpacking(stream.seek(0, io.SEEK_END))
        with open_zip(stream) as parts:
            members = sorted((each for each in parts.infolist() if not each.is_dir()), key=lambda each: each.filename)
            check_members(members, unpacking)
            for member in members:
                if member.filename.lower().endswith(_OTHER_KINDS):
                    yield LeftOut(member.filename, NO_STATEMENT)
                    continue
                with parts.open(member) as part:
                    yield from _member(member.filename, part, replace(request, unpacking=unpacking))
    except BeyondBounds as problem:
        raise InvalidCommand(str(problem), field="file") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        yield unreadable("the file", f"the zip file is damaged, or locked with a password: {problem}"[:300], b"")


def _member(name: str, part: Any, request: TableRequest) -> Iterator[BankObservation]:
    format_name, whole = detect_format(part)
    if format_name == ZIP:
        yield unreadable(name, "a zip file in a zip file: unpack it", b"")
        return
    try:
        found = (
            camt_observations(whole)
            if format_name == XML
            else mt940_observations(whole)
            if is_mt940(whole.peek(HEAD_BYTES)[:HEAD_BYTES])
            else table_observations(whole, format_name, request)
        )
        for each in found:
            yield _named(name, each)
    except InvalidCommand as problem:
        yield unreadable(name, problem.message, b"")


def _named(name: str, observed: BankObservation) -> BankObservation:
    """The observation with the name of its file: groups of two files are apart."""
    match observed:
        case ObservedEntry() | ObservedBankStatement() | LeftOut():
            return replace(observed, place=f"{name}: {observed.place}", group=f"{name}: {observed.group}".rstrip(": "))
        case StatedTotal():
            return replace(observed, group=f"{name}: {observed.group}".rstrip(": "))
        case Unreadable():
            return replace(observed, place=f"{name}: {observed.place}")
        case _:
            return observed
