"""Rows that a test has changed, as if the service itself had written them so."""

from __future__ import annotations

from typing import Any

from service.ledger.granting_rows import TABLES
from service.ledger.vault import Vault
from sql import query, set_mac


async def give_right_macs(connection: Any, vault: Vault) -> None:
    """Gives every row that grants something the MAC of what it says now."""
    for statement, table in TABLES.items():
        for row in await connection.fetch(query(statement)):
            await connection.execute(
                set_mac(table.name, table.key, table.mac), vault.mac(table, row), *(row[column] for column in table.key)
            )
