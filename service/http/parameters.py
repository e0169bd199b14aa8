"""Parameters of operations: each is declared once, read by handlers and described in `/openapi.json`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from aiohttp import web
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from events.command import AccountId, IdempotencyKey
from events.instants import Instant, parse
from service.http.errors import ApiError

Schema = dict[str, Any]
Value = TypeVar("Value")

ID_LENGTH_MAX = 64
NUMBER_DIGITS_MAX = 18
"""Every number of so many digits fits into Postgres's bigint."""

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Generic[Value]):
    """A parameter in the query or a header. `parse` reads its text; it answers 400 where that is wrong."""

    name: str
    description: str
    schema: Schema
    parse: Callable[[str], Value]
    default: Value
    location: Literal["query", "header"] = "query"
    required: bool = False

    def given(self, request: web.Request) -> str | None:
        """The text as it was sent, or None."""
        return (request.query if self.location == "query" else request.headers).get(self.name)

    def read(self, request: web.Request) -> Value:
        text = (request.query if self.location == "query" else request.headers).get(self.name)
        return self.default if text is None else self.parse(text)

    def described(self) -> Schema:
        """The parameter as OpenAPI has it."""
        schema = self.schema if self.default in (None, "") else {**self.schema, "default": self.default}
        required = {"required": True} if self.required else {}
        return {
            "name": self.name,
            "in": self.location,
            "description": self.description,
            **required,
            "schema": schema,
        }


@dataclass(frozen=True, slots=True, eq=False)
class PathParameter:
    """An id in the path. `name` is the one in the route's template; the document has it in camel case."""

    name: str
    description: str
    schema: Schema

    @property
    def documented_name(self) -> str:
        return to_camel(self.name)

    def read(self, request: web.Request) -> str:
        """404 for a text that no id can be."""
        text = request.match_info[self.name]
        if not (len(text) <= ID_LENGTH_MAX and text.isascii() and text.isprintable()):
            raise ApiError("NOT_FOUND", "there is nothing with this id", field=self.documented_name)
        return text

    def described(self) -> Schema:
        return {
            "name": self.documented_name,
            "in": "path",
            "description": self.description,
            "required": True,
            "schema": self.schema,
        }


AnyParameter = Parameter[Any] | PathParameter


def id_in_path(name: str, description: str) -> PathParameter:
    return PathParameter(name, description, {"type": "string", "maxLength": ID_LENGTH_MAX})


def invalid(name: str, message: str) -> ApiError:
    """400 that names the parameter."""
    return ApiError("VALIDATION_ERROR", message, field=name)


def choice(name: str, choices: Sequence[str], description: str) -> Parameter[str | None]:
    """One of these texts, or None."""
    return Parameter(name, description, {"enum": list(choices)}, _parse_choice(name, choices), None)


def choice_with_default(name: str, choices: Sequence[str], description: str, default: str) -> Parameter[str]:
    return Parameter(name, description, {"enum": list(choices)}, _parse_choice(name, choices), default)


def _parse_choice(name: str, choices: Sequence[str]) -> Callable[[str], str]:
    def parse_choice(text: str) -> str:
        if text not in choices:
            raise invalid(name, f"{name} is one of {', '.join(choices)}")
        return text

    return parse_choice


def yes_or_no(name: str, description: str) -> Parameter[str | None]:
    """`true`, `false` or None."""
    return choice(name, ("true", "false"), description)


def flag(name: str, description: str) -> Parameter[bool]:
    """`true` or `false`; false where it is left out."""

    def parse_flag(text: str) -> bool:
        if text not in ("true", "false"):
            raise invalid(name, f"{name} is true or false")
        return text == "true"

    return Parameter(name, description, {"type": "boolean"}, parse_flag, default=False)


def _is_number(text: str, digits_max: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits_max


def whole_number(name: str, description: str, default: int) -> Parameter[int]:
    return Parameter(name, description, NUMBER, _parse_number(name, f"{name} is a whole number"), default)


def _parse_number(name: str, message: str) -> Callable[[str], int]:
    def parse_number(text: str) -> int:
        if not _is_number(text, NUMBER_DIGITS_MAX):
            raise invalid(name, message)
        return int(text)

    return parse_number


def limit(default: int, most: int, description: str = "How many at most.") -> Parameter[int]:
    """How many rows a page has."""

    def parse_limit(text: str) -> int:
        if not (_is_number(text, 9) and 1 <= int(text) <= most):
            raise invalid("limit", f"limit is a whole number from 1 to {most}")
        return int(text)

    return Parameter("limit", description, {"type": "integer", "minimum": 1, "maximum": most}, parse_limit, default)


def any_text(
    name: str,
    description: str,
    schema: Schema = TEXT,
    *,
    location: Literal["query", "header"] = "query",
    required: bool = False,
) -> Parameter[str | None]:
    """A text that whoever uses it checks."""
    return Parameter(name, description, schema, str, None, location, required)


def text_of(
    name: str, description: str, most: int, allowed: Callable[[str], bool], message: str
) -> Parameter[str | None]:
    """A text of 1 to `most` characters that is `allowed`, or None."""
    return Parameter(name, description, _text_schema(most), _parse_text(name, most, allowed, message), None)


def text_with_default(
    name: str, description: str, most: int, allowed: Callable[[str], bool], message: str, default: str
) -> Parameter[str]:
    return Parameter(name, description, _text_schema(most), _parse_text(name, most, allowed, message), default)


def _text_schema(most: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _parse_text(name: str, most: int, allowed: Callable[[str], bool], message: str) -> Callable[[str], str]:
    def parse_text(text: str) -> str:
        if not (0 < len(text) <= most and allowed(text)):
            raise invalid(name, message)
        return text

    return parse_text


def moment(name: str, description: str) -> Parameter[Instant | None]:
    """An instant, in any spelling of ISO 8601 with a zone."""

    def parse_moment(text: str) -> Instant:
        try:
            return parse(text)
        except ValueError as problem:
            raise invalid(name, f"{name}: {problem}") from None

    return Parameter(name, description, {"type": "string", "format": "date-time"}, parse_moment, None)


def day(name: str, description: str) -> Parameter[date | None]:
    """A day as 2026-11-09; other forms of ISO 8601 are longer or shorter."""

    def parse_day(text: str) -> date:
        try:
            return date.fromisoformat(text if len(text) == len("2026-11-09") else "")
        except ValueError:
            raise invalid(name, f"{name} is a day, such as 2026-11-09") from None

    return Parameter(name, description, {"type": "string", "format": "date"}, parse_day, None)


def _parse_idempotency_key(text: str) -> str:
    try:
        return _IDEMPOTENCY_KEY.validate_python(text)
    except ValidationError:
        message = "an idempotency key is 1 to 255 printable ASCII characters without spaces"
        raise invalid("Idempotency-Key", message) from None


_IDEMPOTENCY_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)
_ACCOUNT_ID: Schema = TypeAdapter(AccountId).json_schema()

LIMIT = limit(50, 100)
LONG_LIMIT = limit(100, 1000)
CURSOR: Parameter[str | None] = Parameter(
    "cursor", "meta.cursor of the page before.", TEXT, lambda text: text or None, None
)
MIN_POSITION: Parameter[int | None] = Parameter(
    "minPosition",
    "Wait until what is read has reached this position of the account's lane, for some seconds at most.",
    NUMBER,
    _parse_number("minPosition", "minPosition is a position: a whole number"),
    None,
)
ACCOUNT_ID = any_text("accountId", "Only this account's.")

IDEMPOTENCY_KEY: Parameter[str | None] = Parameter(
    "Idempotency-Key",
    "A name for this request, kept for ever: the same request under it gets the first answer again.",
    _IDEMPOTENCY_KEY.json_schema(),
    _parse_idempotency_key,
    None,
    "header",
)
X_IDEMPOTENCY_KEY = any_text(
    "X-Idempotency-Key", "The same as Idempotency-Key.", IDEMPOTENCY_KEY.schema, location="header"
)
IDEMPOTENCY = (IDEMPOTENCY_KEY, X_IDEMPOTENCY_KEY)
"""Of every mutation that can be repeated under a key."""

STORLAUNCH_ON_BEHALF_OF = any_text(
    "X-Storlaunch-On-Behalf-Of",
    "The account that this is about, for a key that may ask for others: a platform key has none of its own.",
    _ACCOUNT_ID,
    location="header",
)
PLUGIPAY_ON_BEHALF_OF = any_text(
    "X-Plugipay-On-Behalf-Of", "The same as X-Storlaunch-On-Behalf-Of.", _ACCOUNT_ID, location="header"
)
ON_BEHALF_OF = (STORLAUNCH_ON_BEHALF_OF, PLUGIPAY_ON_BEHALF_OF)
"""Of every operation that asks for a key."""
