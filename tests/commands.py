"""`orderflow` as a person runs it: each command in a process of its own."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from orderflow.settings import Settings
from tests.servers import CHECKOUT

COMMAND = [sys.executable, "-P", "-m", "orderflow"]
DEADLINE_S = 60


class Served:
    """A process of `orderflow serve` that answers."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.environment = environment
        command = [*COMMAND, "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(self.process.communicate(timeout=DEADLINE_S)[1])
        self.address = self.line.split()[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.communicate(timeout=DEADLINE_S)
        finally:
            self.process.kill()

    @property
    def sockets(self) -> str:
        return self.address.replace("http", "ws")

    def get(self, path: str) -> int:
        return httpx2.get(self.address + path, timeout=DEADLINE_S).status_code

    def post(self, path: str, body: dict[str, str], token: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.post(self.address + path, json=body, headers=headers, timeout=DEADLINE_S)

    def log_in(self, email: str, password: str) -> httpx2.Response:
        return self.post("v1/auth/login", {"email": email, "password": password})

    def end(self, sign: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send the signal; return the exit code and what was said after the first line."""
        self.process.send_signal(sign)
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, err


def environment_of(data: Path) -> dict[str, str]:
    """The environment of a shell that knows nothing of orderflow but where its data are."""
    known = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in known}
    return kept | {"ORDERFLOW_DATA": str(data), "PYTHONPATH": str(CHECKOUT)}


def run(environment: dict[str, str], *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def wait_until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not fact():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def register(served: Served, email: str, role: str = "customer") -> None:
    person = {"email": email, "password": "the old password", "name": "Ada", "role": role}
    assert served.post("v1/auth/register", person).status_code == 201


def open_shop(served: Served, email: str = "ada@example.com") -> str:
    register(served, email, "shop_owner")
    token = served.log_in(email, "the old password").json()["access_token"]
    shop = {"name": "Corner Café", "currency": "EUR", "time_zone": "Europe/Berlin"}
    return str(served.post("v1/shops", shop, token).json()["id"])


def on_terminal(environment: dict[str, str], arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command on a terminal, answer each question it asks, and return its exit code and what was to be seen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(COMMAND[0], [*COMMAND, *arguments], environment)  # noqa: S606 - the command is ours
    shown, waiting = "", list(answers)
    while select.select([terminal], [], [], DEADLINE_S)[0]:
        try:
            shown += os.read(terminal, 1000).decode()
        except OSError:
            break
        if shown.count(": ") > len(answers) - len(waiting) and waiting:
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
