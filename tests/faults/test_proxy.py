"""The proxy hurts connections as it is told, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.link import Link
from tests.faults.proxy import Proxy, before

PATIENCE_S = 5.0
WORDS = b"0123456789" * 1000


@asynccontextmanager
async def _echo() -> AsyncIterator[int]:
    """A server that says everything back, and ends after a bye."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
                if data == b"bye":
                    break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def _through() -> AsyncIterator[tuple[Proxy, Link, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a proxy to an echo, and its link."""
    async with (
        asyncio.timeout(PATIENCE_S),
        _echo() as port,
        before(port) as proxy,
        _connected(proxy.port) as (reader, writer),
    ):
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        link = proxy.link_from(writer.get_extra_info("sockname")[1])
        assert link is not None
        yield proxy, link, reader, writer


async def test_everything_passes_in_both_directions() -> None:
    async with _through() as (_, link, reader, writer):
        writer.write(WORDS)

        assert await reader.readexactly(len(WORDS)) == WORDS
        assert (link.up.passed, link.down.passed) == (len(WORDS) + 5,) * 2
        assert (link.said[:5], link.hurt_at) == (b"hello", None)


async def test_it_stands_before_unix_sockets_too(tmp_path: Path) -> None:
    path = str(tmp_path / "outer")
    async with (
        asyncio.timeout(PATIENCE_S),
        _echo() as port,
        before(port, path),
        before(path) as proxy,
        _connected(proxy.port) as (reader, writer),
    ):
        writer.write(WORDS)

        assert await reader.readexactly(len(WORDS)) == WORDS


@pytest.mark.parametrize("size", [0, 1, 4999])
async def test_a_cut_after_some_bytes_passes_these_and_no_more(size: int) -> None:
    async with _through() as (proxy, link, reader, writer):
        link.down.cut_after(size + 1)
        writer.write(WORDS)

        assert await reader.read() == WORDS[: size + 1]
        assert link not in proxy.links


async def test_a_reset_ends_both_sides() -> None:
    async with _through() as (proxy, link, reader, _):
        link.reset()

        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert not proxy.links


async def test_what_a_black_hole_took_comes_once_it_is_let_go() -> None:
    async with _through() as (proxy, link, reader, writer):
        link.down.hold()
        writer.write(b"first")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.write(b"second")
        proxy.let_go()

        assert await reader.readexactly(11) == b"firstsecond"
        assert link.hurt_at is not None


async def test_a_black_hole_hides_the_end_of_a_connection_too() -> None:
    async with _through() as (_, link, reader, writer):
        link.down.hold()
        writer.write(b"bye")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.05)
        link.down.let_go()

        assert await reader.read() == b"bye"


async def test_a_delay_and_a_trickle_take_their_time_and_change_nothing() -> None:
    async with _through() as (_, link, reader, writer):
        began = asyncio.get_running_loop().time()
        link.up.delay(0.1)
        link.down.trickle(2500)
        writer.write(WORDS)

        assert await reader.readexactly(len(WORDS)) == WORDS
        assert asyncio.get_running_loop().time() - began > 0.24


async def test_those_who_come_are_hurt_by_what_they_say() -> None:
    async with _echo() as port, before(port) as proxy, asyncio.timeout(PATIENCE_S):
        proxy.hurt(lambda link: link.reset() if b"SUBSCRIBE" in link.said else None)
        async with _connected(proxy.port) as publisher, _connected(proxy.port) as subscriber:
            publisher[1].write(b"PUBLISH")
            subscriber[1].write(b"SUBSCRIBE")

            assert await publisher[0].readexactly(7) == b"PUBLISH"
            with pytest.raises(ConnectionResetError):
                await subscriber[0].read()


@pytest.mark.parametrize("is_closed", [True, False])
async def test_who_comes_while_it_is_closed_or_nothing_is_behind_it_finds_nobody(is_closed: bool) -> None:
    async with _echo() as port:
        pass
    async with before(port) as proxy, asyncio.timeout(PATIENCE_S):
        proxy.is_closed = is_closed
        async with _connected(proxy.port) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await reader.read()
