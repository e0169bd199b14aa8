"""SellerCenter's responses to `GetPayoutStatus`, in XML and JSON: the envelope, the fields, their order and forms."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from events.channels.observe import FIELDS

ACTION = "GetPayoutStatus"
VERSION = "1.0"
XML, JSON = "XML", "JSON"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Tree = Mapping[str, Any]
"""Elements by name: text, another tree, or a list of trees under one name."""


class Fault(enum.Enum):
    """The errors of SellerCenter: the code, and the message, which has a number of its own."""

    MANDATORY = ("1", "E001: Parameter {} is mandatory")
    VERSION = ("2", "E002: Invalid Version")
    EXPIRED = ("3", "E003: Timestamp has expired")
    TIMESTAMP = ("4", "E004: Invalid Timestamp format")
    FORMAT = ("5", "E005: Invalid Request Format")
    INTERNAL = ("6", "E006: Unexpected internal error")
    LOGIN = ("7", "E007: Login failed. Signature mismatching")
    ACTION = ("8", "E008: Invalid Action")
    NO_SELLER = ("62", "E062 No seller was found by e-mail {}")

    @property
    def code(self) -> str:
        return str(self.value[0])

    def message(self, what: str = "") -> str:
        return str(self.value[1]).format(what)


def success(rows: Iterable[Mapping[str, Any]], now: datetime) -> Tree:
    """The response with these statements (`content`, `currency`, `paid`), in the given order."""
    statements = [_statement(row) for row in rows]
    return {
        "SuccessResponse": {
            "Head": {
                "RequestId": "",
                "RequestAction": ACTION,
                "ResponseType": "Statement",
                "Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            },
            "Body": {"PayoutStatus": {"Statement": statements} if statements else ""},
        }
    }


def failure(fault: Fault, action: str, what: str = "") -> Tree:
    """The response with an error. `what` goes into its message."""
    return {
        "ErrorResponse": {
            "Head": {
                "RequestAction": action,
                "ErrorType": "Platform" if fault is Fault.INTERNAL else "Sender",
                "ErrorCode": fault.code,
                "ErrorMessage": fault.message(what),
            },
            "Body": "",
        }
    }


def _statement(row: Mapping[str, Any]) -> dict[str, str]:
    content: Mapping[str, str | None] = row["content"]
    texts = {name: content.get(name) or "" for name in FIELDS}
    # Clients find the currency in the payout only. Some sources write it elsewhere.
    if texts["Payout"] and not texts["Payout"].endswith(row["currency"]):
        texts["Payout"] = f"{texts['Payout']} {row['currency']}"
    if row["paid"] is not None:
        texts["Paid"] = "1" if row["paid"] else "0"
    return texts


def as_xml(tree: Tree) -> bytes:
    """The response as XML."""
    ((name, content),) = tree.items()
    root = ET.Element(name)
    _grow(root, content)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _grow(element: ET.Element, content: Any) -> None:
    if isinstance(content, str):
        element.text = _NOT_XML.sub("\ufffd", content) or None
        return
    for name, inner in content.items():
        for each in inner if isinstance(inner, list) else [inner]:
            _grow(ET.SubElement(element, name), each)


def as_json(tree: Tree) -> bytes:
    """The response as JSON. A list of one element is written as that element, as SellerCenter does."""
    return orjson.dumps(_unlisted(tree))


def _unlisted(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _unlisted(inner) for name, inner in content.items()}
    if isinstance(content, list):
        return _unlisted(content[0]) if len(content) == 1 else [_unlisted(each) for each in content]
    return content
