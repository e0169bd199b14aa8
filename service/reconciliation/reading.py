"""Reads rows of expected against paid, slice by slice: memory does not grow with the account's orders.

The cost of a page depends on its rows, but for the proposals (`reconciliation_cache.py`), which depend on the account.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from projections.matching import OpenTarget, UnclaimedEntry, propose
from projections.reconciliation import PAYOUT
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey
from service.marketplaces.channels import PAYS_BY_ORDER
from service.marketplaces.observations import DEFAULT_ZONE
from service.platform.database import Connection, read_snapshot
from service.reconciliation.claims import BANK_ENTRY, BANK_STATEMENT, KINDS, ORDER, STATEMENT, WITHDRAWAL, Claims
from service.reconciliation.items import Item, ItemBuilder, entry_words
from service.reconciliation.reconciliation_cache import CachedReconciliation, ReadPoint, ReconciliationCache
from service.reconciliation.rows import OPEN, BankEntries, ReconciliationRow, RowFilter, matches_filter, row_of
from sql import query

SLICE = 500
_WINDOW_BEFORE, _WINDOW_AFTER = timedelta(days=1), timedelta(days=14)
"""How long before its own day, and after its due day, an entry of the right amount is proposed for an item."""
_NOT_DUE_FOR = timedelta(days=45)
"""How long after its day, where the due day is unknown."""
_PAYOUTS_BACK = timedelta(days=120)
"""How long before the first entry without a claim payouts are read."""

RowPlace = tuple[str, list[str | int]]
"""A kind, and the place of a row among the rows of its kind."""


class ItemSource(Protocol):
    """The rows of one kind, in slices."""

    async def __call__(self, place: list[str | int] | None, most: int) -> list[Item]:
        """The next `most` rows after this place. Fewer rows are the last ones."""


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """Which part of the rows is read: after a place, and how many of them first. None is all of them."""

    after: RowPlace | None = None
    rows: int | None = None


async def reconciliation(
    ledger: Ledger,
    lane: int,
    account_id: str,
    key: AccountKey | None,
    row_filter: RowFilter,
    page: ReconciliationPage = ReconciliationPage(),
    reconciliation_cache: ReconciliationCache | None = None,
) -> AsyncGenerator[ReconciliationRow, None]:
    """The requested rows after a place, as of one moment."""
    after, most = page.after, min(page.rows or SLICE, SLICE)
    async with read_snapshot(ledger.pool) as connection:
        account = _Account(connection, lane, account_id, key, ledger)
        await account.begin(reconciliation_cache or ReconciliationCache())
        for kind in KINDS:
            if row_filter.kind not in (None, kind) or (after is not None and KINDS.index(kind) < KINDS.index(after[0])):
                continue
            source = account.source(kind, row_filter)
            place = after[1] if after is not None and after[0] == kind else None
            while source is not None:
                items = await source(place, most)
                bank = await account.bank_of(items, row_filter)
                for item in items:
                    row = row_of(item, bank, ledger.exponents)
                    if matches_filter(row, row_filter):
                        yield row
                if len(items) < most:
                    break
                place = items[-1].place
                # Where few of the rows are requested, larger slices find them in fewer steps.
                most = min(2 * most, SLICE)


class _Account:
    """One account's rows, read on one connection."""

    def __init__(
        self, connection: Connection, lane: int, account_id: str, key: AccountKey | None, ledger: Ledger
    ) -> None:
        self._connection = connection
        self._lane = lane
        self._account_id = account_id
        self._key = key
        self._ledger = ledger
        self._now: datetime = ledger.runtime.now()
        self._builder: ItemBuilder | None = None
        self._bank = BankEntries()

    async def begin(self, reconciliation_cache: ReconciliationCache) -> None:
        """Reads what every row depends on: settings, claims and proposals."""
        row = await self._connection.fetchrow(query("reconciliation/account"), self._lane, self._account_id)
        assert row is not None, "the caller knows that there is such an account"
        zones = {each["channel"]: each["zone"] for each in orjson.loads(row["channels"] or "[]")}
        read_point = ReadPoint(row["version"], row["head"], row["followed"])
        cached = reconciliation_cache.find(self._lane, self._account_id, read_point, self._ledger.runtime.monotonic())
        claims = cached.claims if cached is not None else await self._claims()
        self._builder = ItemBuilder(orjson.loads(row["settings"]), zones, self._ledger.exponents, self._now, claims)
        if cached is None:
            cached = CachedReconciliation(claims, await self._proposed())
            reconciliation_cache.keep(
                self._lane, self._account_id, read_point, cached, self._ledger.runtime.monotonic()
            )
        self._bank = cached.bank

    async def _claims(self) -> Claims:
        claims = Claims()
        for row in await self._connection.fetch(query("reconciliation/claims"), self._lane, self._account_id):
            claims.add(dict(row), self._ledger.exponents)
        return claims

    @property
    def builder(self) -> ItemBuilder:
        assert self._builder is not None, "it began"
        return self._builder

    async def bank_of(self, items: Sequence[Item], row_filter: RowFilter) -> BankEntries:
        """The bank entries of these items, with their words where rows are looked for by a reference."""
        if row_filter.reference is None:
            return self._bank
        entries = {claim.entry_id for item in items for claim in item.claims}
        entries |= {each.entry_id for item in items for each in self._bank.proposals.chosen.get(item.key, ())}
        rows = await self._connection.fetch(
            query("reconciliation/remittances"), self._lane, self._account_id, sorted(entries)
        )
        return replace(self._bank, words={row["entry_id"]: entry_words(dict(row), self._key) for row in rows})

    def source(self, kind: str, row_filter: RowFilter) -> ItemSource | None:
        """The source of the rows of a kind; None where none of them is requested."""
        if kind == STATEMENT:
            return self._pages(
                "reconciliation/statements", self.builder.statement, row_filter.channel, row_filter.currency
            )
        if kind == ORDER:
            open_only = (row_filter.state == OPEN, self.builder.claims.targets(ORDER))
            parameters = (row_filter.channel, row_filter.currency, list(PAYS_BY_ORDER))
            return self._pages("reconciliation/orders", self.builder.order, *parameters, *open_only, begin=("", ""))
        if kind == WITHDRAWAL:
            return self._withdrawals(row_filter.channel, row_filter.currency)
        if row_filter.channel is not None:
            return None
        if kind == PAYOUT:
            return self._pages("reconciliation/payouts", self.builder.payout, row_filter.currency, None)
        if kind == BANK_ENTRY:
            return self._pages("reconciliation/bank_entries", self._entry, row_filter.currency, False)
        if kind == BANK_STATEMENT:
            return self._pages("reconciliation/bank_statements", self.builder.bank_statement, row_filter.currency)
        return None

    def _entry(self, row: Any) -> Item:
        return self.builder.entry(row, self._key)

    def _withdrawals(self, channel: str | None, currency: str | None) -> ItemSource:
        parameters = (channel, currency, list(PAYS_BY_ORDER))
        return self._pages("reconciliation/withdrawals", self.builder.withdrawal, *parameters, begin=("", "", ""))

    def _pages(
        self,
        name: str,
        item_of: Callable[[Any], Item],
        *parameters: object,
        begin: Sequence[str | int] = (0,),
    ) -> ItemSource:
        async def page(place: list[str | int] | None, most: int) -> list[Item]:
            rows = await self._connection.fetch(
                query(name),
                self._lane,
                self._account_id,
                *parameters,
                *(begin if place is None else place),
                most,
            )
            return [item_of(row) for row in rows]

        return page

    async def _proposed(self) -> BankEntries:
        """Proposes entries without a claim for items without a claim."""
        bank = BankEntries()
        unclaimed = []
        async for item in self._all(self._pages("reconciliation/bank_entries", self._entry, None, True)):
            assert item.reported_paid is not None, "a bank entry says what came"
            assert item.day is not None, "and when it came"
            bank.references[item.id] = item.references[0] if item.references else None
            left = item.reported_paid - sum(claim.amount for claim in item.claims)
            unclaimed.append(UnclaimedEntry(item.id, item.currency, left, item.day, item.words))
        if not unclaimed:
            return bank
        since = min(entry.booked_on for entry in unclaimed) - _PAYOUTS_BACK
        start = datetime.combine(since, time(), ZoneInfo(DEFAULT_ZONE))
        targets = [
            open_of(item)
            for source in (
                self._pages("reconciliation/statements", self.builder.statement, None, None),
                self._withdrawals(None, None),
                self._pages("reconciliation/payouts", self.builder.payout, None, start),
            )
            async for item in self._all(source)
            if not item.claims
        ]
        bank.proposals = propose(targets, unclaimed)
        return bank

    async def _all(self, source: ItemSource) -> AsyncIterator[Item]:
        place: list[str | int] | None = None
        while items := await source(place, SLICE):
            place = items[-1].place
            for item in items:
                yield item


def open_of(item: Item) -> OpenTarget:
    """What a bank entry has to be like to be proposed for the item."""
    day = item.day or date.min
    until = item.due + _WINDOW_AFTER if item.due else day + _NOT_DUE_FOR if item.day else date.max
    return OpenTarget(
        key=item.key,
        currency=item.currency,
        expected=item.expected if item.expected is not None else item.tolerance * 0,
        tolerance=item.tolerance,
        references=item.references,
        since=day - _WINDOW_BEFORE if item.day else date.min,
        until=until,
        either_way=item.either_way,
    )
