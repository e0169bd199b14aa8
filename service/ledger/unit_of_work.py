"""What waits for a lane's writer: one unit of work is decided whole, in one transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from events.read_set import ReadSet
from service.ledger.batch import Batch

Result = TypeVar("Result")


class UnitOfWork(ABC, Generic[Result]):
    """Something that is decided as a whole. `Ledger.run` hands it to a lane, and gives its result once it is durable."""

    @property
    def commands_count(self) -> int:
        """How many decisions it is, for the bounds of a batch and of the queue."""
        return 1

    @abstractmethod
    def collect(self, read_set: ReadSet) -> None:
        """Names the rows that the decision has to see."""

    @abstractmethod
    def decide(self, batch: Batch) -> Result:
        """Records what follows into the batch. May be called again on another batch: the last call's result counts.

        A Refusal is what comes of it, for whoever waits, and is raised before anything is recorded. Any other exception
        is a fault of ours: it is logged, and whatever was recorded before it is not kept.
        """

    def committed(self, result: Result) -> None:
        """The batch is durable: the place for a log line."""
