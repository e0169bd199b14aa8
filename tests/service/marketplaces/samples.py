"""Samples of the documents, and what they are read as."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.formats.unreadable import Unreadable
from service.marketplaces.channels import CHANNELS
from service.marketplaces.observations import Observation, ObservedStatement, SettlementLine, Shop

DATA = Path(__file__).parents[2] / "data" / "marketplaces"


def sample(name: str) -> bytes:
    return (DATA / name).read_bytes()


def observed(
    channel: str, content: bytes | Any, shop: Shop | None = None, about: Mapping[str, Any] | None = None
) -> list[Observation]:
    """All that a channel reads in a file, or in a document that is written here."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(CHANNELS[channel].read(io.BytesIO(raw), shop or Shop(), about))


def statements(observations: list[Observation]) -> list[ObservedStatement]:
    return [each for each in observations if isinstance(each, ObservedStatement)]


def lines(observations: list[Observation]) -> list[SettlementLine]:
    return [each for each in observations if isinstance(each, SettlementLine)]


def problems(observations: list[Observation]) -> list[Unreadable]:
    return [each for each in observations if isinstance(each, Unreadable)]


def line_texts(observations: list[Observation]) -> list[tuple[str, str, str]]:
    """Kind, amount and field of every line."""
    return [(line.kind.value, str(line.amount), line.field) for line in lines(observations)]
