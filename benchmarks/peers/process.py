"""Servers as processes of their own: started on a free port, waited for, and ended by their id."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.cores import on
from benchmarks.peers.peer import Lacking
from orderflow import postgresql

START_S = 20.0
STOP_S = 10.0


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(
    command: Sequence[str], port: int, place: Path, cores: set[int], environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server that listens on this port; gives its process id once it does.

    Raises: Lacking if it ends, or does not listen within 20 s.
    """
    with (place / "log").open("ab") as log, on(cores):
        process = subprocess.Popen(
            command,
            cwd=place,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for us, who then end it.
            start_new_session=True,
            preexec_fn=partial(postgresql.end_with_parent, os.getpid()),
        )
    try:
        _wait_for(process, port, place)
        yield process.pid
    finally:
        _end(process)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(process: subprocess.Popen[bytes], port: int, place: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = (place / "log").read_text(errors="replace").strip().splitlines()
            raise Lacking(f"it does not start: {said[-1] if said else 'it says nothing'}")
        time.sleep(0.01)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
