"""What tells two bank entries apart, and when the same words mean the same entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from events.account_state import AccountState
from events.banking.events import BankEntryDetailed, BankEntryObserved, BankStatementObserved
from events.banking.observe import cannot_share, explained_entry, observe_bank_statement, observe_entry
from events.values import Data
from tests.spec import ACCOUNT, fold, opened

PAYMENT = BankEntryObserved(
    "", "ba", "IDR", -5000, "2026-11-01", [], False, "camt.053", [], "d", reference="FT001", content="payment"
)
FEE = replace(PAYMENT, amount=-50, content="fee")

Row = tuple[str, Data | None, int | None]
"""(content, statement, balance after it)."""


def account() -> AccountState:
    return fold(AccountState(ACCOUNT), [opened()])


def imported(state: AccountState, rows: Sequence[BankEntryObserved], older: Sequence[str] = ()) -> AccountState:
    """The state after one file with these rows."""
    taken: set[str] = set()
    for row in rows:
        entry_id, events = observe_entry(row, older, taken, state)
        assert entry_id not in taken, "no two rows of one file are the same entry"
        taken.add(entry_id)
        state = fold(state, events)
    return state


def amounts(state: AccountState) -> list[int]:
    return sorted(entry.amount for entry in state.bank_entries.values())


def test_a_payment_its_fee_and_its_tax_under_one_reference_are_three_entries() -> None:
    file = [PAYMENT, FEE, FEE]
    state = imported(account(), file)
    assert amounts(state) == [-5000, -50, -50]
    assert all(not entry.findings for entry in state.bank_entries.values()), "that is usual, and no finding"
    assert amounts(imported(state, file)) == [-5000, -50, -50], "the same file again changes nothing"
    assert amounts(imported(state, file[::-1])) == [-5000, -50, -50]


def test_pages_of_a_statement_add_up_and_a_statement_that_covers_them_adds_nothing() -> None:
    month: Data = {"number": "7", "from": "2026-11-01", "to": "2026-11-30", "opening": 1000, "closing": 850}
    first, second = ({"number": "1", "page": page, "from": "2026-11-01", "to": "2026-11-01"} for page in "12")
    pages = [replace(FEE, statement=first)], [replace(FEE, statement=second), replace(FEE, statement=second)]
    whole = [replace(FEE, statement=month)] * 3
    # The pages alone: a statement that covers them would bring back what they had lost.
    for files in (*permutations(pages), *permutations([*pages, *pages]), *permutations([*pages, whole])):
        state = account()
        for file in files:
            state = imported(state, file)
        assert amounts(state) == [-50, -50, -50], files


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({"number": "1"}, None, False),
        ({"number": "1", "page": "1"}, {"number": "1", "page": "2"}, True),
        ({"number": "1", "page": "1"}, {"number": "1", "page": "1", "opening": 1}, False),
        ({"number": "1", "from": "2026-01-01", "to": "2026-01-31"}, {"number": "1", "from": "2025-01-01", "to": "2025-01-31"}, True),
        ({"number": "1", "from": "2026-01-01", "to": "2026-01-31"}, {"number": "2", "from": "2026-01-05", "to": "2026-01-05"}, False),
        ({"number": "1", "opening": 0, "closing": 5}, {"number": "2", "opening": 5, "closing": 9}, True),
        ({"number": "1", "opening": 0, "closing": 5}, {"number": "2", "opening": 0, "closing": 9}, False),
        ({"number": "1", "opening": 0, "closing": 5}, {"number": "1", "opening": 7, "closing": 9}, True),
        ({"number": "1", "page": "1", "from": "2026-01-01", "to": "2026-01-01"}, {"number": "1", "page": "2", "from": "2026-01-01", "to": "2026-01-02"}, True),
        ({"number": "1", "from": "2026-01-01", "to": "2026-01-01", "opening": 0, "closing": 5}, {"number": "1", "from": "2026-01-01", "to": "2026-01-02", "opening": 5, "closing": 9}, True),
        ({"number": "D", "from": "2026-01-01", "to": "2026-01-01", "opening": 5, "closing": 5}, {"number": "M", "from": "2026-01-01", "to": "2026-01-31", "opening": 5, "closing": 9}, False),
    ],
)  # fmt: skip
def test_statements_are_apart_where_no_entry_can_stand_in_both(one: Data, other: Data | None, apart: bool) -> None:
    assert cannot_share(one, other) is apart
    assert cannot_share(other, one) is apart


@drawn(
    truth=st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_files_of_any_days_of_one_account_end_in_the_true_entries_where_rows_have_balances(
    truth: list[str], cuts: list[tuple[int, int]], order: object
) -> None:
    """Each file is a stretch of the account's rows, overlapping others or not, and rows of it may be in any order."""
    rows = [replace(FEE, content=name, balance=1000 - 50 * place) for place, name in enumerate(truth)]
    files = [rows[min(cut) : max(cut)] for cut in cuts]
    seen = {index for cut in cuts for index in range(min(cut), min(max(cut), len(truth)))}
    for file in files:
        order.shuffle(file)  # type: ignore[attr-defined]
    state = account()
    for file in [*files, *files[::-1]]:
        state = imported(state, file)
    kept = Counter(entry.content for entry in state.bank_entries.values())
    assert kept == Counter(truth[index] for index in seen)


def test_an_entry_from_before_contents_is_known_by_the_id_that_it_had() -> None:
    older = replace(PAYMENT, entry_id="ben_old", content=None)
    state = fold(account(), [older])
    state = imported(state, [replace(PAYMENT, references=["A1"])], ["ben_old"])
    assert list(state.bank_entries) == ["ben_old"]
    assert state.bank_entries["ben_old"].references == ["A1"]
    state = imported(state, [FEE], ["ben_old"])
    assert amounts(state) == [-5000, -50], "the fee had been taken for the payment"


def test_a_reference_that_another_file_has_with_another_amount_is_a_finding() -> None:
    state = imported(account(), [PAYMENT])
    state = imported(state, [replace(PAYMENT, booked_on="2026-11-02", content="other day")])
    [restated] = [entry for entry in state.bank_entries.values() if entry.findings]
    assert restated.findings == [
        {
            "rule": "bank_reference_is_unique",
            "expected": "2026-11-01 -5000",
            "actual": "2026-11-02 -5000",
            "difference": "0",
        }
    ]


def test_a_notification_explains_the_entry_of_its_batch_and_is_none_itself() -> None:
    state = imported(account(), [replace(PAYMENT, amount=300, references=["BATCH-1"])])
    [entry_id] = state.bank_entries
    part = replace(PAYMENT, amount=100, content="part", reference=None, references=["BATCH-1", "ORDER-7"])
    found = explained_entry(part, set(), state)
    assert found is not None
    assert found[0] == entry_id
    [event] = found[1]
    assert isinstance(event, BankEntryDetailed)
    assert event.references == ["ORDER-7"]
    state = fold(state, [event])
    again = explained_entry(part, set(), state)
    assert again is not None
    assert again[1] == [], "the same notification again adds nothing"
    assert explained_entry(replace(part, references=["BATCH-2"]), set(), state) is None
    assert explained_entry(replace(part, amount=-100), set(), state) is None


def test_a_statement_that_was_made_earlier_changes_nothing() -> None:
    newer = BankStatementObserved(
        "ba", "enc1:1:x", "1", "IDR", 10, 1, "camt.053", [], 0, 10, part="p", made_at="2026-11-03T00:00:00.000000Z"
    )
    older = replace(newer, closing=12, moved=12, made_at="2026-11-02T00:00:00.000000Z")
    assert observe_bank_statement(older, fold(account(), [newer])) == []
    assert observe_bank_statement(newer, fold(account(), [older])) == [newer]


def test_statements_of_one_number_stand_beside_each_other_by_their_part() -> None:
    of_2025 = BankStatementObserved("ba", "enc1:1:x", "1", "IDR", 100, 1, "camt.053", [], 1000, 1900, part="2025")
    of_2026 = replace(of_2025, closing=1100, part="2026")
    state = fold(account(), [of_2025, *observe_bank_statement(of_2026, fold(account(), [of_2025]))])
    assert len(state.bank_statements) == 2


def test_a_statement_from_before_parts_is_the_same_one_again() -> None:
    before = BankStatementObserved("ba", "enc1:1:x", "1", "IDR", 100, 1, "camt.053", [], 1000, 1100)
    again = replace(before, part="//1000")
    assert observe_bank_statement(again, fold(account(), [before])) == []
