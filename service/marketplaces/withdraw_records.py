"""What is withdrawn of what a marketplace's records stated, and what others said of the same money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NoReturn

import orjson

from events.account_state import AccountState
from events.balances.events import RefundRecorded, RevenueRecorded, RevenueSettled
from events.catalog import AnyEvent
from events.channels.events import StatementObserved
from events.channels.observe import heard_of, observe_statement, references
from events.channels.state import ChannelStatement, StatementKey
from events.channels.withdraw import withdraw_statement
from events.disputes.events import DisputeOpened, DisputeResolved
from events.envelope import Source, envelope_from, event_of
from events.evolve import evolve
from events.observations import DIGEST_LENGTH, contents_of
from events.read_set import ReadSet
from events.settlements.adjustments import row_name
from events.settlements.events import SettlementObserved
from events.settlements.evolve import CURRENCY_STAYS, has_currency, said_by, settlement_key
from events.settlements.observe import observe_settlement
from events.settlements.release import release_mark
from events.settlements.withdraw import SaidOfMoney, withdraw_settlement
from service.formats.amounts import in_minor_units
from service.imports.stated import Withdrawal
from service.ledger.account_profile import read_profile
from service.ledger.ledger import Ledger
from service.ledger.write_failures import Unavailable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Kind, Level, Stage
from service.marketplaces.settlement_records import SETTLEMENT
from service.marketplaces.statement_records import STATEMENT
from sql import query

POSITION_MAX = 2**63 - 1
_OF_ALL_THAT_WAS_SAID = frozenset(
    {"paid_stays_paid", CURRENCY_STAYS, "older_than_known", "order_is_by_arrival", "payout_was_pending"}
)
"""Rules of the ledger's own state: their findings are made anew with it."""
_OF_COMMANDS = [
    each.stored_name for each in (RevenueRecorded, RevenueSettled, RefundRecorded, DisputeOpened, DisputeResolved)
]


def add_reads_of(withdrawal: Withdrawal, account_id: str, channel: str, read_set: ReadSet) -> None:
    """The rows that a withdrawal changes."""
    kind, seller, name, *rest = withdrawal.stated.thing
    currency = withdrawal.stated.shown.currency
    if kind == SETTLEMENT:
        _, _, releases, *row = rest
        for reference in {name, releases or name, *row}:
            for of in {seller, ""}:
                read_set.settlements.add((account_id, channel, of, reference))
        return
    for of in {seller, ""}:
        for created in {"", *(each.created_at or "" for each in withdrawal.others)}:
            read_set.statements.add((account_id, channel, of, name, currency, created))
    for reference in references(channel, seller or None, name):
        read_set.orders.add((account_id, currency, reference))


def withdrawn(
    withdrawal: Withdrawal, channel: str, state: AccountState, exponents: Mapping[str, int]
) -> tuple[Source, Sequence[AnyEvent]]:
    """The events that withdraw what a record stated, and those of what others said of the same statement."""
    kind, seller, name, *rest = withdrawal.stated.thing
    source = Source(channel, name)
    if kind == SETTLEMENT:
        of_source, content, releases, *row = rest
        reference = row[0] if row else name
        said = SaidOfMoney(
            key=(channel, seller, name),
            source=of_source,
            reference=reference,
            content=content,
            releases=releases or None,
            occurred_at=withdrawal.stated.shown.date,
            by_commands=withdrawal.by_commands,
        )
        made = [*withdraw_settlement(said, withdrawal.reason, state, exponents)]
        again = _in_the_other_currency(withdrawal, made, state, exponents)
        return Source(channel, reference), [*made, *again]
    statement = _statement(state, (channel, seller, name))
    if statement is None or rest[0] not in _records(statement[1]):
        return source, []
    key, known = statement
    made = [*withdraw_statement(key, rest[0], withdrawal.reason, state, by_commands=withdrawal.by_commands)]
    left = _records(known) - {rest[0]} - withdrawal.reread_too
    if not left <= {each.digest[:DIGEST_LENGTH] for each in withdrawal.others}:
        _changed_meanwhile(name)
    after = state.copy()
    for event in made:
        evolve(after, event, "", state.version)
    for other in withdrawal.others:
        if other.digest[:DIGEST_LENGTH] in left:
            findings = [found for found in other.findings if found["rule"] not in _OF_ALL_THAT_WAS_SAID]
            again = observe_statement(replace(other, findings=findings), after)
            made += again
            for event in again:
                evolve(after, event, "", state.version)
    return source, made


def _in_the_other_currency(
    withdrawal: Withdrawal, made: Sequence[AnyEvent], state: AccountState, exponents: Mapping[str, int]
) -> Sequence[AnyEvent]:
    """What was not booked since it was in another currency than the money, where nothing stands of that one any more."""
    if not made or not withdrawal.elsewhere:
        return ()
    after, again = _after(made, state), []
    for other in withdrawal.elsewhere:
        key = settlement_key(other)
        money, content = after.settlements.get(key), said_by(other).content
        if money is None or (has_currency(money) and money.currency != other.currency):
            continue
        heard, of = (money.sources, other.source)
        if other.adjusts is not None:
            heard, of = money.adjustments, row_name(other.source, other.reference)
        kept = contents_of(heard, of).get(content)
        if kept is None or len(kept) < 3:
            continue
        mark = release_mark(other.source, other.reference, content)
        counts = mark in money.released_by if other.amount is None else kept[2] is not None
        said = SaidOfMoney(key, other.source, other.reference, content, other.releases, other.occurred_at)
        # What counts already may have been seen at a later time as well.
        found = () if counts else withdraw_settlement(said, withdrawal.reason, after, exponents)
        after = _after(found, after)
        findings = [each for each in other.findings if each["rule"] not in _OF_ALL_THAT_WAS_SAID]
        told = replace(other, findings=findings, counts_for=other.order or "", adjustments=None)
        observed = observe_settlement(told, after, exponents[other.currency])
        after = _after(observed, after)
        again += [*found, *observed]
    return again


def _after(events: Sequence[AnyEvent], state: AccountState) -> AccountState:
    after = state.copy()
    for event in events:
        evolve(after, event, "", state.version)
    return after


def _changed_meanwhile(number: str) -> NoReturn:
    raise Unavailable(f"somebody imported the statement {number} meanwhile")


def _statement(state: AccountState, key: StatementKey) -> tuple[StatementKey, ChannelStatement] | None:
    for each in (key, (key[0], "", key[2])):
        if each in state.statements:
            return each, state.statements[each]
    return None


def _records(known: ChannelStatement) -> set[str]:
    heard = heard_of(known)
    return {str(entry[1]) for source in heard for entry in contents_of(heard, source).values()}


async def prepare(ledger: Ledger, lane: int, account_id: str, channel: str, withdrawals: Sequence[Withdrawal]) -> None:
    """Looks up what other records said of the statements that are withdrawn, as it is observed again; and what commands did."""
    await _prepare_moneys_of_older_releases(ledger, lane, account_id, channel, withdrawals)
    await _prepare_settlements(ledger, lane, account_id, channel, withdrawals)
    by_number: dict[str, list[Withdrawal]] = {}
    for each in withdrawals:
        if each.stated.thing[0] == STATEMENT:
            by_number.setdefault(each.stated.thing[2], []).append(each)
    if not by_number:
        return
    names, everything = [StatementObserved.stored_name], POSITION_MAX
    for row in await ledger.pool.fetch(query("events/of_account_and_types"), lane, account_id, names, everything):
        observed = event_of(envelope_from(orjson.loads(row["envelope"])))
        assert isinstance(observed, StatementObserved), "by the type"
        for each in by_number.get(observed.number, ()):
            if observed.channel == channel and (observed.seller or "") in (each.stated.thing[1], ""):
                each.others.append(observed)
    for of_number in by_number.values():
        records = {each.stated.thing[3] for each in of_number}
        for each in of_number:
            each.reread_too = records


async def _prepare_moneys_of_older_releases(
    ledger: Ledger, lane: int, account_id: str, channel: str, withdrawals: Sequence[Withdrawal]
) -> None:
    """Looks up whether commands had to do with the moneys whose rows do not know it."""
    names: dict[str, set[str]] = {SETTLEMENT: set(), STATEMENT: set()}
    for each in withdrawals:
        names[each.stated.thing[0]] |= _moneys(each)
    queries = {SETTLEMENT: "settlements/beside_commands", STATEMENT: "statements/beside_commands"}
    found = {
        kind: {
            row["reference"]
            for row in await ledger.pool.fetch(
                query(queries[kind]), lane, account_id, channel, list(of_kind), _OF_COMMANDS
            )
        }
        for kind, of_kind in names.items()
        if of_kind
    }
    for each in withdrawals:
        each.by_commands = not found[each.stated.thing[0]].isdisjoint(_moneys(each))


def _moneys(withdrawal: Withdrawal) -> set[str]:
    """The references of the moneys that a withdrawal changes; or the number of the statement."""
    kind, _, name, *rest = withdrawal.stated.thing
    return {name, *filter(None, rest[2:])} if kind == SETTLEMENT else {name}


async def _prepare_settlements(
    ledger: Ledger, lane: int, account_id: str, channel: str, withdrawals: Sequence[Withdrawal]
) -> None:
    """Looks up what was said of the moneys in another currency than they had, and so was not booked."""
    by_money: dict[tuple[str, str], list[Withdrawal]] = {}
    for each in withdrawals:
        if each.stated.thing[0] == SETTLEMENT:
            by_money.setdefault(each.stated.thing[1:3], []).append(each)  # type: ignore[arg-type]
    profile = await read_profile(ledger, lane, account_id) if by_money else None
    if profile is None or len(profile.currencies) == 1:
        return
    names = [SettlementObserved.stored_name]
    rows = await ledger.pool.fetch(query("events/of_account_and_types"), lane, account_id, names, POSITION_MAX)
    for row in rows:
        if CURRENCY_STAYS not in row["envelope"]:
            continue
        observed = event_of(envelope_from(orjson.loads(row["envelope"])))
        assert isinstance(observed, SettlementObserved), "by the type"
        # An order's worth is without its adjustments, where its source tells them apart.
        apart = observed.adjusted is not None
        booked = [
            Decimal(line["amount"])
            for line in observed.lines
            if line.get("books") and not (apart and line["kind"] == Kind.ADJUSTMENT)
        ]
        if observed.channel != channel or CHANNELS[channel].books_at is not Level.ORDER:
            continue
        releases = _own_release(observed, books=bool(booked))
        if not booked and releases is None:
            continue
        amount = in_minor_units(sum(booked, Decimal(0)), ledger.exponents[observed.currency])[0] if booked else None
        for each in by_money.get((observed.seller or "", observed.adjusts or observed.reference), ()):
            each.elsewhere.append(replace(observed, amount=amount, releases=releases))


def _own_release(observed: SettlementObserved, *, books: bool) -> str | None:
    """What the record lets go of, as `SettlementRecord` says it: itself where it books, else its order."""
    if observed.stage not in (Stage.RELEASED, Stage.PAID):
        return None
    if books:
        return observed.reference
    is_of_an_order = observed.lines[0]["level"] == Level.ORDER and any(
        line["kind"] == Kind.PAYOUT for line in observed.lines
    )
    return f"order/{observed.order}" if is_of_an_order else None
