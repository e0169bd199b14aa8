"""The figures of the ledger's own statements, and the cuts between their periods.

    Subtotal1      = ItemRevenue + OtherRevenueTotal - FeesTotal
    Subtotal2      = Subtotal1 - Refunds
    ClosingBalance = OpeningBalance + Subtotal2 - (GuaranteeDeposit - that of the statement before) - Payout

The closing balance is the sum of pending, available and reserved at the cut; the guarantee deposit is what was held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from events.catalog import AnyEvent
from events.currency import in_major_units
from events.envelope import Envelope
from events.instants import Instant
from events.statements.chain import Chain, cycle_of
from events.statements.events import StatementClosed, StatementCycleSet
from events.statements.periods import DELIVERED_ORDER, Cycle, end_after, label
from events.values import Data, value
from projections.statement_fields import (
    DEPOSIT,
    FEES,
    FEES_ON_REFUNDS,
    ITEM,
    OTHER,
    PAYOUT,
    REFUNDS,
    SHIPMENT_FEE,
    FieldAmount,
    completed_order_currency,
    field_amounts,
)

DECIMALS_MIN = 2


@dataclass(slots=True)
class Totals:
    """The figures of one currency since the last cut, in minor units."""

    fields: dict[str, int] = field(default_factory=dict)
    has_activity: bool = False
    """Whether there was a movement, or an order was settled: then there is a statement, even if the sums are zero."""

    def add(self, movement: FieldAmount) -> None:
        self.has_activity = True
        self.fields[movement.field] = self.of(movement.field) + movement.amount
        if movement.within is not None:
            self.fields[movement.within] = self.of(movement.within) + movement.amount

    def of(self, name: str) -> int:
        return self.fields.get(name, 0)

    @property
    def subtotal1(self) -> int:
        return self.of(ITEM) + self.of(OTHER) - self.of(FEES)

    @property
    def subtotal2(self) -> int:
        return self.subtotal1 - self.of(REFUNDS)

    @property
    def change(self) -> int:
        """The change of what is owed: closing balance less opening balance."""
        return self.subtotal2 - self.of(DEPOSIT) - self.of(PAYOUT)


@value
class StatementCut:
    """The end of a period in the log. `certain`: no event recorded from now on can belong before it."""

    starts_at: Instant
    ends_at: Instant
    through_position: int
    through_version: int
    cycle: Cycle
    certain: bool
    totals: Mapping[str, Totals]


class OpenPeriod:
    """Folds an account's events since its last cut, one after the other, until the next cut is found.

    It stores one figure for each field and currency, however many events there are.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._cycle = chain.cycle_at_cut
        self._starts_at = chain.cut_at
        self._ends_at = end_after(self._cycle, chain.cut_at)
        self._through = chain.through_position, chain.through_version
        self._totals: dict[str, Totals] = {}

    @property
    def ends_at(self) -> Instant | None:
        """The end of the open period; None where no calendar ends it."""
        return self._ends_at

    def add(self, envelope: Envelope, event: AnyEvent) -> StatementCut | None:
        """Adds the next event. Returns a cut before it, if the period ended before it was recorded, or right after it."""
        cut = self._cut_before(envelope.recorded_at, certain=True)
        if cut is not None:
            return cut
        for movement in field_amounts(event):
            self._totals.setdefault(movement.currency, Totals()).add(movement)
        self._through = envelope.position, envelope.version
        if isinstance(event, StatementCycleSet):
            self._cycle = cycle_of(event)
            self._ends_at = end_after(self._cycle, event.since)
        currency = completed_order_currency(event)
        if self._cycle.kind == DELIVERED_ORDER and currency is not None:
            self._totals.setdefault(currency, Totals()).has_activity = True
            return self._cut(envelope.recorded_at, self._active_totals(), certain=True)
        return None

    def end(self, now: Instant, known_until: Instant) -> StatementCut | None:
        """Returns the cut if the log has no more events. Every later event is recorded at `known_until` or later."""
        while self._ends_at is not None and self._ends_at <= now:
            cut = self._cut_before(self._ends_at, certain=known_until >= self._ends_at)
            if cut is not None:
                return cut
        return None

    def _cut_before(self, instant: Instant, *, certain: bool) -> StatementCut | None:
        """The cut at the end of the period, if it has ended by this instant. Periods without activity are skipped."""
        while self._ends_at is not None and self._ends_at <= instant:
            open_before = {currency for currency, link in self._chain.links.items() if link.closing or link.held}
            totals = {currency: self._totals.get(currency, Totals()) for currency in open_before}
            totals |= self._active_totals()
            if totals:
                return self._cut(self._ends_at, totals, certain=certain)
            self._starts_at = self._ends_at
            self._ends_at = end_after(self._cycle, self._ends_at)
        return None

    def _active_totals(self) -> dict[str, Totals]:
        return {currency: totals for currency, totals in self._totals.items() if totals.has_activity}

    def _cut(self, ends_at: Instant, totals: Mapping[str, Totals], *, certain: bool) -> StatementCut:
        position, version = self._through
        return StatementCut(self._starts_at, ends_at, position, version, self._cycle, certain, totals)


def drafts(account_id: str, chain: Chain, cut: StatementCut, exponents: Mapping[str, int]) -> list[StatementClosed]:
    """The statements of a cut, one for each currency, without the time of closing."""
    return [_draft(account_id, chain, cut, currency, exponents[currency]) for currency in sorted(cut.totals)]


def _draft(account_id: str, chain: Chain, cut: StatementCut, currency: str, exponent: int) -> StatementClosed:
    link, totals = chain.link(currency), cut.totals[currency]
    number = f"{account_id}-{label(cut.cycle, cut.ends_at)}-{currency}-{link.count + 1}"
    closing, held = link.closing + totals.change, link.held + totals.of(DEPOSIT)
    minor = {
        "OpeningBalance": link.closing,
        ITEM: totals.of(ITEM),
        SHIPMENT_FEE: totals.of(SHIPMENT_FEE),
        # The ledger has no separate booking for shipping credits.
        "ShipmentFeeCredit": 0,
        OTHER: totals.of(OTHER),
        FEES: totals.of(FEES),
        "Subtotal1": totals.subtotal1,
        REFUNDS: totals.of(REFUNDS),
        FEES_ON_REFUNDS: totals.of(FEES_ON_REFUNDS),
        "Subtotal2": totals.subtotal2,
        "ClosingBalance": closing,
        DEPOSIT: held,
    }
    content: Data = {
        "StatementNumber": number,
        **{name: amount_text(amount, exponent) for name, amount in minor.items()},
        PAYOUT: f"{amount_text(totals.of(PAYOUT), exponent)} {currency}",
        # A payout counts once it is paid: nothing of it is outstanding.
        "Paid": "1",
    }
    return StatementClosed(
        number=number,
        currency=currency,
        cycle=cut.cycle.kind,
        zone=cut.cycle.zone,
        week_starts_on=cut.cycle.week_starts_on,
        starts_at=cut.starts_at,
        ends_at=cut.ends_at,
        after_position=chain.through_position,
        after_version=chain.through_version,
        through_position=cut.through_position,
        through_version=cut.through_version,
        opening=link.closing,
        closing=closing,
        held_before=link.held,
        held=held,
        content=content,
        created_at="",
        previous=link.number,
        next_due_at=cut.ends_at if cut.cycle.kind == DELIVERED_ORDER else end_after(cut.cycle, cut.ends_at),
    )


def amount_text(amount: int, exponent: int) -> str:
    """The amount in major units, with two decimals, or more where the currency has more."""
    return f"{in_major_units(amount, exponent):.{max(DECIMALS_MIN, exponent)}f}"
