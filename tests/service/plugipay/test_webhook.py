"""The signature and the two envelopes, without any transport."""

from __future__ import annotations

import json
import time
from typing import Any

import plugipay
import pytest

from events.provider.reports import ReportedStatus
from service.plugipay.inbound.webhook import Malformed, read, rejection_reason
from tests.support.webhooks import SECRET, docs_generation, sdk_generation, signature

PAYOUT: dict[str, Any] = {"id": "po_1", "amount": 400, "currency": "IDR", "status": "paid", "note": "April"}

# domain.md 1.7: a published vector.
VECTOR_BODY = (
    b'{"id":"evt_x","type":"plugipay.invoice.paid.v1","accountId":"acc_1",'
    b'"occurredAt":"2026-01-01T00:00:00Z","data":{"object":{}}}'
)
VECTOR = "t=1750000000,v1=a27a43ad604742dd06c12f700419e47e4101167d0c1c7893bf2aaf52a8f2901c"


def test_the_published_vector_is_accepted() -> None:
    assert rejection_reason(VECTOR_BODY, VECTOR, [SECRET], 1750000000) is None


def test_what_the_official_sdk_accepts_is_accepted_and_the_other_way_round() -> None:
    body = sdk_generation("paid", PAYOUT, event_id="evt_1", account="acc_1", at="2026-05-01T00:00:00Z")
    header = signature(body)
    assert plugipay.verify_webhook(body, header, SECRET).id == "evt_1"
    assert rejection_reason(body, header, [SECRET], time.time()) is None


@pytest.mark.parametrize(
    ("body", "header", "secrets", "received_at", "why"),
    [
        (VECTOR_BODY + b" ", VECTOR, [SECRET], 1750000000, "matches none"),
        (VECTOR_BODY, VECTOR, ["whsec_other"], 1750000000, "matches none"),
        (VECTOR_BODY, VECTOR, [], 1750000000, "no secret"),
        (VECTOR_BODY, VECTOR, [SECRET], 1750000301, "more than 300 s"),
        (VECTOR_BODY, VECTOR, [SECRET], 1749999699, "more than 300 s"),
        (VECTOR_BODY, None, [SECRET], 1750000000, "no signature"),
        (VECTOR_BODY, "v1=00", [SECRET], 1750000000, "malformed"),
        (VECTOR_BODY, "t=1750000000", [SECRET], 1750000000, "malformed"),
        (VECTOR_BODY, "t=soon,v1=00", [SECRET], 1750000000, "malformed"),
        (VECTOR_BODY, VECTOR[:-1] + "d", [SECRET], 1750000000, "matches none"),
        (VECTOR_BODY, "t=1750000000,v1=é", [SECRET], 1750000000, "matches none"),
    ],
)
def test_a_wrong_signature_is_rejected_with_its_reason(
    body: bytes, header: str | None, secrets: list[str], received_at: float, why: str
) -> None:
    reason = rejection_reason(body, header, secrets, received_at)
    assert reason is not None
    assert why in reason


def test_while_secrets_are_rotated_any_of_them_and_any_signature_will_do() -> None:
    header = VECTOR.replace("v1=", "v1=00,v1=")
    assert rejection_reason(VECTOR_BODY, header, ["whsec_new", SECRET], 1750000299) is None


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        (
            docs_generation("initiated", PAYOUT, event_id="e", workspace="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.IN_TRANSIT,
        ),
        (
            docs_generation("paid", PAYOUT, event_id="e", workspace="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.PAID,
        ),
        (
            docs_generation("failed", PAYOUT, event_id="e", workspace="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.FAILED,
        ),
        (
            docs_generation("reversed", PAYOUT, event_id="e", workspace="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.OTHER,
        ),
        (
            sdk_generation("created", PAYOUT, event_id="e", account="ws_1", at="2026-05-12T07:00:00+07:00"),
            ReportedStatus.CREATED,
        ),
        (
            sdk_generation("in_transit", PAYOUT, event_id="e", account="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.IN_TRANSIT,
        ),
        (sdk_generation("paid", PAYOUT, event_id="e", account="ws_1", at="2026-05-12T00:00:00Z"), ReportedStatus.PAID),
        (
            sdk_generation("failed", PAYOUT, event_id="e", account="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.FAILED,
        ),
        (
            sdk_generation("cancelled", PAYOUT, event_id="e", account="ws_1", at="2026-05-12T00:00:00Z"),
            ReportedStatus.CANCELLED,
        ),
    ],
)
def test_both_generations_report_the_same(body: bytes, reported: ReportedStatus) -> None:
    webhook = read(body)
    assert webhook.claimed_id == "ws_1"
    assert webhook.observation.says is reported
    assert webhook.observation.occurred_at == "2026-05-12T00:00:00.000000Z"
    assert (webhook.observation.provider_payout_id, webhook.observation.amount, webhook.observation.currency) == (
        "po_1",
        400,
        "IDR",
    )


def test_our_id_is_found_in_the_note_that_carries_it() -> None:
    ours = "pout_01M7Y0GDYRBB6J5SH2QCT78D6C"
    body = sdk_generation(
        "paid", {**PAYOUT, "note": f"April [{ours}]"}, event_id="e", account="a", at="2026-05-12T00:00:00Z"
    )
    assert read(body).mentions == (ours,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"id": 1, "type": "payout.paid"}',
        b'{"id": "e", "type": "payout.paid", "createdAt": "2026-05-12T00:00:00Z"}',
        b'{"id": "e", "type": "payout.paid", "accountId": "a"}',
        b'{"id": "e", "type": "payout.paid", "accountId": "a", "occurredAt": "yesterday"}',
        b'{"id": "e", "type": "payout.paid", "accountId": "a", "occurredAt": "2026-05-12T00:00:00"}',
        b'{"id": "e\\u0000", "type": "payout.paid", "accountId": "a", "occurredAt": "2026-05-12T00:00:00Z"}',
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_read_says_why(body: bytes) -> None:
    with pytest.raises(Malformed, match=r".+"):
        read(body)


def test_a_payload_of_strange_types_is_still_an_observation() -> None:
    document = {
        "id": "e",
        "type": "payout.paid",
        "accountId": "a",
        "occurredAt": "2026-05-12T00:00:00Z",
        "data": {"id": 7, "amount": "400", "currency": ["IDR"], "note": None},
    }
    observation = read(json.dumps(document).encode()).observation
    # An invalid amount differs from every payout's.
    assert (observation.amount, observation.currency, observation.provider_payout_id) == (None, None, None)
    assert observation.amount_unreadable
