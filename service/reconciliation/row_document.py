"""A row of expected against paid, as JSON has it; CSV has the same fields as columns."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from projections.matching import BY_AMOUNT, BY_REFERENCE
from projections.reconciliation import ItemState
from service.ledger.findings import FindingDocument
from service.platform.documents import Day, MajorUnits, one_of
from service.reconciliation.claims import KINDS
from service.reconciliation.items import BY_BANK, BY_CHANNEL, BY_LEDGER, BY_MATCH, BY_PROPOSAL


class ClaimDocument(TypedDict):
    """A bank entry that a match counts as paid for this."""

    matchId: str
    entryId: str
    amount: MajorUnits | None
    on: Day | None


class NamedCandidate(TypedDict):
    """A bank entry's row names a target, and every other row a bank entry."""

    entryId: NotRequired[str]
    target: NotRequired[str]


class CandidateDocument(NamedCandidate):
    """A bank entry that could pay this; of a bank entry's row, a target that it could be for."""

    amount: MajorUnits | None
    by: Annotated[str, one_of(BY_REFERENCE, BY_AMOUNT)]
    on: Day | None
    chosen: Annotated[bool, Field(description="Whether it is beyond doubt, and counted as paid.")]


class DifferenceDocument(TypedDict):
    """What is left over, and of what."""

    name: str
    amount: MajorUnits | None


class ReconciliationRowDocument(TypedDict):
    """What is expected, what was paid, and everything that speaks for it."""

    kind: Annotated[str, one_of(*KINDS)]
    id: str
    channel: str | None
    seller: str | None
    currency: str
    date: Day | None
    dueOn: Day | None
    state: Annotated[str, one_of(*ItemState)]
    expected: MajorUnits | None
    paid: MajorUnits | None
    difference: MajorUnits | None
    tolerance: MajorUnits | None
    paidAt: Annotated[str | None, Field(description="An instant, or the day of the bank's booking.")]
    evidence: Annotated[
        str | None,
        one_of(BY_MATCH, BY_PROPOSAL, BY_CHANNEL, BY_LEDGER, BY_BANK, None),
        Field(description="Whose word the paid amount is."),
    ]
    bankReferences: list[str]
    matches: list[ClaimDocument]
    candidates: list[CandidateDocument]
    residual: DifferenceDocument | None
    findings: list[FindingDocument]
