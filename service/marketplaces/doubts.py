"""Doubts that readers of several marketplaces have: a kind of movement, or a status, that is not known here."""

from __future__ import annotations

from collections.abc import Mapping

from service.marketplaces.observations import Doubt, Stage

UNKNOWN_TYPE, UNKNOWN_STATUS = "type_is_known", "status_is_known"
SHOWN_MAX = 60
"""The most characters of a source's word that a doubt repeats."""


def unknown_type(name: str) -> Doubt:
    """The source names a kind of movement that is not known here. Its sign and amount say where the money went."""
    return Doubt(UNKNOWN_TYPE, "a type that is known here", name[:SHOWN_MAX] or "none")


def unknown_status(status: str | None, known: str) -> Doubt:
    """The source says nothing of how far the money is, or a word that is not known here."""
    return Doubt(UNKNOWN_STATUS, f"one of {known}", (status or "none")[:SHOWN_MAX])


def stage_of(status: str | None, stages: Mapping[str, Stage]) -> tuple[Stage, tuple[Doubt, ...]]:
    """The stage that the source's word for a status means. No word, or an unknown one, is no money yet, and a doubt."""
    found = stages.get((status or "").strip().lower())
    if found is not None:
        return found, ()
    known = ", ".join(word for word in stages if word)
    return Stage.EXPECTED, (unknown_status(status, known),)
