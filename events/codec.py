"""Stored names and shapes of facts. The one place where either is spelled; a name here never changes.

`encode` and `decode` are inverse for the current schema version. An older version is brought up to date by its
upcaster before it is decoded; stored bytes stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields

from events import facts
from events.chain import Envelope
from events.facts import Data, Fact

STORED_NAMES: dict[type[Fact], str] = {
    facts.LedgerBegun: "ledger.begun",
    facts.AccountOpened: "account.opened",
    facts.CurrencyAdded: "account.currency_added",
    facts.BackendSet: "account.backend_set",
    facts.AccountFrozen: "account.frozen",
    facts.AccountUnfrozen: "account.unfrozen",
    facts.AccountClosed: "account.closed",
    facts.BankAccountSet: "account.bank_account_set",
    facts.ProviderSet: "account.provider_set",
    facts.WebhookSecretAdded: "account.webhook_secret_added",
    facts.WebhookSecretRetired: "account.webhook_secret_retired",
    facts.RevenueRecorded: "revenue.recorded",
    facts.RevenueSettled: "revenue.settled",
    facts.RefundRecorded: "refund.recorded",
    facts.FeeCharged: "fee.charged",
    facts.BalanceAdjusted: "balance.adjusted",
    facts.ReserveHeld: "reserve.held",
    facts.ReserveReleased: "reserve.released",
    facts.PayoutRequested: "payout.requested",
    facts.PayoutAdopted: "payout.adopted",
    facts.PayoutSubmissionStarted: "payout.submission_started",
    facts.PayoutSubmissionUnknown: "payout.submission_unknown",
    facts.PayoutProviderLinked: "payout.provider_linked",
    facts.PayoutCancelAsked: "payout.cancel_asked",
    facts.PayoutCancelRefused: "payout.cancel_refused",
    facts.PayoutReopened: "payout.reopened",
    facts.PayoutAmountCorrected: "payout.amount_corrected",
    facts.PayoutInTransit: "payout.in_transit",
    facts.PayoutPaid: "payout.paid",
    facts.PayoutFailed: "payout.failed",
    facts.PayoutCancelled: "payout.cancelled",
    facts.PayoutReturned: "payout.returned",
    facts.ProviderObserved: "provider.observed",
    facts.CaseOpened: "case.opened",
    facts.CaseClosed: "case.closed",
    facts.DeliveryDismissed: "delivery.dismissed",
    facts.ChannelSet: "channel.set",
    facts.StatementObserved: "statement.observed",
    facts.SettlementObserved: "settlement.observed",
    facts.ChannelMoneyBooked: "channel.money_booked",
    facts.StatementCycleSet: "statement_cycle.set",
    facts.StatementClosed: "statement.closed",
    facts.ToleranceSet: "account.tolerance_set",
    facts.SettlementTermsSet: "channel.settlement_terms_set",
    facts.BankEntryObserved: "bank_entry.observed",
    facts.BankStatementObserved: "bank_statement.observed",
    facts.MatchMade: "match.made",
    facts.MatchUnmade: "match.unmade",
    facts.PayoutPolicySet: "payout_policy.set",
    facts.PayoutCycleCut: "payout_cycle.cut",
    facts.PayoutCycleEnded: "payout_cycle.ended",
    facts.DisputeOpened: "dispute.opened",
    facts.DisputeResolved: "dispute.resolved",
}

SCHEMA_VERSIONS: dict[str, int] = {
    **dict.fromkeys(STORED_NAMES.values(), 1),
    "revenue.settled": 2,
    "channel.money_booked": 2,
    "refund.recorded": 2,
}
"""The version that `encode` writes, per stored name."""


def _same(data: Data) -> Data:
    """The next version only added optional fields."""
    return data


UPCASTERS: dict[tuple[str, int], Callable[[Data], Data]] = {
    ("revenue.settled", 1): _same,
    ("channel.money_booked", 1): _same,
    ("refund.recorded", 1): _same,
}
"""(stored name, version) -> what turns data of that version into the next one's."""

METADATA = "metadata"
"""The key, in a fact's data, of what the caller wanted kept beside it."""


class UnknownEvent(Exception):
    """The log holds an event this release cannot read: run the release that wrote it, or a newer one."""


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _required(field: Field[object]) -> bool:
    return field.default is MISSING


_TYPES: dict[str, type[Fact]] = {name: fact_type for fact_type, name in STORED_NAMES.items()}
_KEYS: dict[type[Fact], list[tuple[str, str, bool]]] = {
    fact_type: [(field.name, _key(field.name), _required(field)) for field in fields(fact_type)]
    for fact_type in STORED_NAMES
}


def encode(fact: Fact, metadata: Data | None = None) -> tuple[str, int, Data]:
    """Stored name, schema version and data. An optional field without a value is left out."""
    name = STORED_NAMES[type(fact)]
    data = {
        key: value
        for attribute, key, required in _KEYS[type(fact)]
        if (value := getattr(fact, attribute)) is not None or required
    }
    if metadata:
        data[METADATA] = metadata
    return name, SCHEMA_VERSIONS[name], data


def decode(name: str, schema_version: int, data: Data) -> Fact:
    """The fact that these stored bytes mean today. UnknownEvent for a name or version from a newer release."""
    fact_type = _TYPES.get(name)
    if fact_type is None or not 1 <= schema_version <= SCHEMA_VERSIONS[name]:
        raise UnknownEvent(f"{name} version {schema_version} is not known to this release")
    for version in range(schema_version, SCHEMA_VERSIONS[name]):
        data = UPCASTERS[name, version](data)
    return fact_type(
        **{attribute: data[key] for attribute, key, required in _KEYS[fact_type] if required or key in data}
    )


def fact_of(event: Envelope) -> Fact:
    return decode(event.type, event.schema_version, event.data)
