"""Access to Kafka, the same for every client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, KafkaError

from service.platform.settings import Settings, WrongSettings

_PROBE_SECONDS = 3


def broker_access(settings: Settings) -> dict[str, Any]:
    """The broker's address and our login, as arguments for any aiokafka client.

    WrongSettings, with the variable's name, where settings do not go together or a file cannot be used.
    """
    protocol = settings.kafka_security_protocol
    access: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": "payout-ledger",
        "security_protocol": protocol,
    }
    if protocol in ("SSL", "SASL_SSL"):
        access["ssl_context"] = _tls(settings)
    else:
        _refuse_unused(settings, protocol, "kafka_ca_file", "kafka_certificate_file", "kafka_private_key_file")
    if protocol.startswith("SASL_"):
        settings.require("kafka_username", "kafka_password")
        assert settings.kafka_password is not None
        access |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    else:
        _refuse_unused(settings, protocol, "kafka_username", "kafka_password")
    return access


def _refuse_unused(settings: Settings, protocol: str, *names: str) -> None:
    """WrongSettings where a password or certificate is set but unused: its owner would think that it protects."""
    for name in names:
        if getattr(settings, name) is not None:
            raise WrongSettings(
                f"{name.upper()} is set, and KAFKA_SECURITY_PROTOCOL={protocol} does not use it: choose "
                f"{'SASL_SSL' if name in ('kafka_username', 'kafka_password') else 'SSL or SASL_SSL'}"
            )


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as problem:
        raise WrongSettings(
            f"KAFKA_CA_FILE: {settings.kafka_ca_file} holds no certificates: {_reason(problem)}"
        ) from None
    certificate, private_key = settings.kafka_certificate_file, settings.kafka_private_key_file
    if certificate is None:
        if private_key is not None:
            raise WrongSettings("KAFKA_CERTIFICATE_FILE is not set, and KAFKA_PRIVATE_KEY_FILE is: they go together")
        return context
    try:
        # An empty password, so that nobody is asked for one on a terminal.
        context.load_cert_chain(certificate, private_key, password="")
    except OSError as problem:
        raise WrongSettings(
            "KAFKA_CERTIFICATE_FILE, KAFKA_PRIVATE_KEY_FILE: no certificate with its unencrypted key, in PEM: "
            f"{_reason(problem)}"
        ) from None
    return context


def _reason(problem: OSError) -> str:
    return problem.strerror or getattr(problem, "reason", None) or type(problem).__name__


async def explain_outage(access: Mapping[str, Any], problem: Exception) -> str:
    """The reason for an outage, for a person to act on. aiokafka hides it, so this connects to the first broker again."""
    if isinstance(problem, (KafkaConnectionError, TimeoutError)):
        server = str(access["bootstrap_servers"]).split(",")[0].strip()
        host, _, port = server.rpartition(":")
        shared = {name: value for name, value in access.items() if name != "bootstrap_servers"}
        try:
            connection = AIOKafkaConnection(host.strip("[]"), int(port), **shared)
            try:
                async with asyncio.timeout(_PROBE_SECONDS):
                    await connection.connect()
            finally:
                connection.close()
        except ssl.SSLCertVerificationError as failure:
            return f"{server} has a certificate that is not trusted: {failure.verify_message}"
        except ssl.SSLError as failure:
            return f"{server} does not agree on TLS: {failure.reason or 'no reason given'}"
        except KafkaError as failure:
            if shared["security_protocol"].startswith("SASL_") and not isinstance(failure, KafkaConnectionError):
                return f"{server} refuses the login: {type(failure).__name__}"
            return f"{server}: {type(failure).__name__}"
        except TimeoutError:
            return f"{server} does not answer"
        except (OSError, ValueError) as failure:
            return f"{server} is not reachable: {getattr(failure, 'strerror', None) or type(failure).__name__}"
    return type(problem).__name__
