"""Which accounts the provider turns away, and since when: /readyz, the log and a gauge say so."""

from __future__ import annotations

from service.platform import logs
from service.platform.health import Health
from service.platform.runtime import Runtime

log = logs.get("dispatcher")

TURNED_AWAY = (401, 403)
"""Statuses that say that the fault is in the credentials."""


class AccessReports:
    """What the provider last said of each account's credentials. While they are rejected, its payouts wait."""

    def __init__(self, health: Health, runtime: Runtime) -> None:
        self._health = health
        self._runtime = runtime

    def reached(self, account_id: str) -> None:
        """The provider accepts the account's credentials."""
        if self._health.turned_away.pop(account_id, None) is not None:
            log.info("provider_lets_us_in_again", account=account_id)
        self._report()

    def turned_away(self, account_id: str, problem: str) -> None:
        """The provider rejects the account's credentials. `problem` is logged: it names no bank account."""
        self._health.turned_away.setdefault(account_id, self._runtime.instant())
        log.error(
            "provider_turns_us_away", account=account_id, since=self._health.turned_away[account_id], problem=problem
        )
        self._report()

    def _report(self) -> None:
        since = self._health.turned_away.values()
        if not since:
            self._health.report("plugipay", ok=True, message="reached")
            return
        message = (
            f"credentials that the provider rejects: of {len(since)} accounts, since {min(since)}; the log says whose"
        )
        self._health.report("plugipay", ok=False, message=message)
