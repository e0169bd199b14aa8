"""A tripwire: our packages have plain names, so nothing else in the environment may bring one of the same name."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest

OURS = "payout-ledger"


def strangers(room: str, providers: dict[str, list[str]]) -> set[str]:
    return {name for name in providers.get(room, []) if name != OURS}


@pytest.mark.parametrize("room", ["service", "events", "projections", "sql"])
def test_no_other_distribution_provides_a_room_of_ours(room: str) -> None:
    found = {name: list(distributions) for name, distributions in packages_distributions().items()}
    assert found, "no installed distribution was seen at all: the check would prove nothing"
    assert strangers(room, found) == set()


def test_the_tripwire_sees_a_stranger_beside_ours() -> None:
    assert strangers("events", {"events": ["payout-ledger", "Events"]}) == {"Events"}
