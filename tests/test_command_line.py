"""The commands of `orderflow`, run as a person runs them: each in a process of its own."""

import asyncio
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from orderflow import embedded, migrations
from orderflow.settings import Settings
from tests import places
from tests.redis_server import RedisServer
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


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    with places.reachable() as place:
        with embedded.running(place / "data") as server:
            asyncio.run(migrations.upgrade(server.url))
        yield place / "data"


@pytest.fixture
def environment(original: Path) -> Iterator[dict[str, str]]:
    """An environment with a data directory that has a database."""
    with places.copy(original) as data:
        yield environment_of(data)


@pytest.fixture
def serve(environment: dict[str, str]) -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:

        def start(*options: str, **more: str) -> Served:
            return stack.enter_context(Served(environment | more, *options))

        yield start


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """A server on a data directory that was not there before, for tests that leave it as they found it."""
    with places.reachable() as place, Served(environment_of(place / "data")) as served:
        yield served


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL that is not orderflow's own, without a schema yet."""
    with places.reachable() as place, embedded.running(place / "data") as server:
        yield server.url.replace("+asyncpg", "")


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


def test_a_wrong_command_is_explained(environment: dict[str, str]) -> None:
    done = run(environment, "sevre")

    assert done.returncode == 2
    assert "serve" in done.stderr


def test_all_wrong_settings_are_named_at_start_and_nothing_is_begun(tmp_path: Path) -> None:
    environment = environment_of(tmp_path / "data")
    wrong = {"SECRET_KEY": "hunter2", "ALGORITHM": "none", "PUBLIC_URL": "example.com"}

    done = run(environment | wrong, "serve", "--workers", "2", "--port", "70000")

    assert done.returncode == 2
    named = [line.split(":")[1].strip() for line in done.stderr.splitlines()]
    assert sorted(named) == ["ALGORITHM", "PORT", "PUBLIC_URL", "REDIS_URL", "SECRET_KEY"]
    assert "hunter2" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_serve_says_once_that_it_is_ready_answers_and_ends_when_told(serve: Callable[..., Served]) -> None:
    served = serve()

    assert served.line == f"orderflow is ready: {served.address}\n"
    assert served.get("readyz") == 200
    begun = time.monotonic()
    code, out, err = served.end()
    assert (code, out) == (0, "")
    assert time.monotonic() - begun < 15
    assert "Traceback" not in err


def test_the_log_never_repeats_what_stands_behind_a_question_mark(serve: Callable[..., Served]) -> None:
    served = serve()

    served.get("healthz?token=hunter2")
    with connect(f"{served.sockets}ws/shops/nowhere/menu?token=hunter2") as line, pytest.raises(ConnectionClosed):
        line.recv(timeout=DEADLINE_S)

    assert "hunter2" not in served.end()[2]


def test_open_sockets_are_told_to_come_back(serve: Callable[..., Served]) -> None:
    served = serve()
    shop = open_shop(served)

    with connect(f"{served.sockets}ws/shops/{shop}/menu") as line:
        line.recv(timeout=DEADLINE_S)
        served.process.send_signal(signal.SIGTERM)
        with suppress(ConnectionClosed):
            while True:
                line.recv(timeout=DEADLINE_S)

    assert line.close_code == 1012
    assert served.process.wait(DEADLINE_S) == 0


def test_a_port_that_is_taken_is_named(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = run(environment, "serve", "--port", port)

    assert done.returncode == 1
    assert done.stderr == f"orderflow: cannot listen on 127.0.0.1, port {port}: Address already in use\n"


def test_a_second_start_on_the_same_data_is_refused_and_names_the_first(running: Served) -> None:
    done = run(running.environment, "serve", "--port", "0")

    assert done.returncode == 1
    assert f"is in use by another orderflow, process {running.process.pid}" in done.stderr
    assert running.get("readyz") == 200


def test_after_a_kill_the_next_start_has_the_same_data_and_key(
    environment: dict[str, str], serve: Callable[..., Served]
) -> None:
    key = Path(environment["ORDERFLOW_DATA"]) / "secret_key"
    first = serve()
    kept = key.read_text()
    first.end(signal.SIGKILL)

    assert serve().get("readyz") == 200
    assert key.read_text() == kept


def test_what_lies_in_the_working_directory_does_not_matter(environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("redis.py", "http.py", "orderflow.py"):
        (tmp_path / name).write_text("raise SystemExit('wrong file')")

    done = subprocess.run([*COMMAND, "openapi"], env=environment, cwd=tmp_path, capture_output=True, check=True)

    assert json.loads(done.stdout)["openapi"].startswith("3.1")


def test_another_database_is_migrated_by_command_before_it_serves(
    environment: dict[str, str], serve: Callable[..., Served], database: str
) -> None:
    external = environment | {"DATABASE_URL": database}

    refused, neither = run(external, "serve", "--port", "0"), run(external, "restored")
    migrated, again = run(external, "migrate"), run(external, "migrate")

    assert refused.returncode == neither.returncode == 1
    assert refused.stderr.endswith("run: orderflow migrate\n")
    assert neither.stderr.endswith("run: orderflow migrate\n")
    assert (migrated.returncode, migrated.stdout.split()[0]) == (0, "0001")
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")
    assert serve(DATABASE_URL=database).get("readyz") == 200


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_is_away_is_said_in_one_line(environment: dict[str, str], command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    done = run(environment | {"DATABASE_URL": f"postgresql://ada:hunter2@127.0.0.1:{port}/shop", "PORT": "0"}, command)

    assert done.returncode == 1
    assert done.stderr.startswith("orderflow: the database cannot be used: ")
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_two_workers_serve_replace_one_that_dies_or_all_on_a_hangup_and_end_together(
    serve: Callable[..., Served],
) -> None:
    with RedisServer() as redis:
        served = serve("--workers", "2", REDIS_URL=redis.url)
        assert served.get("readyz") == 200
        first, *_ = workers(served)

        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(workers(served)) == 2 and first not in workers(served))

        before = set(workers(served))
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers(served)) == 2 and before.isdisjoint(workers(served)))

        remaining = workers(served)
        assert served.get("readyz") == 200
        code, out, _ = served.end()
        assert (code, out) == (0, "")
        assert not any(Path(f"/proc/{pid}").exists() for pid in remaining)


def test_a_worker_that_hangs_holds_up_neither_a_replacement_nor_the_end(serve: Callable[..., Served]) -> None:
    with RedisServer() as redis:
        served = serve("--workers", "2", REDIS_URL=redis.url)
        before = set(workers(served))
        for each in before:
            os.kill(each, signal.SIGSTOP)

        served.process.send_signal(signal.SIGHUP)
        # One is replaced, and the one before it does not hear that it is to end.
        wait_until(lambda: len(workers(served)) == 3)
        wait_until(lambda: served.get("healthz") == 200)
        began = time.monotonic()
        code, _, _ = served.end()

        assert code == 0
        assert time.monotonic() - began < 15


def test_workers_do_not_outlive_a_parent_that_was_killed(serve: Callable[..., Served]) -> None:
    with RedisServer() as redis:
        served = serve("--workers", "2", REDIS_URL=redis.url)
        orphans = workers(served)

        served.process.kill()

        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
        assert serve("--workers", "2", REDIS_URL=redis.url).get("readyz") == 200


def test_workers_end_where_nobody_can_be_told_that_they_are_ready(environment: dict[str, str]) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--workers", "2"]
    reader, writer = os.pipe()
    os.close(reader)
    with RedisServer() as redis:
        given = environment | {"REDIS_URL": redis.url}
        with subprocess.Popen(command, env=given, stdout=writer, stderr=subprocess.DEVNULL) as process:
            os.close(writer)
            try:
                assert process.wait(DEADLINE_S) != 0
            finally:
                process.kill()


def workers(served: Served) -> list[int]:
    """Name the worker processes by what they were started to run."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


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


def test_who_forgot_the_password_gets_a_new_one_while_the_server_runs(running: Served) -> None:
    register(running, "grace@example.com")

    done = run(running.environment, "password", "Grace@Example.com", said="the new password\n")

    assert (done.returncode, done.stdout) == (0, "the password is set, and all sessions of this person have ended\n")
    assert running.log_in("grace@example.com", "the old password").status_code == 401
    assert running.log_in("grace@example.com", "the new password").status_code == 200


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [("nobody@example.com", "the new password", "orderflow: "), ("joan@example.com", "short", "8 to 128 characters")],
)
def test_a_password_for_nobody_or_too_short_a_one_is_refused(
    running: Served, email: str, password: str, said: str
) -> None:
    if email.startswith("joan"):
        register(running, email)

    done = run(running.environment, "password", email, said=f"{password}\n")

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("second", "code"), [("the new password", 0), ("the new pasword", 1)])
def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(running: Served, second: str, code: int) -> None:
    register(running, f"mary{code}@example.com")

    ended, shown = on_terminal(
        running.environment, ["password", f"mary{code}@example.com"], ["the new password", second]
    )

    assert ended == code
    assert "the new pas" not in shown
    works = running.log_in(f"mary{code}@example.com", "the new password").status_code
    assert works == (200 if code == 0 else 401)


def test_who_asks_the_operator_is_erased_while_the_server_runs_once_that_is_confirmed(running: Served) -> None:
    register(running, "emmy@example.com")

    for said in ("", "no\n", "y\n"):
        done = run(running.environment, "erase", "emmy@example.com", said=said)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "orderflow: nothing was erased\n")
    assert running.log_in("emmy@example.com", "the old password").status_code == 200

    done = run(running.environment, "erase", "Emmy@Example.com", said="yes\n")

    assert (done.returncode, done.stdout) == (0, "the account is erased, and all sessions of this person have ended\n")
    assert running.log_in("emmy@example.com", "the old password").status_code == 401


@pytest.mark.parametrize("email", ["nobody@example.com", "rosa@example.com"])
def test_nobody_and_the_owner_of_a_shop_are_not_erased(running: Served, email: str) -> None:
    if email.startswith("rosa"):
        open_shop(running, email)

    done = run(running.environment, "erase", "--yes", email)

    assert done.returncode == 1
    assert ("This account owns Corner Café" if email.startswith("rosa") else "Nobody has registered") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("", 1)])
def test_on_a_terminal_an_erasure_is_asked_about(running: Served, answer: str, code: int) -> None:
    register(running, f"hedy{code}@example.com")

    ended, shown = on_terminal(running.environment, ["erase", f"hedy{code}@example.com"], [answer])

    assert ended == code
    assert f"Erase the account of hedy{code}@example.com for good?" in shown
    assert running.log_in(f"hedy{code}@example.com", "the old password").status_code == (401 if code == 0 else 200)


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


def test_the_embedded_database_is_reached_by_what_works_beside_its_server(running: Served) -> None:
    with subprocess.Popen([*COMMAND, "work"], env=running.environment, text=True, stdout=subprocess.PIPE) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == "orderflow sends e-mails\n"
        working.terminate()

    shown = run(running.environment, "mails")

    assert working.returncode == 0
    assert (shown.returncode, shown.stdout) == (0, "waiting 0, sent 0, withdrawn 0, given up 0\n")


def test_the_openapi_document_is_printed(environment: dict[str, str]) -> None:
    done = run(environment, "openapi")

    assert done.returncode == 0
    assert "/v1/orders/{order}" in json.loads(done.stdout)["paths"]
