"""Rows of expected against paid, made of what is stored: whatever year a source wrote, and whatever somebody matched."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from service.reconciliation.items import ItemBuilder
from service.reconciliation.reading import open_of

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)


def builder() -> ItemBuilder:
    return ItemBuilder({}, {}, {"IDR": 2, "USD": 2}, NOW)


def statement(created_at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "channel": "lazada", "seller": "", "number": "S-1", "currency": "IDR", "booked": 10_000, "place": 1,
        "created_at": created_at, "observed_at": NOW, "updated_at": None, "findings": b"[]", "was_paid": False,
        "of_lines": None, "payout": None,
    }  # fmt: skip
    return row | fields


@pytest.mark.parametrize("channel", ["lazada", "shopee", "tiktok", "blibli"])
@pytest.mark.parametrize(
    "written",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 20, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)],
)
def test_a_year_that_no_calendar_reaches_makes_a_row_all_the_same(written: datetime, channel: str) -> None:
    item = builder().statement(statement(written, channel=channel))
    assert item.day is not None
    assert item.day.year in (1970, 2199)
    assert open_of(item).key == item.key


@pytest.mark.parametrize(("currency", "paid"), [("IDR", Decimal(100)), ("USD", None)])
def test_a_match_pays_only_what_is_of_its_currency_and_any_other_has_to_be_looked_at(
    currency: str, paid: Decimal | None
) -> None:
    items = builder()
    target = {"kind": "statement", "id": "S-1", "channel": "lazada", "amount": 10_000}
    entry = {"match_id": "mat_1", "entry_id": "ben_1", "currency": currency, "amount": 10_000}
    items.add_claims(entry | {"booked_on": NOW.date(), "reference": None, "targets": orjson.dumps([target])})
    item = items.statement(statement())
    assert sum((claim.amount for claim in item.claims), Decimal(0)) == (paid or 0)
    assert item.doubted is (paid is None)
