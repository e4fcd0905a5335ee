"""WebSocket clients by the thousand, in one loop: a protocol that parses no more than it has to.

A `Listener` is a client as the contract wants it; one visit is a `Visit`. A deaf one is a bare socket.
"""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from tests.faults.fold import Frame, Picture, View, mark
from tests.faults.ledger import Record, Seen, Session, seen

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 20.0
OPEN_S: Final = 30.0
# What a connection over Ethernet has: the kernel takes in megabytes where segments may be as long as on this machine.
SEGMENT_BYTES: Final = 1_400
DEAF_BYTES: Final = 4_096
RESET: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Channel:
    """What is listened to; without a token as anyone."""

    path: str
    view: View
    feed: str
    token: str = ""

    def handshake(self, query: str = "") -> bytes:
        """The request that opens it."""
        token = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        return (
            f"GET {self.path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
            f"Sec-WebSocket-Protocol: orderflow.v1\r\n{token}\r\n"
        ).encode()


class Visit(asyncio.Protocol):
    """One connection: `hear` gets each text, and `ended` the close code, 1006 without one."""

    def __init__(self, handshake: bytes, hear: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        self.transport: asyncio.Transport
        self._handshake = handshake
        self._hear = hear
        self._buffer = b""
        self._is_open = False
        self._code = 1006

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._handshake)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.transport.abort()
                return
            self._is_open, self._buffer = True, rest
        self._take_frames()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(self._code)

    def reset(self) -> None:
        """End it without a word, as a crash does."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    def leave(self) -> None:
        """End it as a page does that is closed."""
        self.transport.write(_frame(CLOSE, struct.pack("!H", 1001)))

    def _take_frames(self) -> None:
        at, data = 0, self._buffer
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, start = int.from_bytes(data[start : start + width], "big"), start + width
            if len(data) < start + size:
                break
            self._take(data[at] & 15, data[start : start + size])
            at = start + size
        self._buffer = data[at:]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self._hear(payload)
        elif kind == PING:
            self.transport.write(_frame(PONG, payload))
        elif kind == CLOSE:
            self._code = int.from_bytes(payload[:2], "big")
            self.transport.write(_frame(CLOSE, payload[:2]))
            self.transport.close()


class Listener:
    """A client of one channel that knows its position, over as many visits as it takes.

    `told` is called with each event. With `keeps` it keeps all that the ledger needs, and what its page shows.
    """

    def __init__(
        self, name: str, channel: Channel, told: Callable[[Frame], None] | None = None, *, keeps: bool = False
    ):
        self.record = Record(name, channel.view, channel.feed)
        self.position = 0
        self.epoch = ""
        self.channel = channel
        # Of this visit: whether it has had a beat, its first frame's type, and the transport.
        self.is_live = False
        self.began_with = ""
        self.visit: Visit | None = None
        # By the loop's clock, when each visit ended and when the next one was tried.
        self.returns: list[tuple[float, float]] = []
        self.ends: list[int] = []
        self._told = told
        self._picture = Picture(channel.view) if keeps else None
        self._session = Session()
        self._loop = asyncio.get_running_loop()
        self._caught_up: asyncio.Future[None] = self._loop.create_future()
        self._chance = random.Random(name)  # noqa: S311 - spreads reconnects, guards nothing

    async def open(self, port: int, *, resumes: bool = True) -> Visit:
        """Connect, from where it was if it has been there; it has caught up once `live` returns."""
        query = f"?after={self.position}&epoch={self.epoch}" if resumes and self.epoch else ""
        self.is_live, self.began_with, self._session = False, "", Session()
        self._caught_up = self._loop.create_future()
        self.record.sessions.append(self._session)
        visit = Visit(self.channel.handshake(query), self._hear)
        await self._loop.create_connection(lambda: visit, "127.0.0.1", port)
        self.visit = visit
        return visit

    async def live(self) -> None:
        """Wait until this visit has caught up, or is over."""
        assert self.visit is not None
        first: tuple[asyncio.Future[Any], ...] = (self._caught_up, self.visit.ended)
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)

    async def run(self, port: int) -> None:
        """Listen, and come back with full jitter whenever it ends, until cancelled."""
        attempt = 0
        while True:
            try:
                visit = await self.open(port)
                code = await visit.ended
            except OSError:
                code = 1006
            ended_at = self._loop.time()
            attempt = 0 if self.is_live else attempt + 1
            self.is_live, self.visit = False, None
            self.ends.append(code)
            await asyncio.sleep(self._chance.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)))
            self.returns.append((ended_at, self._loop.time()))

    def finish(self) -> None:
        """Put down what its page shows at the end."""
        if self._picture is not None:
            self.record.shows = mark(self._picture.state())

    def _hear(self, data: bytes) -> None:
        frame = _parsed(data)
        kind = frame["type"]
        self.began_with = self.began_with or kind
        if kind == "snapshot":
            self.epoch, self.position = frame["epoch"], frame["seq"]
        else:
            self.position = max(self.position, frame["seq"])
        if kind == "beat" and not self.is_live:
            self.is_live = True
            if not self._caught_up.done():
                self._caught_up.set_result(None)
        if self._picture is not None:
            self._keep(data, frame)
        if self._told is not None and kind in ("order", "item", "shop"):
            self._told(frame)

    def _keep(self, data: bytes, frame: Frame) -> None:
        assert self._picture is not None
        at = self._loop.time()
        self._session.frames.append(_seen(self.channel.view, data)._replace(at=at))
        if frame["type"] == "snapshot":
            self._picture.begin(frame)
        elif frame["type"] in ("order", "item", "shop"):
            self._picture.take(frame)
        elif frame["type"] == "beat" and self._session.caught_up_at > at:
            self._session.caught_up_at = at


async def deaf(port: int, channel: Channel) -> socket.socket:
    """A peer that has asked for a socket and reads nothing, not even the answer."""
    loop = asyncio.get_running_loop()
    opened = socket.socket()
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEAF_BYTES)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    await loop.sock_connect(opened, ("127.0.0.1", port))
    await loop.sock_sendall(opened, channel.handshake())
    return opened


async def all_live(listeners: "list[Listener]", port: int, *, at_once: int = 100) -> None:
    """Open all of them, so many at a time, and wait until each has caught up.

    Raises:
        TimeoutError: that took too long.
    """
    turns = asyncio.Semaphore(at_once)

    async def open_one(each: Listener) -> None:
        async with turns:
            await each.open(port)
            await each.live()

    async with asyncio.timeout(OPEN_S), asyncio.TaskGroup() as tasks:
        for each in listeners:
            tasks.create_task(open_one(each), name="open a socket")


# Thousands get the same bytes, so they are read once.
@lru_cache(maxsize=512)
def _parsed(data: bytes) -> Frame:
    frame: Frame = json.loads(data)
    return frame


@lru_cache(maxsize=512)
def _seen(view: View, data: bytes) -> Seen:
    return seen(0.0, view, _parsed(data))


def _frame(kind: int, payload: bytes) -> bytes:
    """A frame of a client, at most 125 bytes, masked with nothing."""
    return bytes([0x80 | kind, 0x80 | len(payload)]) + bytes(4) + payload
