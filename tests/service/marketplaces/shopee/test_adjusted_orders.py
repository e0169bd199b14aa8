"""An order with adjustments as callers see it: its balance, its settlement, its lines and its reconciliation agree."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from events.account_state import AccountState
from events.balances.state import Balance
from events.channels.events import ChannelMoneyBooked, ChannelSet
from events.channels.state import PLATFORM, SELLER
from events.instants import from_datetime
from events.observations import ARRIVAL, GIVEN
from events.settlements.events import SettlementObserved
from events.settlements.observe import observe_settlement
from service.marketplaces.settlement_records import settlement_event
from tests.service.marketplaces.shopee.test_adjustments import (
    RELEASED_ON,
    WORTH,
    Adjustment,
    File,
    day,
    epoch,
    escrow_detail,
    imported,
    income_report,
    orders_report,
    records_of,
    release,
    transaction_report,
    wallet_page,
)
from tests.service.marketplaces.test_observation_order import events, shown_to_callers, state
from tests.service.marketplaces.test_observation_order import imported as imported_by
from tests.spec import ACCOUNT, NOW, fold, opened
from tests.support.api import Api

TRUE = [
    Adjustment(0, -1_000, 2, 1),
    Adjustment(1, 300_000, 2, 1),
    # Two equal ones of one day, after the order was released.
    Adjustment(2, -20_000, 6, 0),
    Adjustment(3, -20_000, 6, 2),
]
SUM = sum(each.amount for each in TRUE)
ALL = day(8)
FILES = [
    escrow_detail(TRUE, day(3)),
    escrow_detail(TRUE, ALL),
    income_report(TRUE, ALL),
    # At another time than the order's details: of two at one time, either may be the newest.
    orders_report(TRUE, day(7)),
    wallet_page(TRUE, ALL),
    transaction_report(TRUE, ALL),
    release(),
]


def row_of(shown: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    """The row of the order in what callers see."""
    (row,) = [each for each in shown[path] if each[name] == "A1"]
    return dict(row)


def adjustment_lines(shown: dict[str, Any]) -> list[int]:
    """The amounts of the lines that totals are made of, and that are adjustments."""
    counted = [
        each for each in shown["settlements/lines"] if each["counts"] and each["kind"] in ("adjustment", "other")
    ]
    return sorted(round(float(each["amount"])) for each in counted if each["field"] != "total_adjustment_amount")


async def test_an_order_and_its_adjustments_agree_in_every_view_whoever_tells_of_them(api: Api) -> None:
    drawn, min_release = random.Random(10), "2026-05-05T17:00:00.000000Z"
    states = []
    for number in range(5):
        account, order = f"acc_{number}", [*FILES, FILES[number]]
        drawn.shuffle(order)
        for file in order:
            made_at = file.made_at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
            result = await imported_by(api, account, "shopee", file.content, made_at)
            assert result.counts["unreadable"] == 0, result.problems
        before = await events(api)
        for file in FILES:
            made_at = file.made_at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
            counts = (await imported_by(api, account, "shopee", file.content, made_at)).counts
            assert (counts["new"], counts["changed"]) == (0, 0)
        assert await events(api) == before, "the second round adds no event"
        shown = await shown_to_callers(api, account)
        states.append(await state(api, account) | shown)
        order_of = row_of(shown, "settlements?level=order", "order")
        assert (order_of["payoutAmount"], order_of["releasedAmount"]) == (str(WORTH + SUM), str(WORTH + SUM))
        assert order_of["releasedAt"] == min_release, "and not when an adjustment was"
        row = row_of(shown, "reconciliation?state=all", "id")
        assert (row["state"], row["difference"]) == ("matched", "0.00")
        assert adjustment_lines(shown) == sorted(each.amount for each in TRUE)
        (balance,) = [json.loads(each) for each in states[-1]["balances"]]
        assert balance == ["IDR", 0, 0, 0, 0, (WORTH + SUM) * 100]
    for each in states:
        assert each == states[0]


async def test_a_part_of_a_total_that_no_row_tells_of_is_shown_as_one_adjustment(api: Api) -> None:
    """Until rows come: they take from it, and do not add to it."""
    for file, amounts in (
        (escrow_detail(TRUE[:2], ALL, listed="total"), [299_000]),
        (income_report(TRUE[:1], ALL), [-1_000, 300_000]),
        (wallet_page(TRUE[:2], ALL), [-1_000, 300_000]),
    ):
        await imported_by(api, "acc_1", "shopee", file.content, ALL.isoformat())
        shown = await shown_to_callers(api, "acc_1")
        assert adjustment_lines(shown) == amounts
        assert row_of(shown, "settlements?level=order", "order")["payoutAmount"] == str(WORTH + 299_000)


def booked(collects: str, *files: File) -> tuple[AccountState, list[tuple[str | None, ChannelMoneyBooked]]]:
    """The state after the files, and each booking with the time that it is dated at."""
    after = fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", collects)])
    made: list[tuple[str | None, ChannelMoneyBooked]] = []
    for file in files:
        for record in records_of(file):
            observed = settlement_event(record, record.place, 2, from_datetime(file.made_at), GIVEN)
            found = observe_settlement(observed, after, 2)
            made += [
                (each.happened_at or observed.occurred_at, each)
                for each in found
                if isinstance(each, ChannelMoneyBooked)
            ]
            after = fold(after, found, NOW)
    return after, made


@pytest.mark.parametrize("collects", [SELLER, PLATFORM])
@pytest.mark.parametrize("amount", [-1_000, 5_000, -150_000])
def test_an_adjustment_after_the_release_is_dated_at_its_own_time(collects: str, amount: int) -> None:
    adjustment = Adjustment(0, amount, 6, 0)
    adjusted_at, released_at = from_datetime(adjustment.at), from_datetime(day(RELEASED_ON))
    detail, late = escrow_detail([], day(1)), escrow_detail([adjustment], ALL)
    for files in itertools.permutations([detail, late, release()]):
        after, made = booked(collects, *files)
        paid = (WORTH + amount) * 100
        bucket = "paid_out" if collects == SELLER else "available"
        balance = after.balances["IDR"]
        assert balance.pending + balance.available + balance.paid_out == paid
        let_go = {at: 0 for at, _ in made}
        for at, each in made:
            let_go[at] += each.paid_out + each.available
        if files.index(release()) > files.index(late):
            # The release lets go of what had happened by then, and of no more.
            assert let_go[released_at] == WORTH * 100, bucket
        assert let_go.get(adjusted_at) in (None, amount * 100)
        assert sum(let_go.values()) == paid


def test_a_row_of_the_wallet_that_is_completed_later_is_booked_then() -> None:
    def page(status: str) -> File:
        row = {"transaction_id": 1, "transaction_type": "ADJUSTMENT_MINUS", "amount": -1_000, "status": status}
        row |= {"order_sn": "A1", "create_time": epoch(TRUE[0].at), "money_flow": "MONEY_OUT"}
        answer = {"error": "", "response": {"transaction_list": [row]}}
        return File(json.dumps(answer).encode(), ALL, frozenset())

    for files in itertools.permutations([page("PENDING"), page("COMPLETED"), income_report(TRUE[:1], ALL)]):
        after, _ = imported(fold(AccountState(ACCOUNT), [opened()]), files)
        assert after.balances["IDR"] == Balance(available=-1_000_00)


async def test_an_adjustment_that_was_let_go_of_does_not_let_go_of_its_order(api: Api) -> None:
    for file in (escrow_detail(TRUE[:1], day(3)), wallet_page(TRUE[:1], day(3))):
        await imported_by(api, "acc_1", "shopee", file.content, day(3).isoformat())
    shown = await shown_to_callers(api, "acc_1")
    order_of = row_of(shown, "settlements?level=order", "order")
    assert (order_of["payoutAmount"], order_of["releasedAmount"], order_of["stage"]) == (
        str(WORTH - 1_000),
        None,
        "owed",
    )
    assert row_of(shown, "reconciliation?state=all", "id")["paid"] is None


def of_no_order(file: File) -> File:
    return File(file.content.replace(b'"A1"', b'""').replace(b";A1;", b";;"), file.made_at, frozenset())


async def test_movements_of_no_order_are_booked_once_too(api: Api) -> None:
    files = [
        of_no_order(each)
        for each in (wallet_page(TRUE, ALL), transaction_report(TRUE, ALL), wallet_page(TRUE[:2], ALL))
    ]
    states = []
    for number, order in enumerate(itertools.permutations(files)):
        account = f"acc_{number}"
        for file in order:
            await imported_by(api, account, "shopee", file.content, ALL.isoformat())
        before = await events(api)
        for file in files:
            await imported_by(api, account, "shopee", file.content, ALL.isoformat())
        assert await events(api) == before, "the second round adds no event"
        shown = await shown_to_callers(api, account)
        assert adjustment_lines(shown) == sorted(each.amount for each in TRUE)
        assert sum(int(each["payoutAmount"]) for each in shown["settlements?level=global"]) == SUM
        states.append(await state(api, account) | shown)
    assert json.loads(states[0]["balances"][0])[-1] == SUM * 100
    for each in states:
        assert each == states[0]


def test_a_stale_total_takes_nothing_back() -> None:
    """One that is dated by its arrival too: the rows that are known explain it."""
    early, sheet = escrow_detail(TRUE[:1], day(3), listed="total"), income_report(TRUE[:3], ALL)
    late = File(early.content, ALL, early.tells)
    for stale in (early, late):
        for files in itertools.permutations([stale, sheet, stale]):
            after, _ = imported(fold(AccountState(ACCOUNT), [opened()]), files)
            balance = after.balances["IDR"]
            assert balance.pending + balance.available + balance.paid_out == (WORTH + 279_000) * 100


def old_form(file: File) -> list[SettlementObserved]:
    """The records as an older release had them: adjustments in the order's amount, and no time of their observation."""
    made = []
    for record in records_of(file):
        observed = settlement_event(record, record.place, 2)
        if observed.adjusts is None:
            whole = round(sum(float(line["amount"]) for line in observed.lines if line.get("books")) * 100)
            made.append(SettlementObserved(**{**vars_of(observed), "adjusted": None, "amount": whole}))
    return made


def vars_of(observed: SettlementObserved) -> dict[str, Any]:
    return {name: getattr(observed, name) for name in observed.__dataclass_fields__}


def test_an_order_that_an_older_release_booked_with_its_adjustments_stays_so_until_they_are_known_apart() -> None:
    after = fold(AccountState(ACCOUNT), [opened()])
    detail = escrow_detail(TRUE[:1], ALL)
    for observed in old_form(detail):
        after = fold(after, observe_settlement(observed, after), NOW)
    before = after
    assert before.balances["IDR"].pending == (WORTH - 1_000) * 100
    assert imported(before, [detail], ARRIVAL) == (before, 0), "the same file again"
    newer, _ = imported(before, [escrow_detail(TRUE[:2], ALL)])
    assert newer.balances["IDR"].pending == (WORTH + 299_000) * 100
    told, _ = imported(before, [income_report(TRUE[:1], ALL), detail], ARRIVAL)
    balance = told.balances["IDR"]
    assert balance.pending + balance.available + balance.paid_out == (WORTH - 1_000) * 100, (
        "known apart by now, and once"
    )
    assert imported(told, [detail, income_report(TRUE[:1], ALL)], ARRIVAL) == (told, 0)
