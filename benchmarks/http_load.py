"""A load client for HTTP: N connections, one request outstanding on each, latencies in seconds."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run measured."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load, next_request: Callable[[], bytes | None], wanted: bytes, keep: bool) -> None:
        self.load = load
        self.next_request = next_request
        self.wanted = wanted
        self.keep = keep
        self.buffer = b""
        self.sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        start = self.buffer.lower().find(b"content-length: ", 0, head)
        length = int(self.buffer[start + 16 : self.buffer.index(b"\r\n", start)])
        if len(self.buffer) < head + 4 + length:
            return
        self.load.latencies.append(time.perf_counter() - self.sent_at)
        if self.buffer[9:12] != self.wanted:
            self.load.failures.append(self.buffer)
        elif self.keep:
            self.load.answers.append(self.buffer[head + 4 :])
        self.buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        if not self.done.done():
            self.load.failures.append(b"connection lost")
            self.done.set_result(None)

    def _send(self) -> None:
        request = self.next_request()
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]  # a TCP connection's transport can write


async def run(
    port: int, clients: int, seconds: float, make: Callable[[], bytes | None], wanted: bytes, *, keep: bool = False
) -> Load:
    """Send what `make` gives until the time is over or it gives None."""
    load, loop = Load(), asyncio.get_running_loop()
    began = time.perf_counter()

    def next_request() -> bytes | None:
        return make() if time.perf_counter() - began < seconds else None

    async def one() -> None:
        _, connection = await loop.create_connection(
            lambda: _Connection(load, next_request, wanted, keep), "127.0.0.1", port
        )
        await connection.done

    await asyncio.gather(*(one() for _ in range(clients)))
    load.seconds = time.perf_counter() - began
    return load


def request(method: str, path: str, token: str, body: bytes) -> bytes:
    """The bytes of one request on a connection that is kept."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
