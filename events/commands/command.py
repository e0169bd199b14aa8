"""What every command carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from events.commands.fields import AccountId, IdempotencyKey, Metadata, Moment


class Command(BaseModel):
    """What every command carries."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What was sent may be a secret or a bank account number, and a message of pydantic's would show it.
        hide_input_in_errors=True,
    )

    account_id: AccountId
    idempotency_key: IdempotencyKey | None = None
    effective_at: Moment | None = None
    expected_version: Annotated[int, Field(strict=True, ge=0)] | None = None
    metadata: Metadata | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A command shows neither secrets nor personal data, wherever it is printed."""
        yield "account_id", self.account_id
