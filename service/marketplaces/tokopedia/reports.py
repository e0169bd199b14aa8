"""The income file of Tokopedia's sellers: since the merger it is the one of TikTok Shop, and its settled orders book."""

from __future__ import annotations

from service.marketplaces.tiktok.reports import income_file
from service.marketplaces.tokopedia import names

REPORT = income_file(names.INCOME_REPORT, names.WITHDRAWAL_RECORDS, books=True)
