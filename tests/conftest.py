"""What tests stand on: a real Postgres, a broker that speaks Kafka, and settings for a ledger of their own.

Nothing here skips: a test that cannot have what it needs fails.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.conn import AIOKafkaConnection

from service.platform.settings import Settings
from simulator.servers.kafka import SESSION_SECONDS, start_broker
from tests.kafka.broker import NoRealKafka, start_real_broker
from tests.support.databases import Databases, Run

RUN = pytest.StashKey[Run]()
WORKERS_MAX = 8
"""Each has its own services, their pools, and a broker."""


def pytest_configure(config: pytest.Config) -> None:
    # What a developer has set for a service of theirs is not the tests'.
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    handed_down = getattr(config, "workerinput", None)
    if handed_down is not None:
        name, folder = handed_down["payout_ledger_run"]
        config.stash[RUN] = Run(name, Path(folder), os.environ.get("TEST_DATABASE_URL"))
        return
    # Not pytest's own temporary folder: it is closed to the account that a root's embedded Postgres runs as, and its
    # path may be too long for a socket.
    folder = tempfile.mkdtemp(prefix="payout-ledger-test-")
    run = Run(f"pl_{secrets.token_hex(4)}", Path(folder), os.environ.get("TEST_DATABASE_URL"))
    config.stash[RUN] = run
    # The last one first: workers are gone by the time that this process cleans up.
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.add_cleanup(run.end)
    # As Ctrl-C does: a run that is told to stop takes its server with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of pytest-xdist which run it belongs to."""
    run = node.config.stash[RUN]
    node.workerinput["payout_ledger_run"] = (run.name, str(run.folder))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice the processors, since tests wait as much as they work: for Postgres, for Kafka, for other processes."""
    return min(2 * (os.cpu_count() or 1), WORKERS_MAX)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the broker belongs to `-m kafka`, which `make test-kafka` runs on the real one.

    And what uses the database to `-m postgres`, for a second run on another release.
    """
    for item in items:
        if "databases" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("kafka")
            # First, so that it ends last: on the test's own loop, behind everything that uses the broker.
            item.fixturenames.insert(0, "_leftover_connections_closed")  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def _leftover_connections_closed() -> AsyncIterator[None]:
    """Closes what aiokafka leaves open when a client is stopped while it connects.

    It has no owner by then; the garbage collector would name it in whichever test happens to run.
    """
    yield
    for left in [each for each in gc.get_objects() if type(each) is AIOKafkaConnection]:
        left.close()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The Postgres server: TEST_DATABASE_URL (a login that may create databases and roles), else an embedded one."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    databases = Databases.join(request.config.stash[RUN], worker)
    yield databases
    databases.leave()


@pytest.fixture
def settings(databases: Databases) -> Iterator[Settings]:
    """A migrated database of one's own, with the two logins of production and a fresh master key."""
    with databases.fresh() as name:
        yield databases.settings(name)


@pytest.fixture
def empty_settings(databases: Databases) -> Iterator[Settings]:
    """As `settings`, before the first migration."""
    with databases.empty() as name:
        yield databases.settings(name)


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Bootstrap servers: the embedded broker's, or a real Kafka's with REAL_KAFKA=1."""
    if os.environ.get("REAL_KAFKA") == "1":
        try:
            real = start_real_broker()
        except NoRealKafka as problem:
            pytest.fail(str(problem), pytrace=False)
        yield real.bootstrap_servers
        real.stop()
        return
    embedded = start_broker()
    yield embedded.bootstrap_servers
    embedded.stop()


@pytest.fixture
def kafka_settings(settings: Settings, broker: str) -> Settings:
    """The service's settings with the broker. A dead consumer's place is free after the shortest time."""
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": broker,
            "kafka_session_timeout_seconds": SESSION_SECONDS,
            # Many tests write to the topic beside our own receiver.
            "kafka_plain_bodies": True,
        }
    )
