"""A record's headers, however they are spelled, and records that the library cannot decode."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from service.ledger.vault import CannotUnseal, Vault
from service.platform.runtime import REAL
from service.plugipay.inbound.record_decoding import DecodingProblem, LenientRecords, decode_batch
from service.plugipay.inbound.record_headers import broker_time, read_headers
from service.plugipay.inbound.topic import sealed
from tests.support.poison import NAME, NOT_UTF8, Headers, Record, renamed

NOW = datetime(2026, 5, 12, tzinfo=UTC)
AT = str(int(NOW.timestamp() * 1000)).encode()


@st.composite
def spellings(draw: st.DrawFn, name: str) -> str:
    """The name in any case, with `_` for any of its `-`, with or without `x-`, with spaces around it."""
    letters = [draw(st.sampled_from([one.lower(), one.upper(), "_" if one == "-" else one])) for one in name]
    prefix = draw(st.sampled_from(["", "x-", "X-", "x_", "X_"]))
    return draw(st.sampled_from(["", " ", "\t"])) + prefix + "".join(letters) + draw(st.sampled_from(["", " "]))


others = st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=20)), max_size=5)


@settings(deadline=None)
@given(spellings("plugipay-signature"), spellings("received-at"), st.randoms(), others)
def test_no_header_is_lost_to_its_spelling_to_its_place_or_to_a_null_beside_it(
    signature: str, received_at: str, chance: object, beside: Headers
) -> None:
    headers: Headers = [(signature, b"t=1,v1=00"), (received_at, AT), (signature.upper(), None), *beside]
    chance.shuffle(headers)  # type: ignore[attr-defined]
    found = read_headers(headers)
    assert "t=1,v1=00" in found.signatures
    assert found.missing_signature() is None
    assert found.received_at(NOW) == ("2026-05-12T00:00:00.000000Z", None) or any(
        name.strip().lower().replace("_", "-").removeprefix("x-") == "received-at" for name, _ in beside
    )


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], "no received-at header says when it was received: it has no headers"),
        ([("received_on", AT), ("a", None)], "its headers are received_on, a"),
        ([("received-at", None)], "no received-at header says when it was received: its headers are received-at"),
        ([("received-at", AT), ("Received-At", b"1")], "its received-at headers say different times"),
        (
            [("received-at", "\u0661".encode())],
            "no received-at header says when it was received: it is no time in epoch milliseconds",
        ),
        (
            [(f"h{number}", b"") for number in range(12)],
            "its headers are h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 2 more",
        ),
        ([("\udcff\x00", b"")], "its headers are \ufffd\ufffd"),
    ],
)
def test_a_header_that_is_missing_is_named_with_those_that_are_there(headers: Headers, said: str) -> None:
    instant, problem = read_headers(headers).received_at(NOW)
    assert instant is None
    assert problem is not None
    assert said in problem
    assert (read_headers(headers).missing_signature() or "").startswith("no plugipay-signature header: it")


def test_the_same_time_twice_is_that_time() -> None:
    found = read_headers([("received-at", AT), ("X-Received-At", AT)])
    assert found.received_at(NOW) == ("2026-05-12T00:00:00.000000Z", None)


def test_a_seal_is_opened_whatever_stands_beside_its_headers() -> None:
    vault = Vault(secrets.token_bytes(32), REAL)
    milliseconds = int(time.time() * 1000)
    message = sealed(vault, "acc_1", b"body", "t=1,v1=00", milliseconds)
    added: Headers = [("Plugipay-Signature", b"t=2,v1=00"), ("RECEIVED-AT", None), ("trace", b"\xff")]
    assert read_headers([*added, *message.headers]).body(vault, message.value) == b"body"
    for name in ("plugipay-signature", "received-at"):
        without = [(each, value) for each, value in message.headers if each != name]
        with pytest.raises(CannotUnseal):
            read_headers(without).body(vault, message.value)


records = st.lists(
    st.tuples(
        st.none() | st.binary(max_size=20),
        st.none() | st.binary(max_size=200),
        st.lists(st.tuples(st.text(max_size=10), st.none() | st.binary(max_size=20)), max_size=4),
    ).filter(lambda record: record[0] is not None or record[1] is not None),
    min_size=1,
    max_size=5,
)


def batch_of(found: list[Record], compression: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, compression, False, -1, -1, -1, 2**20)
    for number, (key, value, headers) in enumerate(found):
        assert builder.append(number, 1000 + number, key, value, list(headers)) is not None
    return bytes(builder.build())


@settings(deadline=None)
@given(records, st.sampled_from([0, 1]))
def test_a_batch_is_decoded_as_the_library_does(found: list[Record], compression: int) -> None:
    content = batch_of(found, compression)
    wanted = [
        (each.offset, each.timestamp, each.timestamp_type, each.key, each.value, list(each.headers))
        for each in DefaultRecordBatch(content)
    ]
    assert [
        (each.offset, each.timestamp, each.timestamp_type, each.key, each.value, list(each.headers))
        for each in decode_batch(content)
    ] == wanted


@settings(deadline=None)
@given(records, st.data())
def test_a_name_that_is_not_utf8_costs_nothing_of_its_batch(found: list[Record], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(found) - 1))
    key, value, headers = found[at]
    spoilt = [*found[:at], (key, value, [*headers, (NAME, b"x")]), *found[at + 1 :]]
    content = bytes(renamed(batch_of(spoilt)))
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(content).next_batch())
    lenient = LenientRecords(content + batch_of(found))
    assert lenient.has_next()
    first = list(lenient.next_batch())
    assert [(each.key, each.value) for each in first] == [(key, value) for key, value, _ in found]
    assert first[at].headers[-1] == (NOT_UTF8.decode("utf-8", "surrogateescape"), b"x")
    second = list(lenient.next_batch())
    assert [(each.key, each.value, list(each.headers)) for each in second] == [(*each[:2], each[2]) for each in found]
    assert not lenient.has_next()


@settings(deadline=None)
@given(records, st.data(), st.sampled_from([0, 1]))
def test_damage_costs_only_what_is_damaged_and_offsets_go_up(
    found: list[Record], data: st.DataObject, compression: int
) -> None:
    """Any bytes behind the header of the batch changed, which no broker does: nothing is raised, and something comes."""
    content = bytearray(batch_of(found, compression))
    at = data.draw(st.integers(61, len(content) - 1))
    change = data.draw(st.binary(min_size=1, max_size=4))
    content[at : at + len(change)] = change
    decoded = decode_batch(bytes(content))
    offsets = [each.offset for each in decoded]
    assert decoded
    assert offsets == sorted(set(offsets))
    assert 0 <= offsets[0] <= offsets[-1] < len(found)


def test_a_damaged_record_comes_with_its_bytes_and_the_reason() -> None:
    whole = batch_of([(b"a", b"one", []), (b"b", b"two", []), (b"c", b"three", [])])
    # The length of the second key is longer than its record.
    damaged = whole.replace(b"\x02b\x06two", b"\x7eb\x06two")
    first, second, third = decode_batch(damaged)
    assert (first.value, third.value) == (b"one", b"three")
    assert second.offset == 1
    assert second.value is not None
    assert b"two" in second.value
    ((problem, _),) = second.headers
    assert isinstance(problem, DecodingProblem)
    assert read_headers(second.headers).decoding_problem == str(problem)
    assert "damaged" in problem


@pytest.mark.parametrize(
    ("seconds_apart", "by_the_broker", "is_sealed", "plain_bodies", "said"),
    [
        (0, True, False, True, None),
        (300, True, False, True, None),
        (-300, True, False, True, None),
        (301, True, False, True, "more than 300 s away from when the broker stored it"),
        (-301, True, False, True, "more than 300 s away from when the broker stored it"),
        # The word of whoever wrote the record, as its received-at is: it proves nothing.
        (301, False, False, True, None),
        (0, True, False, False, "KAFKA_PLAIN_BODIES"),
        (0, False, False, False, "KAFKA_PLAIN_BODIES"),
        # The seal covers the time.
        (10**6, True, True, False, None),
        (10**6, True, True, True, None),
    ],
)
def test_a_plain_records_time_of_receipt_is_held_against_the_brokers(
    seconds_apart: int, by_the_broker: bool, is_sealed: bool, plain_bodies: bool, said: str | None
) -> None:
    headers: Headers = [("received-at", AT), *([("Sealed", b"1")] if is_sealed else [])]
    found = read_headers(headers)
    received_at, _ = found.received_at(NOW)
    stored_at = broker_time(int(AT) + 1000 * seconds_apart, int(by_the_broker))
    unproven = found.unproven_receipt(received_at, stored_at, plain_bodies=plain_bodies)
    assert unproven is None if said is None else said in (unproven or "")
