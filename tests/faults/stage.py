"""All that takes part: PostgreSQL as it is shipped, a Redis, servers of one and two processes, proxies between."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest import mock

import httpx2
from sqlalchemy.engine import make_url

from orderflow import embedded, migrations
from tests.faults.proxy import Proxy, before
from tests.places import DISK, reachable
from tests.redis_server import RedisServer
from tests.servers import Server, children, workers

BEAT_S: Final = 2.0
RECOVERY_S: Final = 60.0
SETTINGS: Final = {
    # One name for all, as behind a load balancer.
    "PUBLIC_URL": "http://orderflow.example",
    "BEAT_SECONDS": str(BEAT_S),
    "OPEN_ORDERS_PER_CUSTOMER": "0",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "1440",
}


@dataclass
class Site:
    """One `orderflow serve` of so many processes, and what stands between it and clients, Redis and PostgreSQL."""

    server: Server
    size: int
    client: httpx2.AsyncClient
    gate: Proxy
    to_redis: Proxy
    to_database: Proxy

    def processes(self) -> set[int]:
        """The processes that serve."""
        return workers(self.server.pid) if self.size > 1 else {self.server.pid}

    async def start(self) -> None:
        """Start it, again on the port that it had before."""
        await asyncio.to_thread(self.server.start)
        self.gate.place = int(self.server.url.rpartition(":")[2])

    async def readiness(self) -> str:
        """What its readiness says; empty if it does not answer. Each time another of its processes may be asked."""
        try:
            # Not through the proxies.
            async with httpx2.AsyncClient(base_url=self.server.url, timeout=3) as client:
                return str((await client.get("/readyz")).json()["status"])
        except (httpx2.TransportError, ValueError):
            return ""

    async def all_say(self, status: str) -> bool:
        """Whether all of its processes say so; of two, that both were asked is only likely."""
        for _ in range(4 if self.size > 1 else 1):
            if await self.readiness() != status:
                return False
        return len(self.processes()) == self.size


@dataclass
class Stage:
    """Everything that runs; `database_url` leads to PostgreSQL with no proxy between."""

    database_url: str
    cluster: Path
    redis: RedisServer
    sites: list[Site]

    def database_processes(self) -> list[int]:
        """PostgreSQL's own process, then its children; nothing while there is none."""
        with contextlib.suppress(FileNotFoundError, IndexError):
            first = int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
            return [first, *children(first)]
        return []

    def let_go(self) -> None:
        """End all that proxies do to anybody."""
        for site in self.sites:
            for proxy in (site.gate, site.to_redis, site.to_database):
                proxy.let_go()

    async def recovered(self) -> bool:
        """Wait until all servers say that all is well."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_S):
                while not all([await site.all_say("ok") for site in self.sites]):
                    await asyncio.sleep(0.1)
                return True
        return False


@asynccontextmanager
async def running(*sizes: int) -> AsyncIterator[Stage]:
    """Start all of it, with a site of each of these sizes; end all of it."""
    async with AsyncExitStack() as stack:
        place = stack.enter_context(reachable(DISK))
        # A database that is killed every minute is no reason to give it up.
        stack.enter_context(mock.patch.object(embedded, "CALM_S", 1.0))
        database = stack.enter_context(embedded.running(place / "data"))
        redis = stack.enter_context(RedisServer())
        await migrations.upgrade(database.url)
        sites = [
            await stack.enter_async_context(_site(place / f"site-{number}", database.url, redis, size))
            for number, size in enumerate(sizes)
        ]
        stage = Stage(database.url, place / "data" / "postgresql", redis, sites)
        try:
            await asyncio.gather(*(site.start() for site in sites))
            yield stage
        finally:
            stage.let_go()
            send(stage.database_processes(), signal.SIGCONT)
            redis.thaw()


@asynccontextmanager
async def _site(place: Path, database_url: str, redis: RedisServer, size: int) -> AsyncIterator[Site]:
    url = make_url(database_url)
    async with AsyncExitStack() as stack:
        # The path of a Unix socket has to be short.
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp"))
        name = f".s.PGSQL.{url.query['port']}"
        to_database = await stack.enter_async_context(before(f"{url.query['host']}/{name}", f"{sockets}/{name}"))
        to_redis = await stack.enter_async_context(before(redis.port))
        gate = await stack.enter_async_context(before(0))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gate.port}"))
        through = url.update_query_dict({"host": sockets}).render_as_string(hide_password=False)
        settings = {**SETTINGS, "DATABASE_URL": through, "REDIS_URL": f"redis://127.0.0.1:{to_redis.port}/0"}
        server = Server(place, settings, *(("--workers", str(size)) if size > 1 else ()))
        stack.callback(server.kill)
        yield Site(server, size, client, gate, to_redis, to_database)


def send(pids: Iterable[int], sign: signal.Signals) -> None:
    """Send a signal to those that still run."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)


@contextlib.contextmanager
def frozen(pids: Iterable[int]) -> Iterator[None]:
    """Processes stand still, as if the machine hung; their connections stay."""
    stopped = list(pids)
    send(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        send(stopped, signal.SIGCONT)
