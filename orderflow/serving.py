"""The processes that serve: one, or several behind one socket with a parent that watches them.

Runs the application, says when it answers, and ends all of it in time. Knows nothing of what it serves.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from orderflow import app, logs, postgresql, scoreboard
from orderflow.settings import Settings, environment

# Of the 15 s after which everything has ended, the embedded database may need the last 4.
GRACE_S = 8
STOP_S = 10
# A worker may need so long to start on a busy machine, and is taken for hung after such a silence.
START_S = 60
HUNG_S = 20
PING_S = 0.05
# A loop that turns has a turn more often than this.
TICK_S = 2.0
# How often a socket is asked for a sign of life, and how long that is waited for.
SOCKET_PING_S = 20.0
FAILED = 1

Announce = Callable[[], None]


class CannotListen(Exception):
    """The address is taken, or is none of this machine."""


logger = logging.getLogger(__name__)

LOGGING: dict[str, Any] = logs.configuration()
SCOREBOARD = "ORDERFLOW_SCOREBOARD"


def allow_many_files() -> None:
    """Raise the number of open files to what the system lets this process have: each socket is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def listen(host: str, port: int) -> socket.socket:
    """Take the address, on a free port for 0, without answering yet.

    Raises:
        CannotListen: another program has it, or it is none of this machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(place)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}, port {port}: {error.strerror}") from None
    return taken


def serve(settings: Settings, taken: socket.socket, workers: int, announce: Announce) -> int:
    """Serve until told to end; return the exit code. `announce` is called once requests are answered."""
    allow_many_files()
    logging = logs.configuration(settings.log_level)
    if workers == 1:
        _Server(configured(settings, app.create_app(settings), logging=logging), announce).run(sockets=[taken])
        return 0
    with scoreboard.made() as directory:
        os.environ.update({**environment(settings), SCOREBOARD: str(directory)})
        config = configured(settings, "orderflow.serving:worker", workers, logging)
        return _Workers(config, taken, announce).serve()


def worker() -> Starlette:
    """Make the application of a worker process, which does not outlive the parent that started it."""
    if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
        postgresql.end_with_parent(parent.pid)
    return app.from_environment(Path(os.environ[SCOREBOARD]))


def configured(
    settings: Settings, application: Starlette | str, workers: int = 1, logging: dict[str, Any] | None = None
) -> uvicorn.Config:
    """Configure uvicorn for the application: our protocols, limits and times; the log of the process, if given."""
    kind = uvicorn.Config if workers == 1 else _WorkersConfig
    return kind(
        application,
        factory=isinstance(application, str),
        workers=workers,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        http="orderflow.http.protocol:HttpProtocol",
        ws="orderflow.ws.protocol:WebSocketProtocol",
        ws_max_size=4096,
        ws_ping_interval=SOCKET_PING_S,
        ws_ping_timeout=SOCKET_PING_S,
        ws_per_message_deflate=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        server_header=False,
        access_log=False,
        log_config=logging,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    """The one server of a process without workers."""

    def __init__(self, config: uvicorn.Config, announce: Announce) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except OSError as error:
            raise CannotListen(f"cannot listen on port {self.config.port}: {error.strerror}") from None
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await super().shutdown(sockets)


class _WorkersConfig(uvicorn.Config):
    """The configuration of workers, each of which sets its log up by it before anything else."""

    def configure_logging(self) -> None:
        super().configure_logging()
        # uvicorn hands the signal on that ended a worker; unhandled it would kill what the log has still to write.
        end_on_signals()


class _Ticking(uvicorn.Server):
    """The server of a worker, which knows when its loop last had a turn."""

    ticked_at = 0.0

    async def on_tick(self, counter: int) -> bool:
        self.ticked_at = time.monotonic()
        return await super().on_tick(counter)


class Worker(Process):
    """A worker as its parent sees it; asked for a sign of life, it gives none while its loop hangs."""

    _server: _Ticking | None

    @property
    def server(self) -> _Ticking:
        if self._server is None:
            self._server = _Ticking(config=self.config)
        return self._server

    def pong(self) -> None:
        self.child_conn.recv()
        if not self.server.started or time.monotonic() - self.server.ticked_at < TICK_S:
            self.child_conn.send(self.server.started)


class _Workers(Multiprocess):
    """The parent of several workers: replaces one that dies or hangs, but gives up when they cannot even start."""

    def __init__(self, config: uvicorn.Config, taken: socket.socket, announce: Announce) -> None:
        super().__init__(config, sockets=[taken])
        self._announce = announce
        self._retired: list[Process] = []
        self._heard_at: dict[Process, float] = {}

    def init_processes(self) -> None:
        """Start them all."""
        self.processes = [self._started() for _ in range(self.processes_num)]

    def serve(self) -> int:
        """Run the workers until told to end; return the exit code."""
        self.init_processes()
        try:
            self._watch()
            has_failed = any((process.exitcode or 0) > 0 for process in self.processes)
        finally:
            # Whatever went wrong here: the interpreter would wait for them for ever, deaf to signals.
            self.terminate_all()
            self.join_all()
        return FAILED if has_failed else 0

    def _watch(self) -> None:
        is_ready = False
        while not is_ready and not self.should_exit.wait(0.1):
            self.handle_signals()
            if any(process.exitcode is not None for process in self.processes):
                self.should_exit.set()
            elif all(process.is_ready(timeout=1) for process in self.processes):
                is_ready = True
                self._announce()
        while not self.should_exit.wait(0.5):
            self.handle_signals()
            self.keep_subprocess_alive()

    def keep_subprocess_alive(self) -> None:
        """Replace a worker that has ended, or is silent for too long; never wait for it, a signal may come."""
        for place, process in enumerate(self.processes):
            if process.process.is_alive() and self._answers(process):
                continue
            process.kill()
            process.join()
            self._heard_at.pop(process, None)
            if process.exitcode == STARTUP_FAILURE:
                logger.error("worker %s cannot start: giving up", process.pid)
                self.should_exit.set()
                return
            logger.warning("worker %s has ended with code %s: starting another", process.pid, process.exitcode)
            self.processes[place] = self._started()

    def _answers(self, process: Process) -> bool:
        now = time.monotonic()
        if process.ping(PING_S):
            self._heard_at[process] = now
        return now - self._heard_at.setdefault(process, now) < HUNG_S

    def restart_all(self) -> None:
        """Replace the workers in turn, each once its successor serves; stop doing so when told to end."""
        for place, old in enumerate(self.processes):
            new = self._started()
            if not self._is_serving(new):
                new.kill()
                new.join()
                if not self._is_told_to_end():
                    logger.error("worker %s does not start: worker %s and those after it stay", new.pid, old.pid)
                return
            self.processes[place] = new
            self._heard_at.pop(old, None)
            self._retire(old)

    def _started(self) -> Process:
        process = Worker(self.config, self.sockets)
        process.start()
        return process

    def _is_serving(self, new: Process) -> bool:
        deadline = time.monotonic() + START_S
        while new.process.is_alive() and time.monotonic() < deadline and not self._is_told_to_end():
            if new.is_ready(timeout=1):
                return True
            self.should_exit.wait(0.1)
        return False

    def _retire(self, old: Process) -> None:
        self._retired.append(old)
        old.terminate()
        deadline = time.monotonic() + STOP_S
        while old.process.is_alive() and not self._is_told_to_end():
            old.process.join(0.1)
            if time.monotonic() > deadline:
                logger.warning("worker %s did not end within %s s: killed", old.pid, STOP_S)
                old.process.kill()
                old.process.join()
        if not old.process.is_alive():
            self._retired.remove(old)

    def _is_told_to_end(self) -> bool:
        # Signals are queued, and this runs while one is handled.
        return self.should_exit.is_set() or not {signal.SIGTERM, signal.SIGINT}.isdisjoint(self.signal_queue)

    def join_all(self) -> None:
        """Wait for the workers to end, but not longer than there is time."""
        deadline = time.monotonic() + STOP_S
        for each in (*self._retired, *self.processes):
            each.process.join(max(0.0, deadline - time.monotonic()))
            if each.process.is_alive():
                each.process.kill()
                each.process.join()

    def handle_hup(self) -> None:
        """End when the terminal goes away; without one, SIGHUP replaces the workers in turn."""
        if sys.stderr.isatty():
            self.should_exit.set()
        else:
            super().handle_hup()


def end_on_signals() -> None:
    """Have SIGTERM, SIGINT and SIGHUP end this process orderly, with what it has started; once is enough."""
    signs = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def end(*_: Any) -> None:
        for sign in signs:
            signal.signal(sign, signal.SIG_IGN)
        raise SystemExit(0)

    for sign in signs:
        signal.signal(sign, end)
