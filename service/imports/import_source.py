"""What an import is asked for, the records that it reads, and the unit of work that decides a slice of them.

No record is ever refused. Each is ingested, known already, or kept with the reason why it cannot be read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Generic, TypeVar

from events.currency import is_known
from events.envelope import Source
from events.instants import Instant
from events.refusals import InvalidCommand
from service.imports.receipt import Receipt
from service.ledger.batch import Cause, UnitOfWork
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger

SLICE = 200
"""Records that are read, and decided in one transaction, at once."""
PROBLEMS_MAX = 100
"""Unreadable records that a result lists. All of them are kept."""
UNREADABLE = "unreadable"
"""The outcome of a record that cannot be read, and the verdict that it is kept with."""

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

    @property
    def commands_count(self) -> int:
        return max(1, len(self.records))

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

    def forget(self) -> None:
        """Takes back what it has told of its records beside the log: it was not committed."""


class RecordSource(ABC, Generic[Rec]):
    """Records of one file or answer for one account, in `lane`."""

    counted: ClassVar[tuple[str, ...]]
    """The names of the counts, in the order in which a result shows them. `read` and `unreadable` are among them."""
    logged_as: ClassVar[str]
    """The log line of a finished import."""
    lane: int

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


class ResumableSource(RecordSource[Rec]):
    """A source whose imports have an import record, and can be resumed."""

    channel: str
    """The channel that the import record names."""

    @abstractmethod
    def request_document(self) -> dict[str, Any]:
        """The request without its account: sent again under the same id, it has to be equal."""

    @abstractmethod
    def shop_document(self) -> dict[str, Any]:
        """The settings that the records are read with: an import is resumed with those that it began with."""

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
