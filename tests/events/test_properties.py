"""What stays true whatever happens: any commands, good and bad, with the provider's statements between them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, fields
from random import Random
from typing import Any

from hypothesis import event as noted
from hypothesis import given, settings

from events.account_state import AccountState
from events.balances.events import BalanceAdjusted, FeeCharged, RefundRecorded, ReserveHeld, RevenueRecorded
from events.balances.state import Balance, Order, OrderKey
from events.canonical import canonical, check_content
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked
from events.disputes.events import DisputeResolved
from events.disputes.state import Disputed
from events.envelope import EVENT_TYPES, decode, encode
from events.evolve import evolve
from events.instants import Instant
from events.payouts.events import PayoutRequested
from events.read_set import ReadSet
from events.refusals import Refusal
from projections.inline import TABLES, InlineRows, add_changes
from tests.events.lives import KINDS, LIVES, beginning, happens
from tests.events.steps import CURRENCIES, MOST, Step
from tests.spec import ACCOUNT, read


def lived(steps: list[Step], state: AccountState) -> Iterator[tuple[AnyEvent, Instant, bool]]:
    """Each fact that the steps lead to, right after it was folded into the books; whether it is its step's last.

    The facts of a step are committed together: between them, what was said and where the money is may disagree.
    """
    for number, step in enumerate(steps):
        outcome, effective_at = happens(step, number, state)
        if isinstance(outcome, Refusal):
            continue
        for left, event in zip(reversed(range(len(outcome))), outcome, strict=True):
            evolve(state, event, effective_at, state.version + 1)
            yield event, effective_at, left == 0


def check_balances(state: AccountState, came_in: Counter[str]) -> None:
    for currency, balance in state.balances.items():
        assert min(balance.pending, balance.reserved, balance.held, balance.paid_out) >= 0
        assert total(balance) == came_in[currency]
        assert total(balance) <= MOST
        assert balance.available <= MOST
        assert all(payout.amount > 0 for payout in state.payouts.values())
        payouts = [payout for payout in state.payouts.values() if payout.currency == currency]
        assert balance.reserved == sum(p.amount for p in payouts if p.status in ("pending", "in_transit"))
        statements = [row for row in state.statements.values() if row.currency == currency]
        by_marketplaces = sum(row.paid_out for row in statements)
        by_marketplaces += sum(channel.paid_out.get(currency, 0) for channel in state.channels.values())
        assert balance.paid_out == sum(p.amount for p in payouts if p.status == "paid") + by_marketplaces
        reserved = sum(r.remaining for r in state.reserves.values() if r.currency == currency)
        disputed = sum(o.disputed.held for (of, _), o in state.orders.items() if of == currency and o.disputed)
        assert balance.held == reserved + disputed + sum(deposits(state, currency).values())
        assert balance.pending == sum(o.pending for (of, _), o in state.orders.items() if of == currency)
    assert all(order.pending >= 0 for order in state.orders.values())
    assert all(0 <= reserve.remaining <= reserve.amount for reserve in state.reserves.values())
    for key, order in state.orders.items():
        check_disputes(state, key, order)
    assert set(came_in) <= set(state.balances)
    for payout_id, payout in state.payouts.items():
        standing = {
            case.kind for case in state.cases.values() if case.closed_at is None and case.payout_id == payout_id
        }
        assert set(payout.contradictions) == standing
    for entry_id, entry in state.bank_entries.items():
        matched = [m for m in state.matches.values() if m.entry_id == entry_id and m.unmade_at is None]
        assert entry.claimed == sum(target["amount"] for match in matched for target in match.targets)
        assert 0 <= entry.claimed <= abs(entry.amount), "the same money is never claimed twice"
    ids = [payout.provider_payout_id for payout in state.payouts.values() if payout.provider_payout_id]
    assert len(ids) == len(set(ids)), "what the provider paid once is one payout"


def check_disputes(state: AccountState, key: OrderKey, order: Order) -> None:
    """An order knows of its disputes what their rows say, and holds nothing once none is open."""
    disputes = [row for row in state.disputes.values() if (row.currency, row.reference) == key]
    disputed = order.disputed or Disputed()
    assert disputed.claimed == sum(row.amount for row in disputes if row.status != "won")
    assert disputed.lost == sum(row.amount for row in disputes if row.status == "lost")
    assert 0 <= disputed.held_pending <= disputed.held
    assert disputed.overlap >= 0
    if not any(row.status == "open" for row in disputes):
        assert disputed.held == 0


def deposits(state: AccountState, currency: str) -> dict[tuple[str, str], int]:
    """What each shop's newest statement says is held back."""
    levels: dict[tuple[str, str], tuple[tuple[str, str], int]] = {}
    for (channel, seller, number), row in state.statements.items():
        if row.currency == currency and row.deposit is not None:
            age = (row.created_at or "", number)
            levels[channel, seller] = max(levels.get((channel, seller), (age, row.deposit)), (age, row.deposit))
    return {shop: level for shop, (_, level) in levels.items()}


def total(balance: Balance) -> int:
    return sum(astuple(balance))


def count(came_in: Counter[str], event: AnyEvent) -> None:
    """Revenue, adjustments and marketplaces bring money in; refunds, lost disputes and fees take it away; nothing else."""
    match event:
        case RevenueRecorded() | BalanceAdjusted():
            came_in[event.currency] += event.amount
        case ChannelMoneyBooked():
            came_in[event.currency] += event.pending + event.available + event.held + event.paid_out
        case FeeCharged():
            came_in[event.currency] -= event.amount
        case RefundRecorded() | DisputeResolved():
            came_in[event.currency] -= event.from_pending + event.from_available + (event.from_held or 0)
        case _:
            pass


class Stored:
    """The life as the log has it: every event survives storing, and the stored log gives the same state."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int, bytes, Instant]] = []

    def add(self, event: AnyEvent, effective_at: Instant) -> None:
        name, version, data = encode(event)
        check_content(data)
        stored = canonical(data)
        assert decode(name, version, json.loads(stored)) == event
        self.log.append((name, version, stored, effective_at))

    def replayed(self) -> AccountState:
        state = AccountState(ACCOUNT)
        for position, (name, version, stored, effective_at) in enumerate(self.log, 1):
            evolve(state, decode(name, version, json.loads(stored)), effective_at, position)
        return state


def check_reads(event: AnyEvent, effective_at: Instant, before: AccountState, after: AccountState) -> None:
    """The rows that an event says it reads suffice to fold it."""
    reads = ReadSet()
    event.add_reads(ACCOUNT, reads)
    some = read(reads, before)
    seen = some.copy()
    evolve(some, event, effective_at, after.version)
    changed: InlineRows = {}
    add_changes(changed, seen, some)
    for table in TABLES:
        for row in changed.get(table.name, ()):
            rows = getattr(after, table.rows)
            key = tuple(row[name] for name in table.key)
            value = rows if not table.key else rows[key[0] if len(key) == 1 else key]
            assert {name: getattr(value, name) for name in table.fields} == {
                name: row[name] for name in table.fields
            }, event


@settings(max_examples=200)
@given(LIVES)
def test_in_every_life_money_is_kept_events_are_stored_and_folded_and_copies_stay_behind(steps: list[Step]) -> None:
    """Money is neither made nor lost, and no bucket but available is ever negative; and what the helpers above say."""
    state, before = AccountState(ACCOUNT), AccountState(ACCOUNT)
    came_in: Counter[str] = Counter()
    stored = Stored()
    copies: list[tuple[AccountState, str]] = []
    for recorded, (event, effective_at, last) in enumerate(lived(steps, state), 1):
        noted(event.stored_name)
        count(came_in, event)
        if last:
            check_balances(state, came_in)
        assert state.version == recorded
        if isinstance(event, PayoutRequested | ReserveHeld):
            assert state.balance(event.currency).available >= 0
        stored.add(event, effective_at)
        check_reads(event, effective_at, before, state)
        before = state.copy()
        if recorded % 8 == 0:
            copies.append((before, repr(before)))
    assert stored.replayed() == state
    assert all(repr(copy) == as_it_was for copy, as_it_was in copies)


def test_a_copy_has_everything_and_shares_no_rows() -> None:
    empty = AccountState(ACCOUNT)
    every: dict[str, Any] = {
        each.name: {each.name: 1} if isinstance(getattr(empty, each.name), dict) else each.name
        for each in fields(AccountState)
    }
    state = AccountState(**every)
    copy = state.copy()
    for name, put in every.items():
        assert getattr(copy, name) == put
        assert isinstance(put, str) or getattr(copy, name) is not getattr(state, name)


def test_random_lives_meet_every_fact_and_every_way_of_refusing() -> None:
    # Properties over lives in which nothing much happens would prove nothing: these are drawn from the same steps.
    random = Random(20260513)
    seen: set[str] = set()
    for life in range(220):
        steps: list[Step] = [
            (
                random.choice(KINDS),
                random.randrange(4),
                random.choice([random.randint(1, 30), random.randint(1, MOST)]),
                random.choice(CURRENCIES),
                random.random() < 0.5,
            )
            for _ in range(60)
        ]
        state = AccountState(ACCOUNT)
        came_in: Counter[str] = Counter()
        # Every third account starts without money: only such a one is likely to be closed.
        born = beginning(through_plugipay=life % 2 == 0, with_money=life % 3 > 0)
        for number, step in enumerate([*born, *steps]):
            outcome, effective_at = happens(step, number, state)
            if isinstance(outcome, Refusal):
                seen.add(outcome.code)
                continue
            for event in outcome:
                evolve(state, event, effective_at, state.version + 1)
                count(came_in, event)
                seen.add(event.stored_name)
            check_balances(state, came_in)
    assert EVENT_TYPES.keys() - seen == {"ledger.begun"}
    assert {code for code in seen if code.isupper()} == {
        "ACCOUNT_CLOSED",
        "ACCOUNT_EXISTS",
        "ACCOUNT_FROZEN",
        "ALREADY_MATCHED",
        "BELOW_MINIMUM",
        "INSUFFICIENT_BALANCE",
        "INVALID_TRANSITION",
        "NOT_FOUND",
        "VALIDATION_ERROR",
    }
