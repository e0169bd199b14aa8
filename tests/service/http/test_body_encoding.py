"""Bodies in an encoding, and in another one than their header says: a 400 that says so, and no traceback."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import zlib
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from service.http.body_encoding import _Decoder
from tests.support.api import Api, Caller

WISH = json.dumps({"amount": 100, "currency": "IDR"}).encode()


def raw_deflate(body: bytes) -> bytes:
    packed = zlib.compressobj(wbits=-15)
    return packed.compress(body) + packed.flush()


def encoded(body: bytes, encoding: str) -> bytes:
    encoders: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "raw deflate": raw_deflate,
        "identity": bytes,
    }
    return encoders[encoding](body)


async def post(
    caller: Caller, path: str, body: bytes, encoding: str, *, chunked: bool
) -> tuple[int, dict[str, object]]:
    """A request written by hand: a client's library would encode the body once more."""
    url = URL(caller.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {caller.key.secret}",
        f"Content-Encoding: {encoding.removeprefix('raw ')}",
        length,
        "Connection: close",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())
    writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
    answer = await reader.read()
    writer.close()
    status, _, content = answer.partition(b"\r\n\r\n")
    return int(status.split()[1]), json.loads(content)


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "identity"])
async def test_a_body_in_its_encoding_is_read(api: Api, encoding: str) -> None:
    merchant = await api.merchant(available=10_000)
    for chunked in (False, True):
        status, _ = await post(merchant, "/v1/payouts", encoded(WISH, encoding), encoding, chunked=chunked)
        assert status == 201


@pytest.mark.parametrize("path", ["/v1/payouts", "/webhooks/plugipay", "/v1/settlements/imports?channel=lazada"])
async def test_a_body_in_another_encoding_is_a_400_that_says_so_and_no_traceback(api: Api, path: str) -> None:
    merchant = await api.merchant(available=10_000)
    gzipped = gzip.compress(WISH * 1000)
    for (encoding, body), chunked in product(
        (
            ("gzip", WISH),
            ("gzip", WISH * 30_000),
            ("gzip", gzipped[:-8]),
            ("gzip", gzipped[: len(gzipped) // 2]),
            ("gzip", gzipped[:3]),
            ("gzip", gzipped + b"more"),
            ("gzip", gzipped[:-6] + b"\0" * 6),
            ("deflate", WISH),
            ("deflate", zlib.compress(WISH)[:-3]),
            ("deflate", zlib.compress(WISH) * 2),
            ("br", WISH),
            ("zstd", WISH),
            ("gzip, gzip", gzipped),
            ("nonsense", WISH),
        ),
        (False, True),
    ):
        status, answer = await post(merchant, path, body, encoding, chunked=chunked)
        error = answer["error"]
        assert isinstance(error, dict)
        assert (status, error["code"], error["field"]) == (400, "VALIDATION_ERROR", "Content-Encoding"), encoding
        assert "Content-Encoding" in error["message"]


async def test_a_body_that_unpacks_to_more_than_is_taken_is_refused_before_it_is_unpacked_whole(api: Api) -> None:
    merchant = await api.merchant(available=10_000)
    bomb = gzip.compress(bytes(200_000_000))
    status, _ = await post(merchant, "/v1/payouts", bomb, "gzip", chunked=False)
    assert status == 413


@settings(deadline=None)
@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=3), st.integers(1, 50), st.booleans())
def test_whatever_pieces_it_comes_in_it_is_decoded_whole(members: list[bytes], step: int, several: bool) -> None:
    """A gzip body may have several members; what is repeated makes much of little."""
    members = members if several else members[:1]
    content = b"".join(gzip.compress(member * 50) for member in members)
    decoder = _Decoder("gzip")
    found = b"".join(piece for at in range(0, len(content), step) for piece in decoder.feed(content[at : at + step]))
    assert found == b"".join(member * 50 for member in members)
    assert decoder.is_whole
    cut = _Decoder("gzip")
    list(cut.feed(content[:-1]))
    assert not cut.is_whole


def test_a_large_body_comes_in_small_pieces() -> None:
    decoder = _Decoder("deflate")
    sizes = [len(piece) for piece in decoder.feed(zlib.compress(bytes(10_000_001)))]
    assert sum(sizes) == 10_000_001
    assert max(sizes) <= 1 << 18
    assert decoder.is_whole
