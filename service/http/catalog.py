"""All operations, by subject: the one table that routes and `/openapi.json` are made from."""

from __future__ import annotations

from service.http import (
    accounts,
    balance,
    bank_account,
    bank_statements,
    cases,
    channels,
    commands,
    deliveries,
    disputes,
    feed,
    import_uploads,
    imports,
    metrics,
    openapi,
    payout_schedule,
    payouts,
    probes,
    reconciliation,
    rereading,
    sellercenter,
    settlement_lines,
    settlements,
    statement_details,
    statements,
    webhook_deliveries,
    webhook_endpoints,
    webhooks,
)
from service.http.operations import Operation, Subject

SUBJECTS = (
    Subject(
        "Payouts",
        "Payouts, the bank account they go to, and the balance they come from.",
        # `schedule` is never taken for a payout's id: a path without a variable is found first, wherever it stands.
        (*bank_account.OPERATIONS, *balance.OPERATIONS, *payout_schedule.OPERATIONS, *payouts.OPERATIONS),
    ),
    Subject("Commands", "What internal services post: one command, or many in a request.", commands.OPERATIONS),
    Subject("Accounts", "Accounts, and the log as a feed.", (*accounts.OPERATIONS, *feed.OPERATIONS)),
    Subject("Cases", "Contradictions that a person has to look at.", cases.OPERATIONS),
    Subject("Deliveries", "Webhooks that arrived from the provider; some are in quarantine.", deliveries.OPERATIONS),
    Subject("Disputes", "Disputes of orders.", disputes.OPERATIONS),
    Subject(
        "Marketplaces",
        "Statements and settlements of marketplaces, and the ledger's own statements.",
        (
            *statements.OPERATIONS,
            *statement_details.OPERATIONS,
            *channels.OPERATIONS,
            *settlements.OPERATIONS,
            *settlement_lines.OPERATIONS,
            *import_uploads.OPERATIONS,
            *imports.OPERATIONS,
            *rereading.OPERATIONS,
        ),
    ),
    Subject(
        "Reconciliation",
        "What is expected against what was paid, and banks' statements.",
        (*reconciliation.OPERATIONS, *bank_statements.OPERATIONS),
    ),
    Subject(
        "Webhook endpoints",
        "The URLs that accounts' own events are sent to.",
        (*webhook_endpoints.OPERATIONS, *webhook_deliveries.OPERATIONS),
    ),
    Subject(
        "Others' protocols",
        "Requests of the provider and of SellerCenter's clients, in their own forms.",
        (*webhooks.OPERATIONS, *sellercenter.OPERATIONS),
    ),
    Subject(
        "Operation",
        "For whoever runs the service.",
        (*probes.OPERATIONS, *metrics.OPERATIONS, *openapi.OPERATIONS),
    ),
)

OPERATIONS: tuple[Operation, ...] = tuple(operation for subject in SUBJECTS for operation in subject.operations)
