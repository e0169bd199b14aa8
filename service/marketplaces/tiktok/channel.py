"""TikTok Shop, as the service knows it."""

from __future__ import annotations

from datetime import timedelta

from projections.reconciliation import Terms
from service.formats.detection import CSV, JSON, XLSX
from service.marketplaces.marketplace import Api, AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level
from service.marketplaces.tiktok import names
from service.marketplaces.tiktok.client import pull_tiktok
from service.marketplaces.tiktok.credentials import TikTokCredentials
from service.marketplaces.tiktok.reader import read
from service.marketplaces.tiktok.refusals import failure

TIKTOK = Marketplace(
    name=names.CHANNEL,
    formats=frozenset({JSON, CSV, XLSX}),
    read=read,
    books_at=Level.GLOBAL,
    period="delivered_order",
    # The longest of its settlement periods of 0, 3, 7 and 15 days.
    terms=Terms(days=15),
    capabilities={
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(AvailableBy.API, "A", "statements: settlement_amount; payments, withdrawals"),
            Way(AvailableBy.FILE, "A", "the same answers, saved"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(AvailableBy.API, "A", "statement_transactions: settlement_amount"),
            Way(AvailableBy.FILE, "A", "income file: Order details"),
        ),
        # One call an order would be needed, so a pull does not make it.
        (Measure.PAYOUT, Level.ITEM): (
            Way(AvailableBy.FILE, "B", "orders/{id}/statement_transactions, saved: sku settlement_amount"),
        ),
        (Measure.COMMISSION, Level.GLOBAL): (
            Way(
                AvailableBy.DERIVED, "A", "sum of platform_commission_amount by statement; fee_amount stands beside it"
            ),
        ),
        (Measure.COMMISSION, Level.ORDER): (
            Way(AvailableBy.API, "A", "statement_transactions: platform_commission_amount, referral_fee_amount"),
            Way(AvailableBy.FILE, "A", "income file: platform and dynamic commission"),
        ),
        (Measure.COMMISSION, Level.ITEM): (
            Way(AvailableBy.FILE, "B", "orders/{id}/statement_transactions, saved: fee_tax_breakdown of each sku"),
        ),
        (Measure.PERIOD, None): (Way(AvailableBy.API, "A", "statement_time of each statement"),),
    },
    failure=failure,
    # A statement is paid after it is made.
    overlap=timedelta(days=30),
    apis=(
        Api(
            name="api",
            credentials=TikTokCredentials,
            pull=pull_tiktok,
            base_url="https://open-api.tiktokglobalshop.com",
        ),
    ),
    cash_sources=frozenset({names.PAYMENTS, names.WITHDRAWALS, names.WITHDRAWAL_RECORDS}),
)
