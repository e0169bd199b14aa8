"""The state of an account: its values are replaced, and never changed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.account_state import replace
from events.accounts.events import CurrencyAdded
from events.balances.state import Balance, Order
from events.settlements.state import Settlement

VALUES: tuple[Any, ...] = (
    CurrencyAdded("IDR"),
    Balance(1, 2, 3, 4, 5),
    Order(recorded=5, channel="shopee"),
    Settlement("IDR", "o-1", "seller", {"shopee.wallet": {}}, 7, booked=100, released=True),
)


@given(st.sampled_from(VALUES), st.data())
def test_a_value_is_replaced_as_the_standard_library_replaces_it(value: Any, data: st.DataObject) -> None:
    names = [each.name for each in dataclasses.fields(value)]
    before = dataclasses.replace(value)
    changes = data.draw(st.dictionaries(st.sampled_from(names), st.integers()))
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert made is not value
    assert value == before


def test_a_field_that_a_value_does_not_have_is_an_error() -> None:
    with pytest.raises(AttributeError):
        replace(Balance(), spent=1)  # type: ignore[call-arg] # that is the mistake
