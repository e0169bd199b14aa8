"""What an earlier release read from marketplaces' files is known by its names of then: the same file again books nothing."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from events.account_state import AccountState
from events.observations import ARRIVAL
from events.settlements.events import SettlementObserved
from events.settlements.observe import observe_settlement
from service.marketplaces.channels import marketplace_named
from service.marketplaces.observations import Shop
from service.marketplaces.settlement_records import SettlementRecord, settlement_event, settlement_records
from tests.spec import ACCOUNT, NOW, fold, opened

FILES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "records_2026_11_27" / "records.json").read_text(encoding="utf-8")
)
NAMED = [pytest.param(each, id=f"{each['channel']}-{each['name']}") for each in FILES]
SHOP = Shop(currency="IDR", zone="Asia/Jakarta")

SAY_MORE_NOW = {("shopee", "wallet_withdrawals"), ("shopee", "payout_info")}
"""Files of which more is read by now: the rows' own time, or the orders that a payment pays. That is kept, once."""
SHARE_A_NUMBER = {("tokopedia", "saldo_history_of_one_number")}
"""Files whose records the earlier release took for one: money was missing."""


def read(file: dict[str, Any]) -> list[SettlementRecord]:
    found = settlement_records(marketplace_named(file["channel"]).read(io.BytesIO(file["content"].encode()), SHOP))
    return [each for each in found if isinstance(each, SettlementRecord)]


def then(file: dict[str, Any]) -> AccountState:
    """The account after the import of the file by the release that recorded it."""
    state = fold(AccountState(ACCOUNT), [opened()])
    for recorded in file["settlements"]:
        state = fold(state, observe_settlement(SettlementObserved(**recorded), state), NOW)
    return state


def again(file: dict[str, Any], state: AccountState) -> tuple[AccountState, int]:
    """The account after the same file is imported by this release, and how many events that made."""
    count = 0
    for record in read(file):
        digest = sha256(record.raw).hexdigest()
        observed = settlement_event(record, digest, 2, NOW, ARRIVAL)
        made = observe_settlement(observed, state, 2, record.first.older_names)
        state, count = fold(state, made, NOW), count + len(made)
    return state, count


@pytest.mark.parametrize("file", NAMED)
def test_a_record_has_its_reference_of_then_or_knows_it_as_an_older_name(file: dict[str, Any]) -> None:
    names: dict[str, set[str]] = {}
    for record in read(file):
        first = record.first
        names.setdefault(first.source, set()).update(
            [first.reference, *(older.reference for older in first.older_names)]
        )
    for recorded in file["settlements"]:
        assert recorded["reference"] in names[recorded["source"]], "renamed, and its older name is not looked up"


@pytest.mark.parametrize("file", NAMED)
def test_the_same_file_again_moves_no_money_and_adds_no_event(file: dict[str, Any]) -> None:
    name, before = (file["channel"], file["name"]), then(file)
    after, count = again(file, before)
    if name not in SHARE_A_NUMBER:
        assert after.balances == before.balances
        assert after.orders == before.orders
        assert count == 0 or name in SAY_MORE_NOW
    assert again(file, after) == (after, 0)


def test_records_that_were_taken_for_one_are_booked_as_what_they_are() -> None:
    (file,) = [each for each in FILES if (each["channel"], each["name"]) in SHARE_A_NUMBER]
    before = then(file)
    after, _ = again(file, before)
    assert before.balances["IDR"].available == -20_000, "the sale was lost to its commission"
    assert after.balances["IDR"].paid_out == 380_000


def test_every_channel_is_recorded() -> None:
    assert {each["channel"] for each in FILES} == {"lazada", "shopee", "tokopedia", "tiktok", "blibli"}
