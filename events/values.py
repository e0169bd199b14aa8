"""Values: plain classes that nobody changes once they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

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


if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - it is taken from here
else:

    def replace(of, **changes):
        """As `dataclasses.replace`, for a value, in a third of its time: most events replace several."""
        made = type(of)(*_all_fields(type(of))(of))
        for name, changed in changes.items():
            setattr(made, name, changed)
        return made


@cache
def _all_fields(cls: type) -> Callable[[Any], Iterable[Any]]:
    """What gives the fields of a value of this class, in the order in which it is made of them."""
    names = [each.name for each in fields(cls)]
    return attrgetter(*names) if len(names) > 1 else lambda of: [getattr(of, name) for name in names]
