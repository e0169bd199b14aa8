"""How many files a request passes: a reader who follows it has to hold them all in mind."""

from __future__ import annotations

import pytest

from tests.architecture.draw import DOCUMENT, diagram, is_asked_for, put_diagram, shown_diagram
from tests.architecture.examples import EXAMPLES, Example, walked
from tests.support.api import Api


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_a_walk_passes_no_more_files_than_it_may_and_is_drawn_as_it_is(api: Api, example: Example) -> None:
    walk = await walked(api, example)
    print(f"{example.title}: {len(walk.files)} files\n  " + "\n  ".join(walk.files))  # noqa: T201 - what it is for
    assert walk.files, "nothing was followed: the bound would prove nothing"
    assert len(walk.files) <= example.files_max
    drawn = diagram(walk)
    if is_asked_for():
        put_diagram(example.name, drawn)
    assert shown_diagram(example.name) == drawn, f"draw {DOCUMENT.name} again: make architecture"
