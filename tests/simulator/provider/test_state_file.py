"""The state file: the next run continues with the payouts of the one before."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from aiohttp import web

from simulator.provider.state_file import WrongFile
from tests.simulator.provider.plugipay import BANK, PAYOUT_REQUEST, create, plugipay, receiving, request, workspace


async def test_payouts_keys_money_and_webhooks_outlive_the_process(tmp_path: Path) -> None:
    file = tmp_path / "new" / "plugipay.json"
    async with receiving() as receiver:
        receiver.answer = lambda: web.Response(status=500)
        async with plugipay(workspace(receiver), state_file=file) as simulated:
            await request(simulated, "PATCH", "/api/v1/payouts/bank-account", BANK)
            paid = await create(simulated, amount=100_000)
            await simulated.control.advance(hours=1)
            first = await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k")
            await simulated.control.advance()
            before = {payout.id: payout.document() for payout in simulated.control.payouts()}
            assert [payout["status"] for payout in before.values()] == ["paid", "pending"]
            tried = {one.id: len(one.attempts) for one in simulated.control.deliveries()}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

        receiver.answer = lambda: web.Response(status=200)
        receiver.got.clear()
        async with plugipay(workspace(receiver), state_file=file) as simulated:
            control = simulated.control
            assert {payout.id: payout.document() for payout in control.payouts()} == before
            assert [one.payout_id for one in control.disbursements()] == [paid["id"]]
            assert await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k") == first
            _, document = await request(simulated, "GET", "/api/v1/payouts/balance")
            assert document["data"]["ledgerBalance"] == 900_000
            assert document["data"]["locked"] == PAYOUT_REQUEST["amount"]
            _, document = await request(simulated, "GET", "/api/v1/payouts/bank-account")
            assert document["data"]["configured"] is True
            await control.settle()
            # One webhook more for each that was not taken, and those of the payout that went on.
            assert {one.id: len(one.attempts) - tried.get(one.id, 0) for one in control.deliveries()} == dict.fromkeys(
                [one.id for one in control.deliveries()], 1
            )
            assert {one.status for one in control.deliveries()} == {"succeeded"}
            assert [payout.status for payout in control.payouts()] == ["paid", "paid"]
            third = await create(simulated, amount=1)
            assert control.payout(third["id"]).number == 3


@pytest.mark.parametrize("content", ["", "not JSON", "[]", json.dumps({"version": 2})])
async def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(WrongFile, match=r"move it away"):
        async with plugipay(state_file=file):
            pytest.fail("it served")
    assert file.read_text() == content
