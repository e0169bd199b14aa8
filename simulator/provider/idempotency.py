"""Idempotency keys: for a day, the same request gets the same response, and another request under its key is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from simulator.provider.refusals import Refused


@dataclass(slots=True)
class StoredResponse:
    """The request of a key, its time in epoch seconds, and the response."""

    account_id: str
    key: str
    request_digest: str
    at: float
    status: int
    body: str


def digest(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


class StoredResponses:
    """The stored responses, by workspace and key."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self.responses: dict[tuple[str, str], StoredResponse] = {}

    def find(self, account_id: str, key: str, request_digest: str, now: float) -> StoredResponse | None:
        """The first response. Refused where the key was used for another request."""
        known = self.responses.get((account_id, key))
        if known is None or now - known.at >= self._seconds:
            return None
        if known.request_digest != request_digest:
            raise Refused(409, "idempotency_mismatch", "this Idempotency-Key was used for another request")
        return known

    def store(self, response: StoredResponse) -> None:
        self.responses[response.account_id, response.key] = response

    def forget(self) -> None:
        self.responses.clear()
