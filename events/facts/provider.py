"""What the provider says, and what a person has to look at."""

from __future__ import annotations

from events.facts.data import Data
from events.instants import Instant
from events.values import value


@value
class ProviderObserved:
    """The provider said something, and this is what the ledger made of it.

    `event_id` is the provider's; `says` one of `events.statements.Says`; `verdict` one of `events.provider.Verdict`.
    What changed because of it stands in the events that follow with this one as their cause.
    """

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


@value
class CaseOpened:
    """Two facts cannot both be true, or one cannot be placed: a person has to look. `kind`: events.statements.Kind.

    `known` is what the ledger had, `said` what it was told. An open case to which more is said is opened once more.
    """

    case_id: str
    kind: str
    known: str
    said: str
    payout_id: str | None = None
    provider_payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    statements: list[Data] | None = None


@value
class CaseClosed:
    """A person looked, and said what became of it."""

    case_id: str
    reason: str
    closed_by: str | None = None


@value
class DeliveryDismissed:
    """A parked delivery will not be taken in: a person looked, and said why. Its bytes are kept."""

    delivery_id: str
    reason: str
