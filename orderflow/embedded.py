"""A private PostgreSQL for one data directory: found, made, started, watched and stopped by the process that owns it.

Knows nothing of what is kept in it. It is reached through a Unix socket in a closed directory, never by TCP.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from orderflow import postgresql
from orderflow.postgresql import EmbeddedError

# A server that ended at once is tried again for so long, one that recovers from a crash is waited for.
RETRY_S = 10
RECOVERY_S = 60
# Together with the server's own 8 s of grace this stays within the 15 s after which everything has ended.
FAST_STOP_S = 3
# It is given up when it has died more often than this without a calm time between.
DEATHS = 5
CALM_S = 60
PORT = 5432
LOG_BYTES = 10_000_000

SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of single statements are the business of whoever sent them, and repeat what people wrote.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "logging_collector": "off",
}

logger = logging.getLogger(__name__)


class InUse(EmbeddedError):
    """Another orderflow works with this data directory."""

    def __init__(self, home: Path, pid: str) -> None:
        super().__init__(f"{home} is in use by another orderflow, process {pid or 'unknown'}")


@contextlib.contextmanager
def running(data: Path) -> Iterator["Server"]:
    """Run the data directory's PostgreSQL for as long as the context lasts.

    Raises:
        InUse: another process runs it.
        EmbeddedError: it cannot be found, made or started here; the message says why.
    """
    home = postgresql.home(data)
    logger.info("the database is kept in %s", home)
    postgresql.make_reachable(home)
    with _locked(home):
        server = Server(home)
        try:
            server.start()
            yield server
        finally:
            server.stop()
            if server.failed:
                raise EmbeddedError("the embedded PostgreSQL has died and does not start again")


@contextlib.contextmanager
def reached(data: Path) -> Iterator[str]:
    """Give the URL of the data directory's PostgreSQL: of the one that runs, or of one run for this context."""
    try:
        with running(data) as server:
            yield server.url
    except InUse:
        cluster = postgresql.home(data) / "postgresql"
        yield _url(cluster, _pid_file(cluster)[4])


def found(home: Path) -> str | None:
    """Give the URL of the PostgreSQL that runs in this home, None while none there takes connections."""
    cluster = home / "postgresql"
    note = _pid_file(cluster)
    is_there = note[7] == "ready" and postgresql.serves(int(note[0]), cluster)
    return _url(cluster, note[4]) if is_there else None


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InUse(home, lock.read().strip()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class Server:
    """One PostgreSQL server; `failed` says that it died and would not start again."""

    def __init__(self, home: Path) -> None:
        self.failed = False
        self._home = home
        self._cluster = home / "postgresql"
        self._programs = postgresql.programs(home)
        self._socket = _new_socket_directory(home / "socket")
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._spawning = threading.Lock()

    @property
    def url(self) -> str:
        """The address of its database, for SQLAlchemy and asyncpg."""
        return _url(self._cluster, str(self._socket))

    def start(self) -> None:
        """Start the server, over what an earlier run has left behind, and keep it running from then on."""
        if not self._cluster.exists():
            logger.info("making a database in %s", self._cluster)
            self._make()
        postgresql.check_owner(self._cluster)
        _end_orphan(self._cluster)
        self._launch()
        threading.Thread(target=self._watch, name="embedded PostgreSQL", daemon=True).start()

    def stop(self) -> None:
        """Stop the server: orderly if that is quick, else so that the next start recovers."""
        with self._spawning:
            self._stopping = True
        if self._process is not None:
            for sign, patience_s in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, 1), (signal.SIGKILL, 1)):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.send_signal(sign)
                    self._process.wait(patience_s)
                    break
        postgresql.remove(self._socket)

    def _make(self) -> None:
        """Make the cluster beside its place and move it there whole, so that no half of one is ever found."""
        draft, password = self._home / "postgresql.new", self._home / "password.new"
        postgresql.remove(draft)
        draft.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        for path in (draft, password):
            postgresql.give(path)
        self._run("initdb", "-D", str(draft), f"--pwfile={password}", *postgresql.INITDB_OPTIONS)
        self._run("postgres", "--single", "-D", str(draft), "template1", sent=b"CREATE DATABASE orderflow\n")
        password.rename(draft / "password")
        draft.rename(self._cluster)

    def _run(self, program: str, *options: str, sent: bytes = b"") -> None:
        command = [str(self._programs / program), *options]
        done = subprocess.run(command, input=sent, capture_output=True, check=False, **postgresql.as_its_user())
        if done.returncode:
            raise EmbeddedError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")

    def _launch(self) -> None:
        """Start the process and wait until it takes connections.

        A server that was killed leaves children, which may hold its shared memory for a moment: so try again.
        """
        begun = time.monotonic()
        while self._spawn():
            while self._is_alive() and time.monotonic() < begun + RECOVERY_S:
                if _is_ready(self._cluster, self._process):
                    return
                time.sleep(0.02)
            if time.monotonic() > begun + RETRY_S:
                raise EmbeddedError(f"PostgreSQL does not start; {self._home / 'postgresql.log'} says why")
            time.sleep(0.3)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self) -> bool:
        """Start the process, unless the server is being stopped."""
        with self._spawning:
            if self._stopping:
                return False
            for stale in self._socket.iterdir():
                stale.unlink()
            settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
            with _log(self._home / "postgresql.log") as log:
                self._process = subprocess.Popen(
                    [str(self._programs / "postgres"), "-D", str(self._cluster), "-k", str(self._socket), *settings],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # A Ctrl-C is meant for orderflow, which still needs its database while it ends.
                    start_new_session=True,
                    preexec_fn=partial(postgresql.end_with_parent, os.getpid()),
                    **postgresql.as_its_user(),
                )
        return True

    def _watch(self) -> None:
        """Start the server again whenever it ends without being asked to, on the same socket."""
        deaths = 0
        while self._process is not None:
            begun = time.monotonic()
            code = self._process.wait()
            if self._stopping:
                return
            deaths = 1 if time.monotonic() > begun + CALM_S else deaths + 1
            logger.error("the embedded PostgreSQL has ended unexpectedly (code %s); starting it again", code)
            try:
                if deaths > DEATHS:
                    raise EmbeddedError(f"it has died {deaths} times in a row")
                self._launch()
            except (EmbeddedError, OSError) as error:
                logger.critical("the embedded PostgreSQL is gone, so orderflow ends: %s", error)
                self.failed = True
                os.kill(os.getpid(), signal.SIGTERM)
                return
            logger.info("the embedded PostgreSQL runs again")


def _log(path: Path) -> IO[bytes]:
    is_long = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if is_long else "ab")


def _new_socket_directory(note: Path) -> Path:
    """Make a directory for the socket whose path is short enough for one, and remove that of a run that was killed."""
    if note.exists():
        postgresql.remove(Path(note.read_text()))
    made = Path(tempfile.mkdtemp(prefix="orderflow-", dir="/tmp"))
    postgresql.give(made)
    note.write_text(str(made))
    return made


def _url(cluster: Path, socket: str) -> str:
    password = (cluster / "password").read_text()
    return f"postgresql+asyncpg://orderflow:{password}@/orderflow?host={socket}&port={PORT}"


def _pid_file(cluster: Path) -> list[str]:
    """Read PostgreSQL's own note of itself: process, directory, start, port, socket directory, …, …, state."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    return [line.strip() for line in lines] + [""] * (8 - len(lines))


def _is_ready(cluster: Path, process: subprocess.Popen[bytes] | None) -> bool:
    note = _pid_file(cluster)
    return process is not None and note[0] == str(process.pid) and note[7] == "ready"


def _end_orphan(cluster: Path) -> None:
    """End a server that outlived its orderflow, and clear what it or a killed one has left.

    Safe because the lock of the data directory is held: no living orderflow owns that server.
    """
    note = _pid_file(cluster)
    if not note[0]:
        return
    pid = int(note[0])
    if postgresql.serves(pid, cluster):
        logger.warning("ending the PostgreSQL that an earlier run has left behind, process %d", pid)
        for sign, patience_s in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            if _has_ended(pid, cluster, patience_s):
                break
        else:
            raise EmbeddedError(f"process {pid}, left behind by an earlier run, does not end")
    # Its process number may belong to something else by now, which would make PostgreSQL refuse to start.
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _has_ended(pid: int, cluster: Path, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while postgresql.serves(pid, cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
