"""Imports with a mistake, and what stands in the ledger afterwards."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from events.accounts.state import LIVE
from events.envelope import Actor, Source
from projections.runner import catch_up
from service.banks.columns import Layout
from service.banks.identity import bank_account_digest
from service.banks.import_source import BankOptions, read_columns
from service.imports.import_source import ImportRequest, ImportResult
from service.imports.ingestion import import_file
from service.ledger.account_profile import read_profile
from service.ledger.commands import RequestOrigin
from service.marketplaces.import_source import MarketplaceOptions
from service.rereading.parameters import ReadingParameters
from service.rereading.receipt import RereadDocument
from service.rereading.reread import imports_of, reread
from service.workers.projector import TRAILING
from tests.support.api import Api

ORIGIN = RequestOrigin(Actor("operator", "import"), Source("cli", "import"), LIVE, "req_import")
Given = Mapping[str, Any]
"""Parameters of an import, by the names of `ReadingParameters`."""

NUMBERS = ("5550001112", "777")
"""The bank accounts of these files."""

VIEWS: Mapping[str, tuple[str, ...]] = {
    "balances": ("currency", "pending", "available", "reserved", "held", "paid_out"),
    "orders": ("currency", "reference", "recorded", "pending", "refunded", "told", "told_by", "let_go"),
    "settlements": ("channel", "seller", "reference", "currency", "counts_for", "booked", "released", "absorbed", "adjusted", "released_by", "ARRAY(SELECT jsonb_object_keys(adjustments) ORDER BY 1) AS adjustments"),
    "statements": ("channel", "seller", "number", "currency", "content", "created_at", "paid", "booked", "paid_out", "deposit"),
    "channels": ("channel", "paid_out", "owed"),
    "bank_entries": ("currency", "amount", "booked_on", "value_on", "reference", '"references"', "reversal", "content", "balance"),
    "bank_statements": ("number", "currency", "opening", "closing", "moved", "entries_count", "from_on", "to_on"),
    "settlement_lines": ("channel", "reference", "source", "line", "kind", "amount", "currency", "counts", "stage", "order_id", "occurred_at"),
    "settlement_totals": ("channel", "level", "key", "currency", "payout"),
}  # fmt: skip
"""What has to be the same: not positions, and not the digests that have an account's key in them."""
_KEYED = frozenset({"content"})


async def fresh(api: Api) -> str:
    account = f"acc_{uuid.uuid4().hex}"
    await api.merchant(account)
    return account


def options_of(channel: str, given: Given) -> BankOptions | MarketplaceOptions:
    if channel != "bank":
        return MarketplaceOptions(channel, **given)
    layout = Layout(
        read_columns(given.get("columns", "")), given.get("decimal"), given.get("dates") == "mdy", given.get("format")
    )
    return BankOptions(given.get("bank_account"), given.get("currency"), layout)


async def imported(api: Api, account: str, channel: str, content: bytes, given: Given, name: str = "f") -> ImportResult:
    request: ImportRequest[Any] = ImportRequest(account, name, options_of(channel, given))
    return await import_file(api.ledger, request, io.BytesIO(content), ORIGIN)


async def read_anew(api: Api, account: str, given: Given, *import_ids: str) -> RereadDocument:
    ids = import_ids or await imports_of(api.ledger, account, LIVE, None)
    return await reread(api.ledger, account, ids, ReadingParameters(**given), ORIGIN)


async def stands(api: Api, account: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands of an account, without rows of nothing."""
    ledger = api.ledger
    lane = await ledger.lane_of(account)
    async with ledger.pool.acquire() as connection:
        for projection in TRAILING:
            while await catch_up(connection, lane, projection, ledger.runtime.now()):
                pass
        found = {}
        for view, columns in VIEWS.items():
            kept = [column for column in columns if not (view == "bank_entries" and column in _KEYED)]
            rows = await connection.fetch(f"SELECT {', '.join(kept)} FROM {view} WHERE account_id = $1", account)
            shown = [_without_zeros(row) if view == "channels" else dict(row) for row in rows]
            found[view] = sorted((_hashable(row) for row in shown if _is_something(view, row)), key=repr)
    profile = await read_profile(ledger, lane, account)
    assert profile is not None
    assert profile.key is not None
    key = profile.key
    numbers = {bank_account_digest(key, number): number for number in NUMBERS}
    rows = await ledger.pool.fetch("SELECT * FROM bank_entries WHERE account_id = $1", account)
    found["texts of bank entries"] = sorted(
        (numbers[row["bank_account"]], row["amount"], key.unseal("remittance", row["remittance"] or "")) for row in rows
    )
    return found


def _hashable(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(each) if isinstance(each, list) else each for each in row.values())


def _without_zeros(row: Any) -> dict[str, Any]:
    amounts = {
        name: {key: each for key, each in orjson.loads(row[name]).items() if each} for name in ("paid_out", "owed")
    }
    return {"channel": row["channel"], **{name: orjson.dumps(each).decode() for name, each in amounts.items()}}


def _is_something(view: str, row: Any) -> bool:
    if view == "balances":
        return any(row[name] for name in ("pending", "available", "reserved", "held", "paid_out"))
    if view == "orders":
        return any(row[name] for name in ("recorded", "pending", "refunded", "told", "let_go"))
    if view == "channels":
        return any(value for text in (row["paid_out"], row["owed"]) for value in orjson.loads(text).values())
    return True


async def events_count(api: Api, account: str) -> int:
    found = await api.ledger.pool.fetchval("SELECT count(*) FROM events WHERE account_id = $1", account)
    assert isinstance(found, int)
    return found
