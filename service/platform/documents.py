"""Kinds of fields that the JSON documents of answers have: what mypy checks, and what OpenAPI says of them.

A document's shape is a `TypedDict` named `...Document`. mypy holds the code that builds it to that shape, and
`/openapi.json` is made from it; there it has the name without `Document`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in UTC."""

Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
"""A day of somebody's calendar, without a zone."""

MinorUnits = Annotated[int, Field(description="In the currency's minor unit.")]
MajorUnits = Annotated[str, Field(description="In major units, as exact decimal text.")]
Count = Annotated[int, Field(ge=0)]
Position = Annotated[int, Field(ge=1)]
"""Of an event in its lane."""


def one_of(*choices: str | None) -> Any:
    """The values that a text has. For a field that may be null, None is one of them."""
    return Field(json_schema_extra={"enum": list(choices)})
