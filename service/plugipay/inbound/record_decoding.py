"""Decodes Kafka records that the client library cannot decode, so that none of them stops its partition.

The library decodes a record batch whole: after a header name that is not UTF-8, nothing of the batch can be read, and
the same batch is fetched again for ever. Kafka itself takes such names, since it does not look into them. Here the
batch is decoded once more, record by record. Names keep bytes that are not UTF-8 as surrogates; a record that is damaged
comes with its bytes as they are, and with a `DecodingProblem` among its headers.

Two things are not decoded here, and the consumer waits, which /readyz shows: a batch whose checksum is wrong, since it
was damaged on the way or on the broker's disk and its sender's content is not known; and a compression whose codec is
not installed, since it concerns every record.

Format: Kafka's record batch, version 2 (https://kafka.apache.org/documentation/#recordbatch).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import UnsupportedCodecError
from aiokafka.record.memory_records import MemoryRecords

from service.platform import logs

log = logs.get("consumer")

_BATCH_HEADER = struct.Struct(">qiibIhiqqqhii")
_LENGTH_AT, _LENGTH_END, _MAGIC_AT = 8, 12, 16
_MAGIC = 2
"""The version of the format. Older ones have no headers, and the library reads them."""
_CODEC_BITS, _APPEND_TIME_BIT = 0x07, 0x08
_DECOMPRESS: dict[int, Callable[[bytes], bytes]] = {
    1: codec.gzip_decode, 2: codec.snappy_decode, 3: codec.lz4_decode, 4: codec.zstd_decode,
}  # fmt: skip
_VARINT_BYTES_MAX = 10

Headers = tuple[tuple[str, bytes | None], ...]


class DecodingProblem(str):
    """Stands among a record's headers as a name, and says why the record cannot be decoded; its value is all there is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A record with the attributes that the library's own has."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    checksum: None = None


class LenientRecords:
    """The record batches of one answer for one partition, as the library's `MemoryRecords`, but every record comes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._records = MemoryRecords(content)

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        begins = self._at
        length = int.from_bytes(self._content[begins + _LENGTH_AT : begins + _LENGTH_END], "big", signed=True)
        self._at += _LENGTH_END + length
        batch = self._records.next_batch()
        if self._content[begins + _MAGIC_AT] < _MAGIC or batch.is_control_batch:
            return batch
        return _LenientBatch(batch, self._content[begins : self._at])


class _LenientBatch:
    def __init__(self, batch: Any, content: bytes) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnsupportedCodecError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever the library makes of it, the records are there
            log.warning("records_decoded_again", offset=self._batch.base_offset, problem=repr(problem))
            return iter(decode_batch(self._content))


def install() -> None:
    """Lets every consumer of this process decode leniently. The library has no option for it."""
    fetcher.MemoryRecords = LenientRecords


def decode_batch(content: bytes) -> list[DecodedRecord]:
    """The records of a batch whose checksum is right. One that is damaged has a `DecodingProblem` among its headers."""
    head = _BATCH_HEADER.unpack_from(content)
    base_offset, attributes, last_delta, first_timestamp, last_timestamp = head[0], head[5], head[6], head[7], head[8]
    count = head[12]
    append_time = bool(attributes & _APPEND_TIME_BIT)

    def damaged(offset: int, raw: bytes, why: str) -> DecodedRecord:
        problem: Headers = ((DecodingProblem(why), None),)
        return DecodedRecord(offset, last_timestamp, int(append_time), None, raw, problem)

    packed = content[_BATCH_HEADER.size :]
    try:
        records = packed if not attributes & _CODEC_BITS else _DECOMPRESS[attributes & _CODEC_BITS](packed)
    except Exception as problem:  # noqa: BLE001 - each codec raises errors of its own
        return [
            damaged(base_offset + last_delta, packed, f"its batch cannot be decompressed: {type(problem).__name__}")
        ]
    found: list[DecodedRecord] = []
    at = 0
    for index in range(count):
        length, begins = _varint(records, at)
        if length < 0 or begins + length > len(records):
            why = f"{count - index} records of its batch are damaged, from this one on"
            found.append(damaged(base_offset + last_delta, records[at:], why))
            break
        record, at = records[begins : begins + length], begins + length
        expected = found[-1].offset + 1 if found else base_offset
        try:
            decoded = _decode(record, base_offset, last_timestamp if append_time else None, first_timestamp)
        except ValueError as problem:
            decoded = damaged(expected, record, f"the record is damaged: {problem}")
        if not expected <= decoded.offset <= base_offset + last_delta:
            decoded = damaged(
                expected, record, f"the record is damaged: {decoded.offset} is none of its batch's offsets"
            )
        found.append(decoded)
    return found


def _decode(record: bytes, base_offset: int, append_time: int | None, first_timestamp: int) -> DecodedRecord:
    """One record, from its attributes on. ValueError where it is damaged."""
    timestamp_delta, at = _varint(record, 1)
    offset_delta, at = _varint(record, at)
    key, at = _text(record, at)
    value, at = _text(record, at)
    count, at = _varint(record, at)
    if not 0 <= count <= len(record):
        raise ValueError(f"{count} headers in {len(record)} bytes")
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _text(record, at)
        content, at = _text(record, at)
        if name is None:
            raise ValueError("a header without a name")
        headers.append((name.decode("utf-8", "surrogateescape"), content))
    return DecodedRecord(
        offset=base_offset + offset_delta,
        timestamp=append_time if append_time is not None else first_timestamp + timestamp_delta,
        timestamp_type=int(append_time is not None),
        key=key,
        value=value,
        headers=tuple(headers),
    )


def _text(record: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(record, at)
    if length < 0:
        return None, at
    if at + length > len(record):
        raise ValueError(f"{length} bytes where {len(record) - at} are left")
    return record[at : at + length], at + length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in zigzag encoding, and where it ends; -1 where there is none."""
    number, shift = 0, 0
    for end, byte in enumerate(content[at : at + _VARINT_BYTES_MAX], at + 1):
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), end
        shift += 7
    return -1, len(content)
