"""Reads rows of expected against paid, slice by slice: memory does not grow with the account's orders."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from projections.matching import Open, Unclaimed, propose
from projections.reconciliation import PAYOUT
from service.database import Connection
from service.ledger import Ledger
from service.marketplaces.observed import DEFAULT_ZONE, Level
from service.marketplaces.sources import SOURCES
from service.reconciliation.items import BANK_ENTRY, BANK_STATEMENT, KINDS, ORDER, STATEMENT, WITHDRAWAL, Item, Reader
from service.reconciliation.rows import OPEN, Bank, Filter, Row, row_of, wanted
from service.vault import AccountKey
from sql import query

SLICE = 500
_BEFORE_ALL_NAMES = ("", "")
_WINDOW_BEFORE, _WINDOW_AFTER = timedelta(days=1), timedelta(days=14)
"""How far before its own day, and behind its due one, an entry of the right amount is proposed for something."""
_NOT_DUE_FOR = timedelta(days=45)
"""How far after its day, where nobody knows when it is due."""
_PAYOUTS_BACK = timedelta(days=120)
"""How long before the first entry that nobody claims payouts are looked at."""

Place = tuple[str, list[str | int]]
"""A kind, and the place of a row among those of its kind."""

BY_ORDER = [name for name, source in SOURCES.items() if source.books_at is Level.ORDER]
"""Channels that pay order by order, into a balance that is withdrawn from."""


class Source(Protocol):
    """The rows of one kind, in slices."""

    async def __call__(self, place: list[str | int] | None) -> list[Item]:
        """The next slice behind this place."""


async def reconciliation(
    ledger: Ledger, lane: int, account_id: str, key: AccountKey | None, wish: Filter, after: Place | None = None
) -> AsyncGenerator[Row, None]:
    """The wanted rows behind a place, of one moment."""
    async with ledger.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        account = _Account(connection, lane, account_id, key, ledger)
        await account.begin()
        for kind in KINDS:
            if wish.kind not in (None, kind) or (after is not None and KINDS.index(kind) < KINDS.index(after[0])):
                continue
            source = account.source(kind, wish)
            if source is None:
                continue
            place = after[1] if after is not None and after[0] == kind else None
            while items := await source(place):
                place = items[-1].place
                for item in items:
                    row = row_of(item, account.bank, ledger.exponents)
                    if wanted(row, wish):
                        yield row


class _Account:
    """One account's rows, read on one connection."""

    def __init__(
        self, connection: Connection, lane: int, account_id: str, key: AccountKey | None, ledger: Ledger
    ) -> None:
        self.bank = Bank()
        self._connection = connection
        self._lane = lane
        self._account_id = account_id
        self._key = key
        self._ledger = ledger
        self._now: datetime = ledger.seam.now()
        self._reader: Reader | None = None

    async def begin(self) -> None:
        """Reads what every row depends on: settings, matches, and what could be proposed."""
        row = await self._connection.fetchrow(query("reconciliation/account"), self._lane, self._account_id)
        assert row is not None, "the caller knows that there is such an account"
        zones = {each["channel"]: each["zone"] for each in orjson.loads(row["channels"] or "[]")}
        self._reader = Reader(orjson.loads(row["settings"]), zones, self._ledger.exponents, self._now)
        for claim in await self._connection.fetch(query("reconciliation/claims"), self._lane, self._account_id):
            self._reader.add_claims(dict(claim))
        await self._propose()

    @property
    def reader(self) -> Reader:
        assert self._reader is not None, "it began"
        return self._reader

    def source(self, kind: str, wish: Filter) -> Source | None:
        """Where rows of a kind come from; None where the wish leaves none of them."""
        if kind == STATEMENT:
            return self._pages("reconciliation/statements", self.reader.statement, wish.channel, wish.currency)
        if kind == ORDER:
            kept = (wish.state == OPEN, self.reader.claimed(ORDER))
            wished = (wish.channel, wish.currency, BY_ORDER)
            return self._pages("reconciliation/orders", self.reader.order, *wished, *kept, begin=_BEFORE_ALL_NAMES)
        if kind == WITHDRAWAL:
            of = (wish.channel, wish.currency, BY_ORDER)
            return self._pages("reconciliation/withdrawals", self.reader.withdrawal, *of, begin=_BEFORE_ALL_NAMES)
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

    def _pages(
        self,
        name: str,
        item_of: Callable[[Any], Item],
        *parameters: object,
        begin: Sequence[str | int] = (0,),
    ) -> Source:
        async def page(place: list[str | int] | None) -> list[Item]:
            rows = await self._connection.fetch(
                query(name),
                self._lane,
                self._account_id,
                *parameters,
                *(begin if place is None else place),
                SLICE,
            )
            return [item_of(row) for row in rows]

        return page

    async def _propose(self) -> None:
        """Pairs what nobody claims with what nothing is claimed for."""
        entries = [
            item async for item in self._all(self._pages("reconciliation/bank_entries", self._entry, None, True))
        ]
        if not entries:
            return
        unclaimed = []
        for item in entries:
            assert item.said_paid is not None, "a bank entry says what came"
            assert item.day is not None, "and when"
            self.bank.words[item.id] = item.words
            self.bank.references[item.id] = item.references[0] if item.references else None
            left = item.said_paid - sum(claim.amount for claim in item.claims)
            unclaimed.append(Unclaimed(item.id, item.currency, left, item.day, item.words))
        since = min(entry.booked_on for entry in unclaimed) - _PAYOUTS_BACK
        start = datetime.combine(since, time(), ZoneInfo(DEFAULT_ZONE))
        targets = [
            open_of(item)
            for source in (
                self._pages("reconciliation/statements", self.reader.statement, None, None),
                self._pages(
                    "reconciliation/withdrawals", self.reader.withdrawal, None, None, BY_ORDER, begin=_BEFORE_ALL_NAMES
                ),
                self._pages("reconciliation/payouts", self.reader.payout, None, start),
            )
            async for item in self._all(source)
            if not item.claims
        ]
        self.bank.proposals = propose(targets, unclaimed)

    async def _all(self, source: Source) -> AsyncIterator[Item]:
        place: list[str | int] | None = None
        while items := await source(place):
            place = items[-1].place
            for item in items:
                yield item


def open_of(item: Item) -> Open:
    """The item as bank entries are looked for it."""
    day = item.day or date.min
    until = item.due + _WINDOW_AFTER if item.due else day + _NOT_DUE_FOR if item.day else date.max
    return Open(
        key=item.key,
        currency=item.currency,
        expected=item.expected if item.expected is not None else item.tolerance * 0,
        tolerance=item.tolerance,
        references=item.references,
        since=day - _WINDOW_BEFORE if item.day else date.min,
        until=until,
        either_way=item.either_way,
    )
