"""An account's provider is where the settings allow it, and nowhere in the service's own network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.platform.runtime import REAL
from service.platform.settings import Settings
from service.plugipay.outbound.access import read_access
from service.plugipay.outbound.outcomes import Answered, NotSent
from service.plugipay.outbound.provider_address import provider_address_problem
from tests.events.wire import body
from tests.service.plugipay.peer import NEW, PAYOUT, Peer, access, calling, says
from tests.support.api import Api
from tests.support.plugipay import ACCOUNT, Loop

BASE = "http://plugipay.internal:8080/v"


@pytest.fixture
def configured(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"plugipay_base_url": BASE, "plugipay_hosts": "p.example, Pay.Example.com,10.0.0.1,intranet"}
    )


@pytest.mark.parametrize(
    "url", [BASE, f"{BASE}/", "https://p.example", "https://P.EXAMPLE/", "https://pay.example.com:8443/plugipay"]
)
def test_these_addresses_are_allowed(configured: Settings, url: str) -> None:
    assert provider_address_problem(url, configured) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://p.example",
        "https://plugipay.internal:8080/v",
        "http://plugipay.internal:8080/other",
        "http://plugipay.internal:8081/v",
        "https://other.example",
        "https://p.example.other.example",
        "https://sub.p.example",
        "https://p.example@other.example",
        "https://other.example#p.example",
        "https://p.example/?to=other",
        "https://p.example:0",
        "https://10.0.0.1",
        "https://intranet",
        "https://127.0.0.1",
        "https://[::1]",
        "",
    ],
)
def test_these_addresses_are_refused(configured: Settings, url: str) -> None:
    assert provider_address_problem(url, configured)


@pytest.mark.parametrize("url", ["", "https://plugipay.com.evil.example", "https://8.8.8.8", "https://"])
def test_without_a_list_there_is_one_address(settings: Settings, url: str) -> None:
    alone = settings.model_copy(update={"plugipay_hosts": ""})
    assert provider_address_problem(url, alone)
    assert provider_address_problem(alone.plugipay_base_url, alone) is None


async def test_another_address_is_refused_by_its_field_before_anything_is_written(api: Api) -> None:
    before = await api.position()
    platform = await api.caller()
    answer = await platform.post("/v1/commands", {"commands": [body("setProvider", baseUrl="https://other.example")]})
    assert (answer.status, answer.error["field"]) == (400, "commands[0].baseUrl")
    assert "PLUGIPAY_HOSTS" in answer.error["message"]
    assert await api.position() == before


async def test_an_address_that_is_not_allowed_any_more_is_not_asked(loop: Loop) -> None:
    payout_id = await loop.request()
    elsewhere = loop.settings.model_copy(update={"plugipay_base_url": "https://plugipay.com"})
    assert (await read_access(loop.ledger, elsewhere, 1, ACCOUNT))[0] is None
    loop.dispatcher._settings = elsewhere
    assert await loop.attempt(payout_id) is not None
    assert loop.control.payouts() == []
    loop.dispatcher._settings = loop.settings
    await loop.attempt(payout_id)
    assert len(loop.control.payouts()) == 1


async def test_no_connection_is_made_to_a_private_address_that_an_account_named(peer: Peer) -> None:
    """What a name resolves to is known at the connection only."""
    peer.does(says(PAYOUT))
    for base in (peer.base, peer.base.replace("127.0.0.1", "localhost")):
        named = replace(access(base), named_by_account=True)
        async with calling(REAL, timeout_seconds=2) as client:
            outcome = await client.get(named, "po_1")
        async with calling(REAL, timeout_seconds=2) as client:
            created = await client.create(named, NEW, "key-1")
        for each in (outcome, created):
            assert isinstance(each, NotSent)
            assert "not a public internet address" in each.why
    assert peer.seen == []
    async with calling(REAL, timeout_seconds=2) as client:
        assert isinstance(await client.get(access(peer.base), "po_1"), Answered)
    assert len(peer.seen) == 1
