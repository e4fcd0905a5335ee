"""WebSocket peers at the level of bytes: they need not read, answer, or end as they should."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.live import Live
from tests.people import Person

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
MASK = b"\x00\x00\x00\x00"


class Peer:
    """One TCP connection after its handshake; nothing is read until asked for."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._received = b""

    async def send(self, opcode: int, payload: bytes = b"", *, is_last: bool = True) -> None:
        """Send one frame."""
        await self.send_raw(frame(opcode, payload, is_last=is_last))

    async def send_raw(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def take(self, size: int) -> None:
        """Read so many bytes at least; what is in them comes with the frames."""
        while len(self._received) < size:
            self._received += await self._loop.sock_recv(self._socket, 4096)

    async def frames(self, patience_s: float = 10) -> list[tuple[int, bytes]]:
        """Read what comes until the connection ends, and answer a close: opcodes and payloads."""
        found: list[tuple[int, bytes]] = []
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(patience_s):
                while part := await self._loop.sock_recv(self._socket, 65_536):
                    self._received += part
                    has_closed = any(opcode == CLOSE for opcode, _ in found)
                    found = _parsed(self._received)
                    if not has_closed and found and found[-1][0] == CLOSE:
                        await self.send(CLOSE, found[-1][1])
        return found

    async def close_code(self, patience_s: float = 10) -> int:
        """Read until the connection ends; the code of the close frame that came last, 1006 without."""
        frames = await self.frames(patience_s)
        opcode, payload = frames[-1] if frames else (0, b"")
        return int(struct.unpack("!H", payload[:2])[0]) if opcode == CLOSE else 1006

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End it without a word, as a crash does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


@asynccontextmanager
async def peer(live: Live, path: str, who: Person | None = None) -> AsyncIterator[Peer]:
    """A peer whose own buffers are small."""
    host, _, port = live.url.removeprefix("http://").partition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (host, int(port)))
        token = f"Authorization: Bearer {who.token}\r\n" if who else ""
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n{token}\r\n"
        )
        await loop.sock_sendall(connection, head.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += await loop.sock_recv(connection, 1)
        assert b" 101 " in answer.splitlines()[0], answer
        yield Peer(connection)


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """One frame as a client sends it, masked with nothing."""
    head = (0x80 if is_last else 0) | opcode
    if len(payload) < 126:
        return bytes([head, 0x80 | len(payload)]) + MASK + payload
    return struct.pack("!BBH", head, 0x80 | 126, len(payload)) + MASK + payload


def small_buffers(live: Live) -> None:
    """Have the server's kernel take in little of what it sends on connections to come."""
    assert live.server is not None
    for server in live.server.servers:
        for each in server.sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def _parsed(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while len(data) >= 2:
        length, start = data[1], 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, start = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
        if len(data) < start + length:
            break
        found.append((data[0] & 15, data[start : start + length]))
        data = data[start + length :]
    return found
