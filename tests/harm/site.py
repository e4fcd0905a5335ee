"""A server with a database of its own, and what can be read of it from outside: memory, descriptors, its figures."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from orderflow import embedded, migrations
from tests.people import People
from tests.places import DISK, reachable
from tests.redis_server import RedisServer
from tests.scraping import Scrape, scrape
from tests.servers import Server, workers

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
LOOK_S: Final = 0.25
SETTINGS: Final = {
    "PUBLIC_URL": "http://orderflow.example",
    "OPEN_ORDERS_PER_CUSTOMER": "0",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "1440",
    # So that letters leave as fast as orders do.
    "EMAIL_RATE_PER_SECOND": "100",
}


@dataclass
class Site:
    """What runs: `pids` are the processes that serve now; `server` is there where they are not the test's own."""

    url: str
    database_url: str
    client: httpx2.AsyncClient
    pids: Callable[[], set[int]]
    server: Server | None = None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def people(self) -> People:
        return People(self.client)

    async def figures(self) -> Scrape:
        """Its own figures, as whoever runs it sees them."""
        return await scrape(self.client)

    async def sockets(self) -> float:
        """How many sockets are open, as it says itself."""
        return (await self.figures()).value("orderflow_sockets")

    def memory(self) -> int:
        """The bytes that all its processes have in memory."""
        return sum(map(memory_of, self.pids()))

    def descriptors(self) -> int:
        """How many descriptors all its processes have open."""
        return sum(map(descriptors_of, self.pids()))

    async def until(self, fact: Callable[[], bool], patience_s: float) -> float:
        """Wait for a fact; return how many seconds that took, infinite if it did not come in time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not fact():
            if loop.time() > began + patience_s:
                return float("inf")
            await asyncio.sleep(LOOK_S)
        return loop.time() - began

    async def until_sockets(self, most: int, patience_s: float) -> float:
        """Wait until no more sockets than that are open; return how many seconds that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while await self.sockets() > most:
            if loop.time() > began + patience_s:
                return float("inf")
            await asyncio.sleep(LOOK_S)
        return loop.time() - began


def memory_of(pid: int) -> int:
    """The bytes that a process has in memory; 0 once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def descriptors_of(pid: int) -> int:
    """How many descriptors a process has open; 0 once it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


@asynccontextmanager
async def running(count: int = 1) -> AsyncIterator[Site]:
    """`orderflow serve` with so many workers, on a PostgreSQL as it is shipped; with more than one on a Redis too."""
    async with AsyncExitStack() as stack:
        place = stack.enter_context(reachable(DISK))
        database = stack.enter_context(embedded.running(place / "data"))
        await migrations.upgrade(database.url)
        options: tuple[str, ...] = ()
        settings = {**SETTINGS, "DATABASE_URL": database.url}
        if count > 1:
            settings["REDIS_URL"] = stack.enter_context(RedisServer()).url
            options = ("--workers", str(count))
        server = Server(place / "server", settings, *options)
        stack.callback(server.kill)
        await asyncio.to_thread(server.start)
        yield await stack.enter_async_context(around(server, database.url, count))


@asynccontextmanager
async def around(server: Server, database_url: str, count: int = 1) -> AsyncIterator[Site]:
    """A server that runs already."""

    def pids() -> set[int]:
        return {server.pid} | (workers(server.pid) if count > 1 else set())

    # New connections only: a worker that ends takes nobody's answer with it.
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=server.url, timeout=30, limits=limits) as client:
        yield Site(server.url, database_url, client, pids, server)
