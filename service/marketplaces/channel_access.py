"""Access to a marketplace's API: the credentials of a file that only its owner can read. They are never stored.

The file is a JSON object with the credentials of each channel, by its name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from service.formats.json import BrokenJson, decode
from service.marketplaces.api_calls import ApiSession
from service.marketplaces.channels import CHANNELS
from service.marketplaces.credentials import ApiCredentials, check_word
from service.marketplaces.marketplace import Api, Marketplace
from service.marketplaces.pages import PulledPage

FILE_BYTES_MAX = 64 * 1024
MASK = "***"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# Of a marketplace with one API, so that the example is whole.
_SIMPLE = next(each for each in CHANNELS.values() if len(each.apis) == 1)
_FIRST_FIELD = next(name for name in _SIMPLE.apis[0].credentials.names() if name not in ApiCredentials.names())
EXAMPLE = (_SIMPLE.name, _FIRST_FIELD)
"""A channel, and a field of its credentials, as examples of the file."""
_EXAMPLE_URL = next(api.example_url for each in CHANNELS.values() for api in each.apis if api.example_url)


class WrongCredentials(Exception):
    """The credentials cannot be used. The message names the wrong field, and never shows a value."""


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """One API of a marketplace, with one shop's credentials."""

    marketplace: Marketplace
    api: Api[Any]
    credentials: ApiCredentials = field(repr=False)
    base_url: str

    @property
    def channel(self) -> str:
        return self.marketplace.name

    def pull(
        self, session: ApiSession, since: datetime, until: datetime, resume: str | None
    ) -> AsyncIterator[PulledPage]:
        """As `Api.pull`, with the credentials."""
        return self.api.pull(session, self.credentials, since, until, resume)

    def masked(self, text: str) -> str:
        """The text without any of the secrets: a marketplace may repeat them in its refusal."""
        for secret in self.credentials.secrets():
            text = text.replace(secret, MASK)
        return text


def read_credentials(path: Path) -> dict[str, Any]:
    """The fields of each channel in a file. WrongCredentials where others can read it, or it has another form."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise WrongCredentials(f"{path} is not a file")
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise WrongCredentials(f"{path} holds secrets, and others can read or change it: chmod 600 {path}")
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as problem:
        raise WrongCredentials(f"{path} cannot be read: {problem.strerror}") from None
    try:
        found = decode(raw.decode("utf-8-sig")) if len(raw) <= FILE_BYTES_MAX else None
    except (BrokenJson, UnicodeDecodeError):
        found = None
    if not (isinstance(found, dict) and all(isinstance(fields, dict) for fields in found.values())):
        # Not what is wrong with it: that would show what the file holds.
        channel, name = EXAMPLE
        raise WrongCredentials(f'{path} is not a JSON object of channels, such as {{"{channel}": {{"{name}": "..."}}}}')
    return found


def access_of(channel: str, credentials: Mapping[str, Any], base_url: str | None = None) -> ChannelAccess:
    """Access with the credentials of a file. `base_url` replaces the address in them. WrongCredentials names the field."""
    fields = credentials.get(channel)
    if fields is None:
        raise WrongCredentials(f"the credentials name no {channel}: there are {', '.join(credentials) or 'none'}")
    marketplace = CHANNELS[channel]
    api = marketplace.api_for(fields)
    model: type[ApiCredentials] = api.credentials
    try:
        # Ids are often written as numbers.
        given = model.model_validate(
            {name: str(found) if _is_number(found) else found for name, found in fields.items()}
        )
    except ValidationError as problem:
        raise WrongCredentials(f"{channel}.{_complaint(problem, model)}") from None
    address = api.base_url
    for named, text in ((f"{channel}.baseUrl", given.base_url), ("--base-url", base_url)):
        if text is not None:
            try:
                address = check_base_url(text)
            except ValueError as problem:
                raise WrongCredentials(f"{named}: {problem}") from None
    if address is None:
        raise WrongCredentials(
            f"{channel}.baseUrl: it is missing, and differs from country to country: such as {api.example_url}"
        )
    return ChannelAccess(marketplace, api, given, address)


def check_base_url(text: str) -> str:
    """The address of an API; ValueError for one that secrets must not be sent to."""
    try:
        parts = urlsplit(check_word(text))
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port == 0 or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"an address such as {_EXAMPLE_URL}, without a query")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError("it has to begin with https://: these are secrets")
    return text


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def _complaint(problem: ValidationError, model: type[ApiCredentials]) -> str:
    first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    # The name of an unknown field is not shown: anything might stand there.
    shown = name if first["type"] != "extra_forbidden" else "a field"
    messages = {"missing": "it is missing", "extra_forbidden": f"is not one of {', '.join(model.names())}"}
    return f"{shown}: {messages.get(first['type'], first['msg'].removeprefix('Value error, '))}"
