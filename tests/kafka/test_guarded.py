"""A broker that wants to know who asks, over TLS or with a login: the whole service lives with it, or says why not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.platform.settings import Settings
from tests.kafka.broker import Doors, RealBroker, start_real_broker
from tests.support.api import serving
from tests.support.consuming import LATER, LATEST, a_payout, eventually, payout
from tests.support.described import checked_session
from tests.support.ports import lasting_ports
from tests.support.served import Served, served
from tests.support.webhooks import SECRET, sdk_generation, signature

PASSWORD = "correct horse"  # the broker's, and nobody else's
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Guarded:
    """The broker, where its doors are, and the files that open them."""

    broker: RealBroker
    ports: dict[str, int]
    folder: Path

    def environment(self, protocol: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports[protocol]}",
            "KAFKA_SECURITY_PROTOCOL": protocol,
            "PLUGIPAY_WEBHOOK_SECRET": SECRET,
            "DISPATCHER": "false",
        }

    def file(self, name: str) -> str:
        return str(self.folder / name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(subject: str, key: Key, issuer: str, issuer_key: Key, *, authority: bool) -> bytes:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_certificates(folder: Path) -> None:
    """An authority, what it vouches for on both sides, and an authority that the broker never heard of."""
    ours, strangers, broker, service = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
    (folder / "authority.pem").write_bytes(_certificate("Authority", ours, "Authority", ours, authority=True))
    (folder / "stranger.pem").write_bytes(_certificate("Stranger", strangers, "Stranger", strangers, authority=True))
    of_broker = _certificate("broker", broker, "Authority", ours, authority=False)
    (folder / "broker.pem").write_bytes(_private(broker) + of_broker)
    (folder / "service.pem").write_bytes(_certificate("service", service, "Authority", ours, authority=False))
    (folder / "service.key").write_bytes(_private(service))


_PROPERTIES = """
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/authority.pem
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_ledger="{password}";
listener.name.sasl_plaintext.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    _write_certificates(folder)
    with lasting_ports(3) as numbers:
        ports = dict(zip(("SSL", "SASL_SSL", "SASL_PLAINTEXT"), numbers, strict=True))
    users = tuple(f"SCRAM-SHA-{bits}=[name=ledger,password={PASSWORD}]" for bits in (256, 512))
    broker = start_real_broker(Doors(ports, _PROPERTIES.format(folder=folder, password=PASSWORD), users))
    yield Guarded(broker, ports, folder)
    broker.stop()


async def _post(service: Served, body: bytes) -> int:
    async with (
        checked_session() as session,
        session.post(
            f"{service.base}/webhooks/plugipay", data=body, headers={"Plugipay-Signature": signature(body)}
        ) as response,
    ):
        return response.status


async def _parts(service: Served) -> dict[str, tuple[bool, str]]:
    async with checked_session() as session, session.get(f"{service.base}/readyz") as response:
        parts = (await response.json())["parts"]
    return {name: (part["ok"], part["message"]) for name, part in parts.items()}


async def _told(broker: RealBroker, topic: str) -> int:
    """How many events stand on the topic, seen through the door that anybody may use."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


@pytest.mark.real_kafka
@pytest.mark.parametrize("way", ["certificate", "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "unencrypted login"])
async def test_webhooks_and_events_go_through_a_door_that_asks(way: str, settings: Settings, guarded: Guarded) -> None:
    if way == "certificate":
        environment = guarded.environment("SSL") | {
            "KAFKA_CA_FILE": guarded.file("authority.pem"),
            "KAFKA_CERTIFICATE_FILE": guarded.file("service.pem"),
            "KAFKA_PRIVATE_KEY_FILE": guarded.file("service.key"),
        }
    elif way == "unencrypted login":
        environment = guarded.environment("SASL_PLAINTEXT") | {"KAFKA_USERNAME": "ledger", "KAFKA_PASSWORD": PASSWORD}
    else:
        environment = guarded.environment("SASL_SSL") | {
            "KAFKA_CA_FILE": guarded.file("authority.pem"),
            "KAFKA_USERNAME": "ledger",
            "KAFKA_PASSWORD": PASSWORD,
            "KAFKA_SASL_MECHANISM": way,
        }
    async with serving(settings) as api:
        _, payout_id = await a_payout(api)
        async with served(settings, **environment, KAFKA_EVENTS_TOPIC=settings.kafka_events_topic) as service:

            async def healthy() -> bool:
                return all(ok for ok, _ in (await _parts(service)).values())

            await eventually(healthy, 60)
            for kind, at in (("in_transit", LATER), ("paid", LATEST)):
                body = sdk_generation(kind, payout(), event_id=f"evt_{kind}", account="acc_1", at=at)
                assert await _post(service, body) == 200

            async def paid() -> bool:
                status = await api.ledger.pool.fetchval("SELECT status FROM payouts WHERE payout_id = $1", payout_id)
                return bool(status == "paid")

            await eventually(paid, 60)

            async def all_told() -> bool:
                return await _told(guarded.broker, settings.kafka_events_topic) == await api.position()

            await eventually(all_told, 60)


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"KAFKA_PASSWORD": "wrong"}, "login"),
        ({"KAFKA_CA_FILE": "stranger.pem"}, "certificate"),
    ],
)
async def test_who_is_not_let_in_says_why_and_promises_nothing(
    wrong: dict[str, str], said: str, settings: Settings, guarded: Guarded
) -> None:
    environment = guarded.environment("SASL_SSL") | {
        "KAFKA_CA_FILE": guarded.file("authority.pem"),
        "KAFKA_USERNAME": "ledger",
        "KAFKA_PASSWORD": PASSWORD,
        **{name: guarded.file(value) if name.endswith("_FILE") else value for name, value in wrong.items()},
    }
    async with serving(settings) as api:
        await a_payout(api)
        async with served(settings, **environment) as service:

            async def told() -> bool:
                parts = await _parts(service)
                return all(not parts[name][0] and said in parts[name][1] for name in ("broker", "webhooks"))

            await eventually(told, 60)
            body = sdk_generation("paid", payout(), event_id="evt_1", account="acc_1", at=LATEST)
            assert await _post(service, body) == 503
