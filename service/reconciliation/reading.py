"""Reads rows of expected against paid, slice by slice: memory does not grow with the account's orders.

What a page costs goes with its rows, but for what could be proposed (`standing.py`), which depends on the whole account.
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
from service.marketplaces.channel_totals import BY_ORDER
from service.marketplaces.observations import DEFAULT_ZONE
from service.platform.database import Connection, read_snapshot
from service.reconciliation.claims import BANK_ENTRY, BANK_STATEMENT, KINDS, ORDER, STATEMENT, WITHDRAWAL, Claims
from service.reconciliation.items import Item, Reader, entry_words
from service.reconciliation.reconciliation_cache import CachedReconciliation, ReconciliationCache, StateVersion
from service.reconciliation.rows import OPEN, Bank, Filter, ReconciliationRow, row_of, wanted
from sql import query

SLICE = 500
_WINDOW_BEFORE, _WINDOW_AFTER = timedelta(days=1), timedelta(days=14)
"""How far before its own day, and behind its due one, an entry of the right amount is proposed for something."""
_NOT_DUE_FOR = timedelta(days=45)
"""How far after its day, where nobody knows when it is due."""
_PAYOUTS_BACK = timedelta(days=120)
"""How long before the first entry that nobody claims payouts are looked at."""

Place = tuple[str, list[str | int]]
"""A kind, and the place of a row among those of its kind."""


class ItemSource(Protocol):
    """The rows of one kind, in slices."""

    async def __call__(self, place: list[str | int] | None, most: int) -> list[Item]:
        """The next slice behind this place, of so many rows; a shorter one is the last."""


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """How rows are gone through: behind a place, and how many are looked at first. None is all of them."""

    after: Place | None = None
    rows: int | None = None


async def reconciliation(
    ledger: Ledger,
    lane: int,
    account_id: str,
    key: AccountKey | None,
    wish: Filter,
    page: ReconciliationPage = ReconciliationPage(),
    reconciliation_cache: ReconciliationCache | None = None,
) -> AsyncGenerator[ReconciliationRow, None]:
    """The wanted rows behind a place, of one moment. What is kept in `standings` is not worked out again."""
    after, most = page.after, min(page.rows or SLICE, SLICE)
    async with read_snapshot(ledger.pool) as connection:
        account = _Account(connection, lane, account_id, key, ledger)
        await account.begin(reconciliation_cache or ReconciliationCache())
        for kind in KINDS:
            if wish.kind not in (None, kind) or (after is not None and KINDS.index(kind) < KINDS.index(after[0])):
                continue
            source = account.source(kind, wish)
            place = after[1] if after is not None and after[0] == kind else None
            while source is not None:
                items = await source(place, most)
                bank = await account.bank_of(items, wish)
                for item in items:
                    row = row_of(item, bank, ledger.exponents)
                    if wanted(row, wish):
                        yield row
                if len(items) < most:
                    break
                place = items[-1].place
                # Where few of the rows are wanted, larger slices find them in fewer steps.
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
        self._reader: Reader | None = None
        self._bank = Bank()

    async def begin(self, reconciliation_cache: ReconciliationCache) -> None:
        """Reads what every row depends on: settings, matches, and what could be proposed."""
        row = await self._connection.fetchrow(query("reconciliation/account"), self._lane, self._account_id)
        assert row is not None, "the caller knows that there is such an account"
        zones = {each["channel"]: each["zone"] for each in orjson.loads(row["channels"] or "[]")}
        moment = StateVersion(row["version"], row["head"], row["followed"])
        standing = reconciliation_cache.find(self._lane, self._account_id, moment, self._ledger.runtime.monotonic())
        claims = standing.claims if standing is not None else await self._claims()
        self._reader = Reader(orjson.loads(row["settings"]), zones, self._ledger.exponents, self._now, claims)
        if standing is None:
            standing = CachedReconciliation(claims, await self._proposed())
            reconciliation_cache.keep(self._lane, self._account_id, moment, standing, self._ledger.runtime.monotonic())
        self._bank = standing.bank

    async def _claims(self) -> Claims:
        claims = Claims()
        for row in await self._connection.fetch(query("reconciliation/claims"), self._lane, self._account_id):
            claims.add(dict(row), self._ledger.exponents)
        return claims

    @property
    def reader(self) -> Reader:
        assert self._reader is not None, "it began"
        return self._reader

    async def bank_of(self, items: Sequence[Item], wish: Filter) -> Bank:
        """What is known of the entries of these rows; their words only where rows are looked for by one."""
        if wish.reference is None:
            return self._bank
        entries = {claim.entry_id for item in items for claim in item.claims}
        entries |= {each.entry_id for item in items for each in self._bank.proposals.chosen.get(item.key, ())}
        rows = await self._connection.fetch(
            query("reconciliation/remittances"), self._lane, self._account_id, sorted(entries)
        )
        return replace(self._bank, words={row["entry_id"]: entry_words(dict(row), self._key) for row in rows})

    def source(self, kind: str, wish: Filter) -> ItemSource | None:
        """Where rows of a kind come from; None where the wish leaves none of them."""
        if kind == STATEMENT:
            return self._pages("reconciliation/statements", self.reader.statement, wish.channel, wish.currency)
        if kind == ORDER:
            kept = (wish.state == OPEN, self.reader.claims.targets(ORDER))
            wished = (wish.channel, wish.currency, list(BY_ORDER))
            return self._pages("reconciliation/orders", self.reader.order, *wished, *kept, begin=("", ""))
        if kind == WITHDRAWAL:
            return self._withdrawals(wish.channel, wish.currency)
        if wish.channel is not None:
            return None
        if kind == PAYOUT:
            return self._pages("reconciliation/payouts", self.reader.payout, wish.currency, None)
        if kind == BANK_ENTRY:
            return self._pages("reconciliation/bank_entries", self._entry, wish.currency, False)
        if kind == BANK_STATEMENT:
            return self._pages("reconciliation/bank_statements", self.reader.bank_statement, wish.currency)
        return None

    def _entry(self, row: Any) -> Item:
        return self.reader.entry(row, self._key)

    def _withdrawals(self, channel: str | None, currency: str | None) -> ItemSource:
        of = (channel, currency, list(BY_ORDER))
        return self._pages("reconciliation/withdrawals", self.reader.withdrawal, *of, begin=("", "", ""))

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

    async def _proposed(self) -> Bank:
        """Pairs what nobody claims with what nothing is claimed for."""
        bank = Bank()
        unclaimed = []
        async for item in self._all(self._pages("reconciliation/bank_entries", self._entry, None, True)):
            assert item.said_paid is not None, "a bank entry says what came"
            assert item.day is not None, "and when"
            bank.references[item.id] = item.references[0] if item.references else None
            left = item.said_paid - sum(claim.amount for claim in item.claims)
            unclaimed.append(UnclaimedEntry(item.id, item.currency, left, item.day, item.words))
        if not unclaimed:
            return bank
        since = min(entry.booked_on for entry in unclaimed) - _PAYOUTS_BACK
        start = datetime.combine(since, time(), ZoneInfo(DEFAULT_ZONE))
        targets = [
            open_of(item)
            for source in (
                self._pages("reconciliation/statements", self.reader.statement, None, None),
                self._withdrawals(None, None),
                self._pages("reconciliation/payouts", self.reader.payout, None, start),
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
    """The item as bank entries are looked for it."""
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
