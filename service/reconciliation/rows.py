"""Rows of expected against paid. One document serves JSON, CSV and the command line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from events.currency import in_major_units
from projections.matching import Proposal, Proposals, normalised
from projections.reconciliation import SETTLED, ZERO, Evidence, ItemState, difference, state
from service.formats.amounts import plain
from service.reconciliation.claims import BANK_ENTRY, BANK_STATEMENT
from service.reconciliation.items import BY_MATCH, BY_PROPOSAL, Item
from service.reconciliation.row_document import CandidateDocument, NamedCandidate, ReconciliationRowDocument

COLUMNS = tuple(ReconciliationRowDocument.__annotations__)
"""The fields of a row, in their order."""

OPEN, ALL = "open", "all"

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows are requested. None does not restrict them."""

    state: str = OPEN
    kind: str | None = None
    channel: str | None = None
    currency: str | None = None
    since: date | None = None
    until: date | None = None
    reference: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReconciliationRow:
    """A row, and the words that it is found by."""

    document: ReconciliationRowDocument
    state: ItemState
    item: Item
    paid: Decimal | None
    words: frozenset[str]


@dataclass(slots=True)
class BankEntries:
    """Bank entries without a claim: what they could be for, their words, and their references, by entry id."""

    proposals: Proposals = field(default_factory=Proposals)
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    references: dict[str, str | None] = field(default_factory=dict)


def row_of(item: Item, bank: BankEntries, exponents: Mapping[str, int]) -> ReconciliationRow:
    """The row of an item: its state, and the evidence for it."""
    if item.kind == BANK_ENTRY:
        return _entry_row(item, bank, exponents)
    chosen = [] if item.claims else bank.proposals.chosen.get(item.key, [])
    candidates = [] if item.claims else bank.proposals.candidates.get(item.key, [])
    paid, evidence, paid_at = item.reported_paid, item.reported_by, item.paid_at
    if item.claims or chosen:
        paid = sum((each.amount for each in (item.claims or chosen)), ZERO)
        paid = abs(paid) if item.either_way else paid
        evidence = BY_MATCH if item.claims else BY_PROPOSAL
        paid_at = max(each.booked_on for each in (item.claims or chosen)).isoformat()
    if item.kind == BANK_STATEMENT:
        evidence, paid_at = item.reported_by, None
    return _row(item, item.expected, paid, evidence, paid_at, chosen, candidates, bank, exponents)


def _entry_row(item: Item, bank: BankEntries, exponents: Mapping[str, int]) -> ReconciliationRow:
    """The row of a bank entry: what came, against what matches or proposals explain."""
    explained = sum((claim.amount for claim in item.claims), ZERO)
    keys = bank.proposals.of_entry.get(item.id, [])
    doubtful = item.id in bank.proposals.undecided
    proposed = [
        proposal
        for key in keys
        for proposal in bank.proposals.chosen.get(key, ())
        if proposal.entry_id == item.id and not doubtful
    ]
    explained += sum((proposal.amount for proposal in proposed), ZERO)
    known = bool(item.claims or proposed)
    evidence = BY_MATCH if item.claims and not proposed else BY_PROPOSAL if known else item.reported_by
    assert item.reported_paid is not None, "a bank entry says what came"
    difference_left = item.reported_paid - explained
    if known and difference_left:
        item.residual = ("entry less what it is for", difference_left)
    candidates = [
        Proposal("/".join(part for part in key if part), item.reported_paid, proposal.by, proposal.booked_on)
        for key in keys
        if doubtful and isinstance(key, tuple)
        for proposal in bank.proposals.candidates.get(key, ())
        if proposal.entry_id == item.id
    ]
    expected = explained if known else None
    return _row(item, expected, item.reported_paid, evidence, item.paid_at, [], candidates, bank, exponents)


def _row(
    item: Item,
    expected: Decimal | None,
    paid: Decimal | None,
    evidence: str | None,
    paid_at: str | None,
    chosen: list[Proposal],
    candidates: list[Proposal],
    bank: BankEntries,
    exponents: Mapping[str, int],
) -> ReconciliationRow:
    found = Evidence(
        expected=expected,
        paid=paid,
        due=item.due,
        tolerance=item.tolerance,
        settled=item.settled,
        needs_review=item.doubted or bool(candidates) or _is_contradicted(item),
        confirmed=bool(item.claims),
    )
    unknown = item.not_checked and not found.needs_review
    item_state = ItemState.NOT_CHECKED if unknown else state(found, item.today)
    exponent = exponents.get(item.currency, 0)

    def shown(amount: Decimal | None) -> str | None:
        if amount is None:
            return None
        whole = in_major_units(0, exponent)
        return plain(amount.quantize(whole) if amount == amount.quantize(whole) else amount)

    def candidate(proposal: Proposal) -> CandidateDocument:
        named: NamedCandidate = {"entryId": proposal.entry_id} if is_target else {"target": proposal.entry_id}
        return {
            **named,
            "amount": shown(proposal.amount),
            "by": proposal.by,
            "on": _iso(proposal.booked_on),
            "chosen": proposal in chosen,
        }

    is_target = item.kind != BANK_ENTRY
    entries = {each.entry_id: each.reference for each in item.claims} if is_target else {}
    entries |= {each.entry_id: bank.references.get(each.entry_id) for each in chosen}
    references = [name for name in entries.values() if name] if is_target else list(item.references)
    document: ReconciliationRowDocument = {
        "kind": item.kind,
        "id": item.id,
        "channel": item.channel,
        "seller": item.seller,
        "currency": item.currency,
        "date": _iso(item.day),
        "dueOn": _iso(item.due),
        "state": item_state.value,
        "expected": shown(expected),
        "paid": shown(paid),
        "difference": None if item.not_checked else shown(difference(found)),
        "tolerance": shown(item.tolerance),
        "paidAt": paid_at,
        "evidence": evidence,
        "bankReferences": references,
        "matches": [
            {
                "matchId": each.match_id,
                "entryId": each.entry_id,
                "amount": shown(each.amount),
                "on": _iso(each.booked_on),
            }
            for each in item.claims
        ],
        "candidates": [candidate(each) for each in (*chosen, *candidates)],
        "residual": None if item.residual is None else {"name": item.residual[0], "amount": shown(item.residual[1])},
        "findings": item.findings,
    }
    words = item.words.union(*(bank.words.get(entry_id, frozenset()) for entry_id in entries))
    plain_names = {normalised(name) for name in (item.id, *item.references, *references) if name}
    return ReconciliationRow(document, item_state, item, paid, words | plain_names)


def _is_contradicted(item: Item) -> bool:
    return any(found["rule"] == "payout_is_not_contradicted" for found in item.findings)


def matches_filter(row: ReconciliationRow, row_filter: RowFilter) -> bool:
    """Whether the row is requested."""
    if row_filter.state == OPEN and row.state in SETTLED:
        return False
    if row_filter.state not in (OPEN, ALL) and row.state != row_filter.state:
        return False
    day = row.item.day
    if (row_filter.since or row_filter.until) and day is None:
        return False
    if day is not None and (
        (row_filter.since and day < row_filter.since) or (row_filter.until and day > row_filter.until)
    ):
        return False
    if row_filter.reference is not None and normalised(row_filter.reference) not in row.words:
        return False
    amounts = {abs(amount) for amount in (row.item.expected, row.paid) if amount is not None}
    return row_filter.amount is None or abs(row_filter.amount) in amounts


def csv_line(cells: list[str]) -> str:
    """One line of CSV, with its line break."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def csv_row(document: ReconciliationRowDocument) -> str:
    """The row as a line of CSV: lists and objects as JSON, an empty cell for null."""
    cells: Mapping[str, object] = document
    return csv_line([_cell(cells[name]) for name in COLUMNS])


def _cell(found: Any) -> str:
    if found is None:
        return ""
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    # Spreadsheet programs run a text that begins like this as a formula. Numbers are no formulas.
    return f"'{text}" if text.startswith(_FORMULA) and _NUMBER.fullmatch(text) is None else text


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
