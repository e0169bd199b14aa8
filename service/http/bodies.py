"""Bodies of requests as operations declare them: the fields that they may have, and their JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.alias_generators import to_camel

from events.command import Command


class BodyModel(BaseModel):
    """A JSON object as a request's body. No other fields are taken than its own."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


@dataclass(frozen=True, slots=True, eq=False)
class JsonBody:
    """A JSON object. It may be left out where none of its fields is required."""

    model: type[BodyModel]
    fields: frozenset[str] = field(init=False)
    """The names of its fields on the wire."""

    def __post_init__(self) -> None:
        names = frozenset(each.alias or name for name, each in self.model.model_fields.items())
        object.__setattr__(self, "fields", names)

    @property
    def required(self) -> bool:
        return any(each.is_required() for each in self.model.model_fields.values())


@dataclass(frozen=True, slots=True, eq=False)
class FileBody:
    """A body that is read as it is, whatever its content."""

    media_type: str
    description: str
    streamed: bool = False
    """Whether it is read piece by piece, since it may be too large for memory. A signature cannot cover it then."""


RequestBody = JsonBody | FileBody


def command_body(name: str, command: type[Command], *, in_path: str | None = None) -> JsonBody:
    """The command's own fields without the one that the path has: what every command has comes from elsewhere."""
    left_out = {*Command.model_fields, "type", in_path}
    own: dict[str, Any] = {
        field_name: (each.annotation, each)
        for field_name, each in command.model_fields.items()
        if field_name not in left_out
    }
    return JsonBody(create_model(name, __base__=BodyModel, __doc__=command.__doc__, **own))
