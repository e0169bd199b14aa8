"""Values: plain classes that nobody changes once they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class", bound=type)

Data = dict[str, Any]
"""JSON content where no type of ours says more: camel-case ASCII keys, values without floats."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: Class) -> Class:
    """A dataclass with slots that the type checker holds to be frozen.

    A dataclass that is frozen at run time sets each field through `object.__setattr__`, which made building values a
    twelfth of all the time that a command takes. The type checker runs on every change and finds every assignment.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)  # type: ignore[return-value]
