"""`payout-ledger simulate-plugipay`, as a process of its own."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import aiohttp
from plugipay import PlugipayClient

from tests.simulator.provider.plugipay import SDK_BANK, WEBHOOK_SECRET, receiving
from tests.support.command_line import environment, payout_ledger, start
from tests.support.waiting import until


async def test_the_command_shows_its_address_and_its_payouts_move_and_send_webhooks(tmp_path: Path) -> None:
    async with receiving() as receiver:
        process = await start(
            "simulate-plugipay",
            *("--port", "0", "--webhook-url", receiver.url, "--webhook-secret", WEBHOOK_SECRET),
            *("--workspace", "acc_9", "--key-id", "ak_9", "--secret", "sk_of_the_test", "--time-scale", "360000"),
            *("--seed", "4", "--fault", "return=1", "--fault", "duplicate=0", "--state", str(tmp_path / "state.json")),
            env=environment(),
        )
        assert process.stdout is not None
        try:
            shown = ""
            while "/simulator/advance" not in shown:
                line = await asyncio.wait_for(process.stdout.readline(), 60)
                assert line, "it ended"
                shown += line.decode()
            found = re.search(r"http://127\.0\.0\.1:\d+", shown)
            assert found is not None
            assert WEBHOOK_SECRET not in shown
            assert "sk_of_the_test" not in shown

            def ask() -> str:
                with PlugipayClient(key_id="ak_9", secret="sk_of_the_test", base_url=found[0]) as client:
                    return str(client.payouts.create(amount=5, currency="IDR", **SDK_BANK)["accountId"])

            assert await asyncio.to_thread(ask) == "acc_9"

            async def returned() -> bool:
                return "failed" in receiver.kinds

            await until(returned, "the payout is paid and returned")
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{found[0]}/simulator") as response,
            ):
                state = (await response.json())["data"]
            assert (state["payouts"], state["disbursements"], state["seed"]) == ({"failed": 1}, 1, 4)
            process.send_signal(signal.SIGTERM)
            _, err = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0
            assert b"sk_of_the_test" not in err
            assert (tmp_path / "state.json").exists()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def test_what_is_wrong_is_one_line_and_exit_code_2() -> None:
    for arguments, message in (
        (("--fault", "silence=1"), "silence is not a fault"),
        (("--time-scale", "0"), "--time-scale"),
        (("--currency", "EUR"), "--currency"),
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1"),
    ):
        ended = await payout_ledger("simulate-plugipay", "--port", "0", *arguments, env=environment())
        assert (ended.code, message in ended.err) == (2, True), ended.err
