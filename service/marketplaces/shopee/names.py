"""The stored names of Shopee's channel and of its sources. They never change."""

from __future__ import annotations

CHANNEL = "shopee"

ESCROW_DETAIL = "shopee.escrow_detail"
ESCROW_LIST = "shopee.escrow_list"
WALLET = "shopee.wallet"
PAYOUT_INFO = "shopee.payout_info"
BILLING_TRANSACTION = "shopee.billing_transaction"
INCOME_REPORT = "shopee.income_report"
INCOME_ADJUSTMENTS = "shopee.income_adjustments"
INCOME_ITEMS = "shopee.income_items"
BALANCE_REPORT = "shopee.balance_report"
