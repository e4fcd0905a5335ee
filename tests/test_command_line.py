"""`orderflow serve` and what it refuses, run as a person runs it: from its start to its end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from orderflow import embedded, serving
from orderflow.settings import Settings
from tests import places
from tests.commands import COMMAND, DEADLINE_S, Served, environment_of, open_shop, run, wait_until
from tests.redis_server import RedisServer


@pytest.fixture
def environment(spare_data: Path) -> Iterator[dict[str, str]]:
    """An environment with a data directory that has a database."""
    with places.copy(spare_data) as data:
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


def test_workers_end_whose_parent_was_killed_while_they_still_started(environment: dict[str, str]) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--workers", "2"]
    with RedisServer() as redis:
        given = environment | {"REDIS_URL": redis.url}
        with subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_until(lambda: len(workers_of(process.pid)) == 2)
            orphans = workers_of(process.pid)
            process.kill()

        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))


def test_a_worker_whose_loop_hangs_gives_no_sign_of_life() -> None:
    config = serving.configured(Settings.model_construct(host="127.0.0.1", port=0, forwarded_allow_ips=""), "none", 2)
    worker = serving.Worker(config, [])
    worker.server.started = True

    def answers() -> bool:
        worker.parent_conn.send(b"ping")
        worker.pong()
        return worker.parent_conn.poll(0) and bool(worker.parent_conn.recv())

    asyncio.run(worker.server.on_tick(1))
    assert answers()
    worker.server.ticked_at -= serving.TICK_S
    assert not answers()


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
    return workers_of(served.process.pid)


def workers_of(parent: int) -> list[int]:
    """Name the worker processes by what they were started to run."""
    found = []
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        # One may end between being listed and being looked at.
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def test_the_openapi_document_is_printed(environment: dict[str, str]) -> None:
    done = run(environment, "openapi")

    assert done.returncode == 0
    assert "/v1/orders/{order}" in json.loads(done.stdout)["paths"]
