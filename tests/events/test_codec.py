"""Stored names and shapes: a public format. A test that fails here means a log that can no longer be read."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest

from events.accounts.events import BankAccountSet, CurrencyAdded
from events.balances.events import FeeCharged, RefundRecorded
from events.canonical import check_content
from events.catalog import AnyEvent
from events.envelope import EVENT_TYPES, METADATA, Actor, Envelope, Source, UnknownEvent, decode, encode, event_of
from events.values import Data

SAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("samples.json").read_text(encoding="utf-8"))
"""One stored event of each type, written by hand."""

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=[sample["type"] for sample in SAMPLES])


def test_every_event_has_a_stored_name_of_its_own_and_every_name_a_sample() -> None:
    assert set(EVENT_TYPES.values()) == set(get_args(AnyEvent)), "no two events have one name"
    sampled = [sample["type"] for sample in SAMPLES]
    assert len(sampled) == len(set(sampled))
    assert set(sampled) == EVENT_TYPES.keys(), "a name that was ever stored is never changed or removed"


def test_an_event_spells_its_own_stored_name() -> None:
    for event_type in get_args(AnyEvent):
        assert "stored_name" in vars(event_type), event_type
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event_type.stored_name)


@every_sample
def test_a_recorded_sample_is_read_and_written_back_the_same(sample: dict[str, Any]) -> None:
    event = decode(sample["type"], sample["schemaVersion"], sample["data"])
    assert event.stored_name == sample["type"]
    again = encode(event, sample["data"].get("metadata"))
    assert again == (sample["type"], sample["schemaVersion"], sample["data"])


def test_a_recorded_sample_is_content_that_the_log_holds() -> None:
    for sample in SAMPLES:
        check_content(sample["data"])
        for key in sample["data"]:
            assert re.fullmatch(r"[a-z][a-zA-Z]*", key), "keys are camel case in ASCII"


@every_sample
def test_an_event_is_read_with_the_values_that_were_stored(sample: dict[str, Any]) -> None:
    event = decode(sample["type"], sample["schemaVersion"], sample["data"])
    stored = {key: value for key, value in sample["data"].items() if key != "metadata"}
    read = {
        re.sub(r"_([a-z])", lambda found: found[1].upper(), field.name): getattr(event, field.name)
        for field in fields(event)
    }
    assert {key: read[key] for key in stored} == stored
    assert all(read[key] is None for key in read.keys() - stored.keys())


@every_sample
def test_an_optional_field_without_a_value_is_left_out_and_a_required_one_never(sample: dict[str, Any]) -> None:
    event_type = type(decode(sample["type"], sample["schemaVersion"], sample["data"]))
    required: dict[str, Any] = {field.name: "x" for field in fields(event_type) if field.default is MISSING}
    bare = event_type(**required)
    name, version, data = encode(bare)
    assert list(data.values()) == ["x"] * len(required)
    assert decode(name, version, data) == bare


@every_sample
def test_an_event_that_lacks_a_required_field_is_not_guessed(sample: dict[str, Any]) -> None:
    event_type = type(decode(sample["type"], sample["schemaVersion"], sample["data"]))
    required = sum(field.default is MISSING for field in fields(event_type))
    refused = 0
    for key in sample["data"]:
        rest = {name: value for name, value in sample["data"].items() if name != key}
        try:
            decode(sample["type"], sample["schemaVersion"], rest)
        except KeyError:
            refused += 1
    assert refused == required


def test_a_required_field_may_be_null() -> None:
    bank = BankAccountSet(bank_code=None, bank_name="BCA", bank_account_number="s1", bank_account_holder="s2")
    assert encode(bank) == (
        "account.bank_account_set",
        1,
        {"bankCode": None, "bankName": "BCA", "bankAccountNumber": "s1", "bankAccountHolder": "s2"},
    )


def test_metadata_is_kept_beside_the_event_and_never_becomes_part_of_it() -> None:
    event = FeeCharged(amount=250, currency="IDR", reference="inv-9", kind="platform")
    metadata = {"ticket": "T-9", "amount": 1, "nested": {"kind": "other"}}
    name, version, data = encode(event, metadata)
    assert data["metadata"] == metadata
    assert decode(name, version, json.loads(json.dumps(data))) == event


@pytest.mark.parametrize("metadata", [None, {}])
def test_without_metadata_nothing_is_stored_of_it(metadata: Data | None) -> None:
    assert encode(CurrencyAdded("USD"), metadata) == ("account.currency_added", 1, {"currency": "USD"})


def test_no_event_has_a_field_of_its_own_named_metadata() -> None:
    assert not [kind for kind in EVENT_TYPES.values() for field in fields(kind) if field.name == METADATA]


@pytest.mark.parametrize(
    ("name", "version"), [("payout.reversed", 1), ("PayoutPaid", 1), ("", 1), ("fee.charged", 2), ("fee.charged", 99)]
)
def test_an_event_of_a_newer_release_is_not_guessed_at(name: str, version: int) -> None:
    data = {"amount": 1, "currency": "IDR", "reference": "r", "kind": "k"}
    with pytest.raises(UnknownEvent, match=re.escape(f"{name} version {version}")):
        decode(name, version, data)


def test_old_versions_are_brought_up_to_date_one_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def amount_was_called_sum(data: Data) -> Data:
        return {**{key: value for key, value in data.items() if key != "sum"}, "amount": data["sum"]}

    def kind_was_unsaid(data: Data) -> Data:
        # The second step sees what the first one made.
        return {**data, "kind": "platform" if data["amount"] > 100 else "small"}

    monkeypatch.setattr(FeeCharged, "schema_version", 3)
    monkeypatch.setattr(FeeCharged, "upcasters", {1: amount_was_called_sum, 2: kind_was_unsaid})

    event = FeeCharged(amount=250, currency="IDR", reference="inv-9", kind="platform")
    first = {"sum": 250, "currency": "IDR", "reference": "inv-9"}
    assert decode("fee.charged", 1, first) == event
    assert first == {"sum": 250, "currency": "IDR", "reference": "inv-9"}, "what is stored stays as it is"
    assert decode("fee.charged", 2, {"amount": 9, "currency": "IDR", "reference": "inv-9"}) == FeeCharged(
        amount=9, currency="IDR", reference="inv-9", kind="small"
    )
    assert decode("fee.charged", 3, encode(event)[2]) == event
    assert encode(event)[1] == 3
    with pytest.raises(UnknownEvent):
        decode("fee.charged", 4, {})


def test_a_refund_from_before_there_were_disputes_took_nothing_that_was_held() -> None:
    stored = {"amount": 900, "currency": "IDR", "reference": "o-1", "fromPending": 400, "fromAvailable": 500}
    read = decode("refund.recorded", 1, stored)
    assert read == RefundRecorded(900, "IDR", "o-1", from_pending=400, from_available=500)
    assert encode(read) == ("refund.recorded", 2, stored)


def test_every_older_version_has_its_upcaster() -> None:
    for event_type in EVENT_TYPES.values():
        assert set(event_type.upcasters) == set(range(1, event_type.schema_version)), event_type


def test_the_event_is_read_from_an_envelope() -> None:
    envelope = Envelope(
        ledger_id="l",
        lane=0,
        position=2,
        account_id="acc_1",
        version=1,
        event_id="e",
        type="account.currency_added",
        schema_version=1,
        effective_at="2026-05-13T10:42:00.000000Z",
        recorded_at="2026-05-13T10:42:00.000000Z",
        actor=Actor("key"),
        source=Source("command"),
        command_key=None,
        command_digest=None,
        correlation_id=None,
        causation_id=None,
        traceparent=None,
        key_generation=0,
        data={"currency": "USD", "metadata": {"currency": "VND"}},
    )
    assert event_of(envelope) == CurrencyAdded("USD")
