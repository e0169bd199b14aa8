"""What every command is: a wish that may be refused, with all that the ledger has to know of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from events.fields import AccountId, IdempotencyKey, Metadata, Moment
from events.read_set import ReadSet

Scope = Literal["command:write", "payout:write", "operator"]
"""What a key needs for a command, beside `command:write`."""


class Command(BaseModel):
    """The base of all commands: what every one of them carries, and what each kind says of itself.

    The wire form (`POST /v1/commands`) is these models in camel case. Amounts are integers of the currency's minor
    unit. Fields of the types `Personal` and `Secret` arrive as plain text, and are sealed by the service before
    `decide` sees them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What was sent may be a secret or a bank account number, and a message of pydantic's would show it.
        hide_input_in_errors=True,
    )

    scope: ClassVar[Scope]
    """What a key needs for it, beside `command:write`."""
    sealed: ClassVar[tuple[str, ...]] = ()
    """The fields that hold ciphertext by the time that `decide` sees the command."""
    also_when_closed: ClassVar[bool] = False
    """Whether a closed account takes it."""
    example: ClassVar[dict[str, Any]]
    """All of its own fields on the wire."""

    account_id: AccountId
    idempotency_key: IdempotencyKey | None = None
    effective_at: Moment | None = None
    expected_version: Annotated[int, Field(strict=True, ge=0)] | None = None
    metadata: Metadata | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for name in ("type", "scope", "example"):
            if name not in vars(cls) and name not in cls.model_fields:
                raise TypeError(f"the command {cls.__name__} does not say its {name}")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        kind = cls.model_fields["type"].default
        handler.resolve_ref_schema(made)["examples"] = [{"type": kind, "accountId": "acc_1", **cls.example}]
        return made

    def add_reads(self, read_set: ReadSet) -> None:
        """Adds the rows that its decision has to see, beside the account and its totals: none, where nothing is said."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A command shows neither secrets nor personal data, wherever it is printed."""
        yield "account_id", self.account_id
