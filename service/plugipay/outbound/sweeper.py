"""Compares the provider's list of payouts with ours, account by account: an outage may lose webhooks for good.

What the list has and we do not is handled in the same way as a webhook: it moves a payout, adopts one that nobody
requested, or opens a case. The provider's bank account and balance are compared too: the same difference in two sweeps
in a row opens a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.instants import from_datetime, to_datetime
from events.provider.cases import open_case
from events.provider.reports import CaseKind
from events.provider.reports import case_id as case_id_of
from service.ledger.account_profile import read_profile
from service.ledger.ledger import Ledger
from service.ledger.poller import Poller
from service.ledger.vault import AccountKey
from service.ledger.write_failures import Unavailable
from service.platform import logs
from service.platform.database import OUTAGES
from service.platform.health import Health
from service.platform.settings import Settings
from service.plugipay.inbound.webhook import OUR_PAYOUT_ID
from service.plugipay.outbound.access import read_access
from service.plugipay.outbound.access_reports import TURNED_AWAY, AccessReports
from service.plugipay.outbound.client import PlugipayClient, ProviderAccess
from service.plugipay.outbound.follow_up import follow_account, record_responses
from service.plugipay.outbound.outcomes import Answered, ProviderPayout, ProviderRefused
from service.plugipay.outbound.payout_observation import STATUSES, observation_of
from sql import query

log = logs.get("sweeper")

_LEASE = timedelta(minutes=2)
_OVERLAP = timedelta(days=2)
_DEEP_OVERLAP = timedelta(days=60)
_AT_ONCE = 10


class Sweeper(Poller):
    """Sweeps the accounts that are due, a few of each lane at a time."""

    name, failed = "sweeper", "sweeping_failed"
    pause_seconds = retry_seconds = 1.0

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        client: PlugipayClient,
        reports: AccessReports,
        health: Health | None = None,
    ) -> None:
        super().__init__(ledger, health)
        self._settings = settings
        self._reports = reports
        self._client = client

    async def work_on(self, lane: int) -> bool:
        now = self._ledger.runtime.now()
        rows = await self._ledger.pool.fetch(query("provider/claim_sweeps"), lane, now, now + _LEASE, _AT_ONCE)
        for row in rows:
            await self._sweep(lane, row["account_id"], row["swept_at"], row["differs"])
        return len(rows) > 0

    async def _sweep(self, lane: int, account_id: str, swept_at: str | None, differed_before: str | None) -> None:
        began = self._ledger.runtime.now()
        swept_through: datetime | None = None
        differs = differed_before
        try:
            access, key = await read_access(self._ledger, self._settings, lane, account_id)
            if access is not None:
                since = _since(swept_at, began) if swept_at is not None else None
                if await self._compare_list(lane, account_id, access, since):
                    swept_through = began
                differs = await self._compare_bank_account_and_balance(lane, account_id, access, key)
                if differs is not None and differs == differed_before:
                    await self._open_case(lane, account_id, differs)
        except Unavailable as problem:
            log.warning("account_not_swept", account=account_id, problem=repr(problem))
        except Exception:
            log.exception("account_not_swept", account=account_id)
        now = self._ledger.runtime.now()
        due_at = now + timedelta(seconds=self._settings.plugipay_sweep_seconds)
        await self._ledger.pool.execute(
            query("provider/release_sweep"), lane, account_id, due_at, now, swept_through, differs
        )

    async def _compare_list(self, lane: int, account_id: str, access: ProviderAccess, since: datetime | None) -> bool:
        """Records what is new in the provider's list, back to `since`. False where it could not be read that far."""
        cursor: str | None = None
        failed: Exception | None = None
        while not self._stopping:
            outcome = await self._client.page(access, cursor=cursor)
            if isinstance(outcome, Answered):
                self._reports.reached(account_id)
            elif isinstance(outcome, ProviderRefused) and outcome.status in TURNED_AWAY:
                self._reports.turned_away(account_id, outcome.code)
            if not isinstance(outcome, Answered):
                log.info("provider_list_not_read", account=account_id, outcome=repr(outcome))
                return False
            page = outcome.value
            try:
                await self._record_changes(lane, account_id, page.payouts)
            except (*OUTAGES, Unavailable):
                raise
            except Exception as problem:  # noqa: BLE001 - raised behind the last page
                # What can be recorded is; the pages behind it are read all the same, and this one again next time.
                failed = failed or problem
            oldest = page.payouts[-1].created_at if page.payouts else None
            if page.cursor is None or (since is not None and oldest is not None and to_datetime(oldest) < since):
                if failed is not None:
                    raise failed
                return not page.unreadable
            cursor = page.cursor
        return False

    async def _record_changes(self, lane: int, account_id: str, listed: Sequence[ProviderPayout]) -> None:
        ids = [payout.id for payout in listed]
        rows = await self._ledger.pool.fetch(query("provider/known"), lane, account_id, ids)
        known = {row["provider_payout_id"]: (row["status"], row["amount"], row["currency"]) for row in rows}
        now = from_datetime(self._ledger.runtime.now())
        changes = [
            (observation_of(payout, now), tuple(OUR_PAYOUT_ID.findall(payout.note or "")))
            for payout in listed
            if payout.id not in known
            or (known[payout.id] != (payout.status, payout.amount, payout.currency) and payout.status in STATUSES)
        ]
        if changes:
            log.info("provider_list_tells_news", account=account_id, payouts=len(changes))
        await record_responses(self._ledger, lane, account_id, changes)

    async def _compare_bank_account_and_balance(
        self, lane: int, account_id: str, access: ProviderAccess, key: AccountKey | None
    ) -> str | None:
        """How the provider's bank account and balance differ from the ledger's; None where they do not."""
        found: list[str] = []
        profile = await read_profile(self._ledger, lane, account_id)
        theirs = await self._client.bank_account(access)
        if (
            profile is not None
            and profile.bank_account is not None
            and key is not None
            and isinstance(theirs, Answered)
        ):
            ours = profile.bank_account
            same = (theirs.value.number, theirs.value.holder) == (
                key.unseal("bankAccountNumber", ours.bank_account_number),
                key.unseal("bankAccountHolder", ours.bank_account_holder),
            )
            if theirs.value.configured and not same:
                found.append("its bank account is another one than ours")
        balance = await self._client.balance(access)
        if isinstance(balance, Answered):
            rows = await self._ledger.pool.fetch(query("balances/of_account"), lane, account_id, balance.value.currency)
            available = rows[0]["available"] if rows else 0
            if available != balance.value.available:
                currency = balance.value.currency
                found.append(
                    f"it has {balance.value.available} {currency} available, the ledger {available} {currency}"
                )
        return "; ".join(found) or None

    async def _open_case(self, lane: int, account_id: str, differs: str) -> None:
        case_id = case_id_of(account_id, CaseKind.PROVIDER_DIFFERS, account_id)

        def decide(state: AccountState) -> list[AnyEvent]:
            case = state.cases.get(case_id)
            if case is not None and (case.closed_at is None or case.said == differs):
                # The case is open, or a person has closed it for exactly this difference.
                return []
            known = "the bank account and balances of this ledger"
            return [open_case(account_id, CaseKind.PROVIDER_DIFFERS, account_id, known=known, said=differs)]

        await follow_account(self._ledger, lane, account_id, case_id, decide)


def _since(swept_at: str, now: datetime) -> datetime:
    """The time to compare back to: two days, and once a day 60, since a bank may return a payment that late."""
    before = to_datetime(swept_at)
    return before - (_DEEP_OVERLAP if before.date() != now.date() else _OVERLAP)
