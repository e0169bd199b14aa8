"""Parses request bodies and queries strictly: what is not as documented is refused with the field's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from simulator.provider.payouts import CURRENCIES, STATUSES, Bank, stamp
from simulator.provider.refusals import Refused, invalid

_BANK_FIELDS = {"bankCode": 32, "bankName": 100, "bankAccountNumber": 50, "bankAccountHolder": 100}
_NOTE_MAX, _REFERENCE_MAX, _REASON_MAX = 500, 200, 500
_AMOUNT_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    """The content of a request for a payout."""

    amount: int
    currency: str
    bank: Bank
    note: str | None


def read_object(raw: bytes) -> dict[str, Any]:
    """The body as an object; empty where there is none."""
    if not raw:
        return {}
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(400, "VALIDATION_ERROR", "the body is not JSON") from None
    if not isinstance(document, dict):
        raise Refused(400, "VALIDATION_ERROR", "the body is not a JSON object")
    return document


def read_payout_request(body: Mapping[str, Any], configured: Bank) -> PayoutRequest:
    """A request for a payout. Missing fields of the bank account come from the configured one."""
    amount, currency = body.get("amount"), body.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= _AMOUNT_MAX:
        raise invalid("amount", "amount is to be a positive integer")
    if currency not in CURRENCIES:
        raise invalid("currency", f"currency is to be one of {', '.join(CURRENCIES)}")
    bank = _bank(body, configured)
    if not bank.configured:
        raise Refused(409, "BANK_ACCOUNT_NOT_SET", "neither the request nor the workspace says where the money goes")
    if bank.code is None:
        raise invalid("bankCode", "bankCode is required")
    return PayoutRequest(amount, currency, bank, text(body, "note", _NOTE_MAX))


def read_bank(body: Mapping[str, Any]) -> Bank:
    """A complete bank account; only the code is optional."""
    bank = _bank(body, Bank())
    for name, given in bank.document().items():
        if given is None and name != "bankCode":
            raise invalid(name, f"{name} is required")
    return bank


def read_reference(body: Mapping[str, Any]) -> str | None:
    return text(body, "reference", _REFERENCE_MAX)


def read_reason(body: Mapping[str, Any]) -> str:
    reason = text(body, "failureReason", _REASON_MAX)
    if reason is None:
        raise invalid("failureReason", "failureReason is required")
    return reason


def read_status(query: Mapping[str, str]) -> str | None:
    status = query.get("status")
    if status is not None and status not in STATUSES:
        raise invalid("status", f"status is to be one of {', '.join(STATUSES)}")
    return status


def read_limit(query: Mapping[str, str]) -> int:
    given = query.get("limit", "50")
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= 100):
        raise invalid("limit", "limit is to be 1 to 100")
    return int(given)


def read_order(query: Mapping[str, str]) -> str:
    given = query.get("order") or query.get("direction") or "desc"
    if given not in ("asc", "desc"):
        raise invalid("order", "order is to be asc or desc")
    return given


def read_moment(query: Mapping[str, str], name: str) -> str | None:
    given = query.get(name)
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise invalid(name, f"{name} is to be an ISO 8601 time") from None
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def text(body: Mapping[str, Any], name: str, length_max: int) -> str | None:
    """A text of at least one character, or None where the field is missing."""
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= length_max:
        raise invalid(name, f"{name} is to be a text of 1 to {length_max} characters")
    return given


def _bank(body: Mapping[str, Any], otherwise: Bank) -> Bank:
    given = {name: text(body, name, length_max) for name, length_max in _BANK_FIELDS.items()}
    return Bank(
        given["bankCode"] or otherwise.code,
        given["bankName"] or otherwise.name,
        given["bankAccountNumber"] or otherwise.number,
        given["bankAccountHolder"] or otherwise.holder,
    )
