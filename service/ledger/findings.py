"""Findings: rules that what a source said does not keep."""

from __future__ import annotations

from typing_extensions import TypedDict


class FindingDocument(TypedDict):
    """A rule that does not hold: what it expects, what the source says, and by how much they differ."""

    rule: str
    expected: str
    actual: str
    difference: str
