"""Outcomes of a call to the provider, and the content of its responses. No response is an outcome, not an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import orjson

from events.currency import AMOUNT_MAX
from events.instants import Instant, parse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """The provider executed the request, or returned what was asked for."""

    value: T
    raw: bytes = field(repr=False)
    """The response's body, byte for byte."""


@dataclass(frozen=True, slots=True)
class ProviderRefused:
    """The provider definitely refused this call, with its own code and message.

    That holds for this call alone: if an earlier one under the same key ended `Unknown`, that one is still unknown.
    """

    status: int
    code: str
    message: str = field(repr=False)
    """It may quote a bank account, of whichever payout: the log gets the code alone."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been executed, or not."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It has certainly not been executed: nobody received the request, or it was rejected unread."""

    why: str
    retry_after_seconds: float | None = None


Outcome: TypeAlias = Answered[T] | ProviderRefused | Unknown | NotSent


class UnreadableResponse(Exception):
    """The response is not what the provider's documentation says."""


@dataclass(frozen=True, slots=True)
class ProviderPayout:
    """A payout as the provider returns it. `status` is the provider's text, even if it is not one of the five."""

    id: str
    status: str
    amount: int
    currency: str
    account_id: str | None
    note: str | None
    reference: str | None
    failure_reason: str | None
    created_at: Instant | None
    updated_at: Instant | None
    in_transit_at: Instant | None
    """`inTransitAt` or `processedAt`."""
    completed_at: Instant | None
    """When it ended: `completedAt`, `paidAt`, `failedAt` or `cancelledAt`."""
    raw: bytes = field(repr=False)
    """The object's JSON. It has a bank account in it: never log it."""


@dataclass(frozen=True, slots=True)
class ProviderPage:
    """A page of payouts, newest first. Those that cannot be read are in `unreadable`."""

    payouts: tuple[ProviderPayout, ...]
    cursor: str | None
    """None on the last page."""
    unreadable: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ProviderBalance:
    """The provider's balance of an account."""

    currency: str
    available: int
    ledger_balance: int | None
    locked: int | None


@dataclass(frozen=True, slots=True)
class ProviderBankAccount:
    """The bank account that the provider pays out to; `configured` is false where none is set."""

    configured: bool
    bank_code: str | None
    bank_name: str | None
    number: str | None = field(repr=False)
    holder: str | None = field(repr=False)


def read_payout(data: Any) -> ProviderPayout:
    """Parses a payout object. UnreadableResponse without an id, a status, an amount and a currency."""
    document = _object(data)
    return ProviderPayout(
        id=_text(document, "id", 200),
        status=_text(document, "status", 40),
        amount=_amount(document, "amount"),
        currency=_text(document, "currency", 20),
        account_id=_optional(document, "accountId", 200),
        note=_optional(document, "note", 2000),
        reference=_optional(document, "reference", 200),
        failure_reason=_optional(document, "failureReason", 500),
        created_at=_time(document, "createdAt", "requestedAt"),
        updated_at=_time(document, "updatedAt"),
        in_transit_at=_time(document, "inTransitAt", "processedAt"),
        completed_at=_time(document, "completedAt", "paidAt", "failedAt", "cancelledAt"),
        raw=orjson.dumps(document),
    )


def read_page(data: Any, meta: Mapping[str, Any]) -> ProviderPage:
    """Parses an array of payouts. The provider's documents put the cursor in two places: in `meta` and in `meta.page`."""
    if not isinstance(data, list):
        raise UnreadableResponse("data is not an array")
    payouts, unreadable = [], []
    for item in data:
        try:
            payouts.append(read_payout(item))
        except UnreadableResponse:
            unreadable.append(orjson.dumps(item))
    page = meta.get("page")
    if isinstance(page, dict):
        cursor, more = page.get("nextCursor"), page.get("hasMore")
    else:
        cursor, more = meta.get("cursor"), meta.get("hasMore")
    if more and not (isinstance(cursor, str) and cursor):
        raise UnreadableResponse("there is more, and no cursor that leads to it")
    return ProviderPage(tuple(payouts), cursor if more else None, tuple(unreadable))


def read_balance(data: Any) -> ProviderBalance:
    document = _object(data)
    return ProviderBalance(
        currency=_text(document, "currency", 20),
        available=_amount(document, "available"),
        ledger_balance=_amount(document, "ledgerBalance") if document.get("ledgerBalance") is not None else None,
        locked=_amount(document, "locked") if document.get("locked") is not None else None,
    )


def read_bank_account(data: Any) -> ProviderBankAccount:
    document = _object(data)
    number = _optional(document, "bankAccountNumber", 50)
    configured = document.get("configured")
    return ProviderBankAccount(
        configured=configured if isinstance(configured, bool) else number is not None,
        bank_code=_optional(document, "bankCode", 32),
        bank_name=_optional(document, "bankName", 100),
        number=number,
        holder=_optional(document, "bankAccountHolder", 100),
    )


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UnreadableResponse("data is not an object")
    return data


def _text(document: Mapping[str, Any], name: str, length_max: int) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= length_max:
        raise UnreadableResponse(f"{name} is not a text of 1 to {length_max} characters")
    return value


def _amount(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > AMOUNT_MAX:
        raise UnreadableResponse(f"{name} is not a whole number within the limits of amounts")
    return value


def _optional(document: Mapping[str, Any], name: str, length_max: int) -> str | None:
    value = document.get(name)
    return value[:length_max] if isinstance(value, str) and value else None


def _time(document: Mapping[str, Any], *names: str) -> Instant | None:
    """The first of these fields that holds a valid time."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str):
            try:
                return parse(value)
            except ValueError:
                continue
    return None
