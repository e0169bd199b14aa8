"""Idempotency keys: the same request gets the same answer for a day, another request under its key is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from simulator.provider.refused import Refused


@dataclass(slots=True)
class Answered:
    """What a key was used for, when (seconds since the epoch), and what was answered."""

    account_id: str
    key: str
    request_digest: str
    at: float
    status: int
    body: str


def digest(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


class Repeats:
    """The answers that are remembered, per workspace and key."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self.answered: dict[tuple[str, str], Answered] = {}

    def find(self, account_id: str, key: str, request_digest: str, now: float) -> Answered | None:
        """The first answer. Refused where the key was another request's."""
        known = self.answered.get((account_id, key))
        if known is None or now - known.at >= self._seconds:
            return None
        if known.request_digest != request_digest:
            raise Refused(409, "idempotency_mismatch", "this Idempotency-Key was used for another request")
        return known

    def keep(self, answered: Answered) -> None:
        self.answered[answered.account_id, answered.key] = answered

    def forget(self) -> None:
        self.answered.clear()
