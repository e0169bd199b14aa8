"""Pages, resume tokens, and the windows that one call may ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.marketplaces.pages import PulledPage, ResumePoint, request_windows
from tests.service.marketplaces.pulled import SINCE


def test_the_body_of_a_page_is_not_shown() -> None:
    assert "sign" not in repr(PulledPage("shopee", "c", b"sign", "[0]"))


@pytest.mark.parametrize("token", ["", "x", "[]", '{"a":1}', "[1,2,3]", '["0","",""]', '[true,"",""]', "null", "1"])
def test_a_resume_token_that_is_none_says_so(token: str) -> None:
    with pytest.raises(ValueError, match="resume token"):
        ResumePoint.read(token)


def test_windows_meet_without_gap_or_overlap() -> None:
    found = list(request_windows(SINCE, SINCE + timedelta(days=31), timedelta(days=15)))
    assert [window.since for window in found] == [SINCE, SINCE + timedelta(days=15), SINCE + timedelta(days=30)]
    assert [window.until for window in found] == [*[window.since for window in found[1:]], SINCE + timedelta(days=31)]
