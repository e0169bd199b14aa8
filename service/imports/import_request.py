"""What is to be imported, for which account, and how to read it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from events.currency import is_known
from events.refusals import InvalidCommand
from service.imports.record_source import RecordSource
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger

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
