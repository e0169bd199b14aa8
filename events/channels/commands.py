"""How marketplaces pay, and by when they have to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from events.command import CalendarCountry, Command, Currency, Identifier, Reference, ZoneName

SETTING_MAX = 2000
"""The most characters of a channel's setting of columns or types."""

SettingText = Annotated[str, Field(min_length=1, max_length=SETTING_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")]


class SetChannel(Command):
    """Say how a marketplace pays this account: who collects, and what its records leave out.

    That is their seller, currency and zone; the headings of its reports (`columns`), and the meaning of types that nobody
    attests (`types`).
    """

    type: Literal["setChannel"] = "setChannel"
    scope = "command:write"
    effect = "settings"
    example = {
        "channel": "lazada",
        "collects": "platform",
        "seller": "EG100RT",
        "currency": "EUR",
        "zone": "Asia/Jakarta",
        "columns": "orderNo=No. Pesanan;totalPayment=Dibayar",
        "types": "1002=commission:-1",
    }
    channel: Identifier
    collects: Literal["seller", "platform"] = "seller"
    seller: Reference | None = None
    currency: Currency | None = None
    zone: ZoneName | None = None
    columns: SettingText | None = None
    types: SettingText | None = None


class SetSettlementTerms(Command):
    """Say when a channel (or `payout`: our own payouts) is held to pay; without any term, its usual ones hold again."""

    type: Literal["setSettlementTerms"] = "setSettlementTerms"
    scope = "command:write"
    effect = "settings"
    example = {
        "channel": "lazada",
        "period": "weekly",
        "dueAfterDays": 7,
        "dueAfterBusinessDays": 5,
        "country": "MY",
    }
    channel: Identifier
    period: Literal["weekly", "statement"] | None = None
    due_after_days: Annotated[int, Field(strict=True, ge=0, le=366)] | None = None
    due_after_business_days: Annotated[int, Field(strict=True, ge=0, le=260)] | None = None
    country: CalendarCountry | None = None


ChannelCommand = SetChannel | SetSettlementTerms
