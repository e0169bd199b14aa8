"""Commands as they come in over the wire."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from events.catalog import AnyCommand

WIRE: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)

BODIES: dict[str, dict[str, Any]] = {
    model.model_fields["type"].default: model.example for model in get_args(get_args(AnyCommand)[0])
}
"""Every command with all of its own fields, as it says them itself."""


def body(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "accountId": "acc_1", **BODIES[kind], **fields}


def refused_fields(document: dict[str, Any]) -> set[str]:
    """The last part of each complaint's place, having been refused."""
    with pytest.raises(ValidationError) as caught:
        WIRE.validate_python(document)
    return {str(error["loc"][-1]) for error in caught.value.errors()}
