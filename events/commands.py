"""Commands: what somebody wishes. `decide` may refuse any of them.

The wire form (`POST /v1/commands`) is these models in camel case; their JSON Schemas are in the OpenAPI document.
Amounts are integers of the currency's minor unit. Fields of the types `Personal` and `Secret` arrive as plain text
and are sealed by the service before `decide` sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from events import currency as currencies
from events import instants
from events.canonical import check_content

_NO_NUL = r"^[^\x00]*$"

AccountId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""An account's id: up to 64 letters, digits, dots, colons, dashes and underscores."""

IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
"""Printable ASCII without spaces, up to 255 characters."""

Amount = Annotated[int, Field(strict=True, gt=0, le=currencies.AMOUNT_MAX)]
SignedAmount = Annotated[int, Field(strict=True, ge=-currencies.AMOUNT_MAX, le=currencies.AMOUNT_MAX)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_NUL)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
ProviderId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_NO_NUL)]
ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$")]
Personal = Annotated[str, Field(json_schema_extra={"x-personal": True})]
Secret = Annotated[
    str, StringConstraints(min_length=8, max_length=500, pattern=_NO_NUL), Field(json_schema_extra={"x-secret": True})
]
Backend = Literal["manual", "plugipay"]
# fmt: off
CalendarCountry = Literal[
    "AU", "BR", "CL", "CN", "CO", "EU", "GB", "HK", "ID", "IN", "JP", "KR", "MX", "MY", "PE", "PH", "SG", "TH", "TW",
    "US", "VN",
]
# fmt: on
"""Countries whose banks have a calendar here (service/calendars.py); `EU` is the euro's own."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_MAX = 31


def _known_currency(code: str) -> str:
    if not currencies.is_known(code):
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


class Command(BaseModel):
    """What every command carries."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What was sent may be a secret or a bank account number, and a message of pydantic's would show it.
        hide_input_in_errors=True,
    )

    account_id: AccountId
    idempotency_key: IdempotencyKey | None = None
    effective_at: Moment | None = None
    expected_version: Annotated[int, Field(strict=True, ge=0)] | None = None
    metadata: Metadata | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A command shows neither secrets nor personal data, wherever it is printed."""
        yield "account_id", self.account_id


class OpenAccount(Command):
    """Open an account with its first currency; it is in the mode of the key that opens it."""

    type: Literal["openAccount"] = "openAccount"
    currency: Currency
    backend: Backend = "manual"


class SetBackend(Command):
    """Choose how payouts requested from now on go out."""

    type: Literal["setBackend"] = "setBackend"
    backend: Backend


class FreezeAccount(Command):
    """Stop payouts from leaving."""

    type: Literal["freezeAccount"] = "freezeAccount"
    reason: Reason


class UnfreezeAccount(Command):
    """Let payouts leave again."""

    type: Literal["unfreezeAccount"] = "unfreezeAccount"
    reason: Reason


class CloseAccount(Command):
    """Take no more commands; refused while money is in it."""

    type: Literal["closeAccount"] = "closeAccount"
    reason: Reason


class SetBankAccount(Command):
    """Set where payouts go. The number is not validated here: the provider does that when it pays."""

    type: Literal["setBankAccount"] = "setBankAccount"
    bank_code: Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=_NO_NUL)] | None = None
    bank_name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL)]
    bank_account_number: Annotated[Personal, StringConstraints(min_length=1, max_length=50, pattern=_NO_NUL)]
    bank_account_holder: Annotated[Personal, StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL)]


class SetProvider(Command):
    """Say how to reach this account's workspace at Plugipay."""

    type: Literal["setProvider"] = "setProvider"
    workspace_id: Identifier
    key_id: Identifier
    secret: Secret
    base_url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s\x00]+$")] | None = None


class AddWebhookSecret(Command):
    """Believe deliveries signed with this secret, beside those already active."""

    type: Literal["addWebhookSecret"] = "addWebhookSecret"
    secret: Secret


class RetireWebhookSecret(Command):
    """Stop believing deliveries received from now on that are signed with this secret."""

    type: Literal["retireWebhookSecret"] = "retireWebhookSecret"
    secret_id: Identifier


class RecordRevenue(Command):
    """Record money earned for an order: pending until it is settled. A new currency is added to the account."""

    type: Literal["recordRevenue"] = "recordRevenue"
    amount: Amount
    currency: Currency
    reference: Reference
    channel: Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=_NO_NUL)] | None = None
    expected_at: Moment | None = None


class SettleRevenue(Command):
    """Release an order's pending money, wholly or in part: it becomes available."""

    type: Literal["settleRevenue"] = "settleRevenue"
    amount: Amount
    currency: Currency
    reference: Reference


class RecordRefund(Command):
    """Record money given back to a buyer: from the order's pending first, then from available."""

    type: Literal["recordRefund"] = "recordRefund"
    amount: Amount
    currency: Currency
    reference: Reference
    reason: Reason | None = None


class ChargeFee(Command):
    """Take a fee from available, even below zero: a fee is owed whether or not the money is there."""

    type: Literal["chargeFee"] = "chargeFee"
    amount: Amount
    currency: Currency
    reference: Reference
    kind: Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=_NO_NUL)]


class Adjust(Command):
    """Correct available by a signed amount, with a reason."""

    type: Literal["adjust"] = "adjust"
    amount: SignedAmount
    currency: Currency
    reason: Reason


class HoldReserve(Command):
    """Set available money aside."""

    type: Literal["holdReserve"] = "holdReserve"
    amount: Amount
    currency: Currency
    reason: Reason
    until: Moment | None = None


class ReleaseReserve(Command):
    """Give held money back to available; without an amount, all that is left."""

    type: Literal["releaseReserve"] = "releaseReserve"
    reserve_id: Identifier
    amount: Amount | None = None


class RequestPayout(Command):
    """Ask for available money to be paid out. Bank fields override the configured account one by one."""

    type: Literal["requestPayout"] = "requestPayout"
    amount: Amount
    currency: Currency
    note: Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)] | None = None
    bank_code: Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=_NO_NUL)] | None = None
    bank_name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL)] | None = None
    bank_account_number: Annotated[Personal, StringConstraints(min_length=1, max_length=50, pattern=_NO_NUL)] | None = (
        None
    )
    bank_account_holder: (
        Annotated[Personal, StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL)] | None
    ) = None


class CancelPayout(Command):
    """Call a pending payout off: the money is available at once."""

    type: Literal["cancelPayout"] = "cancelPayout"
    payout_id: Identifier


class MarkInTransit(Command):
    """An operator sent the money (manual payouts only)."""

    type: Literal["markInTransit"] = "markInTransit"
    payout_id: Identifier
    reference: Reference | None = None


class MarkPaid(Command):
    """An operator saw the money arrive (manual payouts only)."""

    type: Literal["markPaid"] = "markPaid"
    payout_id: Identifier
    reference: Reference | None = None


class MarkFailed(Command):
    """An operator saw the payout fail (manual payouts only): the money is available again."""

    type: Literal["markFailed"] = "markFailed"
    payout_id: Identifier
    failure_reason: Reason


class RecordBankReturn(Command):
    """The bank sent a paid payout back: the money is available again, the payout shows as failed."""

    type: Literal["recordBankReturn"] = "recordBankReturn"
    payout_id: Identifier
    reason: Reason
    reference: Reference | None = None


class LinkProviderPayout(Command):
    """Record the id under which the provider knows a payout."""

    type: Literal["linkProviderPayout"] = "linkProviderPayout"
    payout_id: Identifier
    provider_payout_id: ProviderId


class ResubmitPayout(Command):
    """Give a payout to the provider once more, under a new key. Only after somebody made sure that it has none of it."""

    type: Literal["resubmitPayout"] = "resubmitPayout"
    payout_id: Identifier
    reason: Reason


class CloseCase(Command):
    """Close a case, saying what became of it; `apply` takes the provider at its word where it was not yet applied."""

    type: Literal["closeCase"] = "closeCase"
    case_id: Identifier
    reason: Reason
    apply: Annotated[bool, Field(strict=True)] = False


class SetChannel(Command):
    """Say how a marketplace pays this account: who collects, and the seller, currency and zone its records leave out."""

    type: Literal["setChannel"] = "setChannel"
    channel: Identifier
    collects: Literal["seller", "platform"] = "seller"
    seller: Reference | None = None
    currency: Currency | None = None
    zone: ZoneName | None = None


class SetStatementCycle(Command):
    """Choose when the account's own statements are cut, in its time zone. The zone stays as it is where none is given."""

    type: Literal["setStatementCycle"] = "setStatementCycle"
    cycle: Literal["off", "weekly", "semimonthly", "monthly", "delivered_order"]
    zone: ZoneName | None = None
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None


class SetTolerance(Command):
    """Say which difference between expected and paid is none, in major units of the currency: 100 is a hundred rupiah."""

    type: Literal["setTolerance"] = "setTolerance"
    currency: Currency
    tolerance: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]


class SetSettlementTerms(Command):
    """Say when a channel (or `payout`: our own payouts) is held to pay; without any term, its usual ones hold again."""

    type: Literal["setSettlementTerms"] = "setSettlementTerms"
    channel: Identifier
    period: Literal["weekly", "statement"] | None = None
    due_after_days: Annotated[int, Field(strict=True, ge=0, le=366)] | None = None
    due_after_business_days: Annotated[int, Field(strict=True, ge=0, le=260)] | None = None
    country: CalendarCountry | None = None


class MatchTarget(BaseModel):
    """What an entry's money is for: a marketplace's statement, order or withdrawal, our payout, or what `id` says it is.

    Without an amount, one target gets all that is left of the entry, and several get what is expected of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    kind: Literal["statement", "order", "withdrawal", "payout", "other"]
    id: Reference
    channel: Identifier | None = None
    seller: Reference | None = None
    amount: Amount | None = None


class MakeMatch(Command):
    """Say what the money of a bank entry is for. The same money is never claimed twice."""

    type: Literal["makeMatch"] = "makeMatch"
    entry_id: Identifier
    targets: Annotated[tuple[MatchTarget, ...], Field(min_length=1, max_length=100)]
    reason: Reason


class UnmakeMatch(Command):
    """Take a match back: the entry's money is claimed no more."""

    type: Literal["unmakeMatch"] = "unmakeMatch"
    match_id: Identifier
    reason: Reason


def _day(day: object) -> str | int:
    if (isinstance(day, str) and day in WEEKDAYS) or (type(day) is int and 1 <= day <= DAYS_MAX):
        return day
    raise ValueError("give a weekday, such as monday, or a day of the month, from 1 to 31 (the last)")


Day = Annotated[
    str | int,
    PlainValidator(_day),
    WithJsonSchema({"anyOf": [{"enum": list(WEEKDAYS)}, {"type": "integer", "minimum": 1, "maximum": DAYS_MAX}]}),
]


class Cutoff(BaseModel):
    """Until when money counts for a payout: a weekday, or a day of the month (31 is the last); and the time of day."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    day: Day | None = None
    time: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"


class SetPayoutPolicy(Command):
    """Say how payouts in a currency are made: the least amount, the schedule, and whether they are made by themselves.

    It replaces the policy that stands. Money that is available at the cutoff is paid on the pay day, or on the next
    business day of the country (default: the currency's), at the cutoff's time of day in the zone.
    """

    type: Literal["setPayoutPolicy"] = "setPayoutPolicy"
    currency: Currency
    schedule: Literal["off", "daily", "weekly", "monthly"]
    cutoff: Cutoff | None = None
    pay_day: Day | None = None
    automatic: Annotated[bool, Field(strict=True)] = False
    minimum: Amount | None = None
    reserve: Amount | None = None
    zone: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$")] = (
        "Asia/Jakarta"
    )
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


class OpenDispute(Command):
    """Record that a buyer disputes an order: its money is held, pending first, then available, even below zero."""

    type: Literal["openDispute"] = "openDispute"
    reference: Reference
    amount: Amount
    currency: Currency
    reason: Reason
    dispute_id: Identifier | None = None


class ResolveDispute(Command):
    """Record how a dispute ended: `won` gives back what was held, `lost` takes it as a refund of the order."""

    type: Literal["resolveDispute"] = "resolveDispute"
    dispute_id: Identifier
    outcome: Literal["won", "lost"]
    reason: Reason


AnyCommand = Annotated[
    OpenAccount
    | SetBackend
    | FreezeAccount
    | UnfreezeAccount
    | CloseAccount
    | SetBankAccount
    | SetProvider
    | AddWebhookSecret
    | RetireWebhookSecret
    | RecordRevenue
    | SettleRevenue
    | RecordRefund
    | ChargeFee
    | Adjust
    | HoldReserve
    | ReleaseReserve
    | RequestPayout
    | CancelPayout
    | MarkInTransit
    | MarkPaid
    | MarkFailed
    | RecordBankReturn
    | LinkProviderPayout
    | ResubmitPayout
    | CloseCase
    | SetChannel
    | SetStatementCycle
    | SetTolerance
    | SetSettlementTerms
    | MakeMatch
    | UnmakeMatch
    | SetPayoutPolicy
    | OpenDispute
    | ResolveDispute,
    Field(discriminator="type"),
]

SEALED_FIELDS: dict[type[Command], tuple[str, ...]] = {
    SetBankAccount: ("bank_account_number", "bank_account_holder"),
    RequestPayout: ("bank_account_number", "bank_account_holder"),
    SetProvider: ("secret",),
    AddWebhookSecret: ("secret",),
}
"""The fields that hold ciphertext by the time `decide` sees the command."""
