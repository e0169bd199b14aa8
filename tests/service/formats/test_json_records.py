"""Where a JSON document has records: what is looked for by names is what each route leads to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.formats.json_records import Route, has_records

NAMES = ("response", "escrow_list", "data", "other")
ROUTES: tuple[frozenset[Route], ...] = (
    frozenset({()}),
    frozenset({(), ("response",), ("response", "escrow_list")}),
    frozenset({("data",), ("data", "response"), ("other",)}),
    frozenset({("response", "data", "other")}),
)
DOCUMENTS = st.recursive(
    st.none() | st.just("text"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)


def leads_to_records(document: Any, route: Route, routes: frozenset[Route]) -> bool:
    """An array, or the single object that a converter writes for one, unless it is on the way to other records."""
    for name in route:
        document = document.get(name) if isinstance(document, dict) else None
    on_the_way = any(len(other) > len(route) and other[: len(route)] == route for other in routes)
    return isinstance(document, list) or (isinstance(document, dict) and not on_the_way)


@given(DOCUMENTS, st.sampled_from(ROUTES))
def test_a_document_has_records_where_one_of_the_routes_leads_to_some(document: Any, routes: frozenset[Route]) -> None:
    assert has_records(document, routes) == any(leads_to_records(document, route, routes) for route in routes)


@pytest.mark.parametrize(
    ("document", "found"),
    [([], True), ({}, False), ({"response": {"escrow_list": []}}, True), ({"response": {"escrow_list": {}}}, True)],
)
def test_an_empty_array_is_one(document: Any, found: bool) -> None:
    assert has_records(document, ROUTES[1]) is found
