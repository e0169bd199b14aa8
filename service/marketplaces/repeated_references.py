"""Tells apart what one file says under one reference.

An identifier of a source may be shared: by a sale and its return, or by an order's rows for each of its items. And rows
without an identifier may be equal, and still be two real charges. Neither depends on the order of the records, and the
same file again gives the same references.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from events.canonical import canonical
from events.settlements.older_names import OlderName
from service.formats.amounts import plain
from service.marketplaces.observations import Level, Observation, SettlementLine

AHEAD_MAX = 10_000
"""The most records that are compared with each other. An identifier that is shared is shared by neighbours."""

_Told = list[Observation]


def tell_apart(
    observations: Iterable[Observation], identified: Container[str], anonymous: Container[tuple[str, Level]]
) -> Iterator[Observation]:
    """The observations, with references that differ where their records are about different things.

    Records of the sources in `identified` have an identifier: an equal one is the same record again, and several that
    differ each get their content into the reference. Those in `anonymous`, of this level, have none: each equal one
    counts.
    """
    equal: Counter[tuple[str, str, str]] = Counter()
    records = _records(observations)
    while ahead := list(itertools.islice(records, AHEAD_MAX)):
        contents: dict[tuple[str, str], set[str]] = {}
        for record in ahead:
            line = record[0]
            if isinstance(line, SettlementLine) and line.source in identified:
                contents.setdefault((line.source, line.reference), set()).add(_content(record))
        for record in ahead:
            line = record[0]
            if isinstance(line, SettlementLine):
                suffix = ""
                if len(contents.get((line.source, line.reference), ())) > 1:
                    suffix = f"/{_content(record)}"
                elif (line.source, line.level) in anonymous:
                    key = (line.source, line.reference, _content(record))
                    equal[key] += 1
                    suffix = f"/{equal[key]}" if equal[key] > 1 else ""
                if suffix:
                    yield from _renamed(record, line.reference + suffix)
                    continue
            yield from record


def _records(observations: Iterable[Observation]) -> Iterator[_Told]:
    """The lines of each record together; anything else alone."""
    record: _Told = []
    for each in observations:
        if record and not _is_more(record[0], each):
            yield record
            record = []
        record.append(each)
    if record:
        yield record


def _is_more(first: Observation, other: Observation) -> bool:
    return (
        isinstance(first, SettlementLine)
        and isinstance(other, SettlementLine)
        and first.raw is other.raw
        and (first.place, first.source, first.reference) == (other.place, other.source, other.reference)
    )


def _content(record: _Told) -> str:
    """What the record says of money: its amounts and its time, and not how far the money is."""
    said = [
        [line.kind.value, plain(line.amount.normalize()), line.item, line.statement, line.occurred_at.instant]
        for line in record
        if isinstance(line, SettlementLine) and line.part_of is None
    ]
    return sha256(canonical(said)).hexdigest()[:16]


def _renamed(record: _Told, reference: str) -> Iterator[Observation]:
    for line in record:
        if isinstance(line, SettlementLine):
            # A file that has it alone names it without what tells it apart.
            older = (*line.older_names, OlderName(line.reference))
            yield replace(line, reference=reference, older_names=older)
        else:
            yield line
