"""Tokopedia, as the service knows it."""

from __future__ import annotations

from datetime import timedelta

from projections.reconciliation import Terms
from service.formats.detection import CSV, JSON, XLSX
from service.marketplaces.marketplace import Api, AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level
from service.marketplaces.tokopedia import names
from service.marketplaces.tokopedia.client import pull_tokopedia
from service.marketplaces.tokopedia.credentials import TokopediaCredentials
from service.marketplaces.tokopedia.reader import TokopediaReader
from service.marketplaces.tokopedia.refusals import failure

TOKOPEDIA = Marketplace(
    name=names.CHANNEL,
    formats=frozenset({JSON, CSV, XLSX}),
    read=TokopediaReader().read,
    books_at=Level.ORDER,
    period="delivered_order",
    # Paid into the shop's balance when the order is completed.
    terms=Terms(days=0),
    capabilities={
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(AvailableBy.API, "B", "saldo-history: withdrawals"),
            Way(AvailableBy.DERIVED, "A", "sum of rows by withdrawal, else by their local day"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(AvailableBy.API, "A", "saldo-history: amount, invoice in note"),
            Way(AvailableBy.FILE, "A", "income file: Order details"),
        ),
        (Measure.PAYOUT, Level.ITEM): (Way(AvailableBy.NOT_AVAILABLE, "A", "no row names an item"),),
        (Measure.COMMISSION, Level.GLOBAL): (Way(AvailableBy.DERIVED, "B", "sum of the commission rows"),),
        (Measure.COMMISSION, Level.ORDER): (
            Way(AvailableBy.API, "B", "saldo-history: commission rows, invoice in note"),
            Way(AvailableBy.FILE, "A", "income file: platform and dynamic commission"),
        ),
        (Measure.COMMISSION, Level.ITEM): (Way(AvailableBy.NOT_AVAILABLE, "A", "no row names an item"),),
        (Measure.PERIOD, None): (Way(AvailableBy.DERIVED, "A", "create_time of the disbursement, order by order"),),
    },
    failure=failure,
    # Rows are only added.
    overlap=timedelta(days=7),
    apis=(
        Api(
            name="api",
            credentials=TokopediaCredentials,
            pull=pull_tokopedia,
            base_url="https://fs.tokopedia.net",
        ),
    ),
    takes_types=True,
    cash_sources=frozenset({names.WITHDRAWAL_RECORDS}),
)
