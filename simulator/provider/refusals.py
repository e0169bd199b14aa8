"""Plugipay's refusals. Its codes have mixed case; each is spelled as in the sources."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An error response."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.details = details

    def document(self) -> dict[str, Any]:
        optional = {"field": self.field, "details": self.details}
        return {
            "code": self.code,
            "message": self.message,
            **{name: given for name, given in optional.items() if given is not None},
        }


def invalid(field: str, message: str) -> Refused:
    """A request of the wrong shape."""
    return Refused(400, "VALIDATION_ERROR", message, field=field)


def not_found(what: str) -> Refused:
    return Refused(404, "not_found", f"there is no such {what}")
