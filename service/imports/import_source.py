"""What an import is asked for, the records that it reads, the unit of work that decides a slice of them, and the result.

No record is ever refused. Each is ingested, known already, or kept with the reason why it cannot be read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.currency import is_known
from events.envelope import Source
from events.instants import Instant
from events.refusals import InvalidCommand, Refusal
from service.formats.file_remarks import LeftOut
from service.imports.receipt import Receipt
from service.imports.stated import Reading, Stated, Withdrawal
from service.ledger.batch import Batch, Cause, UnitOfWork
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger

SLICE = 200
"""Records that are read, and decided in one transaction, at once."""
PROBLEMS_MAX = 100
"""Unreadable records that a result lists. All of them are kept."""
UNREADABLE = "unreadable"
"""The outcome of a record that cannot be read, and the verdict that it is kept with."""

LEFT_AS_IT_WAS = "what it was read as before could not be withdrawn, so it stays as it was"

_MIDNIGHT = "T00:00:00.000000Z"

Rec = TypeVar("Rec")


@dataclass(frozen=True, slots=True)
class Problem:
    """An unreadable record. `number` counts the records of the file from 0; `delivery_id` is what it is kept under.

    Without a `delivery_id`, the answer does not show where the record is kept.
    """

    place: str
    reason: str
    number: int
    delivery_id: str | None = None

    def document(self) -> dict[str, Any]:
        """As callers see it."""
        kept = {} if self.delivery_id is None else {"deliveryId": self.delivery_id}
        return {"place": self.place, "reason": self.reason, **kept}


@dataclass(slots=True)
class ImportResult:
    """What an import did with the records that it has read so far."""

    id: str
    counts: dict[str, int]
    """Records by outcome, by the names in the source's `counted`."""
    problems: list[Problem] = field(default_factory=list)
    """The first unreadable records, up to `PROBLEMS_MAX`."""
    receipt: Receipt = field(default_factory=Receipt)

    def add(self, counts: Mapping[str, int], problems: list[Problem], receipt: Receipt) -> None:
        """Adds what one slice came to."""
        self.receipt.merge(receipt)
        for name in self.counts:
            self.counts[name] += counts.get(name, 0)
        self.problems += problems[: PROBLEMS_MAX - len(self.problems)]

    def document(self) -> dict[str, Any]:
        """As callers see it."""
        problems = [each.document() for each in self.problems]
        return {"id": self.id, **self.counts, "receipt": self.receipt.document(), "problems": problems}


@dataclass(slots=True, kw_only=True)
class ObservationsUnit(UnitOfWork[list[str]], Generic[Rec]):
    """Records of one source about one account, decided together. The result is the outcome of each, in their order.

    `exponents` is the number of decimals of each currency in the ledger; `before` is the receipt of the records before
    these. `receipt` is the receipt of these records, once they are decided.
    """

    account_id: str
    records: Sequence[Rec]
    exponents: dict[str, int]
    origin: RequestOrigin
    received_at: Instant
    before: Receipt
    receipt: Receipt = field(init=False, default_factory=Receipt)
    withdrawals: Sequence[Withdrawal] = ()
    """What these records stated when they were read before, and state no more: it is withdrawn before they are booked."""
    withdrawals_at: Mapping[str, Sequence[Withdrawal]] = field(init=False, default_factory=dict)
    """What records of the same file stated, and state no more, by their places in it."""
    stated: list[Stated] = field(init=False, default_factory=list)
    """What the records state, once they are decided."""

    @property
    def commands_count(self) -> int:
        return max(1, len(self.records))

    @property
    def account_ids(self) -> Collection[str]:
        return (self.account_id,)

    def cause(self, source: Source | None = None, caused_by: str | None = None) -> Cause:
        """The cause of an event: who made the request, and `source`; without a source, the request itself."""
        return Cause(
            actor=self.origin.actor,
            source=source or self.origin.source,
            correlation_id=self.origin.request_id,
            causation_id=caused_by,
            traceparent=self.origin.traceparent,
        )

    @abstractmethod
    def counts(self, outcomes: Sequence[str]) -> Mapping[str, int]:
        """What these outcomes add to the counts of an import, by the names in the source's `counted`."""

    @abstractmethod
    def problems(self, first: int) -> list[Problem]:
        """The unreadable records, once the unit is decided. `first` is the number of its first record."""

    def committed(self, result: list[str]) -> None:
        assert len(result) == len(self.records), "each record has an outcome"
        for each in self.withdrawals:
            each.done = each.decided

    @abstractmethod
    def withdrawn(self, withdrawal: Withdrawal, state: AccountState) -> tuple[Source, Sequence[AnyEvent]]:
        """The events that withdraw what a record stated, and where it came from; none where it stands no more."""

    def withdraw(self, state: AccountState, batch: Batch) -> None:
        """Records the withdrawals, each at the time of what is withdrawn: it never was so."""
        for each in self.withdrawals:
            if state.account is None:
                return
            each.decided, each.refused = False, None
            try:
                source, events = self.withdrawn(each, state)
            except Refusal as refusal:
                each.refused = refusal.message
                continue
            date = each.stated.shown.date
            happened_at = None if date is None else min(date if "T" in date else f"{date}{_MIDNIGHT}", batch.now)
            for event in events:
                at = happened_at
                if isinstance(event, ChannelMoneyBooked) and event.happened_at is not None:
                    at = min(event.happened_at, batch.now)
                batch.record(state, event, self.cause(source), effective_at=at)
            each.decided = True

    def left_as_it_was(self, place: str) -> LeftOut | None:
        """The record at a place as one that is left out, where what it stated before could not be withdrawn.

        What it states now is not booked beside it: the same money would be there twice.
        """
        if any(each.refused is not None for each in self.withdrawals_at.get(place, ())):
            return LeftOut(place, LEFT_AS_IT_WAS)
        return None

    def forget(self) -> None:
        """Takes back what it has told of its records beside the log: it was not committed."""


class RecordSource(ABC, Generic[Rec]):
    """Records of one file or answer for one account, in `lane`."""

    counted: ClassVar[tuple[str, ...]]
    """The names of the counts, in the order in which a result shows them. `read` and `unreadable` are among them."""
    logged_as: ClassVar[str]
    """The log line of a finished import."""
    lane: int
    channel: str
    """The channel that the import record names; `bank` for a bank's file."""

    @abstractmethod
    def read(self, stream: BinaryIO) -> Iterator[Rec]:
        """The records of a file, in constant memory. InvalidCommand where its format is none that is read."""

    @abstractmethod
    def unit(self, records: Sequence[Rec], before: Receipt) -> ObservationsUnit[Any]:
        """The unit of work that ingests these records. `before` is the receipt of those before them."""

    @abstractmethod
    def as_unreadable(self, record: Rec, reason: str) -> Rec | None:
        """A record that our code fails on, as one that cannot be read; None for one that is kept as such already."""

    @abstractmethod
    def log_fields(self) -> dict[str, str]:
        """What log lines say about the source. No personal data."""

    @abstractmethod
    def reading(self, record: Rec) -> Reading | None:
        """What tells how a record is read, before it is booked; None for one that states nothing."""

    @abstractmethod
    async def prepare(self, ledger: Ledger, withdrawals: Sequence[Withdrawal]) -> None:
        """Looks up in the ledger what the withdrawals need to know."""

    @abstractmethod
    def as_of(self, arrived_at: Instant) -> RecordSource[Rec]:
        """The same source for a file that arrived then: what is read anew is as old as it was."""

    @abstractmethod
    def request_document(self) -> dict[str, Any]:
        """The request without its account. Personal data in it is sealed."""

    @abstractmethod
    def shop_document(self) -> dict[str, Any]:
        """The settings that the records are read with: what the request left open is as the account had it."""


def new_result(import_id: str, source: RecordSource[Any]) -> ImportResult:
    """The result before the first record."""
    return ImportResult(import_id, dict.fromkeys(source.counted, 0))


class ResumableSource(RecordSource[Rec]):
    """A source whose imports can be resumed: sent again under the same id, the request has to be equal."""

    @abstractmethod
    def with_shop(self, document: Mapping[str, Any]) -> ResumableSource[Rec]:
        """The same source with these settings."""


Opened_co = TypeVar("Opened_co", bound=RecordSource[Any], covariant=True)


class ImportOptions(ABC, Generic[Opened_co]):
    """How to read a file, as the sender says."""

    @abstractmethod
    def check(self) -> None:
        """InvalidCommand, with its field, for options that no file can be read with."""

    @abstractmethod
    async def open(self, ledger: Ledger, request: ImportRequest[Any], origin: RequestOrigin) -> Opened_co:
        """The source for this request. AccountNotFound where the origin may not import for the account."""


@dataclass(frozen=True, slots=True)
class ImportRequest(Generic[Opened_co]):
    """A file (or an answer) to be imported for an account."""

    account_id: str
    name: str
    """What the sender calls the file: part of the place of each record."""
    options: ImportOptions[Opened_co]

    def check(self) -> None:
        """InvalidCommand, with its field, for a request that no file can fulfil."""
        self.options.check()

    async def open(self, ledger: Ledger, origin: RequestOrigin) -> Opened_co:
        """The source of the records. InvalidCommand as in `check`; AccountNotFound where the origin may not import."""
        self.check()
        return await self.options.open(ledger, self, origin)


def check_currency(currency: str | None) -> None:
    """InvalidCommand where the code is given, and is none of ISO 4217."""
    if currency is not None and not is_known(currency):
        raise InvalidCommand(f"{currency[:10]!r} is not an ISO 4217 currency code", field="currency")
