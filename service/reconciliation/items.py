"""Items: what money is expected for, made of the ledger's rows, before bank entries are proposed for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from events.provider.reports import CANCELLED, FAILED, PAID
from projections.matching import words_of
from projections.reconciliation import PAYOUT, PAYOUT_TERMS, ZERO, due_on, terms_of, tolerance_of
from service.formats.amounts import NotUnderstood, read_payout
from service.formats.times import zone_named
from service.ledger.vault import AccountKey
from service.marketplaces.channels import CHANNELS
from service.marketplaces.consistency_checks import findings_beside
from service.marketplaces.observations import DEFAULT_ZONE
from service.platform.calendars import add_business_days, country_of
from service.reconciliation.claims import (
    BANK_ENTRY,
    BANK_STATEMENT,
    ORDER,
    STATEMENT,
    WITHDRAWAL,
    Claim,
    Claims,
    TargetKey,
    major,
    target_key,
)

BY_MATCH, BY_PROPOSAL, BY_CHANNEL, BY_LEDGER, BY_BANK = "match", "proposal", "channel", "ledger", "bank"
"""Who reports the paid amount: a person's match, a proposal, the marketplace, the payout's own status, or the bank."""

USUAL_TERMS = {**{name: marketplace.terms for name, marketplace in CHANNELS.items()}, PAYOUT: PAYOUT_TERMS}
"""By when channels, and our own payouts, usually pay."""

AMOUNT_RULES = frozenset(
    {
        *("payout_is_closing", "payout_is_revenue_and_fees", "paid_stays_paid", "currency_stays"),
        *("payout_was_pending", "amounts_fit_the_ledger", "bank_reference_is_unique", "closing_is_opening_and_entries"),
        "entries_are_what_the_bank_states",
        "match_is_in_the_currency",
    }
)
"""Rules about the amount to be paid. All others are about how a statement explains it."""

_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 30, tzinfo=UTC)


@dataclass(slots=True)
class Item:
    """Something that money is expected for. Amounts are in major units.

    `reported_paid` is what was paid as the channel, the payout's status or the bank's own entry says (`reported_by`).
    """

    kind: str
    id: str
    currency: str
    place: list[str | int]
    """Its place among the items of its kind: what a cursor keeps."""
    expected: Decimal | None
    tolerance: Decimal
    channel: str | None = None
    seller: str | None = None
    day: date | None = None
    due: date | None = None
    today: date = date.min
    reported_paid: Decimal | None = None
    reported_by: str | None = None
    paid_at: str | None = None
    settled: bool = False
    findings: list[Any] = field(default_factory=list)
    residual: tuple[str, Decimal] | None = None
    references: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    claims: list[Claim] = field(default_factory=list)
    either_way: bool = False
    not_checked: bool = False
    """Whether one of the two amounts is unknown, so that there is no difference."""

    @property
    def key(self) -> TargetKey:
        return target_key(self.kind, self.channel, self.seller, self.id)

    @property
    def doubted(self) -> bool:
        """Whether a finding contradicts the amount."""
        return any(found["rule"] in AMOUNT_RULES for found in self.findings)


class ItemBuilder:
    """Makes items of rows, by the account's settings."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        zones: Mapping[str, str | None],
        exponents: Mapping[str, int],
        now: datetime,
        claims: Claims | None = None,
    ) -> None:
        self._tolerances = settings.get("tolerances", {})
        self._terms = settings.get("settlementTerms", {})
        self._zones = zones
        self._exponents = exponents
        self._now = now
        self.claims = claims or Claims()

    def add_claims(self, row: Mapping[str, Any]) -> None:
        self.claims.add(row, self._exponents)

    def major(self, amount: int, currency: str) -> Decimal:
        return major(amount, currency, self._exponents)

    def tolerance(self, currency: str) -> Decimal:
        return tolerance_of(currency, self._tolerances)

    def local_day(self, moment: datetime | None, channel: str | None) -> date | None:
        """The day of a moment, in the channel's zone."""
        if moment is None:
            return None
        try:
            zone = zone_named(self._zones.get(channel or "") or DEFAULT_ZONE)
        except ValueError:
            # An older release accepted other zones.
            zone = UTC
        # A source may write any year, and days at the ends of the calendar cannot be added to.
        return min(max(moment, _EARLIEST), _LATEST).astimezone(zone).date()

    def statement(self, row: Mapping[str, Any]) -> Item:
        """A channel's statement, which is expected to pay what it booked."""
        channel, currency = row["channel"], row["currency"]
        expected = self.major(row["booked"], currency)
        day = self.local_day(row["created_at"] or row["observed_at"], channel)
        item = self._item(STATEMENT, row["number"], row, expected, channel)
        item.seller = row["seller"] or None
        item.day, item.due = day, self._due(channel, day, currency)
        item.findings = findings_beside(orjson.loads(row["findings"]), row.get("opening"), row.get("previous_closing"))
        if row["was_paid"]:
            item.reported_paid, item.reported_by, item.settled, item.paid_at = (
                expected,
                BY_CHANNEL,
                True,
                row["updated_at"],
            )
        lines, remainder = row["of_lines"], _below_minor_unit(row["payout"], expected)
        if lines is not None and expected + remainder != lines:
            item.residual = ("statement less its lines", expected + remainder - lines)
        elif remainder:
            item.residual = ("below the minor unit", remainder)
        item.references = (row["number"],)
        item.words = words_of(item.references)
        self._claim(item)
        return item

    def order(self, row: Mapping[str, Any]) -> Item:
        """An order. It is paid when the channel releases it, or where statements pay, with its statement."""
        channel, currency, payout = row["channel"], row["currency"], row["payout"]
        item = self._item(ORDER, row["key"], {**row, "place": [channel, row["key"]]}, payout, channel)
        item.seller = row["seller"] or None
        if row["pays_orders"]:
            item.day = self.local_day(row["at"], channel)
            if row["released"] is not None:
                item.reported_paid, item.reported_by, item.settled = row["released"], BY_CHANNEL, True
                item.paid_at = row["released_at"]
        else:
            item.day = self.local_day(row["statement_at"], channel)
            if row["was_paid"] and payout is not None:
                item.reported_paid, item.reported_by, item.settled = payout, BY_CHANNEL, True
                item.paid_at = row["statement_updated_at"]
        item.due = self._due(channel, item.day, currency)
        item.references = tuple(name for name in (row["key"], row["statement"]) if name)
        item.words = words_of(item.references)
        self._claim(item)
        return item

    def withdrawal(self, row: Mapping[str, Any]) -> Item:
        """A withdrawal from a channel's wallet to the bank, or a payment that came back: then nothing was paid."""
        channel, currency, reference = row["channel"], row["currency"], row["reference"]
        item = self._item(
            WITHDRAWAL, reference, {**row, "place": [channel, reference, currency]}, row["withdrawn"], channel
        )
        item.seller = row["seller"] or None
        item.day = self.local_day(row["at"], channel)
        item.due = self._due(PAYOUT, item.day, currency)
        if row["paid"]:
            item.reported_paid, item.reported_by, item.settled = row["withdrawn"], BY_CHANNEL, True
            item.paid_at = row["sent_at"]
        elif row["returned"]:
            item.reported_paid, item.reported_by, item.settled = ZERO, BY_CHANNEL, True
        difference = row["withdrawn"] - (row["withdrawn"] if row["returned"] else row["of_orders"])
        if difference:
            item.residual = ("withdrawal less its orders", difference)
        item.references = (reference, reference.rsplit("/", 1)[-1])
        item.words = words_of(item.references)
        self._claim(item)
        return item

    def _claim(self, item: Item) -> None:
        """Adds the claims for it. A claim in another currency pays nothing, and is a finding for a person to see."""
        claims = self.claims.of_target.get(item.key, [])
        item.claims = [claim for claim in claims if claim.currency == item.currency]
        others = [claim.currency for claim in claims if claim.currency != item.currency]
        item.findings += [
            {"rule": "match_is_in_the_currency", "expected": item.currency, "actual": currency, "difference": ""}
            for currency in others
        ]

    def payout(self, row: Mapping[str, Any]) -> Item:
        """One of our own payouts."""
        ended = row["status"] in (FAILED, CANCELLED)
        amount = self.major(row["amount"], row["currency"])
        item = self._item(PAYOUT, row["payout_id"], row, Decimal(0) if ended else amount, None)
        item.day = self.local_day(row["requested_at"], None)
        item.due = None if ended else self._due(PAYOUT, item.day, row["currency"])
        item.findings = [
            {"rule": "payout_is_not_contradicted", "expected": "no open case", "actual": kind, "difference": ""}
            for kind in row["contradictions"]
        ]
        if row["status"] == PAID:
            item.reported_paid, item.reported_by, item.settled, item.paid_at = amount, BY_LEDGER, True, row["paid_at"]
        item.either_way = True
        item.references = tuple(
            name for name in (row["payout_id"], row["reference"], row["provider_payout_id"]) if name
        )
        item.words = words_of(item.references)
        self._claim(item)
        return item

    def entry(self, row: Mapping[str, Any], key: AccountKey | None) -> Item:
        """A bank entry. Without the key, its sealed text is not searched."""
        amount = self.major(row["amount"], row["currency"])
        item = self._item(BANK_ENTRY, row["entry_id"], row, None, None)
        item.day, item.paid_at = row["booked_on"], row["booked_on"].isoformat()
        item.reported_paid, item.reported_by, item.settled = amount, BY_BANK, True
        item.findings = orjson.loads(row["findings"])
        item.references = tuple(name for name in (row["reference"], *row["references"]) if name)
        item.words = entry_words(row, key)
        item.claims = self.claims.of_entry.get(row["entry_id"], [])
        return item

    def bank_statement(self, row: Mapping[str, Any]) -> Item:
        """A bank's statement: its closing balance, against the opening one and its entries."""
        currency = row["currency"]
        expected = None if row["opening"] is None else self.major(row["opening"] + row["moved"], currency)
        item = self._item(BANK_STATEMENT, row["number"], row, expected, None)
        item.tolerance = Decimal(0)
        item.day = row["to_on"]
        item.reported_paid = None if row["closing"] is None else self.major(row["closing"], currency)
        item.reported_by, item.settled = BY_BANK, True
        item.not_checked = expected is None or item.reported_paid is None
        item.findings = orjson.loads(row["findings"])
        if expected is not None and item.reported_paid is not None and item.reported_paid != expected:
            item.residual = ("closing balance less its entries", item.reported_paid - expected)
        item.words = words_of([row["number"]])
        return item

    def _item(
        self, kind: str, name: str, row: Mapping[str, Any], expected: Decimal | None, channel: str | None
    ) -> Item:
        currency = row["currency"]
        today = self.local_day(self._now, channel)
        assert today is not None, "there is a now"
        return Item(
            kind=kind,
            id=name,
            currency=currency,
            place=row["place"] if isinstance(row["place"], list) else [row["place"]],
            expected=expected,
            tolerance=self.tolerance(currency),
            channel=channel,
            today=today,
        )

    def _due(self, channel: str, day: date | None, currency: str) -> date | None:
        terms = terms_of(USUAL_TERMS.get(channel), self._terms.get(channel, {}))
        return due_on(terms, day, country_of(currency), add_business_days)


def entry_words(row: Mapping[str, Any], key: AccountKey | None) -> frozenset[str]:
    """The words of a bank entry's references and text, which items are found by."""
    remittance = key.unseal("remittance", row["remittance"]) if key and row["remittance"] else None
    return words_of([row["reference"], *row["references"], remittance])


def _below_minor_unit(text: str | None, booked: Decimal) -> Decimal:
    """The part of the source's payout below the ledger's minor unit: 0.71 of 1521950.71 VND."""
    if text is None:
        return Decimal(0)
    try:
        exact = read_payout(text)[0].number
    except NotUnderstood:
        return Decimal(0)
    remainder = exact - booked
    # A larger difference is another amount than the booked one, and a finding says so.
    return remainder if abs(remainder) < 1 else Decimal(0)
