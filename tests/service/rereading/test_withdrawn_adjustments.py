"""What Shopee's sources told of an order and its adjustments, and is withdrawn, leaves what the others told, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.account_state import AccountState
from events.channels.events import ChannelMoneyBooked, ChannelSet
from events.channels.state import PLATFORM, SELLER
from events.instants import from_datetime
from events.observations import GIVEN
from events.settlements.withdraw import SaidOfMoney, withdraw_settlement
from service.imports.stated import Thing
from service.marketplaces.settlement_records import settlement_event, settlement_stated
from tests.service.marketplaces.shopee.test_adjustments import (
    SOURCES,
    Adjustment,
    File,
    adjustments,
    day,
    drawn_files,
    imported,
    records_of,
    release,
)
from tests.spec import ACCOUNT, NOW, fold, opened


def things_of(file: File) -> dict[Thing, str | None]:
    """What the records of a file state, and when it happened."""
    found = {}
    for record in records_of(file):
        observed = settlement_event(record, sha256(record.raw).hexdigest(), 2, from_datetime(file.made_at), GIVEN)
        found[settlement_stated(record, observed).thing] = observed.occurred_at
    return found


def without(state: AccountState, thing: Thing, occurred_at: str | None) -> AccountState:
    _, seller, name, source, content, releases, *row = thing
    reference = row[0] if row else name
    said = SaidOfMoney(("shopee", seller, name), source, reference, content, releases or None, occurred_at)
    return fold(state, withdraw_settlement(said, "the file was read anew", state, {"IDR": 2}), NOW)


def standing(state: AccountState) -> Any:
    """All that stands, without rows of nothing."""
    moneys = {
        key: (
            each.currency,
            each.booked,
            each.released,
            each.released_by,
            each.adjusted,
            each.sources,
            each.adjustments,
        )
        for key, each in state.settlements.items()
    }
    orders = {
        key: (each.told, each.let_go, each.pending)
        for key, each in state.orders.items()
        if each.told or each.let_go or each.pending
    }
    balances = {key: each for key, each in state.balances.items() if each.pending or each.available or each.paid_out}
    channels = {
        key: (
            {of: paid for of, paid in each.paid_out.items() if paid},
            {of: owed for of, owed in each.owed.items() if owed},
        )
        for key, each in state.channels.items()
    }
    return moneys, orders, balances, channels


@settings(deadline=None)
@given(
    adjustments,
    drawn_files,
    st.booleans(),
    st.sampled_from([SELLER, PLATFORM]),
    st.sets(st.integers(0, 6)),
    st.integers(0),
)
def test_what_is_withdrawn_leaves_what_the_others_told(
    true: list[Adjustment], drawn: list[tuple[int, int]], released: bool, collects: str, wrong: set[int], seed: int
) -> None:
    files: Sequence[File] = [SOURCES[source](true, day(number)) for source, number in drawn]
    files = [*files, *([release()] if released else [])]
    account = fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", collects)])
    right = [file for number, file in enumerate(files) if number not in wrong]
    stays = {thing for file in right for thing in things_of(file)}
    goes = {
        thing: at
        for number, file in enumerate(files)
        if number in wrong
        for thing, at in things_of(file).items()
        if thing not in stays
    }
    state, _ = imported(account, files)
    in_some_order = list(goes.items())
    random.Random(seed).shuffle(in_some_order)
    for thing, at in in_some_order:
        state = without(state, thing, at)
    # What a file that stays told at an earlier time than one that goes has that time again.
    state, _ = imported(state, right)
    at_once, _ = imported(account, files if not goes else right)
    assert standing(state)[1:] == standing(at_once)[1:]
    moneys, expected = standing(state)[0], standing(at_once)[0]
    assert {key: each[:5] for key, each in moneys.items()} == {key: each[:5] for key, each in expected.items()}


def test_what_leaves_after_a_release_comes_back_at_its_own_time_where_the_release_is_withdrawn() -> None:
    late = Adjustment(0, -20_000, 6, 0)
    account = fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", SELLER)])
    detail = SOURCES[0]([late], day(8))
    state, _ = imported(account, [detail, release()])
    ((thing, at),) = things_of(release()).items()
    _, seller, name, source, content, releases = thing
    said = SaidOfMoney(("shopee", seller, name), source, name, content, releases or None, at)
    made = withdraw_settlement(said, "the file was read anew", state, {"IDR": 2})
    booked = [each for each in made if isinstance(each, ChannelMoneyBooked)]
    moved = [(each.happened_at, each.pending, each.paid_out) for each in booked]
    assert moved == [(None, 10_000_000, -10_000_000), (from_datetime(late.at), -2_000_000, 2_000_000)]
    assert standing(fold(state, made, NOW)) == standing(imported(account, [detail])[0])
