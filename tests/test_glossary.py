"""The glossary explains the words of the product, and a class name has one meaning."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("service", "events", "projections", "sql")

_PLAIN = """
amount banking body calendar call check client closing connection consistency credential currency database decoding demo detail detection document embedded encoding
error filter following format header health identity importing ingestion label log maintenance mapping marketplace metric middleware migrate paging parameter platform probe pulling
reader reading rendering retry row run runner server service serving session setting signature signing simulate table upload wallet
apply

api app camt cli cloudevent http json kafka main openapi spreadsheet sql xml
blibli lazada plugipay shopee tiktok tokopedia
"""
"""Everyday words and those of software in their usual meaning; and names of formats, programs and companies."""

SELF_EVIDENT = frozenset(_PLAIN.split())
"""Words of modules' names, in the singular, that need no explanation."""


def rows() -> list[list[str]]:
    """The glossary's rows: word, meaning, where."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def singular(word: str) -> str:
    """`cases` and `entries` are found as case and entry."""
    word = word.lower()
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word


def words_of_modules() -> dict[str, str]:
    """Each word of the modules' names, in the singular, with one module that has it."""
    found: dict[str, str] = {}
    for path in modules():
        relative = path.relative_to(ROOT)
        for part in relative.with_suffix("").parts:
            for word in filter(None, part.split("_")):
                if part != "__init__":
                    found[singular(word)] = str(relative)
    return found


def explained() -> set[str]:
    return {singular(word) for term, *_ in rows() for word in re.split("[ -]", term)}


def test_the_glossary_is_one_alphabetical_table_that_explains_each_term_once() -> None:
    terms = [term.casefold().replace("-", " ") for term, *_ in rows()]
    assert len(terms) > 100
    assert terms == sorted(set(terms))
    assert all(len(row) == 3 and row[1].endswith(".") for row in rows())


def test_every_word_of_a_modules_name_is_in_the_glossary_or_self_evident() -> None:
    known = explained() | SELF_EVIDENT
    missing = {word: module for word, module in words_of_modules().items() if word not in known}
    assert missing == {}, (
        "explain the word in a row of docs/glossary.md, or choose a plainer name for the module; the name of a company or "
        "a format, and a word that everybody knows, go into _PLAIN in tests/test_glossary.py"
    )


def test_the_list_of_self_evident_words_has_none_that_is_unused_or_explained() -> None:
    assert SELF_EVIDENT - words_of_modules().keys() == set()
    assert SELF_EVIDENT & explained() == set()


def test_the_glossary_names_files_and_tables_that_exist() -> None:
    migrations = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sql" / "migrations").glob("*.sql"))
    tables = set(re.findall(r"CREATE TABLE (\w+)|RENAME TO (\w+)", migrations))
    known = {name for names in tables for name in names}
    for term, _, where in rows():
        for name in re.findall("`(.+?)`", where):
            assert (ROOT / name).is_file() if "/" in name else name in known, f"{term}: {name} does not exist"


def test_a_class_name_is_defined_once_in_the_product() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 300, "classes were found"
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice == {}, "two classes have one name: give one of them the name of what is different about it"
