"""Adjustments of an order are booked once, whichever of Shopee's sources tell of them, in any order, and again."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.account_state import AccountState
from events.balances.state import Balance
from events.channels.events import ChannelSet
from events.channels.state import PLATFORM, SELLER
from events.instants import from_datetime
from events.observations import GIVEN
from events.settlements.observe import observe_settlement
from service.marketplaces.channels import marketplace_named
from service.marketplaces.observations import Shop
from service.marketplaces.settlement_records import SettlementRecord, settlement_event, settlement_records
from tests.spec import ACCOUNT, NOW, fold, opened

SHOP = Shop(currency="IDR", zone="Asia/Jakarta")
FIRST_DAY = datetime(2026, 5, 1, 3, tzinfo=UTC)
WORTH = 100_000
RELEASED_ON = 4
AMOUNTS = (-1_000, -20_000, 300_000)
"""No sum of a few of them is another one's sum: a total says which of them it has."""


@dataclass(frozen=True)
class Adjustment:
    """One adjustment, as it truly was: the day and hour that it happened at, and its number, which no source tells."""

    number: int
    amount: int
    day: int
    hour: int

    @property
    def at(self) -> datetime:
        return FIRST_DAY + timedelta(days=self.day, hours=self.hour)


@dataclass(frozen=True)
class File:
    """A file or answer, when it was made, and the adjustments that it tells of."""

    content: bytes
    made_at: datetime
    tells: frozenset[Adjustment]


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def in_jakarta(moment: datetime, form: str) -> str:
    return (moment + timedelta(hours=7)).strftime(form)


def day(number: int) -> datetime:
    return FIRST_DAY + timedelta(days=number, hours=20)


def until(adjustments: Sequence[Adjustment], made_at: datetime) -> list[Adjustment]:
    return [each for each in adjustments if each.at <= made_at]


def escrow_detail(adjustments: Sequence[Adjustment], made_at: datetime, *, listed: str = "dated") -> File:
    """`listed`: with a list of adjustments and their dates, with one without dates, or with their total alone."""
    told = until(adjustments, made_at)
    income: dict[str, Any] = {
        "escrow_amount": WORTH,
        "commission_fee": 10,
        "total_adjustment_amount": sum(each.amount for each in told),
        "buyer_note": made_at.isoformat(),
    }
    if listed != "total":
        income["order_adjustment"] = [
            {"amount": each.amount, "currency": "IDR", "adjustment_reason": "Lost parcel"}
            | ({"date": epoch(each.at)} if listed == "dated" else {})
            for each in told
        ]
    answer = {"error": "", "response": {"order_sn": "A1", "order_income": income}}
    return File(json.dumps(answer).encode(), made_at, frozenset(told))


def income_report(adjustments: Sequence[Adjustment], made_at: datetime) -> File:
    told = until(adjustments, made_at)
    headings = ["No. Pesanan Terhubung", "Tanggal Penyesuaian Selesai", "Biaya Penyesuaian", "Alasan Penyesuaian"]
    rows = [["A1", in_jakarta(each.at, "%Y-%m-%d"), each.amount, "Paket hilang"] for each in told]
    return File(as_csv([headings, *rows]), made_at, frozenset(told))


def orders_report(adjustments: Sequence[Adjustment], made_at: datetime) -> File:
    """The sheet of orders: the order's worth, and nothing of its adjustments."""
    row = ["A1", in_jakarta(day(RELEASED_ON), "%Y-%m-%d"), WORTH]
    return File(as_csv([["No. Pesanan", "Tanggal Dana Dilepaskan", "Total Penghasilan"], row]), made_at, frozenset())


def wallet_page(adjustments: Sequence[Adjustment], made_at: datetime) -> File:
    told = until(adjustments, made_at)
    rows = [
        {
            "transaction_id": 7000 + each.number,
            # One of them is of a type that nobody documents.
            "transaction_type": 511
            if each.number == 1
            else "ADJUSTMENT_ADD"
            if each.amount > 0
            else "ADJUSTMENT_MINUS",
            "money_flow": "MONEY_IN" if each.amount > 0 else "MONEY_OUT",
            "amount": each.amount,
            "status": "COMPLETED",
            "order_sn": "A1",
            "create_time": epoch(each.at),
        }
        for each in told
    ]
    answer = {"error": "", "response": {"transaction_list": rows}}
    return File(json.dumps(answer).encode(), made_at, frozenset(told))


def transaction_report(adjustments: Sequence[Adjustment], made_at: datetime) -> File:
    told = until(adjustments, made_at)
    headings = [
        "Tanggal Transaksi",
        "Tipe Transaksi",
        "No. Pesanan",
        "Jenis Transaksi",
        "Jumlah",
        "Status",
        "Saldo Akhir",
    ]
    rows, balance = list[list[Any]](), 900_000
    for each in told:
        balance += each.amount
        kind = "Penyesuaian" if each.number != 1 else "Koreksi"
        flow = "Transaksi Masuk" if each.amount > 0 else "Transaksi Keluar"
        when = in_jakarta(each.at, "%Y-%m-%d %H:%M:%S")
        rows.append([when, kind, "A1", flow, each.amount, "Transaksi Selesai", balance])
    return File(as_csv([headings, *rows]), made_at, frozenset(told))


def release() -> File:
    row = {"order_sn": "A1", "payout_amount": WORTH, "escrow_release_time": epoch(day(RELEASED_ON))}
    return File(json.dumps({"error": "", "response": {"escrow_list": [row]}}).encode(), day(RELEASED_ON), frozenset())


def as_csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


SOURCES: tuple[Callable[[Sequence[Adjustment], datetime], File], ...] = (
    escrow_detail,
    lambda adjustments, at: escrow_detail(adjustments, at, listed="total"),
    income_report,
    orders_report,
    wallet_page,
    transaction_report,
)


def records_of(file: File) -> list[SettlementRecord]:
    found = settlement_records(marketplace_named("shopee").read(io.BytesIO(file.content), SHOP))
    return [each for each in found if isinstance(each, SettlementRecord)]


def imported(state: AccountState, files: Sequence[File], by: str = GIVEN) -> tuple[AccountState, int]:
    """The state after the files, and how many events they made. `by` is how the time of the files is known."""
    count = 0
    for file in files:
        for record in records_of(file):
            digest = sha256(record.raw).hexdigest()
            observed = settlement_event(record, digest, 2, from_datetime(file.made_at), by)
            made = observe_settlement(observed, state, 2, record.first.older_names)
            state = fold(state, made, NOW)
            count += len(made)
    return state, count


adjustments = st.lists(
    st.tuples(st.sampled_from(AMOUNTS), st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=4
).map(lambda drawn: [Adjustment(number, *each) for number, each in enumerate(sorted(drawn, key=lambda each: each[1:]))])
drawn_files = st.lists(st.tuples(st.integers(0, len(SOURCES) - 1), st.integers(0, 9)), min_size=1, max_size=5)


def shown(state: AccountState) -> Any:
    settlements = {key: (each.booked, each.released, each.adjusted) for key, each in state.settlements.items()}
    return state.balances, state.orders, state.channels, settlements


@settings(deadline=None)
@given(adjustments, drawn_files, st.booleans(), st.sampled_from([SELLER, PLATFORM]), st.booleans(), st.integers(0))
def test_files_in_any_order_and_again_book_each_adjustment_once(
    true: list[Adjustment], drawn: list[tuple[int, int]], released: bool, collects: str, dated: bool, seed: int
) -> None:
    files = [
        escrow_detail(true, day(number), listed="dated" if dated else "undated")
        if SOURCES[source] is escrow_detail
        else SOURCES[source](true, day(number))
        for source, number in drawn
    ]
    files += [release()] if released else []
    told = frozenset[Adjustment]().union(*(file.tells for file in files))
    tells_worth = any(SOURCES[source] not in (income_report, wallet_page, transaction_report) for source, _ in drawn)
    account = fold(AccountState(ACCOUNT), [opened(), ChannelSet("shopee", collects)])
    states = []
    for turn in range(3):
        order = [*files, *files[:2]]
        random.Random(seed + turn).shuffle(order)
        state, _ = imported(account, order)
        again, count = imported(state, files)
        assert count == 0, "the second round adds no event"
        assert again == state
        states.append(shown(state))
    assert all(each == states[0] for each in states)
    balance = states[0][0].get("IDR", Balance())
    true_sum = sum(each.amount for each in told) + (WORTH if tells_worth else 0)
    assert balance.pending + balance.available + balance.paid_out == true_sum * 100
