"""Imports of banks: what a request says of a file, and the records that it has.

Memory does not grow with the file, but for the id of each entry: no two rows of one file are the same entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, BinaryIO, ClassVar

from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant
from events.refusals import AccountNotFound, InvalidCommand
from service.banks.booking import KNOWN, LEFT_OUT, NEW, PROVIDER, STATEMENTS, BankUnit
from service.banks.columns import ROLES, Layout
from service.banks.files import bank_observations
from service.banks.identity import (
    IdentifiedRecord,
    bank_account_digest,
    checked,
    content_digest,
    older_ids,
    reading_digest,
)
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.banks.recipes import RECIPES
from service.banks.table_rows import SOURCE as TABLE
from service.banks.tables import TableRequest
from service.banks.withdraw_records import prepare
from service.formats.unreadable import Unreadable, unreadable
from service.imports.import_source import UNREADABLE, ImportOptions, ImportRequest, RecordSource, check_currency
from service.imports.receipt import Receipt
from service.imports.stated import Reading, Withdrawal
from service.ledger.account_profile import read_profile
from service.ledger.commands import Erased, RequestOrigin
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey

_NUMBER_MAX = 64
SEALED_NUMBER = "bankAccountNumber"


@dataclass(slots=True)
class BankSource(RecordSource[IdentifiedRecord]):
    """The records of a bank's file, each with the ids that only the account's key can make."""

    counted: ClassVar = ("read", NEW, KNOWN, LEFT_OUT, UNREADABLE, STATEMENTS)
    """`read` counts entries; `statements` are counted apart from them."""
    logged_as: ClassVar = "bank_file_imported"

    request: ImportRequest[Any]
    options: BankOptions
    origin: RequestOrigin
    key: AccountKey
    exponents: dict[str, int]
    lane: int
    received_at: Instant
    channel: str = PROVIDER
    only_currency: str | None = None
    """The account's currency, where it has one only: of files that name none."""
    _occurrences: Counter[str] = field(init=False, default_factory=Counter)
    """How often each content was seen."""
    _claimed: set[str] = field(init=False, default_factory=set)
    """The entries that rows of this file are."""
    _digests: dict[str, str] = field(init=False, default_factory=dict)

    def read(self, stream: BinaryIO) -> Iterator[IdentifiedRecord]:
        return map(self._identified, self._observations(stream))

    def unit(self, records: Sequence[IdentifiedRecord], before: Receipt) -> BankUnit:
        return BankUnit(
            account_id=self.request.account_id,
            records=records,
            exponents=self.exponents,
            origin=self.origin,
            received_at=self.received_at,
            before=before,
            claimed=self._claimed,
        )

    def as_unreadable(self, record: IdentifiedRecord, reason: str) -> IdentifiedRecord | None:
        observed = record.observed
        if not isinstance(observed, ObservedEntry | ObservedBankStatement):
            return None
        raw = observed.raw if isinstance(observed, ObservedEntry) else b""
        return IdentifiedRecord(unreadable(observed.place, reason, raw), record.origin)

    def reading(self, record: IdentifiedRecord) -> Reading | None:
        observed = record.observed
        if isinstance(observed, ObservedEntry | ObservedBankStatement):
            return Reading(observed.place, record.reading, None)
        return None

    async def prepare(self, ledger: Ledger, withdrawals: Sequence[Withdrawal]) -> None:
        await prepare(ledger, self.lane, self.request.account_id, withdrawals)

    def as_of(self, arrived_at: Instant) -> BankSource:
        return replace(self, received_at=arrived_at)

    def log_fields(self) -> dict[str, str]:
        return {}

    def request_document(self) -> dict[str, Any]:
        options = self.options
        number = options.bank_account
        return {
            "channel": self.channel,
            "name": self.request.name,
            "bank_account": None if number is None else self.key.seal(SEALED_NUMBER, number),
            "currency": options.currency,
            "layout": asdict(options.layout),
        }

    def shop_document(self) -> dict[str, Any]:
        return {"currency": self.only_currency}

    def _observations(self, stream: BinaryIO) -> Iterator[BankObservation]:
        options = self.options
        currency = options.currency or self.only_currency
        return bank_observations(stream, TableRequest(options.bank_account, currency, options.layout))

    def _identified(self, observed: BankObservation) -> IdentifiedRecord:
        observed = checked(observed, self.exponents)
        if isinstance(observed, ObservedEntry | ObservedBankStatement):
            observed = self._of_the_account(observed)
        if not isinstance(observed, ObservedEntry | ObservedBankStatement):
            place = observed.place if isinstance(observed, Unreadable) else ""
            return IdentifiedRecord(observed, f"{self.request.name}#{place}")
        origin = f"{self.request.name}#{observed.place}"
        number = observed.bank_account or self.options.bank_account or ""
        digest = self._digest(number)
        reading = reading_digest(self.key, digest, observed)
        if not isinstance(observed, ObservedEntry):
            return IdentifiedRecord(observed, origin, digest, number, reading=reading)
        content = content_digest(self.key, digest, observed)
        occurrence = self._occurrences[content]
        self._occurrences[content] += 1
        older = older_ids(self.key, digest, observed, occurrence)
        return IdentifiedRecord(observed, origin, digest, number, content, reading, older)

    def _of_the_account(self, observed: ObservedEntry | ObservedBankStatement) -> BankObservation:
        """The observation, or why it is not about the bank account of the request."""
        named = self.options.bank_account
        raw = observed.raw if isinstance(observed, ObservedEntry) else b""
        if observed.bank_account is None and named is None:
            return unreadable(observed.place, "the file does not say which bank account it is about: name it", raw)
        if observed.bank_account is None or named is None or observed.source == TABLE:
            # What a table says of its account counts, and its receipt says so.
            return observed
        if self._digest(observed.bank_account) != self._digest(named):
            return unreadable(observed.place, "it is about another bank account than the one that was named", raw)
        return observed

    def _digest(self, number: str) -> str:
        known = self._digests.get(number)
        if known is None:
            known = self._digests[number] = bank_account_digest(self.key, number)
        return known


@dataclass(frozen=True, slots=True)
class BankOptions(ImportOptions[BankSource]):
    """A bank's file, and how to read it."""

    bank_account: str | None = field(default=None, repr=False)
    """The number of the bank account: for files that name none. Those that name one are checked against it."""
    currency: str | None = None
    """For tables, which name none."""
    layout: Layout = field(default_factory=Layout)

    def check(self) -> None:
        number = self.bank_account
        if number is not None and not (
            len(number) <= _NUMBER_MAX and number.isprintable() and any(each.isalnum() for each in number)
        ):
            raise InvalidCommand(f"bankAccount is 1 to {_NUMBER_MAX} printable characters", field="bankAccount")
        check_currency(self.currency)
        if self.layout.recipe is not None and self.layout.recipe not in RECIPES:
            raise InvalidCommand(f"format is one of {', '.join(RECIPES)}", field="format")
        if self.layout.decimal not in (None, "comma", "dot"):
            raise InvalidCommand("decimal is comma or dot", field="decimal")
        for role, name in self.layout.columns:
            if role not in ROLES:
                raise InvalidCommand(f"columns are {', '.join(ROLES)}; {role[:40]!r} is none", field="columns")
            if not name.strip():
                raise InvalidCommand(f"columns: the heading of {role} is empty", field="columns")

    async def open(self, ledger: Ledger, request: ImportRequest[Any], origin: RequestOrigin) -> BankSource:
        """The records. AccountNotFound where there is no such account in the origin's mode, Erased without its key."""
        lane = await ledger.known_lane_of(request.account_id)
        profile = await read_profile(ledger, lane, request.account_id) if lane is not None else None
        if lane is None or profile is None or profile.mode != origin.mode or request.account_id == SYSTEM_ACCOUNT:
            raise AccountNotFound(request.account_id)
        if profile.key is None:
            raise Erased
        return BankSource(
            request=request,
            options=self,
            origin=origin,
            key=profile.key,
            exponents=ledger.exponents,
            lane=lane,
            received_at=ledger.runtime.instant(),
            only_currency=profile.currencies[0] if len(profile.currencies) == 1 else None,
        )


def read_columns(text: str) -> tuple[tuple[str, str], ...]:
    """The roles and headings in `date=Tanggal;amount=Jumlah`. InvalidCommand where the text has another form."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        role, equals, name = part.partition("=")
        if not equals:
            raise InvalidCommand("columns is written date=Tanggal;amount=Jumlah", field="columns")
        found.append((role.strip(), name.strip()))
    return tuple(found)
