"""Repeated keys in JSON: `{"amount": 1, "amount": 2}`. Nobody can know which of the two was meant, so it is refused.

Parsers silently take the last one, or the first, and two systems then act on different content. RFC 8259 leaves open
what a repeated key means; I-JSON (RFC 7493) forbids it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

_NAME_SHOWN = 60


class RepeatedKey(ValueError):
    """An object of the text has a key twice."""

    def __init__(self, name: str) -> None:
        shown = name[:_NAME_SHOWN].encode("utf-8", "replace").decode()
        super().__init__(f"the key {shown!r} is there twice in one object")


def check_keys(text: bytes | str, value: Any) -> None:
    """RepeatedKey where an object of the JSON text has a key twice. `value` is what the text was parsed to.

    Each member of an object has one colon, and so has what is written of the parsed value, if no member was lost. The
    colons of two texts are counted in a hundredth of the time that another parse takes, and only where the counts
    differ, or say nothing, is the text parsed once more.
    """
    # A colon in a text may be written as an escape.
    if isinstance(text, bytes):
        colons = -1 if b"\\u" in text else text.count(b":")
    else:
        colons = -1 if "\\u" in text else text.count(":")
    try:
        if colons == orjson.dumps(value).count(b":"):
            return
    except TypeError:
        # Nested deeper than orjson writes, or text that is not UTF-8.
        pass
    _parse(text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text)


def _parse(text: str) -> None:
    try:
        json.loads(text, object_pairs_hook=_members, parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _members(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise RepeatedKey(name)
        seen.add(name)
