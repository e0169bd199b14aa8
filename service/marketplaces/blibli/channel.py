"""Blibli, as the service knows it."""

from __future__ import annotations

from datetime import timedelta

from projections.reconciliation import Terms
from service.formats.detection import CSV, JSON, XLSX
from service.marketplaces.blibli import names
from service.marketplaces.blibli.client import pull_blibli
from service.marketplaces.blibli.credentials import BlibliCredentials
from service.marketplaces.blibli.reader import REPORT_NAMES, BlibliReader
from service.marketplaces.blibli.refusals import failure
from service.marketplaces.marketplace import Api, AvailableBy, Marketplace, Measure, Way
from service.marketplaces.observations import Level

BLIBLI = Marketplace(
    name=names.CHANNEL,
    formats=frozenset({JSON, CSV, XLSX}),
    read=BlibliReader().read,
    column_names=REPORT_NAMES,
    books_at=Level.GLOBAL,
    period="weekly",
    # That it pays weekly is attested. The days are our own choice.
    terms=Terms(weekly=True, business_days=3),
    capabilities={
        (Measure.PAYOUT, Level.GLOBAL): (
            Way(AvailableBy.API, "B", "settlements/filter: totalPayment"),
            Way(AvailableBy.DERIVED, "D", "sum of the report's rows by settlement"),
        ),
        (Measure.PAYOUT, Level.ORDER): (
            Way(AvailableBy.FILE, "D", "report mapping: totalPayment by orderNo"),
            Way(AvailableBy.DERIVED, "B", "sum of settlement order items, where they name their order"),
        ),
        (Measure.PAYOUT, Level.ITEM): (Way(AvailableBy.API, "B", "settlements/{id}/orderItems: totalPayment"),),
        (Measure.COMMISSION, Level.GLOBAL): (
            Way(AvailableBy.DERIVED, "B", "sum of the order items' commission by settlement"),
        ),
        (Measure.COMMISSION, Level.ORDER): (
            Way(AvailableBy.FILE, "D", "report mapping: commission by orderNo"),
            Way(AvailableBy.DERIVED, "B", "sum of settlement order items, where they name their order"),
        ),
        (Measure.COMMISSION, Level.ITEM): (Way(AvailableBy.API, "B", "settlements/{id}/orderItems: commission"),),
        (Measure.PERIOD, None): (
            Way(AvailableBy.API, "B", "settlements/filter: paymentDate; sources disagree about the calendar"),
        ),
    },
    failure=failure,
    # Paid days after it is settled, twice a month.
    overlap=timedelta(days=35),
    apis=(
        Api(
            name="api",
            credentials=BlibliCredentials,
            pull=pull_blibli,
            base_url="https://api.blibli.com",
        ),
    ),
)
