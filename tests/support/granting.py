"""Rows that a test has changed, as if the service itself had written them so."""

from __future__ import annotations

from typing import Any

from service.ledger.granting_rows import TABLES
from service.ledger.ledger import Ledger
from service.ledger.replay import rebuild_inline
from service.ledger.vault import Vault
from sql import query, set_mac


async def give_right_macs(connection: Any, vault: Vault) -> None:
    """Gives every row that grants something the MAC of what it says now."""
    for statement, table in TABLES.items():
        for row in await connection.fetch(query(statement)):
            await connection.execute(
                set_mac(table.name, table.key, table.mac), vault.mac(table, row), *(row[column] for column in table.key)
            )


async def rebuilt(ledger: Ledger) -> None:
    """Folds the inline views again, as `payout-ledger rebuild inline` does."""
    async with ledger.pool.acquire() as connection:
        await rebuild_inline(connection, 1, ledger.vault, lambda _: None)
