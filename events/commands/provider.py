"""What a person says of a case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from events.commands.command import Command
from events.commands.fields import Identifier, Reason


class CloseCase(Command):
    """Close a case, saying what became of it; `apply` takes the provider at its word where it was not yet applied."""

    type: Literal["closeCase"] = "closeCase"
    case_id: Identifier
    reason: Reason
    apply: Annotated[bool, Field(strict=True)] = False
