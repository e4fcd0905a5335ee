"""Two servers on uvicorn: a plain Starlette loop beside orderflow's own packages, and Django Channels from PyPI."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks.cores import Cores, on
from benchmarks.peers import installing, process, redis_server
from benchmarks.peers.peer import APPS, Running, http_published

# As orderflow has it, but for the protocols that are its own.
OPTIONS = (
    "--no-access-log",
    "--log-level",
    "warning",
    "--ws",
    "websockets-sansio",
    "--ws-per-message-deflate",
    "false",
)


class StarletteLoop:
    """`apps/starlette_app.py`, on the very uvicorn and Starlette that orderflow runs on."""

    name = "starlette"
    about = "Starlette loop of send_text"

    def install(self, cache: Path) -> str:  # noqa: ARG002 - nothing to install
        return f"starlette {version('starlette')}, uvicorn {version('uvicorn')}"

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        with _uvicorn(Path(sys.executable), "starlette_app:app", place, cores, {}) as running:
            yield running


class Channels:
    """`apps/channels_app.py` with a Redis, both of its own."""

    name = "channels"
    about = "Django Channels"

    def install(self, cache: Path) -> str:
        redis_server.install(cache)
        packages = ("channels~=4.3", "channels-redis~=4.3", "uvicorn[standard]")
        self._python = installing.python_with(cache, "channels", *packages)
        ask = "import importlib.metadata as m; print(*(f'{p} {m.version(p)}' for p in ('channels', 'channels-redis')))"
        return installing.run([self._python, "-c", ask]).strip().replace(" channels-", ", channels-")

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        with contextlib.ExitStack() as stack:
            with on(cores.rest):
                bus = stack.enter_context(redis_server.RedisServer())
            environment = {"REDIS_URL": bus.url}
            yield stack.enter_context(_uvicorn(self._python, "channels_app:app", place, cores, environment))


@contextlib.contextmanager
def _uvicorn(python: Path, app: str, place: Path, cores: Cores, environment: Mapping[str, str]) -> Iterator[Running]:
    port = process.free_port()
    command = [str(python), "-m", "uvicorn", *OPTIONS, "--app-dir", str(APPS), "--port", str(port), app]
    with process.serving(command, port, place, cores.serving, environment) as pid:
        yield http_published(port, [pid])
