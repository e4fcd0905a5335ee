"""Started by something that has closed standard input, output or error, as cron jobs and scripts do."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests import places
from tests.commands import COMMAND, DEADLINE_S, environment_of, run, wait_until
from tests.redis_server import RedisServer
from tests.servers import CHECKOUT, workers

ALL = "<&- >&- 2>&-"


def closed(how: str, *command: str) -> list[str]:
    """The command as a shell runs it with some of its streams closed."""
    return ["/bin/sh", "-c", f'exec "$@" {how}', "sh", *command]


@contextmanager
def served(data: Path, how: str, *options: str, **settings: str) -> Iterator[tuple[int, str]]:
    """A server with closed streams: its process and its address, once it answers there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = closed(how, *COMMAND, "serve", "--port", str(port), *options)
    process = subprocess.Popen(command, env=environment_of(data) | settings)
    try:
        wait_until(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/readyz"))
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=DEADLINE_S).status_code == 200
    except httpx2.TransportError:
        return False


def open_on(process: int, number: int) -> str:
    return str(Path(f"/proc/{process}/fd/{number}").readlink())


@pytest.mark.parametrize("how", ["<&-", ">&-", "2>&-", ALL])
def test_a_command_does_not_miss_a_closed_stream(how: str, tmp_path: Path) -> None:
    command = closed(how, *COMMAND, "openapi")

    done = subprocess.run(command, env=environment_of(tmp_path), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout[:1] == ("{" if how in ("<&-", "2>&-") else "")


def test_a_refusal_that_nobody_can_read_is_an_exit_code(tmp_path: Path) -> None:
    environment = environment_of(tmp_path) | {"ALGORITHM": "none"}

    done = subprocess.run(closed("2>&-", *COMMAND, "mails"), env=environment, stdout=subprocess.PIPE, check=False)

    assert (done.returncode, done.stdout) == (2, b"")


def test_a_server_without_any_stream_serves_and_writes_its_log_nowhere(spare_data: Path) -> None:
    with places.copy(spare_data) as data, served(data, ALL) as (process, address):
        assert answers(f"{address}/healthz")
        assert [open_on(process, number) for number in range(3)] == ["/dev/null"] * 3
        assert run(environment_of(data), "mails").stdout.startswith("waiting 0")


def test_workers_of_a_server_without_any_stream_serve_too(spare_data: Path) -> None:
    with places.copy(spare_data) as data, RedisServer() as redis:
        two = ("--workers", "2")
        with served(data, ALL, *two, REDIS_URL=redis.url, LOG_LEVEL="debug") as (process, _):
            wait_until(lambda: len(workers(process)) == 2)
            for worker in workers(process):
                assert [open_on(worker, number) for number in range(3)] == ["/dev/null"] * 3


@pytest.mark.parametrize("how", [">&-", "2>&-", ALL])
def test_the_script_installs_and_serves_without_streams(how: str, tmp_path: Path) -> None:
    # bash opens the script itself on the first free number, and what it starts would find it there.
    scripts, programs, found = tmp_path / "scripts", tmp_path / ".venv" / "bin", tmp_path / "found"
    scripts.mkdir()
    programs.mkdir(parents=True)
    shutil.copy(CHECKOUT / "scripts" / "serve", scripts)
    program(scripts / "install", "set -e; echo installing >&2")
    program(programs / "python", f"echo $(readlink /proc/$$/fd/1 /proc/$$/fd/2) >{found}")

    done = subprocess.run(closed(how, str(scripts / "serve")), capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (0, b"")
    kept = {">&-": ["/dev/null", "pipe"], "2>&-": ["pipe", "/dev/null"]}
    assert [each.split(":")[0] for each in found.read_text().split()] == kept.get(how, ["/dev/null"] * 2)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
