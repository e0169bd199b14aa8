"""What the provider reported, and what a person has to look at."""

from __future__ import annotations

from events.event import Event, only_new_optional_fields
from events.instants import Instant
from events.read_set import ReadSet
from events.values import Data, value


@value
class ProviderObserved(Event):
    """The provider said something, and this is what the ledger made of it.

    `event_id` is the provider's; `says` one of `events.provider.reports.ReportedStatus`; `verdict` one of `events.provider.observe.Verdict`.
    What changed because of it stands in the events that follow with this one as their cause.
    """

    stored_name = "provider.observed"
    schema_version = 2
    upcasters = {1: only_new_optional_fields}

    provider: str
    event_id: str
    event_type: str
    says: str
    occurred_at: Instant
    verdict: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    status: str | None = None
    """The status in the body, as it is written there."""

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        if self.payout_id is not None:
            read_set.payouts.add((account_id, self.payout_id))


@value
class CaseOpened(Event):
    """Two reports cannot both be true, or one belongs to no payout: a person has to look. `kind`: events.provider.reports.CaseKind.

    `known` is what the ledger had, `said` what it was told. An open case to which more is said is opened once more.
    """

    stored_name = "case.opened"

    case_id: str
    kind: str
    known: str
    said: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    statements: list[Data] | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.cases.add((account_id, self.case_id))
        if self.payout_id is not None:
            read_set.payouts.add((account_id, self.payout_id))


@value
class CaseClosed(Event):
    """A person looked, and said what became of it."""

    stored_name = "case.closed"

    case_id: str
    reason: str
    closed_by: str | None = None

    def add_reads(self, account_id: str, read_set: ReadSet) -> None:
        read_set.cases.add((account_id, self.case_id))


@value
class DeliveryDismissed(Event):
    """A parked delivery will not be taken in: a person looked, and said why. Its bytes are kept."""

    stored_name = "delivery.dismissed"

    delivery_id: str
    reason: str


ProviderEvent = ProviderObserved | CaseOpened | CaseClosed | DeliveryDismissed
