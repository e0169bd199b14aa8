"""The stored names of TikTok Shop's channel and of its sources. They never change."""

from __future__ import annotations

CHANNEL = "tiktok"

STATEMENTS = "tiktok.statements"
STATEMENT_TRANSACTIONS = "tiktok.statement_transactions"
ORDER_TRANSACTIONS = "tiktok.order_transactions"
UNSETTLED = "tiktok.unsettled"
PAYMENTS = "tiktok.payments"
WITHDRAWALS = "tiktok.withdrawals"
INCOME_REPORT = "tiktok.income_report"
WITHDRAWAL_RECORDS = "tiktok.withdrawal_records"
