"""Settings: environment variables, read once at the start and passed as an argument."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from events.currency import ISO_4217_EXPONENTS


class WrongSettings(Exception):
    """The service does not start with wrong settings. The message names the variable."""


class Settings(BaseSettings):
    """Each field is the environment variable of the same name, in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(default="", description="Postgres, as the service's login (may only insert into events).")
    migrate_database_url: str | None = Field(default=None, description="Postgres, as the schema's owner.")
    database_pool_size_max: int = Field(default=8, ge=1, le=200, description="Connections for reads, per process.")
    database_timeout_seconds: float = Field(default=10, gt=0, le=300, description="The longest a statement may take.")
    clock_ahead_seconds_max: float = Field(
        default=5, ge=0.1, description="How far ahead of the database's clock this machine's may be, to write anything."
    )
    request_seconds_max: float = Field(
        default=10, gt=0, le=300, description="The longest a request takes, uploads apart; then it is answered 503."
    )
    master_key: SecretStr = Field(default=SecretStr(""), description="32 bytes in base64: wraps every other key.")
    kafka_bootstrap_servers: str | None = Field(default=None, description="host:port,... ; without it, no consumer.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Whether connections to the broker are encrypted (SSL) and log in (SASL)."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How KAFKA_USERNAME logs in."
    )
    kafka_username: str | None = Field(default=None, description="The broker's login for this service.")
    kafka_password: SecretStr | None = Field(default=None, description="The password of KAFKA_USERNAME.")
    kafka_ca_file: str | None = Field(
        default=None,
        description="PEM: the authorities for the broker's certificate. Without it, the system's authorities.",
    )
    kafka_certificate_file: str | None = Field(
        default=None, description="PEM: the certificate that this service shows the broker, with its chain."
    )
    kafka_private_key_file: str | None = Field(
        default=None, description="PEM, unencrypted: its key, where KAFKA_CERTIFICATE_FILE does not hold it."
    )
    kafka_webhooks_topic: str = Field(default="plugipay.webhooks", min_length=1)
    kafka_group: str = Field(default="payout-ledger", min_length=1)
    kafka_session_timeout_seconds: float = Field(
        default=10,
        ge=1,
        le=300,
        description="After this long without a sign of life, another consumer of the group gets this one's webhooks.",
    )
    kafka_keeps: bool = Field(
        default=True, description="Whether the broker is durable; if not, webhooks are ingested directly."
    )
    kafka_plain_bodies: bool | None = Field(
        default=None,
        description="Whether webhooks that our own receiver did not seal are taken from the topic. By default, where it"
        " seals none: without KAFKA_KEEPS.",
    )
    plugipay_webhook_secret: SecretStr | None = Field(
        default=None, description="A webhook secret that is valid for every account, also for unknown ones."
    )
    webhook_answer_seconds: float = Field(
        default=5, gt=0, le=9, description="The longest a webhook waits for its answer: the provider gives up at ten."
    )
    plugipay_base_url: str = Field(
        default="https://plugipay.com",
        pattern="^https?://",
        description="Plugipay's address, for accounts that name no other.",
    )
    plugipay_hosts: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.:, -]*$",
        description="Other hosts at which an account's provider may be (`setProvider.baseUrl`), with commas between.",
    )
    plugipay_timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="The longest a call to Plugipay may take, with all its retries."
    )
    plugipay_key_id: str | None = Field(
        default=None, description="The platform's key at Plugipay, for accounts that have none of their own."
    )
    plugipay_secret: SecretStr | None = Field(default=None, description="The secret of PLUGIPAY_KEY_ID.")
    plugipay_poll_seconds: float = Field(
        default=60, gt=0, le=86400, description="How soon the provider is asked about an open payout; then ever later."
    )
    plugipay_sweep_seconds: float = Field(
        default=600, gt=0, le=86400, description="How often the provider's list of payouts is compared with ours."
    )
    dispatcher: bool = Field(default=True, description="Whether this process submits payouts and asks about them.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    lanes: int = Field(default=1, ge=1, le=1024, description="Independent logs. May be raised, never lowered.")
    batch_commands_max: int = Field(
        default=32, ge=1, le=5000, description="Commands in one transaction; a larger request is still one."
    )
    queue_commands_max: int = Field(default=20_000, ge=1, description="Waiting commands, beyond which 503 is answered.")
    import_bytes_max: int = Field(
        default=100 * 1024 * 1024, ge=1024, description="The largest file that can be imported over HTTP."
    )
    imports_max: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="Files being read at once; those that came later wait for their turn.",
    )
    imports_account_max: int = Field(
        default=4, ge=1, le=1000, description="Files of one account on their way, waiting or being read; beyond, 503."
    )
    uploads_max: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="Files of all accounts on their way, waiting or being read; each is on disk meanwhile (TMPDIR).",
    )
    upload_idle_seconds: float = Field(
        default=30, gt=0, le=3600, description="How long a file on its way may stand still: then it is refused."
    )
    upload_bytes_per_second_min: int = Field(
        default=10_000, ge=1, description="How fast a file has to come on the whole: else it is refused."
    )
    key_requests_per_second: float | None = Field(
        default=None, gt=0, description="Requests with one key; beyond, 429. By default without end."
    )
    account_requests_per_second: float | None = Field(
        default=1000, gt=0, description="Requests about one account; beyond, 429."
    )
    stranger_requests_per_second: float | None = Field(
        default=100, gt=0, description="Requests from one address that prove no key; beyond, 429."
    )
    rate_burst_seconds: float = Field(
        default=2, gt=0, le=3600, description="How many seconds' requests may come at once, of each of these."
    )
    connections_max: int = Field(
        default=4000, ge=1, description="Connections that may be open at once; one more is closed before it is read."
    )
    connections_per_address_max: int = Field(
        default=1000, ge=1, description="Of these, from one address, or one IPv6 network of 64 bits."
    )
    body_bytes_max: int = Field(default=4_000_000, ge=1000, description="The largest request body.")
    bodies_bytes_max: int = Field(
        default=64_000_000, ge=1_000_000, description="Bytes of request bodies that may be on their way in at once."
    )
    effective_days_back_max: int = Field(default=400, ge=0, description="How old a command's effectiveAt may be.")
    test_account_prefix: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,31}$",
        description="What ids of accounts in test mode begin with, and of no others, from now on.",
    )
    four_eyes: bool = Field(
        default=False,
        description="Whether the key that named a payout's bank account may not decide about the payout by hand.",
    )
    bank_account_cool_down_hours: float = Field(
        default=0, ge=0, le=720, description="How long no payout goes to a bank account after it was changed."
    )
    currency_exponents: Annotated[dict[str, int], NoDecode] = Field(
        default={}, description='Decimals that differ from ISO 4217, as JSON: {"IDR": 0}. Fixed by the first event.'
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    log_requests: bool = Field(default=True, description="One log line for each command, accepted or refused.")
    keep_alive_seconds: float = Field(
        default=75,
        gt=0,
        le=3600,
        description="How long a connection may take to its next whole request's headers: then it is closed.",
    )
    drain_seconds: float = Field(default=10, ge=0, le=600, description="How long a stop waits for work under way.")
    kafka_events_topic: str = Field(
        default="payouts.events",
        min_length=1,
        description="The topic that every event of the ledger is published to, without sealed fields.",
    )
    outgoing_plain_http: bool = Field(
        default=False,
        description="Whether webhook endpoints, and addresses that accounts name, may be http, which is not encrypted.",
    )
    outgoing_private_addresses: bool = Field(
        default=False,
        description="Whether webhook endpoints, and addresses that accounts name, may be on this machine or in private networks.",
    )
    outgoing_requests_max: int = Field(default=200, ge=1, le=5000, description="Webhooks being sent at once.")
    outgoing_log_days: int = Field(default=30, ge=2, le=3650, description="How long sent webhooks are stored.")

    @field_validator("database_url", "migrate_database_url")
    @classmethod
    def _is_postgres(cls, url: str | None) -> str | None:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return url

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value():
            try:
                raw = base64.b64decode(key.get_secret_value(), validate=True)
            except binascii.Error:
                raise ValueError("must be base64") from None
            if len(raw) != 32:
                raise ValueError("must be 32 bytes in base64, such as from: openssl rand -base64 32")
        return key

    @field_validator("currency_exponents", mode="before")
    @classmethod
    def _are_exponents(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise ValueError('must be JSON, such as {"IDR": 0}') from None
        return value

    @field_validator("currency_exponents")
    @classmethod
    def _are_known(cls, value: dict[str, int]) -> dict[str, int]:
        for code, exponent in value.items():
            if code not in ISO_4217_EXPONENTS:
                raise ValueError(f"{code} is not an ISO 4217 currency")
            if not 0 <= exponent <= 4:
                raise ValueError(f"{code} has {exponent} decimals: 0 to 4 are possible")
        return value

    @property
    def exponents(self) -> dict[str, int]:
        """Decimals of every currency, for a new ledger."""
        return {**ISO_4217_EXPONENTS, **self.currency_exponents}

    def require(self, *names: str) -> None:
        """WrongSettings, with the variable's name, where one of these is missing."""
        for name in names:
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                raise WrongSettings(f"{name.upper()} is not set: {type(self).model_fields[name].description}")


def load(**overrides: object) -> Settings:
    """The settings in the environment. WrongSettings names the variable that is wrong, and never shows a value."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as problem:
        lines = [f"{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in problem.errors()]
        raise WrongSettings("\n".join(lines)) from None
