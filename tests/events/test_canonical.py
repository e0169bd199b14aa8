"""Canonical JSON: one spelling for each value, and nothing in the log that another reader would read differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.canonical import canonical, check_content, check_texts

MOST = 9_007_199_254_740_991
CONTENT: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MOST, MOST)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(min_codepoint=1, max_codepoint=127)), inner),
    max_leaves=25,
)


class Colour(StrEnum):
    RED = "red"


@given(CONTENT)
def test_content_is_spelled_as_the_standard_library_spells_it(value: Any) -> None:
    check_content(value)
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == expected
    assert json.loads(expected) == value


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ({"b": 1, "a": [None, True, False]}, b'{"a":[null,true,false],"b":1}'),
        ({"B": 1, "a": 2, "A": 3, "_": 4, "": 5}, b'{"":5,"A":3,"B":1,"_":4,"a":2}'),
        ('"\\/\b\f\n\r\t', b'"\\"\\\\/\\b\\f\\n\\r\\t"'),
        ("\x01\x1f\x7f", b'"\\u0001\\u001f\x7f"'),
        ("\u00e9\u20ac\U0001f600\u2028", '"\u00e9\u20ac\U0001f600\u2028"'.encode()),
        (MOST, b"9007199254740991"),
        (-MOST, b"-9007199254740991"),
        (0, b"0"),
    ],
)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any, spelling: bytes) -> None:
    check_content(value)
    assert canonical(value) == spelling


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"lines": [{"amount": 1.5}]}, r"^lines\[0\]\.amount is a floating-point number"),
        ({"a": float("nan")}, r"^a is a floating-point number"),
        (1.0, r"^the value is a floating-point number"),
        ({"a": {"b": MOST + 1}}, r"^a\.b is beyond 2\^53 - 1"),
        ([-MOST - 1], r"^\[0\] is beyond 2\^53 - 1"),
        ({"a": [1, "x\x00y"]}, r"^a\[1\] contains a NUL"),
        ({"a": "\ud83d"}, r"^a contains a lone surrogate"),
        ({"a": "\ude00\ud83d"}, r"^a contains a lone surrogate"),
        ({"a": {"\u00e9": 1}}, r"^a has a key that is not ASCII"),
        ({"a\x00": 1}, r"^the value has a key that is not ASCII"),
        ({"a": {1: 1}}, r"^a has a key that is not ASCII"),
        ({"a": (1, 2)}, r"^a is a tuple"),
        ({"a": Decimal("1.5")}, r"^a is a Decimal"),
        ({"a": b"1"}, r"^a is a bytes"),
        ({"a": {"x"}}, r"^a is a set"),
        (nested(17), r"is nested deeper than 16 levels"),
        ({"a": nested(10_000)}, r"^a(\[0\]){16} is nested deeper than 16 levels"),
    ],
)
def test_what_cannot_be_held_exactly_is_refused_by_its_place(value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_content(value)


@pytest.mark.parametrize("value", [nested(16), MOST, -MOST, "", {}, [], True, None, Colour.RED, "\U0010ffff"])
def test_what_lies_just_inside_the_bounds_is_held(value: Any) -> None:
    check_content(value)
    assert json.loads(canonical(value)) == value


@given(CONTENT, st.sampled_from([1.5, MOST + 1, -MOST - 1, "\x00", "\udfff", b"", (1,)]), st.data())
def test_one_bad_value_anywhere_spoils_the_whole(value: Any, bad: Any, data: st.DataObject) -> None:
    spoiled: Any = data.draw(st.sampled_from([[value, bad], {"k": value, "z": bad}, [{"k": [bad]}, value]]))
    with pytest.raises(ValueError, match=r"z|\[1\]|\[0\]\.k\[0\]"):
        check_content(spoiled)


PIECES = st.sampled_from(["\x00", "\ud83d", "\u00e9", "\\", "u0000", "plain"])
ANY_TEXT = st.lists(PIECES | st.characters(), max_size=4).map("".join)
TEXTS = st.recursive(
    st.none() | st.booleans() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def said_by(check: Callable[[Any], None], value: Any) -> str | None:
    try:
        check(value)
    except ValueError as problem:
        return str(problem)
    return None


@given(TEXTS)
def test_texts_are_held_or_refused_as_any_content_is(value: Any) -> None:
    assert said_by(check_texts, value) == said_by(check_content, value)
