"""Canonical JSON: one spelling for each value, so that equal contents have equal digests.

The form is RFC 8785 (JCS). Event content is narrower than JSON: ASCII keys, no floats, integers within +-(2^53 - 1),
no NUL and no lone surrogates. Within those bounds compact JSON with sorted keys *is* RFC 8785, so an auditor needs
nothing but a standard JSON library: `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
"""

from __future__ import annotations

from typing import Any

import orjson

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 16


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a value that `check_content` accepts (UTF-8, no trailing newline)."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check_content(value: Any, path: str = "", depth: int = 0) -> None:
    """ValueError, naming the place, for what the log cannot hold exactly."""
    where = path or "the value"
    if depth > DEPTH_MAX:
        raise ValueError(f"{where} is nested deeper than {DEPTH_MAX} levels")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        check_text(value, where)
    elif isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise ValueError(f"{where} is beyond 2^53 - 1, which not every JSON reader keeps exact: send it as text")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if _is_plain(item):
                continue
            check_content(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii() or "\x00" in key:
                raise ValueError(f"{where} has a key that is not ASCII text")
            if _is_plain(item):
                continue
            check_content(item, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, float):
        raise ValueError(f"{where} is a floating-point number: send an integer, or the decimal as text")
    else:
        raise ValueError(f"{where} is a {type(value).__name__}, which JSON does not have")


def check_texts(value: Any) -> None:
    """As `check_content`, for what we build of texts: it has no number, and is not nested deeply.

    Nearly all texts are ASCII without a NUL, which their canonical bytes show at once.
    """
    try:
        written = canonical(value)
    except TypeError:
        # A lone surrogate, or what no JSON has.
        written = b"\\u0000"
    if not written.isascii() or b"\\u0000" in written:
        check_content(value)


def _is_plain(item: Any) -> bool:
    """Whether it is ASCII text without a NUL, as nearly all content is: there is nothing more to look at."""
    return type(item) is str and item.isascii() and "\x00" not in item


def check_text(text: str, where: str) -> None:
    if "\x00" in text:
        raise ValueError(f"{where} contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where} contains a lone surrogate, which is not a character") from None
