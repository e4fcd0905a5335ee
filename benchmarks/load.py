"""Runs the load client `wsload` against a board, and reads what it found."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cores import on
from benchmarks.peers import installing
from benchmarks.peers.peer import Board
from orderflow import postgresql

PATIENCE_S = 240.0
CALM_S = 10.0
# A server that runs no more than this in a tenth of a second is calm.
CALM_NS = 10_000_000
SOURCES = sorted((Path(__file__).parent / "wsload").glob("*.c"))


class Failed(Exception):
    """A run came to nothing; the message says why."""


@dataclass(frozen=True)
class Run:
    """What one run found; times in seconds or milliseconds, as wsload names them."""

    found: dict[str, Any]

    def __getitem__(self, name: str) -> float:
        return float(self.found[name])

    @property
    def trouble(self) -> str:
        """What kept messages from reaching every socket, once, and in time; "" if nothing did."""
        wrong = ("gave_up", "lost", "duplicates", "skipped", "refused", "closed")
        return ", ".join(f"{name} {self.found[name]}" for name in wrong if self.found[name]).replace(" True", "")

    def checked(self) -> "Run":
        """The same.

        Raises: Failed if there was trouble.
        """
        if self.trouble:
            raise Failed(f"it did not keep up: {self.trouble}")
        return self


class Client:
    """The compiled load client, on its core."""

    def __init__(self, cache: Path, cores: set[int]) -> None:
        self._program = installing.compiled(SOURCES, cache / "wsload")
        self._cores = cores

    def open(self, board: Board, sockets: int, settle_s: float) -> Run:
        """Open sockets, wait, and close them.

        Raises: Failed unless all of them open.
        """
        return self._run(board, ["--sockets", str(sockets), "--settle", str(settle_s)])

    @contextmanager
    def holding(self, board: Board, sockets: int) -> Iterator[None]:
        """Keep sockets open for as long as the context lasts, and take what they are sent.

        Raises: Failed unless all of them open, and stay open.
        """
        if not sockets:
            yield
            return
        with self._started([*_about(board), "--sockets", str(sockets), "--gate"]) as process:
            _wait_for_gate(process)
            yield
            run = _run_of(process, "go\n")
        if run["closed"]:
            raise Failed(f"{run['closed']:.0f} of {sockets} sockets that were to be held were closed")

    def publish(
        self,
        board: Board,
        sockets: int,
        seconds: float,
        *,
        warm_up_s: float,
        window: int = 0,
        rate: float = 0,
        at_most: int = 0,
    ) -> Run:
        """Open sockets and publish: `window` messages outstanding, or `rate` messages a second; so many at most.

        Raises: Failed unless all sockets open.
        """
        how = ["--window", str(window)] if window else ["--rate", str(rate)]
        how += ["--at-most", str(at_most)] if at_most else []
        words = ["--sockets", str(sockets), "--seconds", str(seconds), "--warm-up", str(warm_up_s), *how]
        with tempfile.TemporaryDirectory() as place:
            for number, request in enumerate(board.requests):
                file = Path(place) / str(number)
                file.write_bytes(request)
                words += ["--request", str(file)]
            return self._run(board, [*words, *(["--gate"] if board.before_publishing else [])])

    def _run(self, board: Board, words: list[str]) -> Run:
        _wait_until_calm(board.pids)
        with self._started([*_about(board), *words]) as process:
            if not (board.before_publishing and "--gate" in words):
                return _run_of(process)
            _wait_for_gate(process)
            board.before_publishing()
            return _run_of(process, "go\n")

    @contextmanager
    def _started(self, words: list[str]) -> Iterator["subprocess.Popen[str]"]:
        with on(self._cores):
            process = subprocess.Popen(
                [self._program, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                preexec_fn=postgresql.end_with_parent,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _wait_for_gate(process: "subprocess.Popen[str]") -> None:
    """Wait until the sockets are open, or it has ended without that."""
    assert process.stdout is not None
    process.stdout.readline()


def _run_of(process: "subprocess.Popen[str]", word: str | None = None) -> Run:
    """What it found at its end.

    Raises: Failed if that is not a run with all sockets.
    """
    said, complaint = process.communicate(word, timeout=PATIENCE_S)
    if process.returncode:
        raise Failed(complaint.strip() or f"wsload ended with {process.returncode}")
    run = Run(json.loads(said))
    if run["opened"] < run["sockets"]:
        raise Failed(f"{run['opened']:.0f} of {run['sockets']:.0f} sockets opened {complaint.strip()[:200]!r}")
    return run


def _wait_until_calm(pids: list[int]) -> None:
    """Let the servers end what an earlier run has left them with, for 10 s at most."""
    deadline, spent_ns = time.monotonic() + CALM_S, -CALM_NS
    while (now_ns := sum(map(_cpu_ns, pids))) > spent_ns + CALM_NS and time.monotonic() < deadline:
        spent_ns = now_ns
        time.sleep(0.1)


def _cpu_ns(pid: int) -> int:
    """What the main thread of a process has run, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def _about(board: Board) -> list[str]:
    named = {
        "port": board.port,
        "path": board.path,
        "number-after": board.number_after,
        "first-number": board.first_number,
        "publish-port": board.publish_port,
        "answers": board.answers,
        "outstanding": board.outstanding,
        "hello": board.hello,
        "ready": board.ready,
    }
    words = [word for name, value in named.items() if value is not None for word in (f"--{name}", str(value))]
    words += [word for header in board.headers for word in ("--header", header)]
    return words + [word for pid in board.pids for word in ("--pid", str(pid))]
