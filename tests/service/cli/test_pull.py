"""`payout-ledger pull` as a person runs it, against a marketplace of the test's own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from service.platform.settings import Settings
from tests.support.command_line import Ended, environment, payout_ledger, start
from tests.support.tables import as_owner, places_of, read_tables
from tests.support.tiktok_shop import CREDENTIALS, SECRET, TOKEN, Shop, tiktok_shop


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    return written(tmp_path, {})


def written(folder: Path, change: dict[str, Any]) -> Path:
    path = folder / "credentials.json"
    path.write_text(json.dumps({"tiktok": CREDENTIALS["tiktok"] | change}))
    path.chmod(0o600)
    return path


def arguments(shop: Shop, credentials: Path, *more: str) -> list[str]:
    return [
        "pull", "tiktok", "--account", "acc_1", "--base-url", shop.base, "--credentials-file", str(credentials), *more,
    ]  # fmt: skip


async def pulled(settings: Settings, shop: Shop, credentials: Path, *more: str, **env: str) -> Ended:
    return await payout_ledger(*arguments(shop, credentials, *more), env=environment(settings, **env))


async def balance(settings: Settings) -> tuple[int, int]:
    """What is pending, and how many times money was booked."""
    owner = await as_owner(settings)
    try:
        pending = await owner.fetchval("SELECT pending FROM balances WHERE account_id = 'acc_1'")
        times = await owner.fetchval("SELECT count(*) FROM events WHERE type = 'channel.money_booked'")
        return pending, times
    finally:
        await owner.close()


async def test_a_pull_that_is_killed_on_page_two_continues_there_and_books_everything_once(
    settings: Settings, credentials: Path
) -> None:
    async with tiktok_shop({"S1": "100", "S2": "20"}, {"S3": "3"}, {"S4": "0.5"}) as shop:
        shop.hold = "1"
        process = await start(*arguments(shop, credentials, "--since", "2026-05-01"), env=environment(settings))
        try:
            await asyncio.wait_for(shop.held.wait(), 60)
        finally:
            process.kill()
            await process.communicate()
        assert await balance(settings) == (12_000, 2)
        shop.hold = None
        shop.asked.clear()
        ended = await pulled(settings, shop, credentials, "--since", "2026-05-01", "--json")
        assert ended.code == 0, ended.err
        first, second = ended.json["stretches"]
        assert (first["resumed"], second["resumed"]) == (True, False)
        # What was left over first; then, from the overlap before its end, everything again, which changes nothing.
        assert shop.calls() == ["1", "2", "", "1", "2"]
        # Of each statement three records: itself, its line, and its transaction.
        assert (ended.json["new"], ended.json["unchanged"]) == (6, 12)
        assert await balance(settings) == (12_350, 4)


def squeezed(text: str) -> str:
    """A table without its spaces."""
    return text.replace(" ", "")


async def test_without_since_it_continues_and_shows_what_it_did(settings: Settings, credentials: Path) -> None:
    async with tiktok_shop({"S1": "100"}) as shop:
        nothing = await pulled(settings, shop, credentials)
        assert (nothing.code, "--since" in nothing.err, shop.asked) == (2, True, [])
        first = await pulled(settings, shop, credentials, "--since", "2026-05-01")
        assert first.code == 0, first.err
        assert "booked│3" in squeezed(first.out)
        named = await payout_ledger(
            "pull", "tiktok", "--account", "acc_1", "--base-url", shop.base,
            env=environment(settings, PAYOUT_LEDGER_CHANNEL_CREDENTIALS=str(credentials)),
        )  # fmt: skip
        assert named.code == 0, named.err
        assert "knownbefore│3" in squeezed(named.out)
        assert "Payout│statementS1,orders│IDR│100│1" in squeezed(named.out), "the shop's orders do not add up"
        assert await balance(settings) == (10_000, 1)


async def test_a_wrong_signature_and_an_expired_token_are_reported_without_any_secret(
    settings: Settings, tmp_path: Path
) -> None:
    async with tiktok_shop({"S1": "100"}) as shop:
        for change, reported in (
            ({"appSecret": "not-the-secret-1"}, ("106001", "the sign is invalid", "check the credentials")),
            ({"accessToken": "a-token-of-last-year"}, ("105002", "expired: ***", "authorise the shop again")),
        ):
            ended = await pulled(settings, shop, written(tmp_path, change), "--since", "2026-05-01")
            assert ended.code == 2
            for text in reported:
                assert text in ended.err
            for secret in (SECRET, TOKEN, *change.values()):
                assert secret not in ended.err + ended.out
            assert "Traceback" not in ended.err


async def test_secrets_are_not_stored(settings: Settings, credentials: Path) -> None:
    async with tiktok_shop({"S1": "100"}) as shop:
        assert (await pulled(settings, shop, credentials, "--since", "2026-05-01")).code == 0
    tables = await read_tables(settings)
    assert places_of("cipher-1", tables) == {"pulls"}, "the shop's name is, so that this sees something"
    for secret in (SECRET, TOKEN):
        assert places_of(secret, tables) == set()


async def test_wrong_options_are_reported_before_any_request(
    settings: Settings, credentials: Path, tmp_path: Path
) -> None:
    async with tiktok_shop({"S1": "1"}) as shop:
        for more, reported in (
            (("--since", "soon"), "--since"),
            (("--since", "2026-05-01", "--until", "2026-04-01"), "--since"),
            (("--since", "2026-05-01", "--overlap-days", "-1"), "--overlap-days"),
            (("--since", "2026-05-01", "--zone", "Mars/Base"), "Mars/Base"),
        ):
            ended = await pulled(settings, shop, credentials, *more)
            assert (ended.code, reported in ended.err) == (2, True), ended.err
            assert "Traceback" not in ended.err
        open_to_all = written(tmp_path, {})
        open_to_all.chmod(0o644)
        ended = await pulled(settings, shop, open_to_all, "--since", "2026-05-01")
        assert (ended.code, "chmod 600" in ended.err) == (2, True)
        none = await payout_ledger("pull", "tiktok", "--account", "acc_1", env=environment(settings))
        assert (none.code, "PAYOUT_LEDGER_CHANNEL_CREDENTIALS" in none.err) == (2, True)
        assert shop.asked == []
