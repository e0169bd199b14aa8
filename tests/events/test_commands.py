"""The wire form: what a command looks like before anything is decided, and what is turned away at the door."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from events.command import Command
from tests.events.every import COMMAND_TYPES
from tests.events.wire import BODIES, WIRE, body, refused_fields

MOST = 9_007_199_254_740_991

ENVELOPE: dict[str, Any] = {
    "accountId": "acc_1",
    "idempotencyKey": "idem_1",
    "effectiveAt": "2026-05-13T10:42:00.000000Z",
    "expectedVersion": 7,
    "metadata": {"ticket": "T-9", "lines": [1, None, True]},
}

OPTIONAL = {
    "openAccount": {"backend"},
    "setBankAccount": {"bankCode"},
    "setProvider": {"baseUrl"},
    "recordRevenue": {"channel", "expectedAt"},
    "recordRefund": {"reason"},
    "holdReserve": {"until"},
    "releaseReserve": {"amount"},
    "requestPayout": {"note", "bankCode", "bankName", "bankAccountNumber", "bankAccountHolder"},
    "markInTransit": {"reference"},
    "markPaid": {"reference"},
    "recordBankReturn": {"reference"},
    "closeCase": {"apply"},
    "setChannel": {"collects", "seller", "currency", "zone", "columns", "types"},
    "setStatementCycle": {"zone", "weekStartsOn"},
    "setSettlementTerms": {"period", "dueAfterDays", "dueAfterBusinessDays", "country"},
    "setPayoutPolicy": {"cutoff", "payDay", "automatic", "minimum", "reserve", "zone", "country"},
    "openDispute": {"disputeId"},
}

every_type = pytest.mark.parametrize("kind", BODIES)


def test_every_command_has_a_body_here() -> None:
    assert {kind.model_fields["type"].default for kind in COMMAND_TYPES} == set(BODIES)


@every_type
def test_a_command_is_read_from_its_wire_form_and_written_back_the_same(kind: str) -> None:
    document = {"type": kind, **ENVELOPE, **BODIES[kind]}
    command = WIRE.validate_python(document)
    assert command.model_dump(mode="json", by_alias=True) == document


@every_type
def test_only_optional_fields_may_be_left_out(kind: str) -> None:
    for name in BODIES[kind]:
        document = body(kind)
        del document[name]
        if name in OPTIONAL.get(kind, set()):
            WIRE.validate_python(document)
        else:
            assert refused_fields(document) == {name}


@every_type
def test_a_field_nobody_knows_is_refused(kind: str) -> None:
    assert refused_fields(body(kind, amuont=1)) == {"amuont"}


@every_type
def test_a_command_without_an_account_is_refused(kind: str) -> None:
    document = body(kind)
    del document["accountId"]
    assert refused_fields(document) == {"accountId"}


@pytest.mark.parametrize("kind", ["payMe", "OpenAccount", "", None, 1])
def test_a_command_of_no_known_type_is_refused(kind: object) -> None:
    with pytest.raises(ValidationError):
        WIRE.validate_python({"type": kind, "accountId": "acc_1", "currency": "IDR"})


WITH_AMOUNT = [kind for kind, fields in BODIES.items() if "amount" in fields]
NO_INTEGERS = [1.0, 0.5, True, False, "1000", "1", float("nan"), [1], {}]


@pytest.mark.parametrize("kind", WITH_AMOUNT)
def test_an_amount_is_an_integer_and_nothing_that_looks_like_one(kind: str) -> None:
    for amount in NO_INTEGERS:
        assert refused_fields(body(kind, amount=amount)) == {"amount"}, amount


@pytest.mark.parametrize("kind", WITH_AMOUNT)
def test_an_amount_in_json_is_an_integer_literal(kind: str) -> None:
    fields = ", ".join(f'"{k}": "{v}"' for k, v in BODIES[kind].items() if k != "amount")
    for text in ("1.0", "1e3", "true", '"1000"'):
        with pytest.raises(ValidationError):
            WIRE.validate_json(f'{{"type": "{kind}", "accountId": "acc_1", {fields}, "amount": {text}}}')


@pytest.mark.parametrize("kind", WITH_AMOUNT)
def test_an_amount_is_at_most_what_every_json_reader_keeps_exact(kind: str) -> None:
    WIRE.validate_python(body(kind, amount=MOST))
    assert refused_fields(body(kind, amount=MOST + 1)) == {"amount"}
    assert refused_fields(body(kind, amount=10**30)) == {"amount"}


@pytest.mark.parametrize("amount", [0, -1, -MOST])
@pytest.mark.parametrize("kind", [kind for kind in WITH_AMOUNT if kind != "adjust"])
def test_only_an_adjustment_has_a_sign(kind: str, amount: int) -> None:
    assert refused_fields(body(kind, amount=amount)) == {"amount"}


def test_an_adjustment_is_bounded_below_as_well() -> None:
    WIRE.validate_python(body("adjust", amount=-MOST))
    assert refused_fields(body("adjust", amount=-MOST - 1)) == {"amount"}


@pytest.mark.parametrize("kind", [kind for kind, fields in BODIES.items() if "currency" in fields])
def test_a_currency_is_an_iso_4217_code(kind: str) -> None:
    for code in ("XXX", "idr", "ID", "IDRR", "", " IDR", "IDR\n", "XAU", "XTS", 360):
        assert refused_fields(body(kind, currency=code)) == {"currency"}, code
    if "currency" in OPTIONAL.get(kind, set()):
        WIRE.validate_python(body(kind, currency=None))
    else:
        assert refused_fields(body(kind, currency=None)) == {"currency"}


RESPELLED = {"expectedAt", "until"}
"""Moments: nothing of the text that was sent is kept."""


@every_type
def test_text_that_the_log_cannot_hold_is_refused(kind: str) -> None:
    fields = {"accountId": "acc_1", **BODIES[kind]}
    for name, value in fields.items():
        if isinstance(value, str) and name not in RESPELLED:
            for poison in ("\x00", "\ud800"):
                assert refused_fields(body(kind, **{name: value + poison})) == {name}


LENGTHS = [
    ("setBankAccount", "bankCode", 1, 32),
    ("setBankAccount", "bankName", 1, 100),
    ("setBankAccount", "bankAccountNumber", 1, 50),
    ("setBankAccount", "bankAccountHolder", 1, 100),
    ("requestPayout", "bankCode", 1, 32),
    ("requestPayout", "bankName", 1, 100),
    ("requestPayout", "bankAccountNumber", 1, 50),
    ("requestPayout", "bankAccountHolder", 1, 100),
    ("requestPayout", "note", 0, 500),
    ("addWebhookSecret", "secret", 8, 500),
    ("setProvider", "secret", 8, 500),
    ("markFailed", "failureReason", 1, 500),
    ("markPaid", "reference", 1, 200),
    ("recordRevenue", "reference", 1, 200),
    ("recordRevenue", "channel", 1, 50),
    ("cancelPayout", "payoutId", 1, 64),
]


@pytest.mark.parametrize(("kind", "name", "shortest", "longest"), LENGTHS)
def test_text_has_a_shortest_and_a_longest_form(kind: str, name: str, shortest: int, longest: int) -> None:
    for length in (shortest, longest):
        WIRE.validate_python(body(kind, **{name: "x" * length}))
    for length in {shortest - 1, longest + 1} - {-1}:
        assert refused_fields(body(kind, **{name: "x" * length})) == {name}


def test_a_number_is_no_text() -> None:
    assert refused_fields(body("recordRevenue", reference=12345)) == {"reference"}
    assert refused_fields(body("setBankAccount", bankAccountNumber=1234567890)) == {"bankAccountNumber"}


@pytest.mark.parametrize("account", ["", "-acc", "acc 1", "acc/1", "acc_1\n", "ácc", "a" * 65, "../etc"])
def test_an_account_id_is_a_short_plain_word(account: str) -> None:
    assert refused_fields(body("cancelPayout", accountId=account)) == {"accountId"}


@pytest.mark.parametrize("account", ["a", "acc_1", "ws_01HX.A:b-c", "9" * 64])
def test_workspace_ids_of_every_source_are_account_ids(account: str) -> None:
    assert WIRE.validate_python(body("cancelPayout", accountId=account)).account_id == account


@pytest.mark.parametrize("key", ["", "a b", "a\n", "k" * 256, "schlüssel", "\x00"])
def test_an_idempotency_key_is_printable_ascii_without_spaces(key: str) -> None:
    assert refused_fields(body("cancelPayout", idempotencyKey=key)) == {"idempotencyKey"}


@pytest.mark.parametrize("version", [-1, 1.0, "1", True])
def test_an_expected_version_is_a_count(version: object) -> None:
    assert refused_fields(body("cancelPayout", expectedVersion=version)) == {"expectedVersion"}


MOMENTS = [("cancelPayout", "effectiveAt"), ("recordRevenue", "expectedAt"), ("holdReserve", "until")]


@pytest.mark.parametrize(("kind", "name"), MOMENTS)
def test_a_moment_is_respelled_in_utc_with_six_decimals(kind: str, name: str) -> None:
    command = WIRE.validate_python(body(kind, **{name: "2026-05-13T17:42:00.5+07:00"}))
    assert command.model_dump(by_alias=True)[name] == "2026-05-13T10:42:00.500000Z"


@pytest.mark.parametrize(("kind", "name"), MOMENTS)
@pytest.mark.parametrize(
    "text", ["2026-05-13T10:42:00", "2026-05-13", "yesterday", "", 1778668920, "0001-01-01T00:00+01:00"]
)
def test_a_moment_without_a_zone_is_refused(kind: str, name: str, text: object) -> None:
    assert refused_fields(body(kind, **{name: text})) == {name}


@pytest.mark.parametrize(
    "metadata",
    [{"a": 1.5}, {"a": 2**53}, {"a": "\x00"}, {"a": "\ud800"}, {"ä": 1}, {"a": {"b": [1.0]}}, [], "text"],
    ids=repr,
)
def test_metadata_that_the_log_cannot_hold_exactly_is_refused(metadata: object) -> None:
    assert "metadata" in refused_fields(body("cancelPayout", metadata=metadata))


@pytest.mark.parametrize(
    "url", ["ftp://p.example", "p.example", "https://", "https://p example", "https://p.example\n"]
)
def test_a_providers_address_is_a_web_address(url: str) -> None:
    assert refused_fields(body("setProvider", baseUrl=url)) == {"baseUrl"}


def test_a_backend_is_one_of_two() -> None:
    assert refused_fields(body("openAccount", backend="xendit")) == {"backend"}
    assert refused_fields(body("setBackend", backend=None)) == {"backend"}


def test_a_command_cannot_be_changed_once_it_is_read() -> None:
    command = WIRE.validate_python(body("cancelPayout"))
    with pytest.raises(ValidationError):
        setattr(command, "account_id", "acc_2")  # noqa: B010  a plain assignment is refused by the type checker first


@every_type
def test_a_printed_command_shows_its_account_and_nothing_that_it_carries(kind: str) -> None:
    command = WIRE.validate_python(body(kind))
    for text in (repr(command), str(command), f"{command}", repr([command])):
        assert "acc_1" in text
        for value in BODIES[kind].values():
            assert not isinstance(value, str) or value not in text


PERSONAL_OR_SECRET = {"bankAccountNumber", "bankAccountHolder", "secret"}


@every_type
def test_every_personal_or_secret_field_is_sealed_before_a_decision(kind: str) -> None:
    model = type(WIRE.validate_python(body(kind)))
    by_alias = {field.alias: name for name, field in model.model_fields.items()}
    expected = {by_alias[name] for name in PERSONAL_OR_SECRET & set(BODIES[kind])}
    assert set(model.sealed) == expected


@every_type
def test_an_example_has_every_field_of_its_own_and_is_accepted(kind: str) -> None:
    model = type(WIRE.validate_python(body(kind)))
    common = set(Command.model_fields) | {"type"}
    own = {field.alias for name, field in model.model_fields.items() if name not in common}
    assert model.example.keys() == own
