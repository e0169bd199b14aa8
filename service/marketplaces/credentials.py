"""The fields of credentials: what each kind of them may be, and what all credentials have in common.

Credentials are read from a file (`channel_access.py`) and never stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

TEXT_MAX = 2000
"""Characters. Access tokens are the longest: some are JSON Web Tokens."""


def check_word(text: str) -> str:
    """The text; ValueError where it is no ASCII word."""
    if not (0 < len(text) <= TEXT_MAX and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"1 to {TEXT_MAX} ASCII characters without spaces or line breaks")
    return text


def _check_secret(text: SecretStr) -> SecretStr:
    check_word(text.get_secret_value())
    return text


Word = Annotated[str, AfterValidator(check_word)]
Secret = Annotated[SecretStr, AfterValidator(_check_secret)]


class ApiCredentials(BaseModel, ABC):
    """The credentials for one API of a marketplace. `base_url` replaces the API's own address."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    base_url: str | None = None

    @property
    @abstractmethod
    def shop(self) -> str:
        """The shop's name in these credentials: pulls are recorded under it."""

    def secrets(self) -> tuple[str, ...]:
        """Every secret, the longest first: a secret may be the beginning of another one."""
        found = {text.get_secret_value() for _, text in self if isinstance(text, SecretStr)}
        return tuple(sorted(found, key=len, reverse=True))

    @classmethod
    def names(cls) -> list[str]:
        """The names of the fields, as a file has them."""
        return [to_camel(name) for name in cls.model_fields]
