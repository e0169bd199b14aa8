"""A key that stands twice in an object is refused, wherever the JSON comes from, and nothing else is."""

from __future__ import annotations

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.formats.json import RepeatedKey, check_keys
from service.formats.json_records import Record, json_records
from service.formats.unreadable import Unreadable
from service.plugipay.inbound.webhook import Malformed, read

TEXTS = st.text(st.sampled_from('ab:",\\{}[]u00 \n\u00e9\U0001f600'), max_size=6)
NAMES = st.text(st.sampled_from("ab:"), max_size=2)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> tuple[str, bool]:
    """A JSON text written by hand, and whether an object in it has a key twice."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        scalar = draw(TEXTS | st.integers(-9, 9) | st.none() | st.booleans() | st.floats(-5, 5))
        return json.dumps(scalar, ensure_ascii=draw(st.booleans())), False
    space = draw(st.sampled_from(["", " ", "\n"]))
    parts = draw(st.lists(documents(depth - 1), max_size=3))
    repeated = any(found for _, found in parts)
    if draw(st.booleans()):
        return f"[{space}{f',{space}'.join(text for text, _ in parts)}]", repeated
    names = [draw(NAMES) for _ in parts]
    # The same name can be spelled in several ways.
    spelled = [
        json.dumps(name) if draw(st.booleans()) else '"' + "".join(f"\\u{ord(each):04x}" for each in name) + '"'
        for name in names
    ]
    members = [f"{name}{space}:{space}{text}" for name, (text, _) in zip(spelled, parts, strict=True)]
    return f"{{{f',{space}'.join(members)}}}", repeated or len(set(names)) < len(names)


@settings(deadline=None)
@given(documents())
def test_exactly_what_has_a_key_twice_is_refused(document: tuple[str, bool]) -> None:
    text, repeated = document
    value = orjson.loads(text)
    for given_text in (text, text.encode()):
        if repeated:
            with pytest.raises(RepeatedKey):
                check_keys(given_text, value)
        else:
            check_keys(given_text, value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2,"b":"\\u003a"}',
        '{"a":":", "a":""}',
        '{"x":[{"a":{"b":1, "b":2}}]}',
        '{"":0,"":0}',
    ],
)
def test_colons_in_texts_hide_no_key(text: str) -> None:
    with pytest.raises(RepeatedKey):
        check_keys(text, orjson.loads(text))


def test_depth_is_no_way_around() -> None:
    deep = '{"a":' * 400 + '{"b":1,"b":2}' + "}" * 400
    with pytest.raises(RepeatedKey):
        check_keys(deep, orjson.loads(deep))
    check_keys(deep.replace('"b":2', '"c":2'), orjson.loads(deep.replace('"b":2', '"c":2')))
    too_deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(ValueError, match="nested too deeply"):
        check_keys(too_deep, {"": 0})


def test_the_message_names_the_key() -> None:
    with pytest.raises(RepeatedKey, match="the key 'amount' is there twice in one object"):
        check_keys(b'{"amount":1,"amount":2}', {"amount": 2})


def rows(content: bytes) -> list[Record | Unreadable]:
    return list(json_records(io.BytesIO(content), frozenset({("data", "rows")})))


def test_a_record_with_a_key_twice_is_unreadable_and_those_around_it_are_read() -> None:
    found = rows(b'{"code":0,"data":{"total":3,"rows":[{"n":1},{"n":2, "n":3},{"n":4}]}}')
    assert [each.value if isinstance(each, Record) else each.reason for each in found] == [
        {"n": "1"},
        "the key 'n' is there twice in one object",
        {"n": "4"},
        {"code": "0", "data": {"total": "3"}},
    ]
    assert isinstance(found[1], Unreadable)
    assert found[1].raw == b'{"n":2, "n":3}'


@pytest.mark.parametrize(
    "content",
    [
        b'{"code":0,"code":1,"data":{"rows":[]}}',
        b'{"data":{"rows":[{"n":1}]},"data":{"rows":[{"n":2}]}}',
        b'{"data":{"rows":[{"n":1}],"rows":[{"n":2}]}}',
        b'{"data":{"total":{"a":1,"a":2},"rows":[]}}',
        b'{"a":1,"a":2}',
        b'{"x":1}\n{"a":1,"a":2}\n{"x":2}\n',
    ],
)
def test_a_document_with_a_key_twice_says_so(content: bytes) -> None:
    reasons = [each.reason for each in rows(content) if isinstance(each, Unreadable)]
    assert any("is there twice in one object" in reason for reason in reasons)


@settings(deadline=None)
@given(documents())
def test_the_reader_of_files_finds_them_too(document: tuple[str, bool]) -> None:
    text, repeated = document
    content = b'{"data":{"rows":[' + text.encode() + b"]}}"
    found: Any = rows(content)[0]
    assert isinstance(found, Unreadable) == repeated or "\\u" in text


def test_a_webhook_with_a_key_twice_is_no_webhook() -> None:
    body = b'{"id":"evt_1","type":"payout.paid","accountId":"acc_1","accountId":"acc_2","createdAt":"2026-05-12T00:00:00Z"}'
    with pytest.raises(Malformed, match="the key 'accountId' is there twice"):
        read(body)
