"""How the broker is reached: what does not go together is refused at the start, by the name of its variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from service.platform.kafka import broker_access
from service.platform.settings import Settings, WrongSettings, load


def access_with(**given: object) -> dict[str, object]:
    given = {name: SecretStr(str(value)) if name == "kafka_password" else value for name, value in given.items()}
    return broker_access(Settings(kafka_bootstrap_servers="kafka:9092").model_copy(update=given))


def test_the_default_is_plain_text() -> None:
    assert access_with() == {
        "bootstrap_servers": "kafka:9092",
        "client_id": "payout-ledger",
        "security_protocol": "PLAINTEXT",
    }


def test_a_login_is_handed_to_the_client_and_checked_against_the_systems_authorities() -> None:
    access = access_with(kafka_security_protocol="SASL_SSL", kafka_username="ledger", kafka_password="horse")
    context = access.pop("ssl_context")
    assert (context.check_hostname, context.verify_mode.name) == (True, "CERT_REQUIRED")  # type: ignore[attr-defined]
    assert access == {
        "bootstrap_servers": "kafka:9092",
        "client_id": "payout-ledger",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ledger",
        "sasl_plain_password": "horse",
    }


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kafka_security_protocol": "SASL_SSL", "kafka_password": "x"}, "KAFKA_USERNAME"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_username": "x"}, "KAFKA_PASSWORD"),
        ({"kafka_username": "x", "kafka_password": "x"}, "KAFKA_USERNAME"),
        ({"kafka_security_protocol": "SSL", "kafka_password": "x"}, "KAFKA_PASSWORD"),
        ({"kafka_ca_file": "authority.pem"}, "KAFKA_CA_FILE"),
        (
            {
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_username": "x",
                "kafka_password": "x",
                "kafka_certificate_file": "x",
            },
            "KAFKA_CERTIFICATE_FILE",
        ),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": "/nowhere/authority.pem"}, "KAFKA_CA_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_certificate_file": "/nowhere/it.pem"}, "KAFKA_CERTIFICATE_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_private_key_file": "/nowhere/key"}, "KAFKA_CERTIFICATE_FILE"),
    ],
)
def test_settings_that_do_not_go_together_name_the_variable(given: dict[str, object], named: str) -> None:
    with pytest.raises(WrongSettings, match=f"^{named}") as refused:
        access_with(**given)
    assert "\n" not in str(refused.value)


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text("not a certificate\n")
    with pytest.raises(WrongSettings, match=r"^KAFKA_CA_FILE"):
        access_with(kafka_security_protocol="SSL", kafka_ca_file=str(file))
    with pytest.raises(WrongSettings, match=r"^KAFKA_CERTIFICATE_FILE"):
        access_with(kafka_security_protocol="SSL", kafka_certificate_file=str(file))


@pytest.mark.parametrize("variable", ["KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM"])
def test_other_protocols_and_mechanisms_are_not_known(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv(variable, "GSSAPI")
    with pytest.raises(WrongSettings, match=f"^{variable}"):
        load()
