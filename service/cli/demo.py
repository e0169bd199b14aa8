"""The demo account of `make run`: S2's worked example, ready to be asked for."""

from __future__ import annotations

import sys

from events.account import LIVE
from events.commands import AnyCommand, OpenAccount, RecordRevenue, SetBankAccount, SettleRevenue
from events.refusals import AccountExists, Refusal
from service.keys import SCOPES, KeyRing, NewKey, create_key, list_keys
from service.ledger import Ledger
from service.own_commands import carry_out_own, open_account
from service.settings import Settings

ACCOUNT = "acc_demo"
AVAILABLE, PENDING = 5_230_000, 750_000
_LABEL = "demo of make run"


async def show_demo(settings: Settings, ledger: Ledger, port: int) -> None:
    """Opens the demo account where it is missing, and prints the address, a new key and what to try."""
    opened = await open_account(ledger, OpenAccount(account_id=ACCOUNT, currency="IDR"), LIVE)
    if not isinstance(opened, AccountExists):
        await _fill(ledger)
    key = await _key(ledger)
    base = f"http://{settings.host}:{port}/v1"
    bearer = f'-H "Authorization: Bearer {key.secret}"'
    body = """'{"amount":50000,"currency":"IDR","note":"April revenue"}'"""
    lines = [
        "",
        f"payout-ledger is at {base}  (stop it with Ctrl-C; its data stays)",
        f"account {ACCOUNT}, key {key.secret}",
        f"Kafka, for webhooks, is at {settings.kafka_bootstrap_servers}",
        "",
        f"curl -s {base}/payouts/balance {bearer}",
        f'curl -s -X POST {base}/payouts {bearer} -H "Content-Type: application/json" -d {body}',
        f"curl -s {base}/payouts {bearer}",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


async def _key(ledger: Ledger) -> NewKey:
    """The key that an earlier run made, if it is still active: what was printed then goes on working."""
    for row in await list_keys(ledger.pool):
        if row["label"] == _LABEL and row["account_id"] == ACCOUNT and row["revoked_at"] is None:
            ring = KeyRing(ledger.pool, ledger.vault, ledger.seam)
            known = await ring.by_id(row["key_id"])
            assert known is not None
            return NewKey(known.key_id, ring.secret_of(known))
    return await create_key(
        ledger.pool, ledger.vault, ledger.seam, mode=LIVE, scopes=SCOPES, account_id=ACCOUNT, label=_LABEL
    )


async def _fill(ledger: Ledger) -> None:
    revenue = {"account_id": ACCOUNT, "currency": "IDR"}
    commands: list[AnyCommand] = [
        SetBankAccount(
            account_id=ACCOUNT,
            bank_code="bca",
            bank_name="BCA",
            bank_account_number="0000000099",
            bank_account_holder="Demo Merchant",
        ),
        RecordRevenue(**revenue, amount=AVAILABLE, reference="order-1001", channel="storefront"),
        SettleRevenue(**revenue, amount=AVAILABLE, reference="order-1001"),
        RecordRevenue(**revenue, amount=PENDING, reference="order-1002", channel="storefront"),
    ]
    for outcome in await carry_out_own(ledger, commands, LIVE, "demo"):
        if isinstance(outcome, Refusal):
            raise outcome
