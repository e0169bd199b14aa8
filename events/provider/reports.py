"""What the provider has said of one payout, and where that leaves it: the same in whatever order it was told.

A statement is dated by the provider. Of each kind only the first, the last and the first with a reference are kept,
and everything below is a function of that set, so neither order nor repetition can change the outcome:

    paid and failed told        the later one holds; of the same moment, paid
    only one of them told       that one
    neither, but cancelled      cancelled
    none of the three           in transit if told so, else pending
    nothing but a refusal       failed

A failure after a payment is a return: the payout shows as failed, with `returned_at`. The ledger's own cancellation
(before the provider has the payout) counts as a statement. So does the provider's refusal to take the payout, but any
word of it from the provider outweighs that, whatever the dates: a refusal has our clock's, and answers one call only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from typing import Any

from events.instants import Instant
from events.values import value

PENDING, IN_TRANSIT, PAID, FAILED, CANCELLED = "pending", "in_transit", "paid", "failed", "cancelled"
"""A payout's five statuses."""

REFUSED = "refused"
"""Said by the provider's answer to a submission, never by a delivery."""

NO_REASON = "the provider gave no reason"


class ReportedStatus(StrEnum):
    """What a delivery states, whichever generation of names it uses."""

    CREATED = "created"
    IN_TRANSIT = IN_TRANSIT
    PAID = PAID
    FAILED = FAILED
    CANCELLED = CANCELLED
    OTHER = "other"


class CaseKind(StrEnum):
    """Why a case stands open: what a person has to look at."""

    PAID_AFTER_FAILURE = "paid_after_failure"
    """The provider first said failed, and the money was given back; then it said paid."""
    CANCELLED_AND_ENDED = "cancelled_and_ended"
    """Cancelled, and paid or failed as well."""
    MOVED_AFTER_END = "moved_after_end"
    """In transit after it had failed or was cancelled, or known to the provider after it had refused it."""
    AMOUNT_DIFFERS = "amount_differs"
    """The provider names another amount or currency than was requested; what it said is not applied."""
    OTHER_ID = "other_id"
    """The provider speaks of our payout under another id than it gave us; what it said is not applied."""
    PAID_BY_HAND = "paid_by_hand"
    """The provider speaks of a payout that people pay by hand; what it said is not applied."""
    UNREQUESTED = "unrequested"
    """The provider made a payout that the ledger did not ask for, and it cannot be told whose money it took."""
    SUBMISSION_UNKNOWN = "submission_unknown"
    """Whether the provider took the payout in is not known, and it may not be asked under the same key any more."""
    UNKNOWN_TO_PROVIDER = "unknown_to_provider"
    """The provider took the payout in, and then, several times, did not know of it; its money is still reserved."""
    PROVIDER_DIFFERS = "provider_differs"
    """The provider's balance or bank account is not what the ledger has."""
    STATUS_DIFFERS = "status_differs"
    """A webhook's body has another status than its type says; neither is applied."""
    EVENT_ID_REUSED = "event_id_reused"
    """A webhook has the id of an earlier one, and says something else; it is not applied."""
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    """A webhook of a type that is not known states how a payout ended; it is not applied."""
    DATED_AHEAD = "dated_ahead"
    """A webhook is dated later than it was received, by more than clocks differ; it is not applied."""


@value
class Report:
    """One thing said, at the provider's time."""

    says: str
    at: Instant
    reference: str | None = None
    reason: str | None = None


@value
class ReportedState:
    """Where a payout is, by all that was said of it."""

    status: str
    reference: str | None
    failure_reason: str | None
    in_transit_at: Instant | None
    paid_at: Instant | None
    failed_at: Instant | None
    cancelled_at: Instant | None
    returned_at: Instant | None


Reports = tuple[Report, ...]


def _order(statement: Report) -> tuple[str, str, str, str]:
    return statement.at, statement.says, statement.reference or "", statement.reason or ""


def add_reports(told: Reports, statements: Iterable[Report]) -> Reports:
    """What was told, with these added; the same tuple where they say nothing new."""
    first: dict[str, Report] = {}
    last: dict[str, Report] = {}
    referring: dict[str, Report] = {}
    for statement in sorted({*told, *statements}, key=_order):
        first.setdefault(statement.says, statement)
        last[statement.says] = statement
        if statement.reference:
            referring.setdefault(statement.says, statement)
    united = tuple(sorted({*first.values(), *last.values(), *referring.values()}, key=_order))
    return told if united == told else united


def _span(told: Reports, says: str) -> tuple[Report, Report] | None:
    of_kind = [statement for statement in told if statement.says == says]
    return (of_kind[0], of_kind[-1]) if of_kind else None


def reported_state(told: Reports) -> ReportedState:
    """Where these statements leave a payout."""
    moved, paid = _span(told, ReportedStatus.IN_TRANSIT), _span(told, ReportedStatus.PAID)
    failed, cancelled = _span(told, ReportedStatus.FAILED), _span(told, ReportedStatus.CANCELLED)
    refused = _span(told, REFUSED)
    if failed is not None and (paid is None or failed[1].at > paid[1].at):
        status = FAILED
    elif paid is not None:
        status = PAID
    elif cancelled is not None:
        status = CANCELLED
    elif moved is not None:
        status = IN_TRANSIT
    elif refused is not None and _span(told, ReportedStatus.CREATED) is None:
        status, failed = FAILED, refused
    else:
        status = PENDING
    kinds = (PAID, IN_TRANSIT, FAILED)
    references = [one.reference for kind in kinds for one in told if one.says == kind and one.reference]
    returned = status == FAILED and paid is not None
    return ReportedState(
        status=status,
        reference=references[0] if references else None,
        failure_reason=(failed[1].reason or NO_REASON) if status == FAILED and failed is not None else None,
        in_transit_at=moved[0].at if moved is not None else None,
        paid_at=paid[0].at if paid is not None else None,
        failed_at=failed[1].at if status == FAILED and failed is not None else None,
        cancelled_at=cancelled[0].at if status == CANCELLED and cancelled is not None else None,
        returned_at=failed[1].at if returned and failed is not None else None,
    )


def contradictions(told: Reports) -> tuple[CaseKind, ...]:
    """What cannot have happened in this order by the provider's own rules."""
    moved, paid = _span(told, ReportedStatus.IN_TRANSIT), _span(told, ReportedStatus.PAID)
    failed, cancelled = _span(told, ReportedStatus.FAILED), _span(told, ReportedStatus.CANCELLED)
    refused = _span(told, REFUSED) is not None
    found = []
    if paid is not None and (refused or (failed is not None and failed[0].at <= paid[1].at)):
        found.append(CaseKind.PAID_AFTER_FAILURE)
    if cancelled is not None and (paid is not None or failed is not None):
        found.append(CaseKind.CANCELLED_AND_ENDED)
    ends = [span[0].at for span in (failed, cancelled) if span is not None]
    under_way = moved is not None or _span(told, ReportedStatus.CREATED) is not None
    if (refused and under_way) or (moved is not None and ends and moved[1].at > min(ends)):
        found.append(CaseKind.MOVED_AFTER_END)
    return tuple(found)


def case_id(account_id: str, kind: CaseKind, subject: str) -> str:
    """A case's id: the same for the same account, kind and subject."""
    name = f"{account_id}\n{kind.value}\n{subject}"
    return f"case_{hashlib.sha256(name.encode()).hexdigest()[:26]}"


def stored_reports(told: Reports) -> list[dict[str, Any]] | None:
    """Statements as an event holds them; None for none."""
    return [
        {field.name: said for field in fields(one) if (said := getattr(one, field.name)) is not None} for one in told
    ] or None


def read_reports(statements: Iterable[dict[str, Any]] | None) -> Reports:
    return tuple(Report(**one) for one in statements or ())
