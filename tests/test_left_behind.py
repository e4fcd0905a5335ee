"""What ends leaves nothing behind that waits for the garbage collector: with thousands of objects it comes rarely."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from orderflow.http.protocol import HttpProtocol
from orderflow.letters import eml
from orderflow.settings import Settings
from orderflow.ws.connection import Connection
from orderflow.ws.protocol import WebSocketProtocol
from tests.letter_samples import ID, PLAIN, letter
from tests.live import Live, running
from tests.peers import BINARY, peer
from tests.people import good

PATIENCE_S = 10.0


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=0.3) as server:
        yield server


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is collected for as long as the test runs."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
async def test_a_socket_that_ended_is_gone_however_it_ended(live: Live) -> None:
    cafe, ada = await live.shop(), await live.register()
    path = f"/ws/shops/{cafe.shop['id']}"
    # One stays: whoever was looked after last is held until the next one is.
    await (await live.socket("/ws/customers/me", ada)).event()
    closed, lost, moved = [await live.socket(path, cafe.owner) for _ in range(3)]
    for each in (closed, lost, moved):
        await each.event()
        await each.beat()
    good(await cafe.owner.patch(cafe.path, {"name": "Bar"}))
    await closed.connection.close()
    lost.connection.transport.abort()
    async with peer(live, path, cafe.owner) as client:
        await client.send(BINARY, b"x")
        assert await client.close_code() == 4400
    async with peer(live, path, cafe.owner) as client:
        await client.send_raw(b"\xff\xff")
        assert await client.close_code() == 1002
    good(await cafe.owner.post("/v1/auth/logout"), 204)
    assert await moved.close_code() == 4401

    await live.has_sockets(1)
    for kind in (Connection, WebSocketProtocol):
        await _until_left(kind, 1)


@pytest.mark.usefixtures("uncollected")
async def test_connections_are_gone_once_they_have_ended_or_become_sockets(live: Live) -> None:
    cafe = await live.shop()
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    await board.event()
    for first in (b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"NONSENSE\r\n\r\n"):
        _, writer = await asyncio.open_connection("127.0.0.1", int(live.url.rpartition(":")[2]))
        writer.write(first)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await live.client.aclose()

    await _until_left(HttpProtocol, 0)


@pytest.mark.usefixtures("uncollected")
def test_letters_as_files_leave_no_classes_behind() -> None:
    written = letter(PLAIN)

    counts = []
    for _ in range(3):
        eml(written, UUID(ID), datetime(2026, 11, 22, 9, 15, tzinfo=UTC))
        counts.append(sum(isinstance(each, type) for each in gc.get_objects()))

    assert counts[2] == counts[1]


async def _until_left(kind: type, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sum(isinstance(each, kind) for each in gc.get_objects()) != count:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
