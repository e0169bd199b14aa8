"""What holds for every operation, before any request comes."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from typing_extensions import TypedDict

import service.http as package
from service.http.catalog import OPERATIONS, SUBJECTS
from service.http.openapi import document
from service.http.operations import Answer, OpenOperation, Operation, Subject
from service.http.parameters import LIMIT, LONG_LIMIT, any_text, id_in_path
from service.http.request_context import RequestContext
from service.ledger.api_keys import SCOPES, ApiKey
from tests.support.api import Api


class Thing(TypedDict):
    name: str


async def nothing(_request: web.Request) -> web.Response:
    return web.Response()


def operation(path: str = "/things", **more: Any) -> Operation:
    fields = {"id": "listThings", "summary": "Things", "answers": (Answer(data=Thing),)} | more
    return OpenOperation("GET", path, nothing, **fields)


def test_an_operation_declares_what_its_path_has_and_nothing_else() -> None:
    thing_id = id_in_path("thing_id", "The thing's id.")
    operation("/things/{thing_id}", parameters=(thing_id,))
    for path, parameters in (("/things/{thing_id}", ()), ("/things", (thing_id,)), ("/{id}", (thing_id,))):
        with pytest.raises(ValueError, match="listThings"):
            operation(path, parameters=parameters)


def test_two_operations_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="listThings"):
        document((Subject("Things", "Things.", (operation(), operation("/others"))),))


def test_two_types_of_one_name_are_refused() -> None:
    class Other(TypedDict):
        number: int

    Other.__name__ = Other.__qualname__ = "Thing"
    one, two = operation(), operation("/others", id="listOthers", answers=(Answer(data=Other),))
    with pytest.raises(ValueError, match="Thing"):
        document((Subject("Things", "Things.", (one, two)),))


def test_every_operation_of_every_module_stands_in_the_catalog_once_and_is_described() -> None:
    modules = [importlib.import_module(found.name) for found in pkgutil.iter_modules(package.__path__, "service.http.")]
    tables = [module.OPERATIONS for module in modules if hasattr(module, "OPERATIONS")]
    of_modules = [each for table in tables if table is not OPERATIONS for each in table]
    assert sorted(each.id for each in of_modules) == sorted(each.id for each in OPERATIONS)
    described = [each["operationId"] for item in document(SUBJECTS)["paths"].values() for each in item.values()]
    assert sorted(described) == sorted(each.id for each in OPERATIONS)


async def test_a_handler_reads_only_what_its_operation_declares(api: Api) -> None:
    request = make_mocked_request("GET", "/v1/payouts?limit=7&status=paid")
    key = ApiKey("key_1", "live", frozenset(SCOPES), "acc_1", on_behalf_of=False, secret_sealed=b"")
    context = RequestContext(request, api.ledger, key, b"", None, "acc_1", "req_1", (LIMIT,), frozenset())
    assert context.read(LIMIT) == 7
    with pytest.raises(AssertionError, match="status"):
        context.read(any_text("status", ""))
    with pytest.raises(AssertionError, match="limit"):
        context.given(LONG_LIMIT)
    declared = replace(context, declared=(LIMIT, LONG_LIMIT))
    assert declared.given(LONG_LIMIT) == "7"
