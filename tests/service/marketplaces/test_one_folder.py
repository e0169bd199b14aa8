"""What the service knows of a marketplace is in the marketplace's folder, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from service.marketplaces.channels import CHANNELS

PRODUCT = Path(__file__).parents[3]
MARKETPLACES = Path("service/marketplaces")
EXCEPTIONS = {
    Path("service/marketplaces/channels.py"),  # the list
    Path("service/http/sellercenter.py"),  # serves a marketplace's own protocol, at an address with its name
    Path("service/http/sellercenter_documents.py"),  # and the shapes of its answers
    Path("service/marketplaces/tiktok/__init__.py"),  # these two marketplaces have merged, and their docstrings say so
    Path("service/marketplaces/tokopedia/__init__.py"),
    Path("service/marketplaces/tokopedia/reports.py"),
}


def modules() -> dict[Path, str]:
    """The text of every module of the product, without the examples of commands, which callers read in OpenAPI."""
    paths = [path for room in ("service", "events", "projections", "sql") for path in (PRODUCT / room).rglob("*.py")]
    return {path.relative_to(PRODUCT): without_examples(path.read_text()) for path in paths}


def without_examples(text: str) -> str:
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["example"]:
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)


@pytest.mark.parametrize("name", CHANNELS)
def test_no_module_outside_its_folder_names_a_marketplace(name: str) -> None:
    naming = {path for path, text in modules().items() if name in text.lower()}
    assert {path for path in naming if MARKETPLACES / name not in path.parents} - EXCEPTIONS == set()
    assert {MARKETPLACES / name / "channel.py", MARKETPLACES / "channels.py"} <= naming, "this test sees nothing"


def test_every_folder_is_listed() -> None:
    folders = {path.name for path in (PRODUCT / MARKETPLACES).iterdir() if (path / "channel.py").is_file()}
    assert folders == set(CHANNELS)


def test_the_examples_of_commands_are_the_only_text_that_is_left_out() -> None:
    text = 'class Command:\n    example = {\n        "channel": "shopee",\n    }\n    other = "lazada"\n'
    assert "shopee" not in without_examples(text)
    assert "lazada" in without_examples(text)
