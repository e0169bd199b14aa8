"""Commands that the ledger's own tools give, without a caller."""

from __future__ import annotations

from collections.abc import Sequence

from events.accounts.commands import OpenAccount
from events.catalog import AnyCommand
from events.envelope import Actor, Source
from service.ledger.commands import CommandRequest, Outcome, RequestOrigin
from service.ledger.ledger import Ledger


async def execute_system_commands(
    ledger: Ledger, commands: Sequence[AnyCommand], mode: str, tool: str
) -> list[Outcome]:
    """Has the commands decided, each for itself, in the name of one of the ledger's tools."""
    origin = RequestOrigin(Actor("operator", tool), Source("cli", tool), mode, f"cli_{ledger.runtime.ulid()}")
    return await ledger.execute(
        [CommandRequest(command, b"", 200, lambda _: b"", command.idempotency_key) for command in commands], origin
    )


async def open_account(ledger: Ledger, command: OpenAccount, mode: str) -> Outcome:
    """Opens an account; AccountExists comes back where it is open already."""
    [outcome] = await execute_system_commands(ledger, [command], mode, "keys")
    return outcome
