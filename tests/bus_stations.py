"""Ends of the bus and ways to Redis, for tests of what one hears of another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

from redis.asyncio import Redis

from orderflow import wire
from orderflow.bus import RedisBus
from orderflow.counts import Counts
from tests.redis_server import RedisServer


class Station:
    """One process's end of the bus, and what it has heard."""

    def __init__(self, url: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.counts = Counts()
        self.bus = RedisBus(url, self.hear, self.counts)

    def hear(self, channel: str, message: bytes) -> None:
        if message == b"poison":
            raise ValueError(message)
        self.heard.append((channel, message))

    async def hears(self, channel: str, message: bytes) -> None:
        await until(lambda: (channel, message) in self.heard)


async def until(is_so: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in other processes, and tells no Event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def station(url: str) -> AsyncIterator[Station]:
    """A station at work, healthy from the start; its bus has to end within 2 s of being cancelled."""
    made = Station(url)
    task = asyncio.create_task(made.bus.run(), name="bus")
    try:
        await until(lambda: made.bus.is_healthy)
        yield made
    finally:
        task.cancel()
        await asyncio.wait((task,), timeout=2)
        assert task.cancelled()


class Relay:
    """A way to Redis that can lose, without a word, everything that comes back on the connections of now."""

    def __init__(self, target_port: int) -> None:
        self.url = ""
        self._target_port = target_port
        self._age = 0

    def swallow(self) -> None:
        self._age += 1

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        age = self._age
        with closing(writer), closing(there_writer):
            forward = asyncio.create_task(self._copy(reader, there_writer, lambda: True))
            await self._copy(there_reader, writer, lambda: age == self._age)
            await forward

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_open: Callable[[], bool]
    ) -> None:
        while data := await reader.read(65536):
            if is_open():
                writer.write(data)
        writer.close()


@asynccontextmanager
async def relay(target_port: int) -> AsyncIterator[Relay]:
    made = Relay(target_port)
    async with await asyncio.start_server(made.carry, "127.0.0.1", 0) as listening:
        made.url = f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield made


async def subscribers(server: RedisServer, channel: str) -> int:
    async with Redis.from_url(server.url) as client:
        ((_, count),) = await client.pubsub_numsub(wire.PREFIX + channel)
        return int(count)


async def until_subscribers(server: RedisServer, channel: str, count: int) -> None:
    async with asyncio.timeout(5):
        while await subscribers(server, channel) != count:
            pass
