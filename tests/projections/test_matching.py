"""Which bank entries are proposed for what, and which are left to a person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from projections.matching import BY_AMOUNT, BY_REFERENCE, OpenTarget, Proposals, UnclaimedEntry, propose, words_of

DAY = date(2026, 11, 9)


def target(
    key: str, expected: int = 1000, *references: str, tolerance: int = 0, either_way: bool = False
) -> OpenTarget:
    return OpenTarget(
        key, "IDR", Decimal(expected), Decimal(tolerance), references, date(2026, 11, 1), date(2026, 11, 30), either_way
    )


def entry(entry_id: str, amount: int = 1000, text: str = "", day: date = DAY, currency: str = "IDR") -> UnclaimedEntry:
    return UnclaimedEntry(entry_id, currency, Decimal(amount), day, words_of([text]))


def chosen(found: Proposals, key: str) -> list[tuple[str, int, str]]:
    return [(each.entry_id, int(each.amount), each.by) for each in found.chosen.get(key, ())]


def candidates(found: Proposals, key: str) -> list[str]:
    return sorted(each.entry_id for each in found.candidates.get(key, ()))


def test_a_reference_in_the_banks_text_decides_whatever_the_amount() -> None:
    found = propose(
        [target("A", 1000, "EG100RT-20141228"), target("B", 1000, "EG100RT-20141229")],
        [entry("e1", 990, "LAZADA eg100rt-20141228 payout"), entry("e2", 1000, "EG100RT20141229")],
    )
    assert chosen(found, "A") == [("e1", 990, BY_REFERENCE)]
    assert chosen(found, "B") == [("e2", 1000, BY_REFERENCE)]
    assert found.undecided == set()


def test_a_reference_is_a_word_and_not_a_part_of_a_longer_one() -> None:
    found = propose([target("A", 5, "INV10")], [entry("e1", 1000, "INV100 INV1 XINV10")])
    assert found.chosen == found.candidates == {}


def test_short_references_are_not_looked_for() -> None:
    assert propose([target("A", 5, "1234")], [entry("e1", 1000, "1234")]).chosen == {}


def test_instalments_that_add_up_are_one_payment_and_others_are_in_doubt() -> None:
    parts = [entry("e1", 400, "STMT-1"), entry("e2", 600, "STMT-1")]
    assert chosen(propose([target("A", 1000, "STMT-1")], parts), "A") == [
        ("e1", 400, BY_REFERENCE),
        ("e2", 600, BY_REFERENCE),
    ]
    twice = propose([target("A", 1000, "STMT-1")], [entry("e1", 1000, "STMT-1"), entry("e2", 1000, "STMT-1")])
    assert (chosen(twice, "A"), candidates(twice, "A")) == ([], ["e1", "e2"])
    assert twice.undecided == {"e1", "e2"}


def test_one_entry_that_names_several_pays_them_if_they_add_up() -> None:
    both = [target("A", 1000, "STMT-1"), target("B", 500, "STMT-2")]
    found = propose(both, [entry("e1", 1500, "STMT-1 STMT-2")])
    assert (chosen(found, "A"), chosen(found, "B")) == ([("e1", 1000, BY_REFERENCE)], [("e1", 500, BY_REFERENCE)])
    assert found.of_entry == {"e1": ["A", "B"]}
    short = propose(both, [entry("e1", 1400, "STMT-1 STMT-2")])
    assert (short.chosen, candidates(short, "A"), candidates(short, "B")) == ({}, ["e1"], ["e1"])


def test_amount_and_day_decide_only_where_there_is_one_of_each() -> None:
    alone = propose([target("A", 1000, tolerance=100)], [entry("e1", 900), entry("e2", 899), entry("e3", 1101)])
    assert chosen(alone, "A") == [("e1", 900, BY_AMOUNT)]
    two_entries = propose([target("A")], [entry("e1"), entry("e2")])
    assert (two_entries.chosen, candidates(two_entries, "A")) == ({}, ["e1", "e2"])
    two_targets = propose([target("A"), target("B")], [entry("e1")])
    assert (two_targets.chosen, candidates(two_targets, "A"), candidates(two_targets, "B")) == ({}, ["e1"], ["e1"])


def test_an_entry_outside_of_the_window_or_of_another_currency_is_no_candidate() -> None:
    early, late = entry("e1", day=date(2026, 10, 31)), entry("e2", day=date(2026, 12, 1))
    found = propose([target("A")], [early, late, entry("e3", currency="USD")])
    assert found.chosen == found.candidates == {}


def test_money_that_went_out_pays_no_statement_but_a_payout_in_either_direction() -> None:
    assert propose([target("A")], [entry("e1", -1000)]).chosen == {}
    assert propose([target("A", 1000, "STMT-1")], [entry("e1", -1000, "STMT-1")]).chosen == {}
    assert chosen(propose([target("P", either_way=True)], [entry("e1", -1000)]), "P") == [("e1", -1000, BY_AMOUNT)]
    assert chosen(propose([target("P", either_way=True)], [entry("e1", 1000)]), "P") == [("e1", 1000, BY_AMOUNT)]


def test_what_a_reference_speaks_for_is_no_candidate_by_amount() -> None:
    found = propose([target("A", 1000, "STMT-1"), target("B")], [entry("e1", 1000, "STMT-1")])
    assert (chosen(found, "A"), found.chosen.get("B"), found.candidates.get("B")) == (
        [("e1", 1000, BY_REFERENCE)],
        None,
        None,
    )


def test_nothing_is_proposed_for_what_needs_no_payment() -> None:
    assert propose([target("A", 50, tolerance=100)], [entry("e1", 60)]).chosen == {}
