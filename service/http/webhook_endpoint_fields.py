"""The fields of webhook endpoints: in bodies with their checks, and in answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from events.canonical import INTEGER_MAX, check_content
from service.http.bodies import BodyModel
from service.http.errors import ApiError
from service.outgoing import endpoints, event_names
from service.outgoing.endpoints import Owner
from service.platform import address_guard
from service.platform.documents import Count, Position, Time, one_of
from service.platform.settings import Settings

DESCRIPTION_MAX = 200

Url = Annotated[str, Field(max_length=address_guard.URL_LENGTH_MAX)]
Patterns = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=event_names.PATTERNS_MAX,
        description=f"`*`, `prefix.*`, or one of {', '.join(sorted(set(event_names.NAMES.values())))}",
    ),
]
Description = Annotated[str, Field(max_length=DESCRIPTION_MAX)]


class NewWebhookEndpoint(BodyModel):
    """An endpoint to add."""

    url: Url
    events: Patterns = Field(default=[event_names.EVERYTHING])
    description: Description | None = None


class WebhookEndpointChange(BodyModel):
    """What is to be changed of an endpoint; what is not named stays."""

    # Defaults that the document does not show: a field that is left out changes nothing.
    url: Url = Field(default_factory=str)
    events: Patterns = Field(default_factory=list)
    description: Description | None = Field(default_factory=str)
    enabled: bool = Field(default_factory=bool)


class Rotation(BodyModel):
    """For how long the old secrets sign beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=endpoints.OVERLAP_SECONDS_MAX)] = endpoints.OVERLAP_SECONDS


class Replay(BodyModel):
    """From where on an endpoint gets the account's events again."""

    from_position: Annotated[int, Field(ge=1, le=INTEGER_MAX)]


class ReplayProgressDocument(TypedDict):
    fromPosition: Position
    toPosition: Count
    done: bool


class WebhookEndpointDocument(TypedDict):
    """A URL that an account's own events are sent to."""

    id: str
    accountId: str
    url: Url
    events: Patterns
    description: Description | None
    enabled: bool
    disabledReason: Annotated[str | None, one_of("gone", "failing", None)]
    afterPosition: Count
    failures: Count
    failingSince: Time | None
    replay: ReplayProgressDocument | None
    createdAt: Time
    updatedAt: Time


class WebhookEndpointWithSecretDocument(WebhookEndpointDocument):
    """An endpoint with its new secret, which no other answer shows."""

    secret: str


class DeletedDocument(TypedDict):
    id: str
    deleted: bool


def endpoint_document(owner: Owner, row: dict[str, Any]) -> WebhookEndpointDocument:
    replayed: ReplayProgressDocument | None = None
    if row["replay_from"] is not None:
        replayed = {"fromPosition": row["replay_from"], "toPosition": row["replay_to"], "done": not row["replaying"]}
    return {
        "id": row["endpoint_id"],
        "accountId": owner.account_id,
        "url": row["url"],
        "events": row["patterns"],
        "description": row["description"],
        "enabled": row["enabled"],
        "disabledReason": row["disabled_reason"],
        "afterPosition": row["after_position"],
        "failures": row["failures"],
        "failingSince": row["failing_since"],
        "replay": replayed,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def read_url(text: Any, settings: Settings) -> str:
    if not isinstance(text, str):
        raise ApiError("VALIDATION_ERROR", "url is to be a text", field="url")
    wrong = address_guard.url_problem(text, settings)
    if wrong is not None:
        raise ApiError("VALIDATION_ERROR", f"url: {wrong}", field="url")
    return text


def read_patterns(given: Any) -> list[str]:
    if not isinstance(given, list) or not 1 <= len(given) <= event_names.PATTERNS_MAX:
        raise ApiError(
            "VALIDATION_ERROR", f"events is a list of 1 to {event_names.PATTERNS_MAX} patterns", field="events"
        )
    for index, pattern in enumerate(given):
        wrong = event_names.pattern_problem(pattern) if isinstance(pattern, str) else "a pattern is a text"
        if wrong is not None:
            raise ApiError("VALIDATION_ERROR", f"events[{index}]: {wrong}", field=f"events[{index}]")
    return given


def read_description(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > DESCRIPTION_MAX:
        message = f"description is a text of at most {DESCRIPTION_MAX} characters"
        raise ApiError("VALIDATION_ERROR", message, field="description")
    try:
        check_content(given)
    except ValueError as problem:
        raise ApiError("VALIDATION_ERROR", f"description: {problem}", field="description") from None
    return given


def read_whole_number(body: dict[str, Any], name: str, default: int | None, least: int, most: int) -> int:
    number = body.get(name, default)
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ApiError("VALIDATION_ERROR", f"{name} is a whole number from {least} to {most}", field=name)
    return number
