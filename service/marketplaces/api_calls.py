"""Calls of a marketplace's API, as its client makes them. `http_session.py` sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from service.marketplaces.refusals import Failure
from service.platform.runtime import Runtime


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that is ready to be sent. `target` is the path and the query, already encoded."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


class ApiSession(Protocol):
    """A client session with one API of a marketplace."""

    channel: str
    runtime: Runtime

    async def call(self, name: str, sign: Callable[[datetime], SignedRequest]) -> tuple[bytes, Any]:
        """The body of the answer, and the decoded answer. `sign` signs each attempt anew, since signatures age.

        PullFailed where no attempt gives a usable answer.
        """


class PullFailed(Exception):
    """The marketplace gave no usable answer. `retry` says what makes another attempt sensible."""

    def __init__(self, failure: Failure, retry_after_seconds: float | None = None) -> None:
        super().__init__(str(failure))
        self.channel = failure.channel
        self.code = failure.code
        self.message = failure.message
        self.retry = failure.retry
        self.retry_after_seconds = retry_after_seconds
