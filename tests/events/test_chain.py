"""The chain, recomputed as a stranger would: with SHA-256 and a standard JSON library, from the envelope's fields."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import (
    DIGEST_BEFORE_THE_FIRST,
    DIGEST_VERSION,
    Actor,
    Envelope,
    Source,
    envelope_bytes,
    envelope_from,
    next_digest,
)

EVENT = Envelope(
    ledger_id="0197c3a0-0000-7000-8000-000000000001",
    lane=3,
    position=42,
    account_id="acc_1",
    version=7,
    event_id="0197c3a0-0000-7000-8000-000000000002",
    type="fee.charged",
    schema_version=1,
    effective_at="2026-05-13T10:00:00.000000Z",
    recorded_at="2026-05-13T10:42:00.000000Z",
    actor=Actor(kind="key", id="key_1"),
    source=Source(kind="plugipay", id="evt_1", observation="ab" * 32),
    command_key="idem_1",
    command_digest="cd" * 32,
    correlation_id="req_1",
    causation_id="0197c3a0-0000-7000-8000-000000000003",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    key_generation=2,
    data={"amount": 250, "currency": "IDR", "kind": "platform", "reference": "inv-9 \u20ac"},
)

DOCUMENT: dict[str, Any] = {
    "ledgerId": "0197c3a0-0000-7000-8000-000000000001",
    "lane": 3,
    "position": 42,
    "accountId": "acc_1",
    "version": 7,
    "eventId": "0197c3a0-0000-7000-8000-000000000002",
    "type": "fee.charged",
    "schemaVersion": 1,
    "effectiveAt": "2026-05-13T10:00:00.000000Z",
    "recordedAt": "2026-05-13T10:42:00.000000Z",
    "actor": {"kind": "key", "id": "key_1"},
    "source": {"kind": "plugipay", "id": "evt_1", "observation": "ab" * 32},
    "commandKey": "idem_1",
    "commandDigest": "cd" * 32,
    "correlationId": "req_1",
    "causationId": "0197c3a0-0000-7000-8000-000000000003",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "keyGeneration": 2,
    "data": {"amount": 250, "currency": "IDR", "kind": "platform", "reference": "inv-9 \u20ac"},
    "digestVersion": 1,
}
"""The envelope of decisions A1, as it is stored."""


def strangers_digest(previous: bytes, document: dict[str, Any]) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()


def test_a_stranger_recomputes_the_digest_from_the_stored_fields() -> None:
    assert json.loads(envelope_bytes(EVENT)) == DOCUMENT
    for previous in (bytes(32), b"\xff" * 32):
        assert next_digest(previous, envelope_bytes(EVENT)) == strangers_digest(previous, DOCUMENT)


def test_the_digest_of_a_recorded_event_never_changes() -> None:
    # Made from the document above without Python: 32 zero bytes and `jq -cSj .` of it, into sha256sum.
    recorded = "895242c78b8dcebca1565e0501f4e78736ec04a32af3c13500d249ea5476ab3a"
    assert next_digest(DIGEST_BEFORE_THE_FIRST, envelope_bytes(EVENT)).hex() == recorded


def test_the_chain_begins_with_zeros_and_its_rule_has_a_version() -> None:
    assert bytes(32) == DIGEST_BEFORE_THE_FIRST
    assert DIGEST_VERSION == 1
    assert EVENT.digest_version == 1


def test_an_envelope_comes_back_from_its_bytes() -> None:
    assert envelope_from(json.loads(envelope_bytes(EVENT))) == EVENT


@pytest.mark.parametrize("name", sorted(DOCUMENT))
def test_an_envelope_that_lacks_a_field_is_not_read(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        envelope_from({key: value for key, value in DOCUMENT.items() if key != name})


CHANGES: dict[str, list[Any]] = {
    "ledger_id": ["0197c3a0-0000-7000-8000-00000000000f"],
    "lane": [4],
    "position": [43],
    "account_id": ["acc_2"],
    "version": [8],
    "event_id": ["0197c3a0-0000-7000-8000-00000000000f"],
    "type": ["fee.Charged"],
    "schema_version": [2],
    "effective_at": ["2026-05-13T10:00:00.000001Z"],
    "recorded_at": ["2026-05-13T10:42:00.000001Z"],
    "actor": [Actor("operator", "key_1"), Actor("key", "key_2"), Actor("key", None)],
    "source": [
        Source("lazada", "evt_1", "ab" * 32),
        Source("plugipay", "evt_2", "ab" * 32),
        Source("plugipay", "evt_1", "ac" * 32),
        Source("plugipay", "evt_1", None),
    ],
    "command_key": ["idem_2", None],
    "command_digest": ["ce" * 32, None],
    "correlation_id": ["req_2", None],
    "causation_id": ["0197c3a0-0000-7000-8000-00000000000f", None],
    "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", None],
    "key_generation": [3],
    "data": [{**EVENT.data, "amount": 251}, {**EVENT.data, "metadata": {}}, {}],
    "digest_version": [2],
}


def test_every_field_of_the_envelope_is_tampered_with_here() -> None:
    assert set(CHANGES) == {field.name for field in fields(Envelope)}
    assert len(CHANGES) == len(DOCUMENT)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CHANGES.items() for value in values])
def test_no_field_can_be_changed_without_changing_the_digest(name: str, value: Any) -> None:
    changed = replace(EVENT, **{name: value})
    assert next_digest(bytes(32), envelope_bytes(changed)) != next_digest(bytes(32), envelope_bytes(EVENT))
    assert envelope_from(json.loads(envelope_bytes(changed))) == changed


def test_two_fields_that_swap_their_values_change_the_digest() -> None:
    swapped = replace(EVENT, effective_at=EVENT.recorded_at, recorded_at=EVENT.effective_at)
    assert envelope_bytes(swapped) != envelope_bytes(EVENT)


def digests(events: list[Envelope]) -> list[bytes]:
    links = [DIGEST_BEFORE_THE_FIRST]
    for event in events:
        links.append(next_digest(links[-1], envelope_bytes(event)))
    return links[1:]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.data())
def test_a_change_in_the_past_changes_every_digest_after_it(amounts: list[int], data: st.DataObject) -> None:
    log = [replace(EVENT, position=n, data={"amount": amount}) for n, amount in enumerate(amounts, 1)]
    at = data.draw(st.integers(0, len(log) - 1))
    altered = [*log[:at], replace(log[at], data={"amount": 10}), *log[at + 1 :]]
    before, after = digests(log), digests(altered)
    assert before[:at] == after[:at]
    assert all(one != other for one, other in zip(before[at:], after[at:], strict=True))
    assert len(before[-1]) == 32
