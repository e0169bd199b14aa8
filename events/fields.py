"""The kinds of fields that commands have: what a text or number may be, and how it is described in the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, WithJsonSchema

from events import currency as currencies
from events import instants
from events.canonical import check_content

NO_NUL = r"^[^\x00]*$"

AccountId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""An account's id: up to 64 letters, digits, dots, colons, dashes and underscores."""

IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
"""Printable ASCII without spaces, up to 255 characters."""

Amount = Annotated[int, Field(strict=True, gt=0, le=currencies.AMOUNT_MAX)]
SignedAmount = Annotated[int, Field(strict=True, ge=-currencies.AMOUNT_MAX, le=currencies.AMOUNT_MAX)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
ProviderId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=NO_NUL)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_NUL)]
ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$")]
Personal = Annotated[str, Field(json_schema_extra={"x-personal": True})]
Secret = Annotated[
    str, StringConstraints(min_length=8, max_length=500, pattern=NO_NUL), Field(json_schema_extra={"x-secret": True})
]
BankCode = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=NO_NUL)]
BankName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
BankAccountNumber = Annotated[Personal, StringConstraints(min_length=1, max_length=50, pattern=NO_NUL)]
BankAccountHolder = Annotated[Personal, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
Backend = Literal["manual", "plugipay"]
# fmt: off
CalendarCountry = Literal[
    "AU", "BR", "CL", "CN", "CO", "EU", "GB", "HK", "ID", "IN", "JP", "KR", "MX", "MY", "PE", "PH", "SG", "TH", "TW",
    "US", "VN",
]
# fmt: on
"""Countries whose banks have a calendar here (service/platform/calendars.py); `EU` is the euro's own."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_MAX = 31


def _known_currency(code: str) -> str:
    if code not in currencies.ISO_4217_EXPONENTS:
        raise ValueError(f"{code!r} is not an ISO 4217 currency code, such as IDR")
    return code


def _instant(text: str) -> instants.Instant:
    return instants.parse(text)


def _storable(metadata: dict[str, Any]) -> dict[str, Any]:
    # One level down: it will stand inside the event's data.
    check_content(metadata, "metadata", depth=1)
    return metadata


Currency = Annotated[str, AfterValidator(_known_currency), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
Moment = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable)]


def _day(day: object) -> str | int:
    if (isinstance(day, str) and day in WEEKDAYS) or (type(day) is int and 1 <= day <= DAYS_MAX):
        return day
    raise ValueError("give a weekday, such as monday, or a day of the month, from 1 to 31 (the last)")


Day = Annotated[
    str | int,
    PlainValidator(_day),
    WithJsonSchema({"anyOf": [{"enum": list(WEEKDAYS)}, {"type": "integer", "minimum": 1, "maximum": DAYS_MAX}]}),
]
