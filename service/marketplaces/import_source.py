"""Imports of marketplaces: what a request says of a file, and the records that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, BinaryIO, ClassVar

from events.channels.events import ChannelSet
from events.channels.state import Channel
from events.envelope import SYSTEM_ACCOUNT
from events.instants import Instant
from events.observations import ARRIVAL, ASKED, GIVEN
from events.refusals import AccountNotFound, InvalidCommand
from service.formats.file_remarks import Note, StatedTotal
from service.formats.times import read_moment, zone_named
from service.formats.unreadable import unreadable
from service.imports.import_source import UNREADABLE, ImportOptions, ImportRequest, ResumableSource, check_currency
from service.imports.receipt import Receipt
from service.imports.stated import Reading, Withdrawal
from service.ledger.account_profile import read_profile
from service.ledger.commands import RequestOrigin
from service.ledger.ledger import Ledger
from service.marketplaces.booking import CHANGED, LEFT_OUT, NEW, UNCHANGED, LocatedRecord, RecordsUnit, checked
from service.marketplaces.channels import marketplace_named
from service.marketplaces.marketplace import Marketplace
from service.marketplaces.observations import DEFAULT_ZONE, ObservedStatement, Shop
from service.marketplaces.record_mapping import PageFields
from service.marketplaces.settlement_records import (
    SettlementRecord,
    SourceRecord,
    settlement_event,
    settlement_records,
    settlement_stated,
)
from service.marketplaces.shop_settings import COLUMNS, TYPES, read_columns, read_types
from service.marketplaces.statement_records import statement_event, statement_stated
from service.marketplaces.withdraw_records import prepare
from sql import query

_SELLER_MAX = 200


@dataclass(frozen=True, slots=True)
class MarketplaceSource(ResumableSource[SourceRecord]):
    """The records of a marketplace, for one account. `setting` is a new setting of the channel, where there is one."""

    counted: ClassVar = ("read", NEW, CHANGED, UNCHANGED, LEFT_OUT, "lines", UNREADABLE)
    """`lines` counts the settlement lines of all records that were read."""
    logged_as: ClassVar = "file_imported"

    request: ImportRequest[MarketplaceSource]
    options: MarketplaceOptions
    origin: RequestOrigin
    exponents: dict[str, int]
    lane: int
    channel: str
    shop: Shop
    setting: ChannelSet | None
    received_at: Instant
    observed_at: Instant
    """When the records were so. Their own times, where they have some, go before it."""
    observed_by: str = ARRIVAL
    """How that time is known: `asked`, `given` or `arrival` (`events.observations`)."""
    zone_is_assumed: bool = False
    """Whether neither the request nor the channel says in which zone times without one are."""
    kept: dict[int, Decimal] = field(default_factory=dict)
    """What was kept of each record of the file: a record may replace an earlier one of the same money."""

    def read(self, stream: BinaryIO, request_fields: PageFields | None = None) -> Iterator[SourceRecord]:
        records = settlement_records(marketplace_named(self.channel).read(stream, self.shop, request_fields))
        return _noting_the_zone(records, self.shop.zone) if self.zone_is_assumed else records

    def unit(self, records: Sequence[SourceRecord], before: Receipt) -> RecordsUnit:
        checked_records = [checked(record, self.exponents) for record in records]
        return RecordsUnit(
            account_id=self.request.account_id,
            channel=self.channel,
            records=[LocatedRecord(record, f"{self.request.name}#{_place(record)}") for record in checked_records],
            exponents=self.exponents,
            origin=self.origin,
            received_at=self.received_at,
            before=before,
            kept=self.kept,
            observed_at=self.observed_at,
            observed_by=self.observed_by,
            assumed_zone=self.shop.zone if self.zone_is_assumed else None,
            opens_with=self.options.currency or next(filter(None, map(_currency, checked_records)), None),
            setting=self.setting,
        )

    def as_unreadable(self, record: SourceRecord, reason: str) -> SourceRecord | None:
        match record:
            case ObservedStatement():
                return unreadable(record.place, reason, record.raw)
            case SettlementRecord():
                return unreadable(record.place, reason, record.first.raw)
            case _:
                return None

    def reading(self, record: SourceRecord) -> Reading | None:
        record = checked(record, self.exponents)
        if isinstance(record, SettlementRecord):
            event = settlement_event(record, "", self.exponents[record.first.currency])
            return Reading(*settlement_stated(record, event)[:3])
        if isinstance(record, ObservedStatement):
            observed = statement_event(record, "", self.exponents[record.currency])
            place, reading, _, _ = statement_stated(record, observed)
            return Reading(place, reading, None)
        return None

    async def prepare(self, ledger: Ledger, withdrawals: Sequence[Withdrawal]) -> None:
        await prepare(ledger, self.lane, self.request.account_id, self.channel, withdrawals)

    def as_of(self, arrived_at: Instant) -> MarketplaceSource:
        if self.observed_by != ARRIVAL:
            return self
        return replace(self, received_at=arrived_at, observed_at=arrived_at)

    def log_fields(self) -> dict[str, str]:
        return {"channel": self.channel}

    def request_document(self) -> dict[str, Any]:
        document = {"channel": self.channel, "name": self.request.name, **asdict(self.options)}
        if self.options.observed_at is None:
            # As earlier releases kept it: sent again, it is the same request.
            del document["observed_at"]
        return document

    def shop_document(self) -> dict[str, Any]:
        return asdict(self.shop)

    def with_shop(self, document: Mapping[str, Any]) -> MarketplaceSource:
        return replace(self, shop=Shop(**document))

    def received(self, name: str, received_at: Instant) -> MarketplaceSource:
        """The same source for an answer of this name that we asked for, and received then."""
        request = replace(self.request, name=name)
        return replace(self, request=request, received_at=received_at, observed_at=received_at, observed_by=ASKED)


@dataclass(frozen=True, slots=True)
class MarketplaceOptions(ImportOptions[MarketplaceSource]):
    """A file of a marketplace. What is None is as the account's channel has it."""

    channel: str
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None
    collects: str | None = None
    """Who is paid by the marketplace: `seller` or `platform`."""
    columns: str | None = None
    """The headings of the seller's report, and `types` what types mean that nobody attests (`shop_settings.py`)."""
    types: str | None = None
    observed_at: str | None = None
    """When the records were so: a date or a time. Without it, records that have no time of their own are dated by arrival."""

    def check(self) -> None:
        marketplace_named(self.channel)
        check_currency(self.currency)
        if self.collects not in (None, "seller", "platform"):
            raise InvalidCommand("collects is seller or platform", field="collects")
        if self.seller is not None and not (0 < len(self.seller) <= _SELLER_MAX and self.seller.isprintable()):
            raise InvalidCommand(f"seller is 1 to {_SELLER_MAX} printable characters", field="seller")
        if self.zone is not None:
            try:
                zone_named(self.zone)
            except ValueError as problem:
                raise InvalidCommand(str(problem), field="zone") from None
        _check_settings(marketplace_named(self.channel), self.columns, self.types)
        if self.observed_at is not None and read_moment(self.observed_at, self.zone or DEFAULT_ZONE).instant is None:
            raise InvalidCommand(
                f"{self.observed_at[:40]!r} is not a date or time, such as 2026-05-01 or 2026-05-01T09:30:00+07:00",
                field="observedAt",
            )

    async def open(self, ledger: Ledger, request: ImportRequest[Any], origin: RequestOrigin) -> MarketplaceSource:
        """The records. A missing account is opened with the first of them.

        AccountNotFound for an account of the other mode.
        """
        lane = await ledger.lane_of(request.account_id)
        mode = await ledger.pool.fetchval(query("statements/account_mode"), lane, request.account_id)
        if request.account_id == SYSTEM_ACCOUNT or mode not in (None, origin.mode):
            raise AccountNotFound(request.account_id)
        known = await _channel(ledger, lane, request.account_id, self.channel)
        _check_settings(marketplace_named(self.channel), known.columns, known.types)
        zone, now = self.zone or known.zone or DEFAULT_ZONE, ledger.runtime.instant()
        given = None if self.observed_at is None else read_moment(self.observed_at, zone).instant
        if given is not None and given > now:
            raise InvalidCommand("nothing was observed in the future: say when the file was made", field="observedAt")
        return MarketplaceSource(
            request=request,
            options=self,
            origin=origin,
            exponents=ledger.exponents,
            lane=lane,
            channel=self.channel,
            shop=Shop(
                self.seller or known.seller,
                self.currency or known.currency or await _only_currency(ledger, lane, request.account_id),
                zone,
                self.columns or known.columns,
                self.types or known.types,
            ),
            setting=self._setting(known),
            received_at=now,
            observed_at=given or now,
            observed_by=GIVEN if given else ARRIVAL,
            zone_is_assumed=self.zone is None and known.zone is None,
        )

    def _setting(self, known: Channel) -> ChannelSet | None:
        """A new setting of the channel where the request says who collects, names the first seller, or has a new one."""
        names_first = self.seller is not None and known.seller is None
        says_more = self.columns not in (None, known.columns) or self.types not in (None, known.types)
        if self.collects is None and not names_first and not says_more:
            return None
        return ChannelSet(
            channel=self.channel,
            collects=self.collects or known.collects,
            seller=self.seller or known.seller,
            currency=self.currency or known.currency,
            zone=self.zone or known.zone,
            columns=self.columns or known.columns,
            types=self.types or known.types,
        )


def _noting_the_zone(records: Iterator[SourceRecord], zone: str) -> Iterator[SourceRecord]:
    """The records, and behind the first one with a time without a zone, a note that one had to be assumed."""
    for record in records:
        yield record
        if _has_an_assumed_zone(record):
            yield Note(f"times without a zone were read as times in {zone}: name the zone where it is another one")
            break
    yield from records


def _has_an_assumed_zone(record: SourceRecord) -> bool:
    match record:
        case ObservedStatement():
            return record.created_at.zone is not None or record.updated_at.zone is not None
        case SettlementRecord():
            return record.first.occurred_at.zone is not None
        case _:
            return False


async def _only_currency(ledger: Ledger, lane: int, account_id: str) -> str | None:
    """The account's currency, where it has exactly one: of files that name none."""
    profile = await read_profile(ledger, lane, account_id)
    return profile.currencies[0] if profile is not None and len(profile.currencies) == 1 else None


def _place(record: SourceRecord) -> str:
    return "" if isinstance(record, StatedTotal | Note) else record.place


def _check_settings(marketplace: Marketplace, columns: str | None, types: str | None) -> None:
    """InvalidCommand, with its field, for a setting that the marketplace's reader cannot read by."""
    if columns is None and types is None:
        return
    if columns is not None and not marketplace.column_names:
        raise InvalidCommand(
            f"the headings of {marketplace.name}'s reports are known: leave columns out", field=COLUMNS
        )
    if types is not None and not marketplace.takes_types:
        raise InvalidCommand(f"{marketplace.name} has no types that have to be named: leave types out", field=TYPES)
    read_columns(columns, marketplace.column_names)
    read_types(types)


def _currency(record: SourceRecord) -> str | None:
    match record:
        case ObservedStatement():
            return record.currency
        case SettlementRecord():
            return record.first.currency
        case _:
            return None


async def _channel(ledger: Ledger, lane: int, account_id: str, channel: str) -> Channel:
    row = await ledger.pool.fetchrow(query("statements/channel"), lane, account_id, channel)
    return Channel(**row) if row is not None else Channel()
