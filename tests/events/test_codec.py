"""Stored names and shapes: a public format. A test that fails here means a log that can no longer be read."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest

from events import codec, facts
from events.canonical import check_content
from events.chain import Actor, Envelope, Source
from events.codec import SCHEMA_VERSIONS, STORED_NAMES, UPCASTERS, UnknownEvent, decode, encode, fact_of
from events.facts import Data

NAMES = [
    "ledger.begun",
    "account.opened",
    "account.currency_added",
    "account.backend_set",
    "account.frozen",
    "account.unfrozen",
    "account.closed",
    "account.bank_account_set",
    "account.provider_set",
    "account.webhook_secret_added",
    "account.webhook_secret_retired",
    "revenue.recorded",
    "revenue.settled",
    "refund.recorded",
    "fee.charged",
    "balance.adjusted",
    "reserve.held",
    "reserve.released",
    "payout.requested",
    "payout.adopted",
    "payout.submission_started",
    "payout.submission_unknown",
    "payout.provider_linked",
    "payout.cancel_asked",
    "payout.cancel_refused",
    "payout.reopened",
    "payout.amount_corrected",
    "payout.in_transit",
    "payout.paid",
    "payout.failed",
    "payout.cancelled",
    "payout.returned",
    "provider.observed",
    "case.opened",
    "case.closed",
    "delivery.dismissed",
    "channel.set",
    "statement.observed",
    "settlement.observed",
    "channel.money_booked",
    "statement_cycle.set",
    "statement.closed",
    "account.tolerance_set",
    "channel.settlement_terms_set",
    "bank_entry.observed",
    "bank_statement.observed",
    "match.made",
    "match.unmade",
    "payout_policy.set",
    "payout_cycle.cut",
    "payout_cycle.ended",
    "dispute.opened",
    "dispute.resolved",
]
"""Every name that was ever stored. Names are added; none is changed or removed."""

SAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("samples.json").read_text(encoding="utf-8"))
"""One stored event of each type, written by hand."""

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=[sample["type"] for sample in SAMPLES])


def test_stored_names_are_those_that_were_ever_stored() -> None:
    assert list(STORED_NAMES.values()) == NAMES
    assert set(SCHEMA_VERSIONS) == set(NAMES)


def test_every_fact_has_a_stored_name_and_every_name_a_sample() -> None:
    assert set(STORED_NAMES) == set(get_args(facts.Fact))
    assert [sample["type"] for sample in SAMPLES] == NAMES


@every_sample
def test_a_recorded_sample_is_read_and_written_back_the_same(sample: dict[str, Any]) -> None:
    fact = decode(sample["type"], sample["schemaVersion"], sample["data"])
    assert STORED_NAMES[type(fact)] == sample["type"]
    again = encode(fact, sample["data"].get("metadata"))
    assert again == (sample["type"], sample["schemaVersion"], sample["data"])


@every_sample
def test_a_recorded_sample_is_content_that_the_log_holds(sample: dict[str, Any]) -> None:
    check_content(sample["data"])
    for key in sample["data"]:
        assert re.fullmatch(r"[a-z][a-zA-Z]*", key), "keys are camel case in ASCII"


@every_sample
def test_a_fact_is_read_with_the_values_that_were_stored(sample: dict[str, Any]) -> None:
    fact = decode(sample["type"], sample["schemaVersion"], sample["data"])
    stored = {key: value for key, value in sample["data"].items() if key != "metadata"}
    read = {
        re.sub(r"_([a-z])", lambda found: found[1].upper(), field.name): getattr(fact, field.name)
        for field in fields(fact)
    }
    assert {key: read[key] for key in stored} == stored
    assert all(read[key] is None for key in read.keys() - stored.keys())


@every_sample
def test_an_optional_field_without_a_value_is_left_out_and_a_required_one_never(sample: dict[str, Any]) -> None:
    fact_type = type(decode(sample["type"], sample["schemaVersion"], sample["data"]))
    required: dict[str, Any] = {field.name: "x" for field in fields(fact_type) if field.default is MISSING}
    bare = fact_type(**required)
    name, version, data = encode(bare)
    assert list(data.values()) == ["x"] * len(required)
    assert decode(name, version, data) == bare


@every_sample
def test_an_event_that_lacks_a_required_field_is_not_guessed(sample: dict[str, Any]) -> None:
    fact_type = type(decode(sample["type"], sample["schemaVersion"], sample["data"]))
    required = sum(field.default is MISSING for field in fields(fact_type))
    refused = 0
    for key in sample["data"]:
        rest = {name: value for name, value in sample["data"].items() if name != key}
        try:
            decode(sample["type"], sample["schemaVersion"], rest)
        except KeyError:
            refused += 1
    assert refused == required


def test_a_required_field_may_be_null() -> None:
    bank = facts.BankAccountSet(bank_code=None, bank_name="BCA", bank_account_number="s1", bank_account_holder="s2")
    assert encode(bank) == (
        "account.bank_account_set",
        1,
        {"bankCode": None, "bankName": "BCA", "bankAccountNumber": "s1", "bankAccountHolder": "s2"},
    )


def test_metadata_is_kept_beside_the_fact_and_never_becomes_part_of_it() -> None:
    fact = facts.FeeCharged(amount=250, currency="IDR", reference="inv-9", kind="platform")
    metadata = {"ticket": "T-9", "amount": 1, "nested": {"kind": "other"}}
    name, version, data = encode(fact, metadata)
    assert data["metadata"] == metadata
    assert decode(name, version, json.loads(json.dumps(data))) == fact


@pytest.mark.parametrize("metadata", [None, {}])
def test_without_metadata_nothing_is_stored_of_it(metadata: Data | None) -> None:
    assert encode(facts.CurrencyAdded("USD"), metadata) == ("account.currency_added", 1, {"currency": "USD"})


def test_no_fact_has_a_field_of_its_own_named_metadata() -> None:
    assert not [kind for kind in STORED_NAMES for field in fields(kind) if field.name == codec.METADATA]


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

    monkeypatch.setitem(SCHEMA_VERSIONS, "fee.charged", 3)
    monkeypatch.setitem(UPCASTERS, ("fee.charged", 1), amount_was_called_sum)
    monkeypatch.setitem(UPCASTERS, ("fee.charged", 2), kind_was_unsaid)

    fact = facts.FeeCharged(amount=250, currency="IDR", reference="inv-9", kind="platform")
    first = {"sum": 250, "currency": "IDR", "reference": "inv-9"}
    assert decode("fee.charged", 1, first) == fact
    assert first == {"sum": 250, "currency": "IDR", "reference": "inv-9"}, "what is stored stays as it is"
    assert decode("fee.charged", 2, {"amount": 9, "currency": "IDR", "reference": "inv-9"}) == facts.FeeCharged(
        amount=9, currency="IDR", reference="inv-9", kind="small"
    )
    assert decode("fee.charged", 3, encode(fact)[2]) == fact
    assert encode(fact)[1] == 3
    with pytest.raises(UnknownEvent):
        decode("fee.charged", 4, {})


def test_a_refund_from_before_there_were_disputes_took_nothing_that_was_held() -> None:
    stored = {"amount": 900, "currency": "IDR", "reference": "o-1", "fromPending": 400, "fromAvailable": 500}
    read = decode("refund.recorded", 1, stored)
    assert read == facts.RefundRecorded(900, "IDR", "o-1", from_pending=400, from_available=500)
    assert encode(read) == ("refund.recorded", 2, stored)


def test_every_older_version_has_its_upcaster() -> None:
    needed = {(name, version) for name, newest in SCHEMA_VERSIONS.items() for version in range(1, newest)}
    assert set(UPCASTERS) == needed


def test_the_fact_is_read_from_an_envelope() -> None:
    event = Envelope(
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
    assert fact_of(event) == facts.CurrencyAdded("USD")
