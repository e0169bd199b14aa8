"""What a marketplace's statement does to an account: kept as it was said, and its money booked once.

A statement is (channel, seller, number). It is compared with its latest observation only, so that a change and its
reversal are two facts, and the same content again is none. What is booked is always the change:

    not paid        the payout, less what commands recorded under its number, is pending
    paid            what is pending under its number moves: paid out where the seller collects, available where we do
    another payout  the difference, where the money is by then; what is taken back comes from there first, the rest
                    from available, below zero if need be
    paid no more    a finding: money that was paid does not come back because a flag was turned
    a deposit       is a level: what the newest statement of a channel, seller and currency says is what is held

Shipping fees and their credits are inside fees and other revenue, and a zero payout is carried by the next statement:
nothing is booked for either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from events.account_state import AccountState
from events.accounts.events import CurrencyAdded
from events.balances.state import Order
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, StatementObserved
from events.channels.state import PLATFORM, SELLER, Channel, ChannelStatement, StatementKey
from events.currency import AMOUNT_MAX
from events.values import Data, value

AMOUNTS = (
    *("OpeningBalance", "ItemRevenue", "ShipmentFee", "ShipmentFeeCredit", "OtherRevenueTotal", "FeesTotal"),
    *("Subtotal1", "Refunds", "FeesOnRefundsTotal", "Subtotal2", "ClosingBalance", "GuaranteeDeposit", "Payout"),
)
"""The amounts of a statement's content, in seed 001's order."""

FIELDS = ("StatementNumber", "CreatedAt", "UpdatedAt", *AMOUNTS, "Paid")
"""All of a statement's content, in seed 001's order."""


def statement_key(observed: StatementObserved) -> StatementKey:
    return (observed.channel, observed.seller or "", observed.number)


def placed(observed: StatementObserved, state: AccountState) -> StatementObserved:
    """The observation as of the statement that it is about: one that was known before the seller was named is the same."""
    channel, seller, number = statement_key(observed)
    if seller and (channel, seller, number) not in state.statements and (channel, "", number) in state.statements:
        return replace(observed, seller=None)
    return observed


def references(channel: str, seller: str | None, number: str) -> tuple[str, str]:
    """The orders that a statement's money may count for: its number, or all of its name where that is taken."""
    return number, f"{channel}/{seller or ''}/{number}"


def channel_of(state: AccountState, channel: str) -> Channel:
    return state.channels.get(channel) or Channel()


def previous_statement(state: AccountState, observed: StatementObserved) -> tuple[str, ChannelStatement] | None:
    """The statement before this one, of the same channel, seller and currency, with its number."""
    key = statement_key(observed)
    before = [
        (_when(known, number), number, known)
        for (channel, seller, number), known in state.statements.items()
        if (channel, seller) == key[:2] and number != key[2] and known.currency == observed.currency
    ]
    earlier = [entry for entry in before if entry[0] < (observed.created_at or "", observed.number)]
    return max(earlier, key=lambda entry: entry[0])[1:] if earlier else None


def observe_statement(observed: StatementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The events that follow from an observation; none where the latest one said the same. Never refuses.

    `observed` comes with the findings of its own figures. Its reference, who collects and the findings against the
    account's state are filled in here.
    """
    key = statement_key(observed)
    known = state.statements.get(key)
    if known is not None and _says_the_same(known, observed):
        return []
    previous = previous_statement(state, observed)
    observed = replace(
        observed,
        collects=channel_of(state, observed.channel).collects,
        reference=known.reference if known else _free_reference(state, key),
        previous=previous[0] if previous else None,
    )
    booked, findings = _book(observed, known, state)
    if any(not fits(change, state) for change in booked):
        asked, observed = observed, replace(observed, payout=None, deposit=None)
        booked, findings = _book(observed, known, state)
        findings.append(finding("amounts_fit_the_ledger", str(AMOUNT_MAX), str(asked.payout)))
    observed = replace(observed, findings=[*observed.findings, *findings])
    made: list[AnyEvent] = []
    if state.account is not None and observed.currency not in state.account.currencies:
        made.append(CurrencyAdded(currency=observed.currency))
    return [*made, observed, *booked]


def _says_the_same(known: ChannelStatement, observed: StatementObserved) -> bool:
    if known.paid != observed.paid:
        return False
    return all(
        _same_text(known.content.get(name), observed.content.get(name), amount=name in AMOUNTS)
        for name in FIELDS
        if name != "Paid"
    )


def _same_text(before: str | None, after: str | None, *, amount: bool) -> bool:
    if before == after or not amount or before is None or after is None:
        return before == after
    # 0 and 0.00 are the same amount, in whichever of a marketplace's formats it was written.
    old, new = before.split(), after.split()
    if not old or not new or old[1:] != new[1:]:
        return False
    try:
        return Decimal(old[0]) == Decimal(new[0])
    except InvalidOperation:
        return False


def _when(known: ChannelStatement, number: str) -> tuple[str, str]:
    return known.created_at or "", number


def _free_reference(state: AccountState, key: StatementKey) -> str:
    """The number alone, unless another channel's or seller's statement of the same number counts for that order."""
    number, whole = references(key[0], key[1], key[2])
    taken = any(other != key and known.reference == number for other, known in state.statements.items())
    return whole if taken else number


@value
class BucketChange:
    """Signed changes of the buckets that a payout can be in."""

    pending: int = 0
    available: int = 0
    paid_out: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.available + self.paid_out

    def __add__(self, other: BucketChange) -> BucketChange:
        return BucketChange(
            self.pending + other.pending, self.available + other.available, self.paid_out + other.paid_out
        )


def fits(change: ChannelMoneyBooked, state: AccountState) -> bool:
    """Whether the change, and the currency's total after it, stay within what the ledger counts to."""
    if max(map(abs, (change.pending, change.available, change.held, change.paid_out))) > AMOUNT_MAX:
        return False
    balance = state.balance(change.currency)
    inside = balance.pending + balance.available + balance.reserved + balance.held + balance.paid_out
    total = inside + change.pending + change.available + change.held + change.paid_out
    return total <= AMOUNT_MAX and balance.available + change.available >= -AMOUNT_MAX


def _book(
    observed: StatementObserved, known: ChannelStatement | None, state: AccountState
) -> tuple[list[ChannelMoneyBooked], list[Data]]:
    """What moves because of an observation, and the findings against the account's state."""
    findings = list(_against_the_books(observed, known))
    if known is not None and known.currency != observed.currency:
        return [], findings
    order = state.orders.get((observed.currency, observed.reference), Order())
    was_paid = known is not None and known.was_paid
    collects = known.collects if known is not None and was_paid else observed.collects
    if observed.payout is None:
        change = BucketChange()
    elif known is None:
        change = unpaid_change(observed.payout - (order.recorded - order.refunded), order.pending)
    elif was_paid:
        change = paid_change(observed.payout - known.booked, known.paid_out, collects)
    else:
        change = unpaid_change(observed.payout - known.booked, order.pending)
    completes = None
    if observed.paid and not was_paid:
        payout = observed.payout if observed.payout is not None else known.booked if known else 0
        moved = min(max(payout, 0), order.pending + change.pending)
        change += BucketChange(-moved, moved, 0) if collects == PLATFORM else BucketChange(-moved, 0, moved)
        if moved and order.pending + change.pending == 0:
            completes = True
        if 0 < payout != moved:
            findings.append(minor_finding("payout_was_pending", payout, moved))
    held = _held(observed, known, state)
    if change == BucketChange() and not held:
        return [], findings
    booked = ChannelMoneyBooked(
        channel=observed.channel,
        reference=observed.reference,
        currency=observed.currency,
        pending=change.pending,
        available=change.available,
        held=held,
        paid_out=change.paid_out,
        number=observed.number,
        seller=observed.seller,
        completes=completes,
    )
    return [booked], findings


def unpaid_change(difference: int, pending: int) -> BucketChange:
    """A difference while the money is still owed; commands may have settled part of it."""
    if difference >= 0:
        return BucketChange(pending=difference)
    from_pending = min(pending, -difference)
    return BucketChange(pending=-from_pending, available=difference + from_pending)


def paid_change(difference: int, paid_out: int, collects: str) -> BucketChange:
    """A difference after the money has moved."""
    if collects != SELLER:
        return BucketChange(available=difference)
    if difference >= 0:
        return BucketChange(paid_out=difference)
    from_paid_out = min(paid_out, -difference)
    return BucketChange(paid_out=-from_paid_out, available=difference + from_paid_out)


def _held(observed: StatementObserved, known: ChannelStatement | None, state: AccountState) -> int:
    """How the level changes that the newest statement tells, whichever that was and is now."""
    key = statement_key(observed)
    before = {
        number: (_when(statement, number), statement.deposit)
        for (channel, seller, number), statement in state.statements.items()
        if (channel, seller) == key[:2] and statement.currency == observed.currency and statement.deposit is not None
    }
    now = dict(before)
    deposit = observed.deposit if observed.deposit is not None else known.deposit if known else None
    if deposit is not None:
        now[observed.number] = ((observed.created_at or "", observed.number), deposit)
    return _level(now) - _level(before)


def _level(deposits: dict[str, tuple[tuple[str, str], int]]) -> int:
    return max(deposits.values())[1] if deposits else 0


def _against_the_books(observed: StatementObserved, known: ChannelStatement | None) -> Iterator[Data]:
    if known is None:
        return
    if known.was_paid and observed.paid is False:
        yield finding("paid_stays_paid", "1", observed.content.get("Paid") or "0")
    if known.currency != observed.currency:
        yield finding("currency_stays", known.currency, observed.currency)


def finding(rule: str, expected: str, actual: str) -> Data:
    return {"rule": rule, "expected": expected, "actual": actual, "difference": ""}


def minor_finding(rule: str, expected: int, actual: int) -> Data:
    """In minor units: these rules never knew how many decimals a currency has."""
    return {"rule": rule, "expected": str(expected), "actual": str(actual), "difference": str(actual - expected)}
