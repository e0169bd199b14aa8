"""A Plugipay webhook: its signature, and its content in either generation of the envelope.

    header     plugipay-signature: t=<epoch seconds>,v1=<hex>[,v1=<hex>...]
    v1         hex(HMAC-SHA256(secret as UTF-8 text, t + "." + raw body))

(a) `{id, type: "payout.paid", createdAt, workspaceId, data: {...the payout...}}`
(b) `{id, type: "plugipay.payout.paid.v1", accountId, occurredAt, data: {object: {...}, aggregateType, aggregateId}}`
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from events.canonical import check_content
from events.currency import AMOUNT_MAX
from events.instants import Instant, parse
from events.provider.observation import TYPES, Observation
from events.provider.reports import ReportedStatus
from service.formats.json import RepeatedKey, check_keys

PROVIDER = "plugipay"
TOLERANCE_SECONDS = 300
OUR_PAYOUT_ID = re.compile(r"pout_[0-9A-HJKMNP-TV-Z]{26}")

NO_SIGNATURE = "no signature"
MALFORMED_SIGNATURE = "the signature header is malformed"
WRONG_TIME = f"signed more than {TOLERANCE_SECONDS} s away from its receipt"
NO_SECRET = "no secret is known for this account"  # noqa: S105 - a reason, not a secret
NO_MATCH = "the signature matches none of the account's secrets"

NO_SECRET_HELPS = (NO_SIGNATURE, MALFORMED_SIGNATURE, WRONG_TIME)
"""Reasons that are true whatever secrets there are."""

_ID_MAX = 200
_DIGITS_MAX = 12
HEADER_MAX, HEADERS_MAX = 2_000, 8
"""The longest signature header that is looked at, in characters, and the most of them."""


class Malformed(Exception):
    """The body is not a Plugipay webhook."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A parsed body, not verified yet. `claimed_id` is the account or workspace that it names."""

    claimed_id: str
    observation: Observation
    mentions: tuple[str, ...]
    """Ids of our payouts that it mentions, the most reliable first."""


def read(raw: bytes) -> Webhook:
    """Parses either generation. Malformed says what is wrong."""
    try:
        document = orjson.loads(raw)
        check_keys(raw, document)
    except RepeatedKey as problem:
        raise Malformed(str(problem)) from None
    except ValueError as problem:
        raise Malformed(f"not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise Malformed("not a JSON object")
    event_id, event_type = _text(document, "id"), _text(document, "type")
    claimed_id = document.get("accountId") or document.get("workspaceId")
    if not isinstance(claimed_id, str) or not 0 < len(claimed_id) <= _ID_MAX:
        raise Malformed("neither accountId nor workspaceId names an account")
    happened = document.get("occurredAt") or document.get("createdAt")
    try:
        occurred_at: Instant = parse(happened) if isinstance(happened, str) else ""
    except ValueError as problem:
        raise Malformed(f"occurredAt or createdAt: {problem}") from None
    if not occurred_at:
        raise Malformed("neither occurredAt nor createdAt says when it happened")
    data = document.get("data")
    payout = _payout(data)
    try:
        check_content([event_id, event_type, claimed_id])
    except ValueError as problem:
        raise Malformed(str(problem)) from None
    amount = _amount(payout)
    note = _optional(payout, "note", 500)
    provider_payout_id = _optional(payout, "id", _ID_MAX)
    mentioned = [provider_payout_id or "", note or "", _optional(payout, "reference", 200) or ""]
    return Webhook(
        claimed_id=claimed_id,
        observation=Observation(
            provider=PROVIDER,
            event_id=event_id,
            event_type=event_type,
            says=TYPES.get(event_type, ReportedStatus.OTHER),
            occurred_at=occurred_at,
            provider_payout_id=provider_payout_id,
            amount=amount,
            amount_unreadable=amount is None and payout.get("amount") is not None,
            currency=_optional(payout, "currency", 20),
            reference=_optional(payout, "reference", 200),
            failure_reason=_optional(payout, "failureReason", 500),
            note=note,
            status=_optional(payout, "status", 40),
        ),
        mentions=tuple(dict.fromkeys(found for text in mentioned for found in OUR_PAYOUT_ID.findall(text))),
    )


def claimed_id_in(raw: bytes) -> str | None:
    """The account or workspace that a body names, even if nothing else in it can be read."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    claimed_id = (document.get("accountId") or document.get("workspaceId")) if isinstance(document, dict) else None
    return (
        claimed_id
        if isinstance(claimed_id, str) and 0 < len(claimed_id) <= _ID_MAX and _is_content(claimed_id)
        else None
    )


def _is_content(value: Any) -> bool:
    try:
        check_content(value)
    except ValueError:
        return False
    return True


def _payout(data: Any) -> dict[str, Any]:
    """The payout object: `data.object` in generation (b), `data` itself in (a)."""
    if not isinstance(data, dict):
        return {}
    inner = data.get("object")
    if isinstance(inner, dict):
        aggregate = data.get("aggregateId")
        if data.get("aggregateType") == "payout" and isinstance(aggregate, str):
            return {"id": aggregate, **inner}
        return inner
    return data


def _amount(payout: dict[str, Any]) -> int | None:
    """The amount; None where it is missing, or cannot be read."""
    amount = payout.get("amount")
    if amount is None:
        return None
    if not isinstance(amount, int) or isinstance(amount, bool) or abs(amount) > AMOUNT_MAX:
        return None
    return amount


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _ID_MAX:
        raise Malformed(f"{name} is to be a text of 1 to {_ID_MAX} characters")
    return value


def _optional(document: dict[str, Any], name: str, length_max: int) -> str | None:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        return None
    return value[:length_max] if _is_content(value) else None


def verify(
    raw: bytes, headers: Sequence[str], secrets: Sequence[str], received_at: float
) -> tuple[str | None, str | None]:
    """The signature header that is valid, and None; or the first one, and the reason why none is.

    A reason that a secret could change goes before one that none can: a header that is malformed stands in nobody's way.
    """
    reason = NO_SIGNATURE
    for header in headers[:HEADERS_MAX]:
        found = rejection_reason(raw, header, secrets, received_at)
        if found is None:
            return header, None
        if reason in NO_SECRET_HELPS:
            reason = found
    return (headers[0] if headers else None), reason


def rejection_reason(raw: bytes, header: str | None, secrets: Iterable[str], received_at: float) -> str | None:
    """None where one of the secrets signed these bytes within five minutes of their receipt; else the reason."""
    if not header:
        return NO_SIGNATURE
    timestamp, signatures = _parts(header)
    if not timestamp or not signatures:
        return MALFORMED_SIGNATURE
    if abs(received_at - int(timestamp)) > TOLERANCE_SECONDS:
        return WRONG_TIME
    signed = timestamp.encode() + b"." + raw
    # One digest for each secret: a header may have any number of signatures.
    expected = [hmac.digest(secret.encode(), signed, "sha256").hex().encode() for secret in secrets]
    if not expected:
        return NO_SECRET
    matches = [hmac.compare_digest(each, given.encode()) for each in expected for given in signatures]
    return None if any(matches) else NO_MATCH


def signed_at(header: str | None) -> int | None:
    """The time in a signature header, in epoch seconds; None where it has none."""
    timestamp, _ = _parts(header or "")
    return int(timestamp) if timestamp else None


def _parts(header: str) -> tuple[str, list[str]]:
    """The timestamp, empty where it is not valid, and the signatures; nothing of a header that is too long."""
    timestamp, signatures = "", []
    for part in header.split(",") if len(header) <= HEADER_MAX else ():
        name, _, value = part.strip().partition("=")
        if name.strip() == "t":
            timestamp = value.strip()
        elif name.strip() == "v1":
            signatures.append(value.strip())
    is_time = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _DIGITS_MAX
    return timestamp if is_time else "", signatures
