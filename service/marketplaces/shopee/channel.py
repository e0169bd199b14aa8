"""Shopee, as the service knows it."""

from __future__ import annotations

from datetime import timedelta

from projections.reconciliation import Terms
from service.formats.detection import CSV, JSON, XLSX
from service.marketplaces.marketplace import Api, AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level
from service.marketplaces.shopee import names
from service.marketplaces.shopee.client import pull_shopee
from service.marketplaces.shopee.credentials import ShopeeCredentials
from service.marketplaces.shopee.reader import read
from service.marketplaces.shopee.refusals import failure

SHOPEE = Marketplace(
    name=names.CHANNEL,
    formats=frozenset({JSON, CSV, XLSX}),
    read=read,
    books_at=Level.ORDER,
    period="delivered_order",
    # Released 7 to 15 days after delivery. The release lists do not say on which day that was.
    terms=Terms(days=15),
    capabilities={
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(
                AvailableBy.API,
                "B",
                "get_payout_info, for cross-border shops; get_wallet_transaction_list: withdrawals",
            ),
            Way(AvailableBy.FILE, "A", "Transaction Report: Penarikan Dana"),
            Way(AvailableBy.DERIVED, "A", "sum of orders by withdrawal, else by the local day of their release"),
            Way(AvailableBy.DERIVED, "A", "sum of the income report by withdrawal, else by the local day of release"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(
                AvailableBy.API, "A", "get_escrow_detail: escrow_amount; get_escrow_list: payout_amount, when released"
            ),
            Way(AvailableBy.FILE, "A", "income report: Total Penghasilan"),
        ),
        (Measure.PAYOUT, Level.ITEM): (
            Way(
                AvailableBy.NOT_AVAILABLE,
                "A",
                "items of the API carry prices, no payout; where an income report has rows by Sku, these split the order's",
            ),
        ),
        (Measure.COMMISSION, Level.GLOBAL): (Way(AvailableBy.DERIVED, "A", "sum of the orders' commission_fee"),),
        (Measure.COMMISSION, Level.ORDER): (
            Way(AvailableBy.API, "A", "get_escrow_detail: commission_fee"),
            Way(AvailableBy.FILE, "A", "income report: Biaya Administrasi"),
        ),
        (Measure.COMMISSION, Level.ITEM): (
            Way(
                AvailableBy.NOT_AVAILABLE,
                "A",
                "items of the API carry no commission; where an income report has rows by Sku, these split the order's",
            ),
        ),
        (Measure.PERIOD, None): (Way(AvailableBy.API, "A", "get_escrow_list: escrow_release_time, order by order"),),
    },
    failure=failure,
    # Orders get adjustments after their release.
    overlap=timedelta(days=30),
    apis=(
        Api(
            name="api",
            credentials=ShopeeCredentials,
            pull=pull_shopee,
            base_url="https://partner.shopeemobile.com",
            names_currency=False,
        ),
    ),
    cash_sources=frozenset({names.BALANCE_REPORT, names.BILLING_TRANSACTION, names.PAYOUT_INFO, names.WALLET}),
)
