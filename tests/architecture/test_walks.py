"""How many files a request passes: a reader who follows it has to hold them all in mind.

`docs/architecture.md` shows these walks; `python -m tests.architecture.draw` draws them anew.
"""

from __future__ import annotations

import pytest

from tests.architecture.examples import WALKS, Example, walked
from tests.support.api import Api


@pytest.mark.parametrize("example", WALKS, ids=lambda example: example.name)
async def test_a_walk_passes_no_more_files_than_it_may(api: Api, example: Example) -> None:
    walk = await walked(api, example)
    print(f"{example.title}: {len(walk.files)} files\n  " + "\n  ".join(walk.files))  # noqa: T201 - what it is for
    assert walk.files, "nothing was followed: the bound would prove nothing"
    assert len(walk.files) <= example.files_max
