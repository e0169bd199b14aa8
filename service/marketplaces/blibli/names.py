"""The stored names of Blibli's channel and of its sources. They never change."""

from __future__ import annotations

CHANNEL = "blibli"

SETTLEMENTS = "blibli.settlements"
SETTLEMENT_ITEMS = "blibli.settlement_items"
REPORT = "blibli.report"
