"""Kafka records that something may choke on: each sort once, to be put between good ones."""

from __future__ import annotations

import gzip
import json
import struct
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from tests.support.webhooks import SECRET, signature

Headers = list[tuple[str, bytes | None]]
Record = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers."""

_CRC_AT, _CRC_OF = 17, 21


def signed(body: bytes | None) -> Headers:
    """The headers of a good record."""
    return [
        ("plugipay-signature", signature(body or b"").encode()),
        ("received-at", str(int(time.time() * 1000)).encode()),
    ]


def deep(levels: int) -> bytes:
    return b'{"id":"evt_deep","type":"payout.paid","data":' + b"[" * levels + b"]" * levels + b"}"


def _body(**fields: Any) -> bytes:
    body = {"id": "evt_p", "type": "payout.paid", "createdAt": "2026-05-12T00:00:00Z", "workspaceId": "ws_acc_1"}
    return json.dumps({**body, "data": {"id": "po_1"}, **fields}).encode()


def poison_records(huge_bytes: int = 900_000) -> dict[str, Record]:
    """By what is wrong with each."""
    good = _body()
    at = ("received-at", str(int(time.time() * 1000)).encode())
    sign = ("plugipay-signature", signature(good).encode())
    return {
        "null header value": (b"acc_1", b"{}", [("received-at", None)]),
        "all header values null": (b"acc_1", good, [("received-at", None), ("plugipay-signature", None), ("x", None)]),
        "null key": (None, b"{}", [at]),
        "empty key": (b"", b"{}", [at]),
        "tombstone": (b"acc_1", None, [at]),
        "signed tombstone": (b"acc_1", None, signed(None)),
        "key and value null, no headers": (None, None, []),
        "empty value": (b"acc_1", b"", signed(b"")),
        "no headers": (b"acc_1", good, []),
        "huge": (b"acc_1", b'{"id":"' + b"x" * huge_bytes + b'"}', [at]),
        "deep": (b"acc_1", deep(100_000), signed(deep(100_000))),
        "deep, and within what parsers take": (b"acc_1", deep(900), signed(deep(900))),
        "invalid UTF-8 in the body": (b"acc_1", b'{"id":"\xff\xfe"}', [at]),
        "half a surrogate pair in the body": (b"acc_1", _body(id="\ud800"), [at]),
        "NUL in the body": (b"acc_1", _body(id="evt\x00"), [at]),
        "invalid UTF-8 in header values": (b"acc_1", good, [at, ("plugipay-signature", b"\xff\xfe\x00t=1,v1=\xc3")]),
        "invalid UTF-8 in the key": (b"\xff\xfe", b"{}", [at]),
        "a header twice": (b"acc_1", b"{}", [at, ("received-at", b"1"), sign, ("plugipay-signature", b"t=1,v1=00")]),
        "a thousand headers": (b"acc_1", b"{}", [(f"header-{number}", None) for number in range(1000)]),
        "a header name of 60 kB": (b"acc_1", b"{}", [("x" * 60_000, b"")]),
        "an empty header name": (b"acc_1", b"{}", [("", b"")]),
        "a time beyond the calendar": (b"acc_1", good, [sign, ("received-at", b"9" * 13)]),
        "a time that is a word": (b"acc_1", good, [sign, ("received-at", "\u0661\u0662".encode())]),
        "sealed by nobody": (b"acc_1", good, [sign, at, ("sealed", b"1")]),
        "sealed by a newer release": (b"acc_1", good, [sign, at, ("sealed", b"9")]),
        "gzip": (b"acc_1", gzip.compress(good), [at]),
        "a list": (b"acc_1", b"[]", [at]),
        "a number without end": (b"acc_1", b"[1e999, " + b"9" * 5000 + b"]", [at]),
        "an amount without end": (b"acc_1", _body(data={"id": "po_1", "amount": 10**400}), signed(good)),
        "a date in the year 0": (b"acc_1", _body(createdAt="0000-01-01T00:00:00Z"), [at]),
        "a secret in a header": (b"acc_1", b"{}", [at, (SECRET, SECRET.encode())]),
    }


NOT_UTF8 = b"\xff\xfe\x80 name"
_STAND_IN = "q" * len(NOT_UTF8)


async def put_with_name_that_is_not_utf8(
    producer: AIOKafkaProducer, topic: str, partition: int, records: list[Record]
) -> None:
    """Sends the records as one batch in which every header named `NAME` has one that is not UTF-8."""
    batch = producer.create_batch()
    for key, value, headers in records:
        assert batch.append(timestamp=None, key=key, value=value, headers=headers) is not None
    batch.close()
    build: Callable[[], bytearray] = batch._build
    batch._build = lambda: renamed(bytes(build()))
    await (await producer.send_batch(batch, topic, partition=partition))


NAME = _STAND_IN


def renamed(content: bytes) -> bytearray:
    """A record batch in which the names `NAME` are not UTF-8, with the checksum of what it is now."""
    changed = bytearray(bytes(content).replace(_STAND_IN.encode(), NOT_UTF8))
    struct.pack_into(">I", changed, _CRC_AT, calc_crc32c(bytes(changed[_CRC_OF:])))
    return changed
