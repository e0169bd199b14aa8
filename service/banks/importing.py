"""Imports a bank's statement: read in slices beside the event loop, each slice taken in in one transaction.

Memory does not grow with the file, but for a number for each row that has no reference: equal rows of one file are told
apart by their order. Importing the same or an overlapping file again changes nothing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from typing_extensions import TypedDict

from events.chain import SYSTEM_ACCOUNT
from events.currency import is_known
from events.refusals import AccountNotFound, InvalidCommand
from service.banks.booking import (
    NEW,
    STATEMENT,
    UNREADABLE,
    BankUnit,
    Identified,
    bank_account_digest,
    checked,
    content_of,
    entry_ids,
)
from service.banks.camt import camt_observations
from service.banks.observations import BankObservation, ObservedEntry
from service.banks.tables import ROLES, Layout, table_observations
from service.formats.detection import JSON, XML, detected
from service.formats.unreadable import Unreadable, unreadable
from service.ledger.account_profile import read_profile
from service.ledger.commands import Erased, RequestOrigin
from service.ledger.ingestion import PROBLEMS_MAX, SLICE, Progress
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey
from service.platform import logs
from service.platform.documents import Count

log = logs.get("import")

_NUMBER_MAX = 64


@dataclass(frozen=True, slots=True)
class BankImportRequest:
    """What is to be imported for whom, and how to read it."""

    account_id: str
    name: str
    """What the file is called: part of the place of every record."""
    bank_account: str | None = field(default=None, repr=False)
    """The number of the bank account: for files that name none, and a check of those that do."""
    currency: str | None = None
    layout: Layout = field(default_factory=Layout)


class BankProblemDocument(TypedDict):
    """A record that nobody could read."""

    place: str
    reason: str


class BankImportedDocument(TypedDict):
    """What became of a bank's file."""

    id: str
    read: Count
    new: Count
    known: Count
    statements: Count
    unreadable: Count
    problems: list[BankProblemDocument]


@dataclass(slots=True)
class BankImported:
    """What became of a file."""

    id: str
    read: int = 0
    new: int = 0
    known: int = 0
    statements: int = 0
    unreadable: int = 0
    problems: list[BankProblemDocument] = field(default_factory=list)

    def document(self) -> BankImportedDocument:
        return {
            "id": self.id,
            "read": self.read,
            "new": self.new,
            "known": self.known,
            "statements": self.statements,
            "unreadable": self.unreadable,
            "problems": self.problems,
        }


def check(wish: BankImportRequest) -> None:
    """InvalidCommand for a wish that no file could fulfil."""
    number = wish.bank_account
    if number is not None and not (
        len(number) <= _NUMBER_MAX and number.isprintable() and any(each.isalnum() for each in number)
    ):
        raise InvalidCommand(f"bankAccount is 1 to {_NUMBER_MAX} printable characters", field="bankAccount")
    if wish.currency is not None and not is_known(wish.currency):
        raise InvalidCommand(f"{wish.currency[:10]!r} is not an ISO 4217 currency code", field="currency")
    if wish.layout.decimal not in (None, "comma", "dot"):
        raise InvalidCommand("decimal is comma or dot", field="decimal")
    for role, name in wish.layout.columns:
        if role not in ROLES:
            raise InvalidCommand(f"columns are {', '.join(ROLES)}; {role[:40]!r} is none", field="columns")
        if not name.strip():
            raise InvalidCommand(f"columns: the heading of {role} is empty", field="columns")


def read_columns(text: str) -> tuple[tuple[str, str], ...]:
    """The columns in `date=Tanggal;amount=Jumlah`. InvalidCommand where that is not the form."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        role, equals, name = part.partition("=")
        if not equals:
            raise InvalidCommand("columns is written date=Tanggal;amount=Jumlah", field="columns")
        found.append((role.strip(), name.strip()))
    return tuple(found)


async def import_bank_file(
    ledger: Ledger,
    wish: BankImportRequest,
    stream: BinaryIO,
    origin: RequestOrigin,
    progress: Progress = lambda _: None,
) -> BankImported:
    """Takes every entry of the file in.

    AccountNotFound where there is no such account in this mode, InvalidCommand where the wish or the format is wrong,
    Unavailable where the ledger cannot take it now: what was taken in until then stays, and is known the next time.
    """
    check(wish)
    lane = await ledger.known_lane_of(wish.account_id)
    profile = await read_profile(ledger, lane, wish.account_id) if lane is not None else None
    if lane is None or profile is None or profile.mode != origin.mode or wish.account_id == SYSTEM_ACCOUNT:
        raise AccountNotFound(wish.account_id)
    if profile.key is None:
        raise Erased
    reading = _Reading(wish, profile.key, ledger.exponents)
    observations = await asyncio.to_thread(reading.observations, stream)
    found = BankImported(f"imp_{ledger.runtime.ulid()}")
    received_at = ledger.runtime.instant()
    while arrivals := await asyncio.to_thread(reading.slice, observations):
        unit = BankUnit(
            account_id=wish.account_id,
            arrivals=arrivals,
            exponents=ledger.exponents,
            origin=origin,
            received_at=received_at,
        )
        _count(found, arrivals, await ledger.run(lane, unit))
        progress(await asyncio.to_thread(stream.tell))
    log.info(
        "bank_file_imported",
        account=wish.account_id,
        import_id=found.id,
        read=found.read,
        new=found.new,
        unreadable=found.unreadable,
    )
    return found


class _Reading:
    """A file on its way: its observations, each with the ids that the account's key makes."""

    def __init__(self, wish: BankImportRequest, key: AccountKey, exponents: dict[str, int]) -> None:
        self._wish = wish
        self._key = key
        self._exponents = exponents
        self._occurrences: Counter[int] = Counter()
        self._digests: dict[str, str] = {}

    def observations(self, stream: BinaryIO) -> Iterator[BankObservation]:
        format_name, rest = detected(stream)
        if format_name == XML:
            return camt_observations(rest)
        if format_name == JSON:
            raise InvalidCommand("a bank's statement is camt.053 (XML), CSV or XLSX; this is JSON", field="file")
        if self._wish.bank_account is None:
            message = "a table does not say whose it is: name the bank account's number"
            raise InvalidCommand(message, field="bankAccount")
        if self._wish.currency is None:
            raise InvalidCommand("a table does not say its currency: name it", field="currency")
        layout = self._wish.layout
        return table_observations(rest, format_name, self._wish.bank_account, self._wish.currency, layout)

    def slice(self, observations: Iterator[BankObservation]) -> list[Identified]:
        return [self._identified(observed) for observed in itertools.islice(observations, SLICE)]

    def _identified(self, observed: BankObservation) -> Identified:
        observed = checked(observed, self._exponents)
        if not isinstance(observed, Unreadable):
            observed = self._of_the_account(observed)
        origin = f"{self._wish.name}#{observed.place}"
        if isinstance(observed, Unreadable):
            return Identified(observed, origin)
        number = observed.bank_account or self._wish.bank_account or ""
        digest = self._digest(number)
        if not isinstance(observed, ObservedEntry):
            return Identified(observed, origin, digest, number)
        occurrence = 0
        if observed.reference is None:
            same = hash((digest, *content_of(observed)))
            occurrence = self._occurrences[same]
            self._occurrences[same] += 1
        return Identified(observed, origin, digest, number, *entry_ids(self._key, digest, observed, occurrence))

    def _of_the_account(self, observed: BankObservation) -> BankObservation:
        """The observation, or why it is not about the bank account that was named."""
        assert not isinstance(observed, Unreadable)
        raw = observed.raw if isinstance(observed, ObservedEntry) else b""
        if observed.bank_account is None and self._wish.bank_account is None:
            return unreadable(observed.place, "the file does not say which bank account it is about: name it", raw)
        if observed.bank_account is None or self._wish.bank_account is None:
            return observed
        if self._digest(observed.bank_account) != self._digest(self._wish.bank_account):
            return unreadable(observed.place, "it is about another bank account than the one that was named", raw)
        return observed

    def _digest(self, number: str) -> str:
        known = self._digests.get(number)
        if known is None:
            known = self._digests[number] = bank_account_digest(self._key, number)
        return known


def _count(found: BankImported, arrivals: list[Identified], outcomes: list[str]) -> None:
    counts = Counter(outcomes)
    found.new += counts[NEW]
    found.statements += counts[STATEMENT]
    found.unreadable += counts[UNREADABLE]
    found.read += len(outcomes) - counts[STATEMENT]
    found.known = found.read - found.new - found.unreadable
    for arrival, outcome in zip(arrivals, outcomes, strict=True):
        observed = arrival.observed
        if outcome == UNREADABLE and isinstance(observed, Unreadable) and len(found.problems) < PROBLEMS_MAX:
            found.problems.append({"place": observed.place, "reason": observed.reason})
