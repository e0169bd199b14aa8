"""What an earlier release wrote verifies, reads and answers as it did then, byte for byte."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from events.envelope import (
    DIGEST_BEFORE_THE_FIRST,
    EVENT_TYPES,
    METADATA,
    encode,
    envelope_bytes,
    envelope_from,
    event_of,
    next_digest,
)
from projections.runner import rebuild
from service.ledger.replay import rebuild_inline, verify_lane
from service.ledger.vault import vault_of
from service.platform.runtime import REAL
from service.platform.settings import Settings
from service.workers.projector import TRAILING
from tests.recorded.recorded import CLOCK, Recorded, read_rows, restore
from tests.support.api import serving
from tests.support.tables import as_owner

RECORDED = Recorded()
LANE = 1

INLINE = (
    *("accounts", "bank_accounts", "providers", "webhook_secrets", "balances", "orders", "reserves", "disputes"),
    *("payouts", "cases", "channels", "statements", "settlements", "bank_entries", "bank_statements", "matches"),
    "provider_events",
)
FOLLOWED = ("journal", "settlement_lines", "settlement_totals")


def test_every_recorded_event_is_read_and_written_again_as_the_same_bytes() -> None:
    digest = DIGEST_BEFORE_THE_FIRST
    for recorded in RECORDED.events:
        event = envelope_from(json.loads(recorded.envelope))
        assert envelope_bytes(event).decode() == recorded.envelope
        digest = next_digest(digest, recorded.envelope.encode())
        assert digest.hex() == recorded.digest, event.position
        name, version, data = encode(event_of(event), event.data.get(METADATA))
        assert (name, data) == (event.type, event.data)
        # A later schema has more optional fields, and an event of an earlier one has none of them.
        assert version >= event.schema_version


def test_every_event_type_of_that_release_is_recorded() -> None:
    recorded = {json.loads(event.envelope)["type"] for event in RECORDED.events}
    assert recorded <= EVENT_TYPES.keys(), "a stored name never goes away"


async def test_the_recorded_log_verifies_and_every_view_is_folded_from_it_as_it_was(settings: Settings) -> None:
    settings = await restore(RECORDED, settings)
    owner = await as_owner(settings)
    try:
        assert await verify_lane(owner, LANE, lambda _: None) == (len(RECORDED.events), None)
        await rebuild_inline(owner, LANE, vault_of(settings, REAL), lambda _: None)
        for projection in TRAILING:
            await rebuild(owner, LANE, projection, CLOCK, lambda _: None)
    finally:
        await owner.close()
    for table in (*INLINE, *FOLLOWED):
        now, then = await read_rows(settings, table), RECORDED.tables[table]
        assert _of_then(now, then) == _in_order(then), table


def _of_then(rows: list[dict[str, Any]], then: list[dict[str, Any]]) -> list[str]:
    """The rows with the columns that there were."""
    return _in_order([{column: row[column] for column in then[0]} for row in rows])


def _in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


UNKNOWN_THEN = {"state": "matched", "expected": "0.00", "paid": "0.00", "difference": "0.00"}
UNKNOWN_NOW = {"state": "not_checked", "expected": None, "paid": None, "difference": None}


def _mended(value: Any) -> Any:
    """What was answered, but for one fault of then: a bank statement without balances was shown as 0.00, and matched."""
    if isinstance(value, list):
        return [_mended(each) for each in value]
    if isinstance(value, dict) and value.get("kind") == "bank_statement" and UNKNOWN_THEN.items() <= value.items():
        return {**value, **UNKNOWN_NOW}
    return value


async def test_a_restored_ledger_gives_the_answers_that_were_given_then(settings: Settings) -> None:
    settings = await restore(RECORDED, settings)
    async with serving(settings, replace(REAL, now=lambda: CLOCK)) as api:
        callers = {account: await api.caller(account) for account in {one.account for one in RECORDED.answers}}
        for recorded in RECORDED.answers:
            if recorded.path == "/v1/channels":
                # What a release can read is about the release, and not about the ledger.
                continue
            answer = await callers[recorded.account].get(recorded.path)
            assert answer.status == recorded.status, recorded.path
            for member, value in recorded.document.items():
                assert answer.document[member] == _mended(value), (recorded.account, recorded.path)


async def test_a_restored_ledger_goes_on(settings: Settings) -> None:
    settings = await restore(RECORDED, settings)
    # By the clock of then: as days pass, money falls due, and a command releases it first, in an event more.
    async with serving(settings, replace(REAL, now=lambda: CLOCK)) as api:
        merchant = await api.caller("acc_2")
        await merchant.accepted(type="recordRevenue", amount=5, currency="IDR", reference="after")
        async with api.ledger.pool.acquire() as connection:
            count, damage = await verify_lane(connection, LANE, lambda _: None)
    assert (count, damage) == (len(RECORDED.events) + 1, None)


@pytest.mark.parametrize("table", INLINE)
def test_every_inline_view_has_recorded_rows(table: str) -> None:
    assert RECORDED.tables[table]
