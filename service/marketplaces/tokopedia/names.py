"""The stored names of Tokopedia's channel and of its sources. They never change."""

from __future__ import annotations

CHANNEL = "tokopedia"

SALDO_HISTORY = "tokopedia.saldo_history"
INCOME_REPORT = "tokopedia.income_report"
WITHDRAWAL_RECORDS = "tokopedia.withdrawal_records"
