"""What marketplaces say of one thing is a set: in whatever order and however often it is told, it ends in one state."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.account_state import AccountState
from events.balances.state import Balance, Order
from events.catalog import AnyEvent
from events.channels.events import ChannelMoneyBooked, ChannelSet, StatementObserved
from events.channels.observe import AMOUNTS, FIELDS, observe_statement
from events.channels.state import PLATFORM, SELLER
from events.observations import ARRIVAL, ASKED, CONTENTS_MAX, GIVEN, OLDER_THAN_KNOWN, ORDER_IS_BY_ARRIVAL
from events.settlements.events import SettlementObserved
from events.settlements.observe import observe_settlement
from tests.spec import ACCOUNT, NOW, fold, opened

Observed = SettlementObserved | StatementObserved
CHANNELS = ("shopee", "lazada", "tokopedia", "tiktok", "blibli")
ORDERS = ("2602170GS576N1", "2602170GS576N2")


def day(number: int) -> str:
    return f"2026-02-{number:02d}T00:00:00.000000Z"


def digest_of(*record: object) -> str:
    return hashlib.sha256(repr(record).encode()).hexdigest()


def money(channel: str, source: str, reference: str, stage: str, at: int, amount: int | None, **more: Any) -> Observed:
    """A record about money. With an amount it books, and is the whole of its order unless another kind is given."""
    kind, text = more.pop("kind", "payout"), more.pop("text", str(amount))
    line = {"level": "order", "kind": kind, "amount": text, "text": text, "field": "amount"}
    said = SettlementObserved(
        channel=channel,
        source=f"{channel}.{source}",
        reference=reference,
        currency="IDR",
        stage=stage,
        lines=[line if amount is None else {**line, "books": True}],
        findings=[],
        digest="",
        collects="",
        counts_for="",
        totals=True,
        amount=amount,
        observed_at=day(at),
        observed_by=GIVEN,
    )
    said = replace(said, **more)
    return replace(said, digest=digest_of(said.source, reference, stage, text, at))


def statement(channel: str, number: str, at: int, payout: int | None, paid: bool | None, **more: Any) -> Observed:
    """A statement. The time is its own clock's for Lazada, and that of the file for all others."""
    texts = {"StatementNumber": number, "Payout": None if payout is None else f"{payout}.00 IDR", "Paid": str(paid)}
    texts |= {"GuaranteeDeposit": str(more.get("deposit"))}
    said = StatementObserved(
        channel=channel,
        number=number,
        source=f"{channel}.statements",
        currency="IDR",
        content={**dict.fromkeys(FIELDS), **texts},
        findings=[],
        digest=digest_of(number, at, payout, paid, more.get("deposit")),
        collects="",
        reference="",
        created_at=day(1 + int(number[-1])),
        updated_at=day(at) if channel == "lazada" else None,
        paid=paid,
        payout=payout,
        observed_at=day(20) if channel == "lazada" else day(at),
        observed_by=GIVEN,
    )
    return replace(said, **more)


def told(state: AccountState, observed: Sequence[Observed]) -> tuple[AccountState, list[AnyEvent]]:
    """The state after these were told, one after the other, and all events that this made."""
    made: list[AnyEvent] = []
    for each in observed:
        one = observe_statement(each, state) if isinstance(each, StatementObserved) else observe_settlement(each, state)
        state = fold(state, one, NOW)
        made += one
    return state, made


def account(channel: str, collects: str = SELLER) -> AccountState:
    return fold(AccountState(ACCOUNT), [opened(), ChannelSet(channel, collects)])


def shown(state: AccountState) -> Any:
    """All of a state that says something of money, without the positions at which it was told."""
    return (
        {currency: each for currency, each in state.balances.items() if each != Balance()},
        {key: each for key, each in state.orders.items() if replace(each, channel=None, told_by=None) != Order()},
        {name: (each.collects, _some(each.paid_out), _some(each.owed)) for name, each in state.channels.items()},
        {key: replace(each, position=0) for key, each in state.settlements.items()},
        {key: replace(each, position=0, first_position=0, previous=None) for key, each in state.statements.items()},
    )


def _some(amounts: dict[str, int]) -> dict[str, int]:
    return {currency: amount for currency, amount in amounts.items() if amount}


def _of_orders(channel: str) -> st.SearchStrategy[Observed]:
    order, at = st.sampled_from(ORDERS), st.integers(1, 9)
    amount = st.integers(-300, 500)

    def of(source: str, stage: str, *, books: bool, releases: bool, reference: str = "order/{}") -> Any:
        def made(order: str, at: int, amount: int) -> Observed:
            name = reference.format(order)
            return money(
                *(channel, source, name, stage, at, amount if books else None),
                text=str(amount),
                order=order,
                counts_for=order,
                releases=f"order/{order}" if releases else None,
            )

        return st.builds(made, order, at, amount)

    def row(number: int, at: int, amount: int, order: str) -> Observed:
        """A row of a wallet that books itself: a charge of an order, such as Tokopedia's commission."""
        reference = f"deposit/{order}/{number}"
        return money(
            *(channel, "wallet", reference, "released", at, amount),
            kind="commission", order=order, counts_for=order, releases=reference,
        )  # fmt: skip

    def withdrawal(number: int, at: int, stage: str) -> Observed:
        return money(channel, "wallet", f"withdrawal/{number}", stage, at, None, kind="withdrawal", text="-100")

    return st.one_of(
        of("escrow_detail", "owed", books=True, releases=False),
        of("income_report", "released", books=True, releases=True),
        of("escrow_list", "released", books=False, releases=True),
        of("wallet", "released", books=False, releases=True, reference="wallet/{}"),
        st.builds(row, st.integers(1, 2), at, amount, order),
        st.builds(withdrawal, st.integers(1, 2), at, st.sampled_from(["sent", "paid", "cancelled", "failed"])),
    )


def _of_statements(channel: str) -> st.SearchStrategy[Observed]:
    return st.builds(
        lambda number, at, payout, paid, deposit: statement(channel, number, at, payout, paid, deposit=deposit),
        st.sampled_from(["S1", "S2"]),
        st.integers(1, 9),
        st.one_of(st.none(), st.integers(-300, 500)),
        st.sampled_from([None, False, True]),
        st.one_of(st.none(), st.integers(0, 50)),
    )


def _histories(channel: str) -> st.SearchStrategy[list[Observed]]:
    by_order = _of_orders(channel)
    return st.lists(
        by_order if channel in ("shopee", "tokopedia") else st.one_of(by_order, _of_statements(channel)), max_size=7
    )


@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
@pytest.mark.parametrize("channel", CHANNELS)
@settings(max_examples=40)
@given(data=st.data())
def test_every_order_and_repetition_of_what_is_said_ends_in_one_state(
    channel: str, collects: str, data: st.DataObject
) -> None:
    observed = data.draw(_histories(channel))
    expected, _ = told(account(channel, collects), observed)
    again = data.draw(
        st.permutations(
            [*observed, *data.draw(st.lists(st.sampled_from(observed), max_size=4) if observed else st.just([]))]
        )
    )
    state, _ = told(account(channel, collects), again)
    assert shown(state) == shown(expected)
    state, made = told(state, data.draw(st.permutations(observed)))
    assert made == [], "the second round adds no event"


def _six(channel: str) -> list[Observed]:
    if channel in ("shopee", "tokopedia"):
        order = ORDERS[0]
        one = {"order": order, "counts_for": order}
        return [
            money(channel, "escrow_detail", f"order/{order}", "owed", 2, 480, **one),
            money(channel, "escrow_detail", f"order/{order}", "owed", 6, 450, **one),
            money(
                channel,
                "escrow_list",
                f"order/{order}",
                "released",
                4,
                None,
                text="480",
                releases=f"order/{order}",
                **one,
            ),
            money(channel, "wallet", "deposit/1", "released", 5, -600, kind="commission", releases="deposit/1", **one),
            money(channel, "wallet", "withdrawal/1", "sent", 7, None, kind="withdrawal", text="-100"),
            money(channel, "wallet", "withdrawal/1", "paid", 7, None, kind="withdrawal", text="-100"),
        ]
    return [
        statement(channel, "S1", 2, 480, False),
        statement(channel, "S1", 4, 450, True),
        statement(channel, "S1", 6, -20, True),
        statement(channel, "S1", 8, 470, True),
        statement(channel, "S2", 3, 100, False),
        statement(channel, "S2", 5, 90, True),
    ]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
def test_all_orders_of_six_files_end_in_one_state(channel: str, collects: str) -> None:
    files = _six(channel)
    expected, _ = told(account(channel, collects), files)
    for order in itertools.permutations(files):
        state, _ = told(account(channel, collects), [*order, *order[:2]])
        assert shown(state) == shown(expected)
        assert told(state, order)[1] == []


def test_an_older_statement_that_is_told_again_puts_no_money_back() -> None:
    """`lazada_stale_1`, `_2` and `_1` again: paid, 1490000."""
    older, newer = statement("lazada", "S1", 2, 1_500_000, False), statement("lazada", "S1", 4, 1_490_000, True)
    for order in ([older, newer, older], [newer, older]):
        state, made = told(account("lazada"), order)
        (row,) = state.statements.values()
        assert (row.paid, row.booked, row.updated_at) == (True, 1_490_000, day(4))
        assert state.balance("IDR") == Balance(paid_out=1_490_000)
    findings = [each["rule"] for event in made if isinstance(event, StatementObserved) for each in event.findings]
    assert findings == [OLDER_THAN_KNOWN], "what is older is kept, and is a finding"
    assert not [event for event in made if isinstance(event, ChannelMoneyBooked)][1:]


def test_a_withdrawal_that_is_completed_stays_so_when_its_creation_is_told_later() -> None:
    created = money("shopee", "wallet", "withdrawal/1", "sent", 3, None, kind="withdrawal", text="-100")
    completed = money("shopee", "wallet", "withdrawal/1", "paid", 3, None, kind="withdrawal", text="-100")
    state, _ = told(account("shopee"), [completed, created])
    assert told(state, [created, completed, created])[1] == []
    assert shown(state) == shown(told(account("shopee"), [created, completed])[0])


def test_a_change_and_its_reversal_at_later_times_are_two_facts() -> None:
    first, second = (
        money("shopee", "escrow_detail", "order/1", "owed", at, amount) for at, amount in ((1, 480), (2, 450))
    )
    third = money("shopee", "escrow_detail", "order/1", "owed", 3, 480)
    state, made = told(account("shopee"), [first, second, third])
    assert state.balance("IDR") == Balance(pending=480)
    assert sum(isinstance(event, SettlementObserved) for event in made) == 3
    assert told(state, [first, second, third])[1] == []


def arrived(amount: int, at: int) -> SettlementObserved:
    said = money("shopee", "escrow_detail", "order/1", "owed", at, amount)
    assert isinstance(said, SettlementObserved)
    return replace(said, observed_by=ARRIVAL, digest=f"{amount:016x}")


def test_where_only_the_arrival_is_known_what_was_said_before_is_seen_again() -> None:
    state, made = told(account("shopee"), [arrived(480, 1), arrived(450, 2), arrived(480, 3)])
    assert state.balance("IDR") == Balance(pending=450)
    rules = [each["rule"] for event in made if isinstance(event, SettlementObserved) for each in event.findings]
    assert rules == [ORDER_IS_BY_ARRIVAL], "the finding says how to tell otherwise"


def test_an_answer_that_says_what_was_said_last_is_no_event_and_one_that_turns_back_is() -> None:
    def asked(amount: int, at: int) -> SettlementObserved:
        return replace(arrived(amount, at), observed_by=ASKED)

    state, made = told(account("shopee"), [asked(480, 1), asked(480, 2), asked(450, 3), asked(450, 4)])
    assert sum(isinstance(event, SettlementObserved) for event in made) == 2
    assert told(state, [asked(480, 5)])[0].balance("IDR") == Balance(pending=480)


def test_a_record_that_is_read_otherwise_replaces_what_it_was_read_as() -> None:
    first = arrived(480, 1)
    newer, otherwise = arrived(450, 2), replace(arrived(470, 3), digest=first.digest)
    state, _ = told(account("shopee"), [first, newer, otherwise])
    assert state.balance("IDR") == Balance(pending=450), "the record is no younger for being read again"
    state, _ = told(account("shopee"), [first, otherwise])
    assert state.balance("IDR") == Balance(pending=470)


def test_of_each_source_a_limited_number_of_contents_is_kept_and_the_newest_of_them() -> None:
    files = [money("shopee", "escrow_detail", "order/1", "owed", 1 + number % 28, number) for number in range(28)]
    for order in (files, files[::-1]):
        state, _ = told(account("shopee"), order)
        (row,) = state.settlements.values()
        (contents,) = row.sources.values()
        assert len(contents) == CONTENTS_MAX
        assert row.booked == 27
        assert told(state, files)[1] == []


def test_amounts_written_with_more_zeros_are_the_same_content() -> None:
    said = statement("lazada", "S1", 2, 480, False)
    assert isinstance(said, StatementObserved)
    state, _ = told(account("lazada"), [said])
    for text in ("480 IDR", "480.0 IDR", "480.000 IDR"):
        assert told(state, [replace(said, content={**said.content, "Payout": text}, digest=text)])[1] == []
    assert "Payout" in AMOUNTS


def test_what_an_older_release_kept_has_no_time_and_its_content_is_known() -> None:
    of_old = replace(arrived(480, 1), observed_at=None, observed_by=None)
    state = fold(account("shopee"), observe_settlement(of_old, account("shopee")), NOW)
    (row,) = state.settlements.values()
    assert isinstance(row.sources["shopee.escrow_detail"], str)
    assert told(state, [arrived(480, 2)])[1] == [], "its content is known"
    newer, _ = told(state, [arrived(450, 2)])
    assert newer.balance("IDR") == Balance(pending=450), "any time is later than none"
    assert told(newer, [arrived(480, 3), arrived(450, 4)])[1] == []


def test_a_statement_of_an_older_release_has_the_time_of_its_content() -> None:
    def of_old(at: int, payout: int) -> StatementObserved:
        said = statement("lazada", "S1", at, payout, paid=False)
        assert isinstance(said, StatementObserved)
        return replace(said, observed_at=None, observed_by=None)

    before = account("lazada")
    state = fold(before, observe_statement(of_old(4, 480), before), NOW)
    again = replace(statement("lazada", "S1", 4, 480, paid=False), observed_by=ASKED)
    assert told(state, [again])[1] == []
    stale, made = told(state, [statement("lazada", "S1", 2, 450, paid=False)])
    assert stale.balance("IDR") == Balance(pending=480)
    assert [each["rule"] for event in made if isinstance(event, StatementObserved) for each in event.findings] == [
        OLDER_THAN_KNOWN
    ]
    assert told(state, [statement("lazada", "S1", 6, 450, paid=False)])[0].balance("IDR") == Balance(pending=450)
