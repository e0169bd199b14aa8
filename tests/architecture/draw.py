"""Draws the walks of the examples into `docs/architecture.md`: `make architecture`."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.walks import ROOT, Walk

DOCUMENT = ROOT / "docs" / "architecture.md"
_DRAW = "DRAW_ARCHITECTURE"


def is_asked_for() -> bool:
    """Whether the document is to be changed to what was walked."""
    return os.environ.get(_DRAW) == "1"


def diagram(walk: Walk) -> str:
    """The walk as a Mermaid flowchart: a box for each room, a node for each file, an arrow for each first call."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for file in sorted(walk.files):
        rooms[_room(file)].append(file)
    lines = [f"{len(walk.files)} files.", "", "```mermaid", "flowchart LR"]
    for room, files in sorted(rooms.items()):
        lines += [f'  subgraph {_id(room)}["{room}/"]', *(f'    {_id(file)}["{_label(file, room)}"]' for file in files)]
        lines.append("  end")
    lines += [f"  {_id(caller)} --> {_id(called)}" for caller, called in sorted(walk.arrows)]
    return "\n".join([*lines, "```"])


def shown_diagram(name: str) -> str | None:
    """What the document shows for an example."""
    found = _pattern(name).search(DOCUMENT.read_text(encoding="utf-8"))
    return None if found is None else found["drawn"]


def put_diagram(name: str, drawn: str) -> None:
    """Puts a diagram between its marks in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    changed, count = _pattern(name).subn(lambda found: found["begin"] + drawn + found["end"], text)
    assert count == 1, f"{DOCUMENT.name} has no marks for {name}"
    DOCUMENT.write_text(changed, encoding="utf-8")


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<begin><!-- walk: {name} -->\n)(?P<drawn>.*?)(?P<end>\n<!-- end -->)", re.DOTALL)


def _room(file: str) -> str:
    parts = Path(file).parts
    return "/".join(parts[:2]) if parts[0] == "service" and len(parts) > 2 else parts[0]


def _label(file: str, room: str) -> str:
    return file.removeprefix(f"{room}/").removesuffix(".py")


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)


if __name__ == "__main__":
    os.environ[_DRAW] = "1"
    raise SystemExit(pytest.main(["-q", str(ROOT / "tests" / "architecture")]))
