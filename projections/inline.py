"""The inline views: what decisions are made on, written in the same transaction as the events.

The fold is `events.evolve`, the same for the live view, a rebuild and the tests. This module only lays books out as
rows and reads rows back as books; a row's columns are named as the state's fields are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from events.account_state import AccountState
from events.accounts.state import Account, BankAccount, Provider, WebhookSecret
from events.balances.state import Balance, Order, Reserve
from events.banking.state import BankEntry, BankStatement, Match
from events.channels.state import Channel, ChannelStatement
from events.disputes.state import Dispute, Disputed
from events.payouts.state import Payout
from events.provider.reports import read_stored
from events.provider.state import Case
from events.settlements.state import Settlement

Row = dict[str, Any]

_BANK_ACCOUNT = tuple(f.name for f in fields(BankAccount))
_PROVIDER = tuple(f.name for f in fields(Provider))
_BALANCE = tuple(f.name for f in fields(Balance))
_ORDER = tuple(f.name for f in fields(Order))
_DISPUTE = tuple(f.name for f in fields(Dispute))
_RESERVE = tuple(f.name for f in fields(Reserve))
_PAYOUT = tuple(f.name for f in fields(Payout))
_CASE = tuple(f.name for f in fields(Case))
_CHANNEL = tuple(f.name for f in fields(Channel))
_STATEMENT = tuple(f.name for f in fields(ChannelStatement))
_SETTLEMENT = tuple(f.name for f in fields(Settlement))
_BANK_ENTRY = tuple(f.name for f in fields(BankEntry))
_BANK_STATEMENT = tuple(f.name for f in fields(BankStatement))
_MATCH = tuple(f.name for f in fields(Match))
_SECRET = tuple(f.name for f in fields(WebhookSecret))


@dataclass(slots=True)
class InlineRows:
    """Rows to insert or update, a list a table."""

    accounts: list[Row] = field(default_factory=list)
    bank_accounts: list[Row] = field(default_factory=list)
    providers: list[Row] = field(default_factory=list)
    webhook_secrets: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    reserves: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    payouts: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    channels: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    settlements: list[Row] = field(default_factory=list)
    bank_entries: list[Row] = field(default_factory=list)
    bank_statements: list[Row] = field(default_factory=list)
    matches: list[Row] = field(default_factory=list)


def _row(state: object, names: tuple[str, ...], row: Row) -> Row:
    for name in names:
        row[name] = getattr(state, name)
    return row


def add_changes(rows: InlineRows, before: AccountState, after: AccountState) -> None:
    """Adds the rows in which one account's books differ. Rows are frozen values, so identity tells."""
    account_id = after.account_id
    if after.account is not None and after.version != before.version:
        account = after.account
        rows.accounts.append(
            {
                "account_id": account_id,
                "version": after.version,
                "mode": account.mode,
                "backend": account.backend,
                "status": account.status,
                "currencies": account.currencies,
                "opened_at": account.opened_at,
                "settings": account.settings,
            }
        )
    if after.bank_account is not None and after.bank_account is not before.bank_account:
        rows.bank_accounts.append(_row(after.bank_account, _BANK_ACCOUNT, {"account_id": account_id}))
    if after.provider is not None and after.provider is not before.provider:
        rows.providers.append(_row(after.provider, _PROVIDER, {"account_id": account_id}))
    for currency, balance in after.balances.items():
        if before.balances.get(currency) is not balance:
            rows.balances.append(_row(balance, _BALANCE, {"account_id": account_id, "currency": currency}))
    for (currency, reference), order in after.orders.items():
        if before.orders.get((currency, reference)) is not order:
            row = {"account_id": account_id, "currency": currency, "reference": reference}
            rows.orders.append(_row(order, _ORDER, row))
    for reserve_id, reserve in after.reserves.items():
        if before.reserves.get(reserve_id) is not reserve:
            rows.reserves.append(_row(reserve, _RESERVE, {"account_id": account_id, "reserve_id": reserve_id}))
    for dispute_id, dispute in after.disputes.items():
        if before.disputes.get(dispute_id) is not dispute:
            rows.disputes.append(_row(dispute, _DISPUTE, {"account_id": account_id, "dispute_id": dispute_id}))
    for payout_id, payout in after.payouts.items():
        if before.payouts.get(payout_id) is not payout:
            rows.payouts.append(_row(payout, _PAYOUT, {"account_id": account_id, "payout_id": payout_id}))
    for case_id, case in after.cases.items():
        if before.cases.get(case_id) is not case:
            rows.cases.append(_row(case, _CASE, {"account_id": account_id, "case_id": case_id}))
    for secret_id, secret in after.secrets.items():
        if before.secrets.get(secret_id) is not secret:
            rows.webhook_secrets.append(_row(secret, _SECRET, {"account_id": account_id, "secret_id": secret_id}))
    for channel, settled in after.channels.items():
        if before.channels.get(channel) is not settled:
            rows.channels.append(_row(settled, _CHANNEL, {"account_id": account_id, "channel": channel}))
    for (channel, seller, number), statement in after.statements.items():
        if before.statements.get((channel, seller, number)) is not statement:
            row = {"account_id": account_id, "channel": channel, "seller": seller, "number": number}
            rows.statements.append(_row(statement, _STATEMENT, row))
    for (channel, seller, reference), settlement in after.settlements.items():
        if before.settlements.get((channel, seller, reference)) is not settlement:
            row = {"account_id": account_id, "channel": channel, "seller": seller, "reference": reference}
            rows.settlements.append(_row(settlement, _SETTLEMENT, row))
    for entry_id, entry in after.bank_entries.items():
        if before.bank_entries.get(entry_id) is not entry:
            rows.bank_entries.append(_row(entry, _BANK_ENTRY, {"account_id": account_id, "entry_id": entry_id}))
    for (bank_account, number), bank_statement in after.bank_statements.items():
        if before.bank_statements.get((bank_account, number)) is not bank_statement:
            row = {"account_id": account_id, "bank_account": bank_account, "number": number}
            rows.bank_statements.append(_row(bank_statement, _BANK_STATEMENT, row))
    for match_id, match in after.matches.items():
        if before.matches.get(match_id) is not match:
            rows.matches.append(_row(match, _MATCH, {"account_id": account_id, "match_id": match_id}))


def _read(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}


def payout_from(row: Row) -> Payout:
    """A payout from its row; `told` is JSON, parsed or not."""
    columns = _read(row, _PAYOUT)
    told = columns["told"]
    columns["told"] = read_stored(orjson.loads(told) if isinstance(told, str) else told)
    columns["contradictions"] = tuple(columns["contradictions"])
    return Payout(**columns)


def case_from(row: Row) -> Case:
    """A case from its row; `told` is JSON, parsed or not."""
    columns = _read(row, _CASE)
    told = columns["told"]
    columns["told"] = read_stored(orjson.loads(told) if isinstance(told, str) else told)
    return Case(**columns)


def order_from(row: Row) -> Order:
    columns = _read(row, _ORDER)
    disputed = columns["disputed"]
    columns["disputed"] = None if disputed is None else Disputed(**disputed)
    return Order(**columns)


def dispute_from(row: Row) -> Dispute:
    return Dispute(**_read(row, _DISPUTE))


def fill_books(books: dict[str, AccountState], found: dict[str, Iterable[Row]]) -> None:
    """Puts rows as `ledger/read_books.sql` and its parts give them into the books of their accounts."""
    for row in found["accounts"]:
        target = books[row["account_id"]]
        target.version = row["version"]
        target.account = Account(
            row["mode"], row["backend"], tuple(row["currencies"]), row["status"], row["opened_at"], row["settings"]
        )
    for row in found["bank_accounts"]:
        books[row["account_id"]].bank_account = BankAccount(**_read(row, _BANK_ACCOUNT))
    for row in found["providers"]:
        books[row["account_id"]].provider = Provider(**_read(row, _PROVIDER))
    for row in found["balances"]:
        books[row["account_id"]].balances[row["currency"]] = Balance(**_read(row, _BALANCE))
    for row in found.get("orders", ()):
        books[row["account_id"]].orders[row["currency"], row["reference"]] = order_from(row)
    for row in found.get("payouts", ()):
        books[row["account_id"]].payouts[row["payout_id"]] = payout_from(row)
    for row in found.get("cases", ()):
        books[row["account_id"]].cases[row["case_id"]] = case_from(row)
    for row in found.get("reserves", ()):
        books[row["account_id"]].reserves[row["reserve_id"]] = Reserve(**_read(row, _RESERVE))
    for row in found.get("disputes", ()):
        books[row["account_id"]].disputes[row["dispute_id"]] = dispute_from(row)
    for row in found.get("webhook_secrets", ()):
        books[row["account_id"]].secrets[row["secret_id"]] = WebhookSecret(**_read(row, _SECRET))
    for row in found.get("provider_events", ()):
        books[row["account_id"]].observed.add(row["event_id"])
    for row in found.get("channels", ()):
        books[row["account_id"]].channels[row["channel"]] = Channel(**_read(row, _CHANNEL))
    for row in found.get("statements", ()):
        key = (row["channel"], row["seller"], row["number"])
        books[row["account_id"]].statements[key] = ChannelStatement(**_read(row, _STATEMENT))
    for row in found.get("settlements", ()):
        key = (row["channel"], row["seller"], row["reference"])
        books[row["account_id"]].settlements[key] = Settlement(**_read(row, _SETTLEMENT))
    for row in found.get("bank_entries", ()):
        books[row["account_id"]].bank_entries[row["entry_id"]] = BankEntry(**_read(row, _BANK_ENTRY))
    for row in found.get("bank_statements", ()):
        of = (row["bank_account"], row["number"])
        books[row["account_id"]].bank_statements[of] = BankStatement(**_read(row, _BANK_STATEMENT))
    for row in found.get("matches", ()):
        books[row["account_id"]].matches[row["match_id"]] = Match(**_read(row, _MATCH))
