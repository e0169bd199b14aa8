"""An account's URL does not make the service knock at doors of its own network."""

from __future__ import annotations

import socket

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from service.platform import address_guard
from service.platform.settings import Settings
from tests.service.outgoing.receiver import ReceivedWebhook
from tests.service.outgoing.stage import PATH, Stage, revenue, sending
from tests.support.granting import give_right_macs

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    # Given up, or of one network's own: an address of the internet in it, or none.
    "2002:808:808::1",
    "2001:0:808:808::1",
    "2001:0:a00:1::1",
    "::808:808",
    "::a00:1",
    "::ffff:0:808:808",
    "fec0::1",
    "64:ff9b:1::808:808",
    "100::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "192.0.0.9",
    "192.88.99.1",
    "255.255.255.254",
)
PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "192.169.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not address_guard.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_these_addresses_are_public(address: str) -> None:
    assert address_guard.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "example.com",
        "//example.com",
        "",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "https://example.com/\u00e9",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://[::1",
        "https://example.com/" + "x" * 2000,
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1:8443/hook",
        "https://intranet/",
        "https://intranet./",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://router.home.arpa:8443/",
    ],
)
def test_these_urls_are_refused_in_production(settings: Settings, url: str) -> None:
    assert address_guard.url_problem(url, settings)


@pytest.mark.parametrize("url", ["https://example.com/hook?x=1", "https://8.8.8.8:8443/", "https://[2606:4700::1]/"])
def test_these_urls_are_accepted(settings: Settings, url: str) -> None:
    assert address_guard.url_problem(url, settings) is None


class Names(AbstractResolver):
    """A name server of somebody's own."""

    def __init__(self, **names: tuple[str, ...]) -> None:
        self.names = names
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.names[host.partition(".")[0]]
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "rebound.example", "127.1", "2130706433", "[::ffff:127.0.0.1]"]
)
async def test_no_connection_is_made_to_a_private_address_however_it_is_named(stage: Stage, host: str) -> None:
    """The endpoint was registered while nobody minded, or its name has come to mean something else since."""
    merchant = await stage.merchant()
    port = stage.receiver.base.rsplit(":", 1)[1]
    endpoint = await stage.endpoint(merchant, url=f"http://public.example:{port}/hook")
    await stage.api.ledger.pool.execute("UPDATE webhook_endpoints SET url = $1", f"http://{host}:{port}/hook")
    await give_right_macs(stage.api.ledger.pool, stage.api.ledger.vault)
    await revenue(merchant, "r")
    strict = stage.settings.model_copy(update={"outgoing_private_addresses": False})
    resolver = Names(rebound=("127.0.0.1", "127.0.0.2")) if host == "rebound.example" else None
    async with sending(stage, settings=strict, resolver=resolver):
        attempt = await stage.first_attempt(merchant, endpoint["id"])
        assert attempt["status"] is None
        if host in ("127.0.0.1", "localhost", "rebound.example"):
            assert "is not a public internet address" in attempt["problem"]
    assert stage.receiver.received == []
    if resolver is not None:
        assert resolver.asked == ["rebound.example"], "once: what was looked at is what is connected to"
    # The same door opens where that is allowed, so it was the guard that kept it shut.
    if host in ("127.0.0.1", "localhost"):
        stage.clock.advance(seconds=10)
        async with sending(stage):
            await stage.receiver.until_received(1)


async def test_a_redirect_to_a_private_address_leads_nowhere(stage: Stage) -> None:
    merchant = await stage.merchant()
    endpoint = await stage.endpoint(merchant)

    async def lead_inside(received: ReceivedWebhook) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/latest/meta-data/"})

    stage.receiver.answer = lead_inside
    await revenue(merchant, "r")
    async with sending(stage):
        attempt = await stage.first_attempt(merchant, endpoint["id"])
    assert attempt["status"] == 307, "that was the last word: nobody tried the address"
    assert len(stage.receiver.received) == 1


async def test_a_private_url_is_refused_when_it_is_registered_or_changed(stage: Stage) -> None:
    merchant = await stage.merchant()
    refused = await merchant.post(PATH, {"url": "gopher://example.com/"})
    assert (refused.status, refused.error["field"]) == (400, "url")
    made = await merchant.post(PATH, {"url": "https://example.com/"})
    changed = await merchant.patch(f"{PATH}/{made.data['id']}", {"url": "https://user:secret@example.com/"})
    assert (changed.status, changed.error["field"]) == (400, "url")
    assert (await merchant.get(f"{PATH}/{made.data['id']}")).data["url"] == "https://example.com/"
