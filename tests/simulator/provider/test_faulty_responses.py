"""Responses that are late, wrong or missing, and whether the operation was executed."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from plugipay import PlugipayError, PlugipayNetworkError, PlugipayTimeoutError

from simulator import provider
from simulator.provider.chance import Chance
from simulator.provider.faults import FAULTS, Faults, WrongFault, parse_rates
from simulator.provider.operations import OPERATIONS
from tests.simulator.provider.plugipay import PAYOUT_REQUEST, SDK_BANK, create, plugipay, request, with_sdk


def ask(client: Any) -> Any:
    return client.payouts.create(amount=5, currency="IDR", **SDK_BANK).raw


async def test_silence_lasts_until_the_caller_gives_up_and_the_payout_was_made() -> None:
    async with plugipay(moves=False) as simulated:
        simulated.control.fault("silent", times=1)
        with pytest.raises(PlugipayTimeoutError):
            await with_sdk(simulated, ask, seconds=1)
        assert len(simulated.control.payouts()) == 1


async def test_silence_without_the_work_makes_no_payout() -> None:
    async with plugipay(moves=False) as simulated:
        simulated.control.fault("silent_undone", times=1)
        with pytest.raises(PlugipayTimeoutError):
            await with_sdk(simulated, ask, seconds=1)
        assert simulated.control.payouts() == []
        await with_sdk(simulated, ask)
        assert len(simulated.control.payouts()) == 1


async def test_silence_ends_with_a_cut_connection() -> None:
    for fault, made in (("silent", 1), ("silent_undone", 0)):
        async with plugipay(moves=False, hang_seconds=0) as simulated:
            simulated.control.fault(fault, times=1)
            with pytest.raises(PlugipayNetworkError):
                await with_sdk(simulated, ask)
            assert len(simulated.control.payouts()) == made


async def test_a_silent_payout_asked_for_again_under_its_key_is_made_once() -> None:
    async with plugipay(moves=False, hang_seconds=0) as simulated:
        simulated.control.fault("silent", times=1, on=["create"])
        with pytest.raises(aiohttp.ClientError):
            await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k")
        status, document = await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k")
        assert (status, [payout.id for payout in simulated.control.payouts()]) == (201, [document["data"]["id"]])


async def test_a_slow_response_comes_in_the_end() -> None:
    async with plugipay(moves=False, slow_seconds=0.6) as simulated:
        simulated.control.fault("slow", times=2)
        with pytest.raises(PlugipayTimeoutError):
            await with_sdk(simulated, ask, seconds=0.2)
        assert (await with_sdk(simulated, ask))["status"] == "pending"
        assert len(simulated.control.payouts()) == 2


async def test_an_error_does_nothing_or_all_of_it() -> None:
    for fault, made in (("error", 0), ("error_done", 1)):
        async with plugipay(moves=False) as simulated:
            simulated.control.fault(fault, times=1)
            with pytest.raises(PlugipayError) as caught:
                await with_sdk(simulated, ask)
            assert caught.value.status in (500, 502, 503, 504)
            assert len(simulated.control.payouts()) == made


async def test_an_error_is_not_stored_under_a_key() -> None:
    for fault in ("error", "error_done"):
        async with plugipay(moves=False) as simulated:
            simulated.control.fault(fault, times=1)
            assert (await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k"))[0] >= 500
            assert (await request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST, key="k"))[0] == 201
            assert len(simulated.control.payouts()) == 1


async def test_too_many_requests_get_429() -> None:
    async with plugipay(moves=False) as simulated:
        simulated.control.fault("rate_limited", times=1)
        with pytest.raises(PlugipayError) as caught:
            await with_sdk(simulated, ask)
        assert (caught.value.status, caught.value.code) == (429, "rate_limited")
        assert simulated.control.payouts() == []


async def test_a_fault_may_be_for_one_operation() -> None:
    async with plugipay(moves=False) as simulated:
        simulated.control.fault("error", on=["cancel", "get"])
        payout = await create(simulated)
        for method, path, status in (
            ("GET", "/api/v1/payouts", 200),
            ("GET", f"/api/v1/payouts/{payout['id']}", 500),
            ("POST", f"/api/v1/payouts/{payout['id']}/cancel", 500),
        ):
            assert (await request(simulated, method, path))[0] // 100 == status // 100
        simulated.control.clear_faults()
        assert (await request(simulated, "POST", f"/api/v1/payouts/{payout['id']}/cancel"))[0] == 200


async def test_a_fault_strikes_at_its_rate_and_no_more_often_than_it_may() -> None:
    faults = Faults(Chance(7), {"silent": 0.2})
    struck = sum(faults.strikes("silent", n) for n in range(2000))
    # Ten standard deviations of a binomial distribution are 179.
    assert 221 < struck < 579
    faults.switch("error", 1, times=3)
    assert sum(faults.strikes("error", n) for n in range(10)) == 3
    assert faults.document() == {"silent": {"rate": 0.2, "times": None, "on": []}}


@pytest.mark.parametrize(
    "given", ["silence=1", "silent", "silent=often", "silent=1.5", "silent=-0.1", "silent=nan", "=1"]
)
def test_an_unknown_fault_is_refused(given: str) -> None:
    with pytest.raises(WrongFault):
        parse_rates([given])


def test_rates_are_read_as_the_command_line_has_them() -> None:
    assert parse_rates(["silent=0.1", "drop=1"]) == {"silent": 0.1, "drop": 1.0}
    assert parse_rates([]) == {}


def test_the_readme_names_every_fault_and_operation() -> None:
    text = (Path(provider.__file__).parent / "README.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(FAULTS)
    listed = re.search(r"with `on`: (.*)\.$", text, re.MULTILINE)
    assert listed is not None
    assert set(listed[1].split(", ")) == OPERATIONS


async def test_a_stop_does_not_wait_for_requests_that_a_fault_keeps_waiting() -> None:
    async with plugipay(moves=False) as simulated:
        simulated.control.fault("silent")
        asking = asyncio.ensure_future(request(simulated, "POST", "/api/v1/payouts", PAYOUT_REQUEST))
        while not simulated.control.payouts():
            await asyncio.sleep(0.01)
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(asking, 10)
