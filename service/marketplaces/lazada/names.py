"""The stored names of Lazada's channel and of its sources. They never change."""

from __future__ import annotations

CHANNEL = "lazada"

SELLERCENTER = "lazada.sellercenter"
PAYOUT_STATUS = "lazada.payout_status"
TRANSACTION_DETAILS = "lazada.transaction_details"
ACCOUNT_TRANSACTIONS = "lazada.account_transactions"
FEE_REPORT = "lazada.fee_report"
