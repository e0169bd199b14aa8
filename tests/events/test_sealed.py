"""What is sealed in an event is known in one place, and is no part of what is shown outside."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from events.envelope import EVENT_TYPES, Actor, Envelope, Source
from events.redaction import public_data

SAMPLES = json.loads((Path(__file__).parent / "samples.json").read_text())

EVENT = Envelope(
    ledger_id="l",
    lane=1,
    position=2,
    account_id="acc_1",
    version=1,
    event_id="e",
    type="fee.charged",
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
    key_generation=1,
    data={},
)


def shown(kind: str, **data: Any) -> dict[str, Any]:
    return public_data(replace(EVENT, type=kind, data=data))


def test_every_event_that_says_so_in_its_docstring_names_its_sealed_fields() -> None:
    for event_type in EVENT_TYPES.values():
        names = {re.sub("_(.)", lambda found: found[1].upper(), field.name) for field in fields(event_type)}
        assert set(event_type.sealed) <= names
        assert bool(event_type.sealed) is ("*sealed*" in (event_type.__doc__ or "")), event_type


def test_sealed_fields_are_left_out_by_name_whatever_they_hold() -> None:
    assert shown("account.bank_account_set", bankName="BCA", bankAccountNumber="12345678", bankAccountHolder="A") == {
        "bankName": "BCA"
    }
    assert shown("payout.requested", amount=1, bankAccountNumber="erased", bankAccountHolder="enc1:1:x") == {
        "amount": 1
    }
    assert shown("account.provider_set", keyId="k", secret="s") == {"keyId": "k"}
    assert shown("account.webhook_secret_added", secretId="whs_1", secret="s") == {"secretId": "whs_1"}


def test_ciphertext_is_left_out_also_where_nobody_has_named_its_field() -> None:
    data = {"a": "enc1:1:abc", "b": {"c": ["enc1:2:abc"]}, "d": "enclosed", "metadata": {"note": "enc1:mine"}}
    assert shown("fee.charged", **data) == {"d": "enclosed", "metadata": {"note": "enc1:mine"}}


def test_what_is_not_sealed_stays_as_it_was() -> None:
    data = {"amount": 5, "currency": "IDR", "reference": "enc", "nothing": None, "list": [1, {"a": True}]}
    assert shown("fee.charged", **data) == data
