"""The worst commands: refused whole, with the place to blame, and nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.platform.settings import Settings
from tests.events.wire import BODIES
from tests.service.http.test_bad_bodies import AMOUNTS, CURRENCIES, texts
from tests.support.api import Api, Caller, serving
from tests.support.loops import run
from tests.support.refusals import complaints, send
from tests.support.tables import read_tables

Wrong = dict[str, list[str]]
SIGNED_ARE_FINE = (-1, -(2**53) + 1)
OPTIONAL = {
    "backend", "bankCode", "baseUrl", "channel", "expectedAt", "note", "reason", "reference", "until", "amount",
    "bankName", "bankAccountNumber", "bankAccountHolder", "seller", "zone", "apply", "disputeId", "minimum", "reserve",
    "cutoff", "payDay", "country", "period", "dueAfterDays", "dueAfterBusinessDays", "automatic", "weekStartsOn",
    "columns", "types",
}  # fmt: skip


async def refused_whole(merchant: Caller, commands: Any, place: str | None, wrong: Wrong, name: str) -> None:
    answer = await send(merchant, "POST", "/v1/commands", {"commands": commands})
    if found := complaints(answer, field=place):
        wrong[name] = found


async def test_what_is_no_list_of_commands_is_refused(api: Api, settings: Settings) -> None:
    merchant = await api.merchant()
    before = await read_tables(settings)
    good = {"type": "freezeAccount", "reason": "x"}
    for body, place in (
        ({}, "commands"),
        ({"commands": []}, "commands"),
        ({"commands": {}}, "commands"),
        ({"commands": None}, "commands"),
        ({"commands": "freezeAccount"}, "commands"),
        ({"commands": [good] * 1001}, "commands"),
        ({"commands": [good], "atomic": "yes"}, "atomic"),
        ({"commands": [good], "atomic": 1}, "atomic"),
        ({"commands": [good], "atomic": None}, "atomic"),
        ({"commands": [good], "dryRun": True}, "dryRun"),
        ({"commands": [good, None]}, "commands[1]"),
        ({"commands": [good, []]}, "commands[1]"),
        ({"commands": [good, 5]}, "commands[1]"),
        ({"commands": [good, {}]}, "commands[1].type"),
        ({"commands": [{"type": "nope"}]}, "commands[0].type"),
        ({"commands": [{"type": None}]}, "commands[0].type"),
        ({"commands": [{"type": ["freezeAccount"]}]}, "commands[0].type"),
        ({"commands": [{"type": {}}]}, "commands[0].type"),
        ({"commands": [{"type": "Command"}]}, "commands[0].type"),
        ({"commands": [{"type": "freeze_account", "reason": "x"}]}, "commands[0].type"),
    ):
        assert complaints(await send(merchant, "POST", "/v1/commands", body), field=place) == [], body
    assert await read_tables(settings) == before


async def test_every_field_of_every_command_is_checked_and_named(api: Api, settings: Settings) -> None:
    merchant = await api.merchant(available=1000)
    before = await read_tables(settings)
    wrong: Wrong = {}
    for kind, fields in BODIES.items():
        await refused_whole(merchant, [{"type": kind, **fields, "x": 1}], "commands[0].x", wrong, f"{kind} unknown")
        for field in fields:
            place = f"commands[0].{field}"
            values: tuple[Any, ...] = texts(100_000, may_be_null=field in OPTIONAL)
            if field == "amount":
                values = tuple(v for v in AMOUNTS if v is not None and (kind != "adjust" or v not in (0, -1, -(2**53))))
            elif field == "currency":
                values = tuple(v for v in CURRENCIES if v is not None or kind != "setChannel")
            elif field == "note":
                values = texts(500, may_be_empty=True, may_be_null=True)
            elif field in ("expectedAt", "until"):
                values = (
                    "yesterday",
                    "2026-05-13",
                    "2026-05-13T10:42:00",
                    "",
                    5,
                    1.5,
                    True,
                    [],
                    {},
                    "0000-00-00T00:00:00Z",
                )
            elif field in ("apply", "automatic"):
                values = ("true", "", 1, 0, None, [], {})
            elif field == "targets":
                values = ("", "x", 5, None, True, [], {}, [BODIES[kind][field][0]] * 101)
            elif field in ("minimum", "reserve"):
                values = (-1, 1.5, "5", True, [], {}, 2**53)
            elif field == "payDay":
                values = ("", "someday", 0, 32, 1.5, True, [], {})
            elif field in ("dueAfterDays", "dueAfterBusinessDays"):
                values = (-1, 1.5, "5", True, [], {}, 10**9)
            elif field == "cutoff":
                values = ("", "monday", 5, True, [])
            elif field == "baseUrl":
                values = ("ftp://x", "", "http://", "http://a b", 5, [])
            for number, value in enumerate(values):
                name = f"{kind}.{field} no. {number}"
                await refused_whole(merchant, [{"type": kind, **fields, field: value}], place, wrong, name)
            required = field == "channel" if kind == "setChannel" else field not in OPTIONAL
            if required or (kind, field) in (("recordRevenue", "amount"), ("adjust", "amount")):
                without = {k: v for k, v in fields.items() if k != field}
                await refused_whole(merchant, [{"type": kind, **without}], place, wrong, f"{kind} without {field}")
    for kind, body, place in INSIDE:
        await refused_whole(merchant, [{"type": kind, **BODIES[kind], **body}], f"commands[0].{place}", wrong, place)
    assert wrong == {}
    assert await read_tables(settings) == before


_TARGET = BODIES["makeMatch"]["targets"][0]
INSIDE: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("makeMatch", {"targets": [5]}, "targets[0]"),
    ("makeMatch", {"targets": [_TARGET, {**_TARGET, "kind": "account"}]}, "targets[1].kind"),
    ("makeMatch", {"targets": [{**_TARGET, "amount": 1.5}]}, "targets[0].amount"),
    ("makeMatch", {"targets": [{**_TARGET, "x": 1}]}, "targets[0].x"),
    ("setPayoutPolicy", {"cutoff": {"day": "someday"}}, "cutoff.day"),
    ("setPayoutPolicy", {"cutoff": {"day": "monday", "time": "25:00"}}, "cutoff.time"),
    ("setPayoutPolicy", {"cutoff": {"day": "monday", "x": 1}}, "cutoff.x"),
)
"""What is wrong inside of a field is blamed where it stands."""

COMMON: dict[str, tuple[Any, ...]] = {
    "accountId": ("", " ", "acc 1", "a/b", "a\0", "x" * 65, "-a", "ü", 5, None, [], {}),
    "idempotencyKey": ("", "a b", "x" * 256, "ü", "a\0", 5, [], {}),
    "expectedVersion": (-1, 1.0, "1", True, [], 2**80),
    "effectiveAt": (
        "yesterday", "", "2026-05-13", "2026-05-13T10:42:00", "2026-05-13T10:42", "2026-13-01T00:00:00Z",
        "2026-05-13T10:42:00+25:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x" * 1000,
        "2026-05-13T10:42:00Z\0", 5, 1.5, True, [], {},
    ),
    "metadata": (
        [], "x", 5, True, {"a": 1.5}, {"a": 2**53}, {"a": -(2**53)}, {"a": 10**30}, {"a": "x\0"}, {"ü": 1}, {"a\0": 1},
        {"a": [{"b": [1.0]}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("field", COMMON)
async def test_what_every_command_carries_is_checked_and_named(api: Api, settings: Settings, field: str) -> None:
    await api.merchant()
    platform = await api.caller()
    before = await read_tables(settings)
    wrong: Wrong = {}
    for value in COMMON[field]:
        command = {"type": "freezeAccount", "accountId": "acc_1", "reason": "x", field: value}
        await refused_whole(platform, [command], f"commands[0].{field}", wrong, repr(value)[:50])
    assert wrong == {}
    assert await read_tables(settings) == before


async def test_metadata_that_is_nested_too_deep_is_refused(api: Api) -> None:
    merchant = await api.merchant()
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    wrong: Wrong = {}
    command = {"type": "freezeAccount", "reason": "x", "metadata": deep}
    await refused_whole(merchant, [command], "commands[0].metadata", wrong, "deep")
    assert wrong == {}


async def test_one_wrong_command_refuses_the_whole_request_so_that_nothing_is_half_done(api: Api) -> None:
    merchant = await api.merchant()
    position = await api.position()
    good = {"type": "recordRevenue", "amount": 1, "currency": "IDR", "reference": "o"}
    answer = await send(merchant, "POST", "/v1/commands", {"commands": [good, good, {**good, "amount": 1.5}]})
    assert complaints(answer, field="commands[2].amount") == []
    assert await api.position() == position


async def test_effective_at_may_reach_back_to_a_limit_and_never_forward(api: Api, settings: Settings) -> None:
    merchant = await api.merchant()
    now = datetime.now(UTC)
    before = await read_tables(settings)
    for moment in (now + timedelta(minutes=5), now - timedelta(days=settings.effective_days_back_max + 1)):
        result = await merchant.command(type="freezeAccount", reason="x", effectiveAt=moment.isoformat())
        assert (result["status"], result["error"]["code"]) == ("refused", "VALIDATION_ERROR")
        assert result["error"]["field"] == "effectiveAt"
    assert await read_tables(settings) == before
    moment = now - timedelta(days=settings.effective_days_back_max - 1)
    await merchant.accepted(type="freezeAccount", reason="x", effectiveAt=moment.isoformat())


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from(["IDR", "acc_1", "pout_1", "o-1", "2026-05-13T10:42:00Z", "manual", "\0", "system"])
)
FIELDS = st.sampled_from(sorted({field for fields in BODIES.values() for field in fields} | set(COMMON)))
NAMES = FIELDS | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
PAYOUTS = JSON | st.fixed_dictionaries(
    {"amount": SCALARS | st.just(10), "currency": SCALARS | st.just("IDR")}, optional={"note": JSON, "bankName": JSON}
)
COMMANDS = st.sampled_from(sorted(BODIES)).flatmap(
    lambda kind: st.dictionaries(FIELDS, JSON, max_size=3).map(lambda more: {"type": kind, **BODIES[kind], **more})
)
BULKS = JSON | st.fixed_dictionaries(
    {"commands": st.lists(COMMANDS | JSON, min_size=1, max_size=4)}, optional={"atomic": st.booleans()}
)


@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(payouts=st.lists(PAYOUTS, min_size=20, max_size=25), bulks=st.lists(BULKS, min_size=20, max_size=25))
def test_no_body_whatsoever_makes_the_service_fail(settings: Settings, payouts: list[Any], bulks: list[Any]) -> None:
    async def throw_them_all() -> None:
        async with serving(settings) as api:
            key = await api.caller("acc_1")
            await key.command(type="openAccount", currency="IDR")
            for path, bodies in (
                ("/v1/payouts", payouts),
                ("/v1/commands", bulks),
                ("/v1/commands?dryRun=true", bulks),
            ):
                for body in bodies:
                    answer = await send(key, "POST", path, body)
                    assert answer.status < 500, (path, body, answer.raw)
                    assert set(answer.document) == {"data", "error", "meta"}
                    assert answer.status < 400 or complaints(answer, status=answer.status) == []

    run(throw_them_all())
