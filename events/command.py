"""What every command is: a request that may be refused, with all that the ledger has to know of its kind.

The first part is the types of commands' fields: what a text or number may be, and how the JSON Schema describes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from events import currency as currencies
from events import instants
from events.canonical import check_content
from events.read_set import ReadSet

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


Scope = Literal["command:write", "payout:write", "operator"]
"""What a key needs for a command, beside `command:write`."""

Effect = Literal["settings", "records", "money", "trust"]
"""What a command can move.

`settings`: how things are read and shown; no money. `records`: money within the ledger, because of what happened
elsewhere (a sale, a fee, a dispute). `money`: money that leaves, comes back or appears since somebody decides so.
`trust`: who is believed, where money goes, and whether it may go.
"""
NEEDS_MORE: frozenset[Effect] = frozenset({"money", "trust"})
"""Effects for which `command:write` alone is not enough."""


class Command(BaseModel):
    """The base of all commands: what every one of them carries, and what each kind says of itself.

    The wire form (`POST /v1/commands`) is these models in camel case. Amounts are integers of the currency's minor
    unit. Fields of the types `Personal` and `Secret` arrive as plain text, and are sealed by the service before
    `decide` sees them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What was sent may be a secret or a bank account number, and a message of pydantic's would show it.
        hide_input_in_errors=True,
    )

    scope: ClassVar[Scope]
    """What a key needs for it, beside `command:write`."""
    effect: ClassVar[Effect]
    """What it can move."""
    sealed: ClassVar[tuple[str, ...]] = ()
    """The fields that hold ciphertext by the time that `decide` sees the command."""
    also_when_closed: ClassVar[bool] = False
    """Whether a closed account takes it."""
    example: ClassVar[dict[str, Any]]
    """All of its own fields on the wire."""

    account_id: AccountId
    idempotency_key: IdempotencyKey | None = None
    effective_at: Moment | None = None
    expected_version: Annotated[int, Field(strict=True, ge=0)] | None = None
    metadata: Metadata | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for name in ("type", "scope", "effect", "example"):
            if name not in vars(cls) and name not in cls.model_fields:
                raise TypeError(f"the command {cls.__name__} does not say its {name}")
        if cls.effect in NEEDS_MORE and cls.scope == "command:write":
            raise TypeError(f"the command {cls.__name__} moves {cls.effect}: command:write alone is not enough for it")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        kind = cls.model_fields["type"].default
        handler.resolve_ref_schema(made)["examples"] = [{"type": kind, "accountId": "acc_1", **cls.example}]
        return made

    def add_reads(self, read_set: ReadSet) -> None:
        """Adds the rows that its decision has to see, beside the account and its totals: none, where nothing is said."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A command shows neither secrets nor personal data, wherever it is printed."""
        yield "account_id", self.account_id
