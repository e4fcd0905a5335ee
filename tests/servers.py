"""Real servers for the tests: `orderflow serve` in processes of its own."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

SECRET = "a secret of tests, long enough for HS256"
READY = "orderflow is ready: "
CHECKOUT = Path(__file__).parents[1]


def environment(directory: Path, **settings: str) -> dict[str, str]:
    """The environment of a server that sees nothing of whoever runs the tests but what measures coverage."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or "COV" in name.upper()}
    return {
        **kept,
        "PYTHONPATH": str(CHECKOUT),
        "SECRET_KEY": SECRET,
        "ORDERFLOW_DATA": str(directory / "data"),
        **settings,
    }


class Server:
    """One `orderflow serve`, from its first answer to its end."""

    program = "orderflow"

    def __init__(self, directory: Path, settings: Mapping[str, str], *options: str) -> None:
        self.directory = directory
        self.settings = dict(settings)
        self.options = options
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process that was started; workers are its children."""
        assert self.process is not None
        return self.process.pid

    def start(self, patience_s: float = 60) -> None:
        """Start it, on the port that it had before if any, and wait until it answers."""
        port = self.url.rpartition(":")[2] if self.url else "0"
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, "serve", "--port", port, *self.options],
                cwd=self.directory,
                env=environment(self.directory, **self.settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.url = _first_line(self.process, patience_s, self.log).removeprefix(READY).strip().rstrip("/")

    def log(self) -> str:
        """What it has said on standard error."""
        return (self.directory / "log").read_text()

    def kill(self) -> None:
        """End it, and all that it started, as if the power had failed."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self._gone()

    def stop(self, patience_s: float = 20) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        finally:
            self.kill()
        return self.process.returncode

    def _gone(self) -> None:
        if self.process is not None:
            self.process.wait(10)
            if self.process.stdout:
                self.process.stdout.close()


@contextlib.contextmanager
def serving(directory: Path, *options: str, **settings: str) -> Iterator[Server]:
    """A server for as long as the context lasts."""
    server = Server(directory, settings, *options)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
        else:
            server.kill()


def children(pid: int) -> set[int]:
    """The processes that a process has started and that still run."""
    try:
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except FileNotFoundError:
        return set()


def workers(pid: int) -> set[int]:
    """The workers among them."""
    return {each for each in children(pid) if b"spawn_main" in _command(each)}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def _first_line(process: "subprocess.Popen[str]", patience_s: float, log: "object") -> str:
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda: lines.put(process.stdout.readline() if process.stdout else ""), daemon=True).start()
    deadline = time.monotonic() + patience_s
    line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
    assert line.startswith(READY), f"it did not start: {log() if callable(log) else log}"
    return line
