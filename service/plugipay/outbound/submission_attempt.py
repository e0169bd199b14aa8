"""One attempt for one payout at the provider: to submit it, to ask for its status, or to ask to cancel it.

The log records a submission before the call. A call is repeated only under the same idempotency key, and only while
the provider certainly still knows that key. So the provider makes one payout, whatever happens in between. If there is
no response, the only thing recorded is that the outcome is unknown.
"""

from __future__ import annotations

from datetime import timedelta

from events.account_state import AccountState
from events.catalog import AnyEvent
from events.instants import from_datetime, to_datetime
from events.payouts import submissions
from events.payouts.state import STARTED, UNKNOWN, Payout
from events.provider.reports import CANCELLED, PENDING, CaseKind, case_id
from service.ledger.ledger import Ledger
from service.ledger.vault import AccountKey
from service.platform import logs
from service.plugipay.outbound.access_reports import TURNED_AWAY, AccessReports
from service.plugipay.outbound.client import NewPayout, PlugipayClient, ProviderAccess
from service.plugipay.outbound.follow_up import Decide, follow_account, follow_up, record_responses
from service.plugipay.outbound.outcomes import Answered, NotSent, ProviderPayout, ProviderRefused, Unknown
from service.plugipay.outbound.payout_observation import observation_of
from sql import query

log = logs.get("dispatcher")

KEY_KNOWN_FOR = timedelta(hours=20)
"""How long a submission is repeated under its key, from its start: the provider forgets keys after 24 hours."""

RETRY_SECONDS, RETRY_SECONDS_MAX = 0.5, 300.0
POLL_SECONDS_MAX = 3600.0
UNREACHABLE_SECONDS = 60.0
UNKNOWN_LOOKS_MAX = 3
"""So many looks in a row at which the provider does not know what it took in become a case."""
_NOT_FOUND = 404
_NOTE_MAX = 500
_PERSONAL_LENGTH_MIN = 4


class SubmissionAttempt:
    """One attempt for one payout, and all that it needs. The methods return the seconds until the next attempt."""

    def __init__(
        self,
        ledger: Ledger,
        client: PlugipayClient,
        reports: AccessReports,
        poll_seconds: float,
        lane: int,
        account_id: str,
        payout_id: str,
        access: ProviderAccess,
        key: AccountKey,
        tries: int,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._reports = reports
        self._lane, self._account_id, self._payout_id = lane, account_id, payout_id
        self._access, self._key = access, key
        self._retry_seconds = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2.0 ** min(tries, 20))
        self._poll_seconds = min(POLL_SECONDS_MAX, poll_seconds * 2.0 ** min(tries, 10))

    async def submit(self, payout: Payout) -> float | None:
        """Submits the payout, for the first time or again under the same key."""
        repeated = payout.submission is not None
        if repeated and self._key_may_be_forgotten(payout):
            return await self._give_up(payout)
        payout = await self._record(self._start)
        if payout.submission not in (STARTED, UNKNOWN) or payout.status != PENDING:
            # The account is frozen, or the payout was cancelled or reported meanwhile.
            return self._retry_seconds
        outcome = await self._client.create(
            self._access, self._new_payout(payout), f"{self._payout_id}-{payout.attempt}"
        )
        log.info("payout_submitted", payout=self._payout_id, account=self._account_id, outcome=type(outcome).__name__)
        match outcome:
            case Answered():
                self._reports.reached(self._account_id)
                await self._looked(is_unknown=False)
                await self._apply(outcome.value, payout)
                return None
            case Unknown():
                await self._record(lambda _, now: submissions.silent(self._payout_id, now, outcome.why))
                return self._retry_seconds
            case NotSent():
                return max(self._retry_seconds, outcome.retry_after_seconds or 0.0)
            case ProviderRefused():
                return await self._refused(outcome, payout, repeated=repeated)

    async def _refused(self, refusal: ProviderRefused, payout: Payout, *, repeated: bool) -> float | None:
        reason = self._without_bank_account(payout, f"{refusal.code}: {refusal.message}")[:500]
        if refusal.status in TURNED_AWAY or "idempotency" in refusal.code.lower():
            # The fault is not in this payout.
            self._reports.turned_away(self._account_id, refusal.code)
            return UNREACHABLE_SECONDS
        if repeated:
            # The refusal is of this call: an earlier one may have been executed.
            found = await self._find(payout)
            if isinstance(found, ProviderPayout):
                await self._apply(found, payout)
                return None
            if found is not None:
                return self._retry_seconds
        await self._record(lambda _, now: submissions.refused(self._payout_id, now, reason))
        return None

    def _without_bank_account(self, payout: Payout, text: str) -> str:
        """The provider's text without the bank account that it may quote: reasons are stored for ever, in plain text."""
        number = self._key.unseal("bankAccountNumber", payout.bank_account_number)
        holder = self._key.unseal("bankAccountHolder", payout.bank_account_holder)
        for personal in (number, holder):
            # A name of a letter or two would match inside other words.
            if len(personal) >= _PERSONAL_LENGTH_MIN:
                text = text.replace(personal, "****")
        return text

    async def _give_up(self, payout: Payout) -> float | None:
        """The provider may have forgotten the key: only a search is safe now. If it finds nothing, a person decides."""
        found = await self._find(payout)
        if isinstance(found, ProviderPayout):
            await self._apply(found, payout)
            return None
        if found is None:
            reported = "its list of payouts does not have it"
            await self._record(
                lambda state, now: submissions.given_up(state.account_id, self._payout_id, now, reported)
            )
        return self._poll_seconds

    async def cancel(self, payout: Payout, provider_payout_id: str) -> float | None:
        key = f"{self._payout_id}-cancel-{payout.cancel_asked_at}"
        outcome = await self._client.cancel(self._access, provider_payout_id, key)
        match outcome:
            case Answered():
                await self._apply(outcome.value, payout)
                # The provider may have accepted the request without having executed it yet.
                return None if outcome.value.status == CANCELLED else await self.poll(payout, provider_payout_id)
            case ProviderRefused() if outcome.status not in (401, 403):
                reason = self._without_bank_account(payout, f"{outcome.code}: {outcome.message}")[:500]
                await self._record(lambda _, now: submissions.cancel_refused(self._payout_id, now, reason))
                return 0.0
            case _:
                return self._retry_seconds

    async def poll(self, payout: Payout, provider_payout_id: str) -> float:
        """Asks for the status, since webhooks may be lost; after a longer wait each time."""
        outcome = await self._client.get(self._access, provider_payout_id)
        if isinstance(outcome, Answered):
            self._reports.reached(self._account_id)
            await self._looked(is_unknown=False)
            await self._apply(outcome.value, payout)
        elif isinstance(outcome, ProviderRefused):
            log.warning("provider_does_not_tell", payout=self._payout_id, account=self._account_id, code=outcome.code)
            if outcome.status in TURNED_AWAY:
                self._reports.turned_away(self._account_id, outcome.code)
            elif outcome.status == _NOT_FOUND:
                await self._looked(is_unknown=True)
        return self._poll_seconds

    async def _looked(self, *, is_unknown: bool) -> None:
        """Counts looks in a row at which the provider did not know the payout. One may be a slip; these become a case."""
        looks = await self._ledger.pool.fetchval(query("provider/looked"), self._lane, self._payout_id, is_unknown)
        if (looks or 0) < UNKNOWN_LOOKS_MAX:
            return
        name = case_id(self._account_id, CaseKind.UNKNOWN_TO_PROVIDER, self._payout_id)
        await follow_account(
            self._ledger,
            self._lane,
            self._account_id,
            name,
            lambda state: submissions.unknown_to_provider(state, self._payout_id),
            self._payout_id,
        )

    async def _find(self, payout: Payout) -> ProviderPayout | Unknown | None:
        """Searches the provider's list for the payout, by our id in its note. None: it is certainly not there."""
        since = to_datetime(payout.submission_started_at or payout.requested_at) - timedelta(hours=1)
        cursor: str | None = None
        while True:
            outcome = await self._client.page(self._access, cursor=cursor)
            if not isinstance(outcome, Answered):
                return Unknown(f"its list cannot be read: {outcome}")
            page = outcome.value
            if page.unreadable:
                return Unknown("its list holds a payout that cannot be read")
            for found in page.payouts:
                # Our id is at the start of the note; the merchant's text after it may name another payout.
                if (found.note or "").startswith(self._payout_id):
                    return found
            oldest = page.payouts[-1].created_at if page.payouts else None
            if page.cursor is None or (oldest is not None and to_datetime(oldest) < since):
                return None
            cursor = page.cursor

    def _start(self, state: AccountState, payout: Payout) -> list[AnyEvent]:
        if state.account is None or not submissions.may_be_submitted(payout, state.account):
            return []
        return list(submissions.start(self._payout_id, payout))

    def _key_may_be_forgotten(self, payout: Payout) -> bool:
        started = to_datetime(payout.submission_started_at or payout.requested_at)
        return self._ledger.runtime.now() - started >= KEY_KNOWN_FOR

    def _new_payout(self, payout: Payout) -> NewPayout:
        # Our id is at the start: the payout is found by it, even if the rest is shortened.
        note = f"{self._payout_id} {payout.note or ''}".strip()[:_NOTE_MAX]
        return NewPayout(
            amount=payout.amount,
            currency=payout.currency,
            bank_code=payout.bank_code,
            bank_name=payout.bank_name,
            bank_account_number=self._key.unseal("bankAccountNumber", payout.bank_account_number),
            bank_account_holder=self._key.unseal("bankAccountHolder", payout.bank_account_holder),
            note=note,
        )

    async def _record(self, decide: Decide) -> Payout:
        return await follow_up(self._ledger, self._lane, self._account_id, self._payout_id, decide)

    async def _apply(self, found: ProviderPayout, payout: Payout) -> None:
        now = from_datetime(self._ledger.runtime.now())
        observation = observation_of(found, payout.submission_started_at or now)
        await record_responses(self._ledger, self._lane, self._account_id, [(observation, (self._payout_id,))])
