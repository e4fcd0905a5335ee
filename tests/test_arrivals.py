"""Handshakes that come all at once: they take turns, and lose nothing by it."""

import asyncio
import socket

import pytest

from orderflow.settings import Settings
from orderflow.ws import arrivals
from orderflow.ws.arrivals import PER_TURN, Arrivals
from tests.harm.sockets import Channel
from tests.live import running


async def test_those_who_come_at_once_are_let_in_a_few_at_a_time_and_in_their_order() -> None:
    waiting, begun = Arrivals(), list[int]()
    for number in range(2 * PER_TURN + 1):
        waiting.begin(lambda number=number: begun.append(number))  # type: ignore[misc]

    seen = []
    while len(begun) < 2 * PER_TURN + 1:
        seen.append(len(begun))
        await asyncio.sleep(0)

    assert seen == [PER_TURN, 2 * PER_TURN]
    assert begun == list(range(2 * PER_TURN + 1))


async def test_who_comes_alone_never_waits() -> None:
    waiting, begun = Arrivals(), list[int]()

    for number in range(3 * PER_TURN):
        waiting.begin(lambda number=number: begun.append(number))  # type: ignore[misc]
        assert begun[-1] == number
        await asyncio.sleep(0)


async def test_who_still_waits_when_the_server_ends_is_told_to_come_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "PER_TURN", 0)
    loop = asyncio.get_running_loop()
    with socket.socket() as waiting:
        waiting.setblocking(False)
        async with running(settings) as live:
            cafe = await live.shop()
            path = f"/ws/shops/{cafe.shop['id']}/menu"
            await loop.sock_connect(waiting, ("127.0.0.1", int(live.url.rpartition(":")[2])))
            await loop.sock_sendall(waiting, Channel(path, "menu", cafe.shop["id"]).handshake())
            # Answered behind it.
            await live.client.get("/healthz")

        answer = await loop.sock_recv(waiting, 4096)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
