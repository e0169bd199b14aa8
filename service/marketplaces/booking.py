"""Books the records of a marketplace: the sealed record, its event and its money, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from events.account_state import AccountState
from events.accounts.events import AccountOpened, CurrencyAdded
from events.canonical import check_content
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, ChannelSet, StatementObserved
from events.channels.observe import observe_statement, placed, previous_statement, references, statement_key
from events.channels.state import ChannelStatement
from events.currency import AMOUNT_MAX
from events.envelope import SYSTEM_ACCOUNT, Source
from events.instants import Instant
from events.observations import ARRIVAL, is_older
from events.read_set import ReadSet
from events.refusals import AccountNotFound
from events.settlements.events import SettlementObserved
from events.settlements.evolve import is_known, known_key, settlement_key
from events.settlements.observe import observe_settlement
from events.settlements.older_names import known_as
from events.settlements.state import Settlement
from events.values import value
from service.formats.amounts import NotUnderstood, in_minor_units, read_amount
from service.formats.file_remarks import LeftOut, Remark, StatedTotal, TotalOf
from service.formats.unreadable import Unreadable
from service.imports.import_source import UNREADABLE, ObservationsUnit, Problem
from service.imports.receipt import Receipt
from service.imports.stated import Withdrawal
from service.ledger.batch import Batch
from service.ledger.vault import AccountKey
from service.marketplaces import consistency_checks
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Level, ObservedStatement
from service.marketplaces.settlement_records import (
    SettlementRecord,
    SourceRecord,
    group_of_statement,
    reason_against,
    settlement_event,
    settlement_stated,
    stated_as,
)
from service.marketplaces.statement_records import statement_event, statement_stated
from service.marketplaces.withdraw_records import add_reads_of, withdrawn
from service.platform.database import storable

ACCEPTED, DUPLICATE = "accepted", "duplicate"
NEW, CHANGED, UNCHANGED, LEFT_OUT, REMARK = "new", "changed", "unchanged", "leftOut", "remark"

ONLY_EXPLAINS = (
    "some records explain money of statements that are not here, and book none themselves: import the statements, or "
    "have them pulled, and the balance follows"
)

TEXT_MAX = 200
"""The longest text of a statement's field, in characters. A statement's number has to fit a reference."""


@value
class LocatedRecord:
    """One record of a source. `origin` says in which file it stood, and where."""

    record: SourceRecord
    origin: str


def checked(record: SourceRecord, exponents: dict[str, int]) -> SourceRecord:
    """The record, or why the ledger cannot store it."""
    if isinstance(record, SettlementRecord):
        reason = reason_against(record, exponents)
    elif isinstance(record, ObservedStatement):
        reason = _reason_against_statement(record, exponents)
    else:
        return record
    return record if reason is None else Unreadable(record.place, reason, record.raw)


def _reason_against_statement(record: ObservedStatement, exponents: dict[str, int]) -> str | None:
    if record.currency not in exponents:
        return f"{record.currency[:10]!r} is not an ISO 4217 currency code"
    texts = [*record.content().values(), record.seller]
    if not record.number or any(text is not None and len(text) > TEXT_MAX for text in texts):
        return f"a statement has a number, and none of its fields is longer than {TEXT_MAX} characters"
    try:
        check_content({**record.content(), "seller": record.seller})
    except ValueError as problem:
        return str(problem)
    for name, amount in (("Payout", record.payout), ("GuaranteeDeposit", record.guarantee_deposit)):
        if amount is not None and abs(in_minor_units(amount.number, exponents[record.currency])[0]) > AMOUNT_MAX:
            return f"{name} is more than the ledger counts to"
    return None


@dataclass(slots=True, kw_only=True)
class RecordsUnit(ObservationsUnit[LocatedRecord]):
    """Records of one marketplace.

    `opens_with` is the currency that a missing account is opened in; None where the records name none: they are
    unreadable, and kept without an account. `setting` is a new setting of the channel, where the request has one.
    `observed_at` is when the records were so, and `observed_by` how that is known (`events.observations`); without it,
    they were so when they arrived.
    """

    channel: str
    kept: dict[int, Decimal]
    opens_with: str | None = None
    setting: ChannelSet | None = None
    observed_at: Instant | None = None
    observed_by: str = ARRIVAL
    assumed_zone: str | None = None
    """The zone of times without one, where nobody gave it: that is a finding."""
    unreadable_ids: list[str] = field(default_factory=list)
    """The ids of the deliveries that the unreadable records are kept as, in their order."""
    _kept_before: dict[int, Decimal | None] = field(init=False, default_factory=dict)
    """What `kept` had of these records before they were decided."""
    _digested: tuple[bytes, str] | None = field(init=False, default=None)
    """The bytes of the last record, and their digest."""

    def collect(self, read_set: ReadSet) -> None:
        read_set.accounts.update((SYSTEM_ACCOUNT, self.account_id))
        read_set.channels.add((self.account_id, self.channel))
        for withdrawal in self.withdrawals:
            add_reads_of(withdrawal, self.account_id, self.channel, read_set)
        for located in self.records:
            record = located.record
            if isinstance(record, SettlementRecord):
                self._collect_settlement(record, read_set)
            if not isinstance(record, ObservedStatement):
                continue
            seller, created = record.seller or "", record.created_at.instant or ""
            for of in {seller, ""}:
                read_set.statements.add((self.account_id, record.channel, of, record.number, record.currency, created))
            for reference in references(record.channel, record.seller, record.number):
                read_set.orders.add((self.account_id, record.currency, reference))

    def _collect_settlement(self, record: SettlementRecord, read_set: ReadSet) -> None:
        line = record.first
        for seller in {line.seller or "", ""}:
            for reference in record.references():
                read_set.settlements.add((self.account_id, line.channel, seller, reference))
            if line.statement is not None:
                read_set.statements.add((self.account_id, line.channel, seller, line.statement, line.currency, ""))
        for order in record.orders():
            read_set.orders.add((self.account_id, line.currency, order))

    def forget(self) -> None:
        self._forget_kept()

    def counts(self, outcomes: Sequence[str]) -> Mapping[str, int]:
        lines = sum(len(each.record.lines) for each in self.records if isinstance(each.record, SettlementRecord))
        counts = Counter(outcomes)
        return {"read": len(outcomes) - counts[REMARK], "lines": lines, **counts}

    def problems(self, first: int) -> list[Problem]:
        unreadable = [
            (number, located.record)
            for number, located in enumerate(self.records, first)
            if isinstance(located.record, Unreadable)
        ]
        return [
            Problem(storable(record.place), storable(record.reason), number, delivery_id)
            for (number, record), delivery_id in zip(unreadable, self.unreadable_ids, strict=True)
        ]

    def decide(self, batch: Batch) -> list[str]:
        self.unreadable_ids, self.receipt, self.stated = [], Receipt(), []
        self._digested = None
        self._forget_kept()
        state = batch.state(self.account_id)
        if state.account is not None and state.account.mode != self.origin.mode:
            raise AccountNotFound(self.account_id)
        if state.account is None and self.opens_with is not None:
            batch.add_account_key(self.account_id, batch.vault.new_account_key(self.account_id))
            opened = AccountOpened(mode=self.origin.mode, backend="manual", currency=self.opens_with)
            batch.record(state, opened, self.cause())
        # Without a currency no account can be opened, and no record be booked: what there is, is unreadable, and is kept.
        if state.account is not None and self.setting is not None and not _is_set(self.setting, state):
            batch.record(state, self.setting, self.cause())
        self.withdraw(state, batch)
        # An account whose key was destroyed has its records sealed with the lane's own key.
        key = batch.keys.get(self.account_id) or batch.keys[SYSTEM_ACCOUNT]
        return [self._ingest(located, state, key, batch) for located in self.records]

    def withdrawn(self, withdrawal: Withdrawal, state: AccountState) -> tuple[Source, Sequence[AnyEvent]]:
        return withdrawn(withdrawal, self.channel, state, self.exponents)

    def _ingest(self, located: LocatedRecord, state: AccountState, key: AccountKey, batch: Batch) -> str:
        record = located.record
        if not isinstance(record, Remark):
            record = self.left_as_it_was(record.place) or record
        if isinstance(record, Remark):
            self.receipt.remark(record)
            return LEFT_OUT if isinstance(record, LeftOut) else REMARK
        # One record of a file may be many here, each with all of its bytes.
        if self._digested is None or self._digested[0] is not record.raw:
            self._digested = record.raw, key.digest(record.raw)
        digest = self._digested[1]
        number = reason = None
        if isinstance(record, Unreadable):
            verdict, outcome, reason = UNREADABLE, UNREADABLE, storable(record.reason)
            self.receipt.count_unreadable()
        elif isinstance(record, SettlementRecord):
            number = record.first.reference
            observed = settlement_event(
                record,
                digest,
                self.exponents[record.first.currency],
                self.observed_at or self.received_at,
                self.observed_by,
            )
            older, known = record.first.older_names, is_known(observed, state)
            as_then = known_as(observed, older, state) if older and not known else None
            events = observe_settlement(observed, state, self.exponents[record.first.currency], older)
            self.receipt.count(booked=bool(events))
            self._record(events, number, record.first.occurred_at.instant, state, batch, digest)
            if _only_explains(record, state):
                self.receipt.note(ONLY_EXPLAINS)
            if self.assumed_zone is not None and record.first.occurred_at.zone is not None:
                self.receipt.find([consistency_checks.zone_finding(self.assumed_zone)])
            money = known_key(state, *settlement_key(observed))
            stated = settlement_stated(record, observed, money[1])
            self.stated += [stated] if as_then is None else stated_as(stated, as_then, observed.reference)
            self._keep_record(record, state.settlements.get(money))
            if not events:
                # The record is kept from the first time: a file that is imported again adds nothing.
                return UNCHANGED
            verdict, outcome = ACCEPTED, _outcome(events) if known else NEW
        else:
            number = record.number
            exponent = self.exponents[record.currency]
            said = replace(
                statement_event(record, digest, exponent),
                observed_at=self.observed_at or self.received_at,
                observed_by=self.observed_by,
            )
            statement = _against_the_state(record, said, state, exponent)
            known = statement_key(statement) in state.statements
            events = observe_statement(statement, state)
            self.receipt.count(booked=bool(events))
            zones = (record.created_at.zone, record.updated_at.zone)
            if self.assumed_zone is not None and any(zone is not None for zone in zones):
                self.receipt.find([consistency_checks.zone_finding(self.assumed_zone)])
            self.stated.append(statement_stated(record, statement))
            for total in _payout_of(record):
                self.receipt.state_total(total)
            verdict = ACCEPTED if events else DUPLICATE
            outcome = UNCHANGED if not events else _outcome(events) if known else NEW
            happened_at = record.updated_at.instant or record.created_at.instant
            self._record(events, number, happened_at, state, batch, digest)
        delivery_id = batch.keep_delivery(
            self.account_id,
            key,
            record.raw,
            provider=self.channel,
            digest=digest,
            received_at=self.received_at,
            verdict=verdict,
            origin=storable(located.origin),
            event_id=number,
            reason=reason,
        )
        if outcome == UNREADABLE:
            self.unreadable_ids.append(delivery_id)
        return outcome

    def _keep_record(self, record: SettlementRecord, known: Settlement | None) -> None:
        """Counts what the ledger has of the record, in place of what an earlier record of the file said of it."""
        line = record.first
        identity = hash((line.source, line.seller, line.reference))
        before = self.kept.get(identity)
        self._kept_before.setdefault(identity, before)
        if before is not None:
            self.receipt.keep_no_more(record.group, line.currency, before)
        amount = line.amount
        if record.books and line.adjusts is None and known is not None and known.booked is not None:
            amount = Decimal(known.booked).scaleb(-self.exponents[known.currency])
        self.kept[identity] = amount
        self.receipt.keep(record.group, line.currency, amount)

    def _forget_kept(self) -> None:
        """A unit may be decided again, on a newer state."""
        for identity, before in self._kept_before.items():
            if before is None:
                self.kept.pop(identity, None)
            else:
                self.kept[identity] = before
        self._kept_before = {}

    def _record(
        self,
        events: Sequence[AnyEvent],
        number: str,
        happened_at: Instant | None,
        state: AccountState,
        batch: Batch,
        digest: str,
    ) -> None:
        effective_at = min(happened_at or batch.now, batch.now)
        source, caused_by = Source(self.channel, number, digest), None
        for event in events:
            cause = self.cause(source, caused_by)
            at = effective_at
            if isinstance(event, ChannelMoneyBooked) and event.happened_at is not None:
                at = min(event.happened_at, batch.now)
            envelope = batch.record(state, event, cause, effective_at=None if isinstance(event, CurrencyAdded) else at)
            if isinstance(event, (StatementObserved, SettlementObserved)):
                caused_by = envelope.event_id
                self.receipt.find(event.findings)


def _only_explains(record: SettlementRecord, state: AccountState) -> bool:
    """Whether it tells what a statement's money is made of, and the ledger does not have the statement."""
    line = record.first
    if record.books or line.level is Level.GLOBAL or CHANNELS[line.channel].books_at is Level.ORDER:
        return False
    sellers = (line.seller or "", "")
    return not any((line.channel, seller, line.statement or "") in state.statements for seller in sellers)


def _payout_of(statement: ObservedStatement) -> Iterator[StatedTotal]:
    """What a statement says that its orders and its items add up to, where the file has them."""
    if statement.payout is not None:
        for level in (Level.ORDER, Level.ITEM):
            group = group_of_statement(statement.number, level)
            yield StatedTotal("Payout", TotalOf.AMOUNTS, statement.payout.number, statement.currency, group)


def _outcome(events: Sequence[AnyEvent]) -> str:
    """What is older than what is known, and moves no money, changes nothing."""
    older = any(isinstance(each, StatementObserved | SettlementObserved) and is_older(each.findings) for each in events)
    moves = any(isinstance(each, ChannelMoneyBooked) for each in events)
    return UNCHANGED if older and not moves else CHANGED


def _is_set(setting: ChannelSet, state: AccountState) -> bool:
    known = state.channels.get(setting.channel)
    if known is None:
        return False
    names = ("collects", "seller", "currency", "zone", "columns", "types")
    return all(getattr(known, name) == getattr(setting, name) for name in names)


def _against_the_state(
    record: ObservedStatement, observed: StatementObserved, state: AccountState, exponent: int
) -> StatementObserved:
    """The statement as the one that it is about, with what its figures say against each other and the one before."""
    observed = placed(observed, state)
    before = previous_statement(state, observed)
    previous = None if before is None else _closing(record, before[1])
    found = consistency_checks.consistency_checks(record, previous, exponent)
    return replace(observed, findings=[*observed.findings, *(each.document() for each in found)])


def _closing(record: ObservedStatement, before: ChannelStatement) -> ObservedStatement | None:
    """The statement before, with no more than the consistency checks need: its closing balance."""
    text = before.content.get("ClosingBalance")
    if text is None:
        return None
    try:
        closing = read_amount(text)
    except NotUnderstood:
        return None
    return ObservedStatement(
        channel=record.channel,
        source=before.source,
        seller=record.seller,
        number="",
        currency=before.currency,
        created_at=record.created_at,
        updated_at=record.updated_at,
        paid=None,
        paid_text=None,
        place="",
        raw=b"",
        closing_balance=closing,
    )
