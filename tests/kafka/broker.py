"""A real Apache Kafka in KRaft mode for one run of the tests: one node on free ports of this machine, all in a folder
that goes with it. `make test-kafka` fetches its jars into build/kafka.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.loops import run
from tests.support.ports import lasting_ports

JARS = Path(__file__).parents[2] / "build" / "kafka"
START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 30

# As the embedded one: topics of four partitions, made on first use.
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{doors}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{doors}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
log.dirs={folder}/log
num.partitions=4
auto.create.topics.enable=true
log.retention.minutes=10
log.segment.bytes=16777216
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


class NoRealKafka(Exception):
    """The message says in one line what is missing."""


@dataclass
class RealBroker:
    """A running broker."""

    bootstrap_servers: str
    folder: Path
    process: subprocess.Popen[bytes]
    command: tuple[str, ...]

    def kill(self) -> None:
        """As `kill -9` does it; what it wrote is still there."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Starts it on what it wrote before. Whether it takes connections yet is for the caller to find out."""
        self.process = _start(self.command, self.folder)

    def wait_until_it_listens(self) -> None:
        """After a start; TimeoutError where it does not come back."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _listens(self.bootstrap_servers):
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not come back")
            time.sleep(0.2)

    def stop(self) -> None:
        """Ends the broker by its process id and removes what it wrote."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Doors:
    """More listeners, each named for its security protocol, and what they need."""

    ports: dict[str, int]
    properties: str
    scram_users: tuple[str, ...] = ()
    """As the storage tool takes them."""


def start_real_broker(doors: Doors | None = None) -> RealBroker:
    """A broker that takes connections. NoRealKafka where it cannot run."""
    doors = doors or Doors({}, "")
    java = shutil.which("java")
    if java is None:
        raise NoRealKafka("the real Kafka needs Java 17 or newer on the PATH (Debian: openjdk-17-jre-headless)")
    if not any(JARS.glob("kafka_*.jar")):
        raise NoRealKafka(f"the real Kafka is not in {JARS}: run `make test-kafka`, which fetches it with Maven")
    folder = Path(tempfile.mkdtemp(prefix="payout-ledger-kafka-"))
    command = [java, "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    command += ["-cp", f"{JARS}/*"]
    with lasting_ports(2) as (port, controller):
        config = folder / "server.properties"
        listeners = "".join(f",{name}://127.0.0.1:{number}" for name, number in doors.ports.items())
        properties = PROPERTIES.format(port=port, controller=controller, folder=folder, doors=listeners)
        config.write_text(properties + doors.properties)
    tool = [*command, "kafka.tools.StorageTool"]
    users = [part for user in doors.scram_users for part in ("--add-scram", user)]
    formatted = subprocess.run(
        [*tool, "format", "--standalone", "--cluster-id", "cGF5b3V0LWxlZGdlcg", "--config", str(config), *users],
        check=False,
        capture_output=True,
        text=True,
    )
    if formatted.returncode:
        shutil.rmtree(folder)
        raise NoRealKafka(f"the real Kafka's storage cannot be made: {formatted.stderr.strip()[-400:]}")
    run_it = (*command, "kafka.Kafka", str(config))
    broker = RealBroker(f"127.0.0.1:{port}", folder, _start(run_it, folder), run_it)
    try:
        run(_wait_until_ready(broker))
    except BaseException:
        broker.stop()
        raise
    return broker


def _start(command: tuple[str, ...], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "output").open("ab") as output:
        # A session of its own: Ctrl-C ends the tests, and they end the broker.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


async def _wait_until_ready(broker: RealBroker) -> None:
    """Ready is when it has taken a message."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and broker.process.poll() is None:
        if not _listens(broker.bootstrap_servers):
            await asyncio.sleep(0.2)
            continue
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")
        try:
            await producer.start()
            await producer.send_and_wait("ready", b"?")
        except KafkaError:
            await asyncio.sleep(0.2)
        else:
            return
        finally:
            await producer.stop()
    said = (broker.folder / "output").read_text(errors="replace").strip()
    raise NoRealKafka(f"the real Kafka does not start: {said[-2000:] or 'it said nothing'}")


def _listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, int(port))) == 0
