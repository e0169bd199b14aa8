"""The ledger's own statements."""

from __future__ import annotations

from typing import Literal

from events.command import Command, ZoneName


class SetStatementCycle(Command):
    """Choose when the account's own statements are cut, in its time zone. The zone stays as it is where none is given."""

    type: Literal["setStatementCycle"] = "setStatementCycle"
    scope = "command:write"
    effect = "settings"
    example = {"cycle": "weekly", "zone": "Asia/Jakarta", "weekStartsOn": "sunday"}
    cycle: Literal["off", "weekly", "semimonthly", "monthly", "delivered_order"]
    zone: ZoneName | None = None
    week_starts_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None


StatementCommand = SetStatementCycle
