"""Lazada, as the service knows it."""

from __future__ import annotations

from datetime import timedelta

from projections.reconciliation import Terms
from service.formats.detection import CSV, JSON, XLSX, XML
from service.marketplaces.lazada import names
from service.marketplaces.lazada.client import pull_open_platform, pull_sellercenter
from service.marketplaces.lazada.credentials import OpenPlatformCredentials, SellerCenterCredentials
from service.marketplaces.lazada.reader import read
from service.marketplaces.lazada.refusals import failure
from service.marketplaces.marketplace import Api, AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level

LAZADA = Marketplace(
    name=names.CHANNEL,
    formats=frozenset({JSON, XML, CSV, XLSX}),
    read=read,
    books_at=Level.GLOBAL,
    period="weekly",
    # Malaysia's rule, attested. Those of the other countries are not, and are taken to be the same.
    terms=Terms(weekly=True, business_days=5),
    capabilities={
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(AvailableBy.API, "A", "GetPayoutStatus, /finance/payout/status/get: payout"),
            Way(AvailableBy.FILE, "A", "the same answers, saved"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(AvailableBy.DERIVED, "A", "sum of /finance/transaction/details/get by order_no"),
            Way(AvailableBy.DERIVED, "B", "sum of the fee report by order number"),
        ),
        (Measure.PAYOUT, Level.ITEM): (
            Way(AvailableBy.API, "A", "/finance/transaction/details/get by orderItem_no"),
            Way(AvailableBy.FILE, "B", "fee report"),
        ),
        (Measure.COMMISSION, Level.GLOBAL): (
            Way(
                AvailableBy.DERIVED,
                "A",
                "sum of /finance/transaction/details/get by statement period; fees_total stands beside it",
            ),
            Way(AvailableBy.DERIVED, "B", "sum of the fee report by statement number"),
        ),
        (Measure.COMMISSION, Level.ORDER): (
            Way(AvailableBy.DERIVED, "A", "sum of /finance/transaction/details/get by order_no"),
            Way(AvailableBy.DERIVED, "B", "sum of the fee report by order number"),
        ),
        (Measure.COMMISSION, Level.ITEM): (
            Way(AvailableBy.API, "A", "/finance/transaction/details/get: fee_name"),
            Way(AvailableBy.FILE, "B", "fee report"),
        ),
        (Measure.PERIOD, None): (Way(AvailableBy.NOT_AVAILABLE, "A", "weekly by default; a setting overrides it"),),
    },
    failure=failure,
    # A statement is paid, and adjusted, days after it is closed. Some countries pay twice a month.
    overlap=timedelta(days=35),
    apis=(
        Api(
            name="open_platform",
            credentials=OpenPlatformCredentials,
            pull=pull_open_platform,
            example_url="https://api.lazada.co.id/rest",
            names_currency=False,
        ),
        Api(
            name="sellercenter",
            credentials=SellerCenterCredentials,
            pull=pull_sellercenter,
            example_url="https://api.sellercenter.lazada.co.id",
            identified_by="userId",
        ),
    ),
    cash_sources=frozenset({names.ACCOUNT_TRANSACTIONS}),
)
