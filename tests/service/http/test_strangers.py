"""What somebody without a key can make the service do: little, and never more than in step with what they send."""

from __future__ import annotations

import asyncio
import hmac
import sys
from collections.abc import Callable
from typing import Any

import pytest

from service.platform import request_signature
from service.platform.settings import Settings
from service.plugipay.inbound import webhook
from tests.support.api import Api, serving
from tests.support.signing import signed

SIZES = (256, 512, 1024, 4096, 16384)


def steps(call: Callable[[], object]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


AUTHORIZATIONS = {
    "letters": lambda size: "Storlaunch-HMAC-SHA256 " + "a" * size,
    "commas": lambda size: "Storlaunch-HMAC-SHA256 " + "," * size,
    "equals": lambda size: "Storlaunch-HMAC-SHA256 " + "=" * size,
    "parts": lambda size: "Storlaunch-HMAC-SHA256 " + "a=b," * (size // 4),
    "spaces": lambda size: "Storlaunch-HMAC-SHA256 " + " " * size,
    "brand": lambda size: "A" * size + "-HMAC-SHA256 x",
}


@pytest.mark.parametrize("form", AUTHORIZATIONS)
def test_an_authorization_costs_no_more_than_its_length_and_a_long_one_nothing(form: str) -> None:
    counts = {size: steps(lambda size=size: request_signature.parse(AUTHORIZATIONS[form](size))) for size in SIZES}  # type: ignore[misc]
    for size, count in counts.items():
        assert count <= 20 + 2 * min(size, request_signature.HEADER_MAX), counts
    assert counts[4096] == counts[16384], "beyond the longest that is looked at, nothing is"


def test_the_signature_header_is_linear_for_every_expression_that_it_meets() -> None:
    """No regular expression sees it: their steps are not counted above."""
    assert not any(type(each).__name__ == "Pattern" for each in vars(request_signature).values())


@pytest.mark.parametrize("count", [1, 10, 50])
def test_a_webhook_is_digested_once_for_each_secret_whatever_its_header_has(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = 0
    real = hmac.digest

    def counted(*given: Any) -> bytes:
        nonlocal digests
        digests += 1
        return real(*given)

    monkeypatch.setattr(hmac, "digest", counted)
    headers = ["t=1,"] * 3 + ["t=1790000000," + ",".join(["v1=00"] * count)] * 3
    webhook.verify(b"{}", headers, ["one", "two"], 1_790_000_000.0)
    assert digests <= 2 * 3
    digests = 0
    webhook.verify(b"{}", headers * 1000, ["one", "two"], 1_790_000_000.0)
    assert digests <= 2 * webhook.HEADERS_MAX


async def raw(api: Api, *lines: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which this was sent, and what comes back on it."""
    host, _, port = api.base.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return reader, writer


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(30):
        return int((await reader.readline()).split()[1])


@pytest.mark.parametrize("authorization", ["Authorization: Bearer sk_live_unknown", "X-Nothing: 1", None])
async def test_of_a_strangers_body_not_a_byte_is_waited_for(api: Api, authorization: str | None) -> None:
    header = authorization or (
        f"Authorization: Storlaunch-HMAC-SHA256 keyId=key_unknown, scope=*, signature={'0' * 64}\r\n"
        f"X-Storlaunch-Timestamp: {int(api.ledger.runtime.now().timestamp())}"
    )
    reader, writer = await raw(api, "POST /v1/payouts HTTP/1.1", "Host: x", header, "Content-Length: 3999999")
    assert await status(reader) == 401
    writer.close()


async def test_many_bodies_that_do_not_arrive_leave_room_for_the_others_in_time(settings: Settings) -> None:
    """Those of the key's holder count too: its secret is not needed for a signature that turns out to be wrong."""
    tight = settings.model_copy(update={"bodies_bytes_max": 1_000_000, "request_seconds_max": 3})
    async with serving(tight) as api:
        merchant = await api.merchant(available=10)
        bearer = f"Authorization: Bearer {merchant.key.secret}"
        slow = [
            await raw(api, "POST /v1/payouts HTTP/1.1", "Host: x", bearer, "Content-Length: 400000") for _ in range(2)
        ]
        async with asyncio.timeout(30):
            while (answer := await merchant.call("POST", "/v1/payouts", raw=b" " * 300_000 + b"{}")).error[
                "code"
            ] != "UNAVAILABLE":
                await asyncio.sleep(0.05)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        # What fits goes in beside them.
        assert (await merchant.post("/v1/payouts", {"amount": 1, "currency": "IDR"})).status == 201
        assert [await status(reader) for reader, _ in slow] == [400, 400]
        answer = await merchant.call("POST", "/v1/payouts", raw=b" " * 300_000 + b"{}")
        assert answer.error["code"] == "VALIDATION_ERROR", "there is room again"
        for _, writer in slow:
            writer.close()


async def test_what_strangers_send_slowly_keeps_no_key_out(settings: Settings) -> None:
    """Webhooks ask for no key, and a signature proves nothing before its body is there."""
    tight = settings.model_copy(update={"bodies_bytes_max": 1_000_000, "request_seconds_max": 60})
    async with serving(tight) as api:
        merchant = await api.merchant(available=10)
        forged = (
            f"Authorization: Storlaunch-HMAC-SHA256 keyId={merchant.key.key_id}, scope=*, signature={'0' * 64}",
            f"X-Storlaunch-Timestamp: {int(api.ledger.runtime.now().timestamp())}",
        )
        length = "Content-Length: 900000"
        slow = [
            await raw(api, "POST /webhooks/plugipay HTTP/1.1", "Host: x", length),
            await raw(api, "POST /v1/payouts HTTP/1.1", "Host: x", *forged, length),
        ]
        for lines in (("POST /webhooks/plugipay HTTP/1.1",), ("POST /v1/payouts HTTP/1.1", *forged)):
            async with asyncio.timeout(30):
                while True:
                    reader, writer = await raw(
                        api, lines[0], "Host: x", *lines[1:], "Content-Length: 300000", body=b"x" * 300_000
                    )
                    full = await status(reader) == 503
                    writer.close()
                    if full:
                        break
        large = b" " * 300_000 + b'{"amount": 1, "currency": "IDR"}'
        assert (await merchant.call("POST", "/v1/payouts", raw=large)).status == 201
        for _, writer in slow:
            writer.close()


async def test_repeated_credentials_are_refused(api: Api) -> None:
    merchant = await api.merchant(available=10)
    bearer = f"Authorization: Bearer {merchant.key.secret}"
    reader, writer = await raw(api, "GET /v1/payouts/balance HTTP/1.1", "Host: x", bearer, bearer)
    assert await status(reader) == 400
    writer.close()
    platform = await api.caller()
    named = ["X-Storlaunch-On-Behalf-Of: acc_1", "X-Plugipay-On-Behalf-Of: acc_2"]
    for lines in (named, [named[0], named[0].replace("acc_1", "acc_2")]):
        reader, writer = await raw(
            api, "GET /v1/payouts/balance HTTP/1.1", "Host: x", f"Authorization: Bearer {platform.key.secret}", *lines
        )
        assert await status(reader) == 400, lines
        writer.close()


async def test_the_sdks_signatures_are_within_the_longest_header(api: Api) -> None:
    merchant = await api.merchant()
    assert len(signed(merchant, "GET", "/v1/payouts")["Authorization"]) < request_signature.HEADER_MAX / 2
