"""Cases as people look through them: what the ledger had and what was said, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from events.envelope import SYSTEM_ACCOUNT
from events.instants import to_datetime
from events.provider.reports import CaseKind, Report
from events.provider.state import Case
from projections.inline import CASES
from service.ledger.access_scope import AccessScope
from service.ledger.ledger import Ledger
from service.platform.documents import MinorUnits, Position, Time, one_of
from sql import query

OPEN, CLOSED = "open", "closed"
STATES = (OPEN, CLOSED)
KINDS = tuple(kind.value for kind in CaseKind)

_APPLICABLE = (CaseKind.UNREQUESTED, CaseKind.AMOUNT_DIFFERS)


class ReportDocument(TypedDict):
    """One thing that the provider said, at its own time."""

    says: str
    at: Time
    reference: NotRequired[str]
    reason: NotRequired[str]


class CaseDocument(TypedDict):
    """What a person has to look at: what the ledger had and what it was told, side by side."""

    id: str
    accountId: Annotated[str | None, Field(description="Null where nobody could be named.")]
    lane: int
    position: Position
    kind: Annotated[str, one_of(*KINDS)]
    status: Annotated[str, one_of(*STATES)]
    payoutId: str | None
    providerPayoutId: str | None
    known: Annotated[str, Field(description="What the ledger had.")]
    said: Annotated[str, Field(description="What it was told.")]
    amount: MinorUnits | None
    currency: str | None
    statements: Annotated[list[ReportDocument], Field(description="What was said and not applied.")]
    mayBeApplied: Annotated[bool, Field(description="Whether closing it with `apply` can take the provider's word.")]
    openedAt: Time
    closedAt: Time | None
    reason: str | None
    closedBy: str | None


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case, and where it stands."""

    lane: int
    account_id: str
    case_id: str
    case: Case
    recorded_at: str = ""
    mode: str = ""

    def document(self) -> CaseDocument:
        return case_document(self.account_id, self.case_id, self.case, self.lane)


def case_document(account_id: str, case_id: str, case: Case, lane: int) -> CaseDocument:
    """Both sides of it: what the ledger had, what was reported, and which reports were not applied."""
    closed = case.closed_at is not None
    # Several amounts were named: there is none.
    amount = case.amount or None
    applicable = not closed and case.kind in _APPLICABLE and amount is not None and account_id != SYSTEM_ACCOUNT
    return {
        "id": case_id,
        "accountId": account_id if account_id != SYSTEM_ACCOUNT else None,
        "lane": lane,
        "position": case.position,
        "kind": case.kind,
        "status": CLOSED if closed else OPEN,
        "payoutId": case.payout_id,
        "providerPayoutId": case.provider_payout_id,
        "known": case.known,
        "said": case.said,
        "amount": amount,
        "currency": case.currency,
        "statements": [_report_document(report) for report in case.told],
        "mayBeApplied": applicable,
        "openedAt": case.opened_at,
        "closedAt": case.closed_at,
        "reason": case.reason,
        "closedBy": case.closed_by,
    }


def _report_document(report: Report) -> ReportDocument:
    document: ReportDocument = {"says": report.says, "at": report.at}
    if report.reference is not None:
        document["reference"] = report.reference
    if report.reason is not None:
        document["reason"] = report.reason
    return document


def _found(row: dict[str, Any]) -> FoundCase:
    return FoundCase(
        row["lane"],
        row["account_id"],
        row["case_id"],
        CASES.value_of_json(row["case"]),
        row.get("recorded_at", ""),
        row.get("mode", ""),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the ledger opened this case then."""

    recorded_at: str
    lane: int
    position: int


async def page(
    ledger: Ledger, access_scope: AccessScope, *, status: str | None, kind: str | None, after: Place | None, limit: int
) -> list[FoundCase]:
    """Cases, newest first by when the ledger opened them."""
    rows = await ledger.pool.fetch(
        query("cases/page"),
        list(access_scope.lanes),
        list(access_scope.modes),
        access_scope.account_id,
        status,
        kind,
        to_datetime(after.recorded_at) if after else None,
        after.lane if after else None,
        after.position if after else None,
        limit,
    )
    return [_found(dict(row)) for row in rows]


async def find(ledger: Ledger, access_scope: AccessScope, case_id: str) -> FoundCase | None:
    row = await ledger.pool.fetchrow(
        query("cases/find"), list(access_scope.lanes), list(access_scope.modes), access_scope.account_id, case_id
    )
    return _found(dict(row)) if row is not None else None
