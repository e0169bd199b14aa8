"""What a person decides about a case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from events.command import Command, Identifier, Reason
from events.read_set import ReadSet


class CloseCase(Command):
    """Close a case, saying what became of it; `apply` takes the provider at its word where it was not yet applied."""

    type: Literal["closeCase"] = "closeCase"
    scope = "operator"
    effect = "money"
    also_when_closed = True
    example = {"caseId": "case_1", "reason": "the bank confirmed it", "apply": True}
    case_id: Identifier
    reason: Reason
    apply: Annotated[bool, Field(strict=True)] = False

    def add_reads(self, read_set: ReadSet) -> None:
        read_set.cases.add((self.account_id, self.case_id))


CaseCommand = CloseCase
