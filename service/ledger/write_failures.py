"""Why a unit of work was not written, or nobody knows whether it was."""

from __future__ import annotations

from service.platform.database import OUTAGES


class Fenced(Exception):
    """One of the units moves an offset of a partition that another consumer has been assigned since."""


class Unavailable(Exception):
    """The ledger cannot take this now. Whatever was sent with an idempotency key may be sent again."""


class WrittenElsewhere(Unavailable):
    """A row with this key was there already, though the lane's lock was held: another lane's process was first."""


class DecisionFailed(Exception):
    """Our code failed on a unit with an error that looks like an outage, and is none. The error is the cause."""


def of_our_code(problem: Exception) -> Exception:
    """An error that a decision raised, such that nobody takes it for an outage, which ends by itself."""
    if not isinstance(problem, (*OUTAGES, Unavailable, Fenced)):
        return problem
    failed = DecisionFailed(type(problem).__name__)
    failed.__cause__ = problem
    return failed


def name_of(problem: Exception) -> str:
    """The class of what went wrong, for people. Not its message, which may quote personal data."""
    return str(problem) if isinstance(problem, DecisionFailed) else type(problem).__name__
