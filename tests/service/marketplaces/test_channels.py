"""Seed 000's table: whatever it calls available, is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.marketplaces.channels import CHANNELS, availability
from service.marketplaces.marketplace import AvailableBy, Measure
from service.marketplaces.observations import Level

G, O, I = Level.GLOBAL, Level.ORDER, Level.ITEM  # noqa: E741

# The rows of seed 000 that say "API available".
AVAILABLE: dict[str, set[tuple[Measure, Level | None]]] = {
    "shopee": {(Measure.PAYOUT, O), (Measure.COMMISSION, O)},
    "tokopedia": {(Measure.PAYOUT, O), (Measure.COMMISSION, O)},
    "lazada": {(measure, level) for measure in (Measure.PAYOUT, Measure.COMMISSION) for level in (G, O, I)},
    "blibli": {(measure, level) for measure in (Measure.PAYOUT, Measure.COMMISSION) for level in (G, O)}
    | {(Measure.PERIOD, None)},
}


ROOT = Path(__file__).parents[3]
TABLES = (
    ("service/marketplaces/README.md", "What is read"),
    ("service/marketplaces/README.md", "Signs and bookings"),
    ("docs/files.md", "Marketplaces"),
    ("docs/reconciliation.md", "When something is due"),
)
"""Tables with a row for each channel."""


@pytest.mark.parametrize("channel", AVAILABLE)
def test_what_the_seed_calls_available_is(channel: str) -> None:
    cells = {(cell.measure, cell.level): cell for cell in availability() if cell.channel == channel}
    assert {name for name in AVAILABLE[channel] if not cells[name].available} == set()


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_cell_is_answered_and_says_how_well_attested(channel: str) -> None:
    cells = {(cell.measure, cell.level): cell for cell in availability() if cell.channel == channel}
    assert set(cells) == {(m, level) for m in (Measure.PAYOUT, Measure.COMMISSION) for level in Level} | {
        (Measure.PERIOD, None)
    }
    assert all(way.grade in "ABCD" and way.through for cell in cells.values() for way in cell.ways)


@pytest.mark.parametrize(("document", "section"), TABLES)
def test_every_channel_has_a_row_where_documents_have_one_for_each(document: str, section: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    table = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    named = {name.strip(" `") for row in re.findall(r"^\|([^|]+)\|", table, re.MULTILINE) for name in row.split(",")}
    assert CHANNELS.keys() - named == set(), f"{document}, {section}"


def test_shopees_item_level_is_never_invented() -> None:
    cells = {(cell.measure, cell.level): cell.by for cell in availability() if cell.channel == "shopee"}
    assert cells[Measure.COMMISSION, I] is cells[Measure.PAYOUT, I] is AvailableBy.NOT_AVAILABLE
    assert AvailableBy.DERIVED in {
        way.by for cell in availability() if (cell.channel, cell.level) == ("shopee", G) for way in cell.ways
    }
