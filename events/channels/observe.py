"""What a marketplace's statement does to an account: kept as it was said, and its money booked once.

A statement is (channel, seller, number). What was said of it is a set in the order of its time (`events.observations`),
and what stands of it follows from the set: the newest content, the newest payout and deposit, and whether it was ever
said to be paid. So neither order nor repetition matters, and a change and its reversal with later times are two facts.
What is booked is what the set changes:

    not paid        the payout, less what commands recorded under its number, is pending
    paid            what is pending under its number moves: paid out where the seller collects, available where we do
    another payout  the difference, where the money is by then; below zero it is missing in the available
    paid no more    a finding: money that was paid does not come back because a flag was turned
    a deposit       is a level: what the newest statement of a channel, seller and currency says is what is held

Shipping fees and their credits are inside fees and other revenue, and a zero payout is carried by the next statement:
nothing is booked for either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from events.account_state import AccountState, BucketChange, replace
from events.accounts.events import CurrencyAdded
from events.canonical import canonical
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, StatementObserved
from events.channels.state import PLATFORM, SELLER, ChannelStatement, StatementKey
from events.currency import AMOUNT_MAX
from events.observations import (
    DIGEST_LENGTH,
    Heard,
    Recency,
    Said,
    arrival_of,
    judge,
    newest_amount,
    newest_place,
    order_findings,
    place_of,
)
from events.values import Data

AMOUNTS = (
    *("OpeningBalance", "ItemRevenue", "ShipmentFee", "ShipmentFeeCredit", "OtherRevenueTotal", "FeesTotal"),
    *("Subtotal1", "Refunds", "FeesOnRefundsTotal", "Subtotal2", "ClosingBalance", "GuaranteeDeposit", "Payout"),
)
"""The amounts of a statement's content, in seed 001's order."""

FIELDS = ("StatementNumber", "CreatedAt", "UpdatedAt", *AMOUNTS, "Paid")
"""All of a statement's content, in seed 001's order."""

PAYOUT, DEPOSIT = 0, 1
"""The amounts that are kept of each observation of a statement."""
PAID_STAYS_PAID = "paid_stays_paid"


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


def said_by(observed: StatementObserved) -> Said:
    """What the observation says, as one of those of its statement."""
    return Said(
        source=observed.source,
        content=content_digest(observed.content, observed.currency, paid=observed.paid),
        record=observed.digest[:DIGEST_LENGTH],
        place=place_of(observed.updated_at, _rank(observed.paid), observed.observed_at),
        by=observed.observed_by,
        amounts=(observed.payout, observed.deposit),
    )


def heard_of(known: ChannelStatement) -> Heard:
    """What was heard of a statement. Of older releases: its content, with the time that the content says."""
    if known.told:
        return known.told
    place = place_of(known.updated_at, _rank(known.paid), None)
    payout = known.booked if known.booked or known.content.get("Payout") is not None else None
    entry = [place, known.digest[:DIGEST_LENGTH], payout, known.deposit]
    return {known.source: {content_digest(known.content, known.currency, paid=known.paid): entry}}


def hear(known: ChannelStatement | None, observed: StatementObserved) -> tuple[Recency, Heard, bool]:
    """What the observation is to what is known of the statement; what was heard after it; whether it shows what stands."""
    heard = heard_of(known) if known is not None else {}
    if observed.observed_at is None:
        # As older releases did: what arrives is newest, unless the statement stood like this.
        same = known is not None and _says_the_same(known, observed)
        return (Recency.KNOWN if same else Recency.NEWEST), {}, True
    said = said_by(observed)
    recency, after = judge(heard, said)
    return recency, after, recency is not Recency.OLDER and newest_place(after) == (said.place, said.record)


def payout_of(known: ChannelStatement | None, heard: Heard, observed: StatementObserved) -> int | None:
    """The payout that the ledger agrees with after an observation; None where none was ever told."""
    found = newest_amount(heard, PAYOUT) if observed.observed_at is not None else observed.payout
    return found if found is not None or known is None or not tells_payout(known) else known.booked


def observe_statement(observed: StatementObserved, state: AccountState) -> Sequence[AnyEvent]:
    """The events that follow from an observation; none where it says nothing new. Never refuses.

    `observed` comes with the findings of its own figures. Its reference, who collects and the findings against the
    account's state are filled in here.
    """
    key = statement_key(observed)
    known = state.statements.get(key)
    if known is not None and observed.observed_at is not None:
        arrival = arrival_of(heard_of(known), said_by(observed))
        observed = replace(observed, observed_at=arrival) if arrival else observed
    recency, _, _ = hear(known, observed)
    if recency is Recency.KNOWN:
        return []
    if known is not None and observed.observed_at is not None:
        found = order_findings(recency, heard_of(known), said_by(observed))
        observed = replace(observed, findings=[*observed.findings, *found])
    previous = previous_statement(state, observed)
    observed = replace(
        observed,
        collects=state.channel(observed.channel).collects,
        reference=known.reference if known else _free_reference(state, key),
        previous=previous[0] if previous else None,
    )
    booked, findings = _book(observed, known, state)
    if any(not state.has_room_for(change) for change in booked):
        asked, observed = observed, replace(observed, payout=None, deposit=None)
        booked, findings = _book(observed, known, state)
        findings.append(finding("amounts_fit_the_ledger", str(AMOUNT_MAX), str(asked.payout)))
    observed = replace(observed, findings=[*observed.findings, *findings])
    made: list[AnyEvent] = []
    if state.account is not None and observed.currency not in state.account.currencies:
        made.append(CurrencyAdded(currency=observed.currency))
    return [*made, observed, *booked]


def content_digest(content: Data, currency: str, *, paid: bool | None) -> str:
    """The digest of what a statement says. 0 and 0.00 are the same amount, whoever writes it."""
    texts = [_plain(content.get(name)) if name in AMOUNTS else content.get(name) for name in FIELDS if name != "Paid"]
    return sha256(canonical([currency, paid, *texts])).hexdigest()[:DIGEST_LENGTH]


def _plain(text: str | None) -> str | None:
    """An amount without zeros at its end, with what is written behind it."""
    number, *rest = (text or "").split() or [""]
    try:
        written = Decimal(number)
    except InvalidOperation:
        return text
    return " ".join([str(written.normalize() + 0) if written else "0", *rest])


def _rank(paid: bool | None) -> int:
    """A statement that is paid comes after the same one that is not."""
    return 1 if paid else 0


def tells_payout(known: ChannelStatement) -> bool:
    return known.booked != 0 or known.content.get("Payout") is not None or newest_amount(known.told) is not None


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


def _book(
    observed: StatementObserved, known: ChannelStatement | None, state: AccountState
) -> tuple[list[ChannelMoneyBooked], list[Data]]:
    """What moves because of an observation, and the findings against the account's state."""
    findings = list(_against_the_books(observed, known))
    if known is not None and known.currency != observed.currency:
        return [], findings
    _, heard, _ = hear(known, observed)
    order = state.order(observed.currency, observed.reference)
    was_paid = known is not None and known.was_paid
    collects = known.collects if known is not None and was_paid else observed.collects
    payout = payout_of(known, heard, observed)
    # What commands recorded under its number is the same money.
    first = known is None or not tells_payout(known)
    before = order.recorded - order.refunded if first or known is None else known.booked
    change, completes = BucketChange(), None
    if payout is not None and was_paid and known is not None:
        change = paid_change(0 if first else before, payout, known.paid_out, collects)
    elif payout is not None:
        change = unpaid_change(before, payout, order.pending)
    if observed.paid and not was_paid:
        move, short = _paying(payout or 0, order.pending + change.pending, collects)
        if move.pending and order.pending + (change + move).pending == 0:
            completes = True
        if short:
            findings.append(minor_finding("payout_was_pending", payout or 0, (payout or 0) - short))
        change += move
    held = _held(observed, known, state, heard)
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


def unpaid_change(before: int, after: int, pending: int) -> BucketChange:
    """Another payout while it is owed: pending, or below zero missing in the available.

    What is not pending any more, because commands have settled it, is taken from available.
    """
    change = max(after, 0) - max(before, 0)
    short = max(0, -change - pending)
    return BucketChange(pending=change + short, available=min(after, 0) - min(before, 0) - short)


def _paying(payout: int, pending: int, collects: str) -> tuple[BucketChange, int]:
    """What is pending of a payout moves to where the collector has it; and how much of it was not there any more."""
    moved = min(max(payout, 0), pending)
    change = BucketChange(-moved, moved, 0) if collects == PLATFORM else BucketChange(-moved, 0, moved)
    return change, max(payout, 0) - moved


def paid_change(before: int, after: int, paid_out: int, collects: str) -> BucketChange:
    """Another payout after the money has moved."""
    if collects != SELLER:
        return BucketChange(available=after - before)
    change = max(after, 0) - max(before, 0)
    short = max(0, -change - paid_out)
    return BucketChange(available=min(after, 0) - min(before, 0) - short, paid_out=change + short)


def _held(observed: StatementObserved, known: ChannelStatement | None, state: AccountState, heard: Heard) -> int:
    """How the level changes that the newest statement tells, whichever that was and is now."""
    before = deposits(statement_key(observed), observed.currency, state)
    now = dict(before)
    deposit = newest_amount(heard, DEPOSIT) if observed.observed_at is not None else observed.deposit
    if deposit is None and known is not None:
        deposit = known.deposit
    _, _, stands = hear(known, observed)
    created = observed.created_at if stands or known is None else known.created_at
    if deposit is not None:
        now[observed.number] = ((created or "", observed.number), deposit)
    return level(now) - level(before)


def deposits(key: StatementKey, currency: str, state: AccountState) -> dict[str, tuple[tuple[str, str], int]]:
    """By number: what the statements of a channel, seller and currency say is held back, with their place in time."""
    return {
        number: (_when(statement, number), statement.deposit)
        for (channel, seller, number), statement in state.statements.items()
        if (channel, seller) == key[:2] and statement.currency == currency and statement.deposit is not None
    }


def level(deposits: dict[str, tuple[tuple[str, str], int]]) -> int:
    return max(deposits.values())[1] if deposits else 0


def _against_the_books(observed: StatementObserved, known: ChannelStatement | None) -> Iterator[Data]:
    if known is None:
        return
    _, _, stands = hear(known, observed)
    if stands and known.was_paid and observed.paid is False:
        yield paid_stays_paid(observed.content)
    if known.currency != observed.currency:
        yield finding("currency_stays", known.currency, observed.currency)


def paid_stays_paid(content: Data) -> Data:
    return finding(PAID_STAYS_PAID, "1", content.get("Paid") or "0")


def finding(rule: str, expected: str, actual: str) -> Data:
    return {"rule": rule, "expected": expected, "actual": actual, "difference": ""}


def minor_finding(rule: str, expected: int, actual: int) -> Data:
    """In minor units: these rules never knew how many decimals a currency has."""
    return {"rule": rule, "expected": str(expected), "actual": str(actual), "difference": str(actual - expected)}
