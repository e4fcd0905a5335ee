"""People who come, one at a time: a socket until its first frame or until it has caught up, a request until its answer.

Blocking, so that nothing but the server and the way to it is in the time; what is taken apart is so outside of it.
"""

import http.client
import json
import socket
import statistics
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

PATIENCE_S = 30.0
# The example of RFC 6455, section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, CLOSE = 1, 8


class Listener:
    """One WebSocket, from its handshake on."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._line.makefile("rb")
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {KEY}",
            "Sec-WebSocket-Protocol: orderflow.v1",
            f"Authorization: Bearer {token}",
        )
        self._line.sendall("\r\n".join((*lines, "", "")).encode())
        status = self._input.readline()
        assert b" 101 " in status, status
        while self._input.readline() != b"\r\n":
            pass

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave as a page does that is closed, and wait until the server has taken note."""
        self._line.sendall(bytes((0x80 | CLOSE, 0x80, 0, 0, 0, 0)))
        while self._input.read(4096):
            pass
        self._input.close()
        self._line.close()

    def text(self) -> bytes:
        """The next text frame."""
        while True:
            kind, size = self._input.read(2)
            if size >= 126:
                size = int.from_bytes(self._input.read(2 if size == 126 else 8), "big")
            data = self._input.read(size)
            assert kind & 15 != CLOSE, f"closed with {int.from_bytes(data[:2], 'big')}"
            if kind & 15 == TEXT:
                return data


def snapshot_s(port: int, path: str, token: str) -> float:
    """Seconds until a new socket has the whole of its snapshot."""
    began = time.perf_counter()
    with Listener(port, path, token) as listener:
        first = listener.text()
        took = time.perf_counter() - began
    assert first.startswith(b'{"type":"snapshot"'), first[:100]
    return took


def resume_s(port: int, path: str, token: str, epoch: str, head: int, missed: int) -> float:
    """Seconds until a socket that comes back has been told all that it has missed."""
    began = time.perf_counter()
    with Listener(port, f"{path}?after={head - missed}&epoch={epoch}", token) as listener:
        first = listener.text()
        for _ in range(missed):
            last = listener.text()
        took = time.perf_counter() - began
    assert first.startswith(b'{"type":"resumed"'), first[:100]
    assert json.loads(last)["seq"] == head, last[:100]
    return took


class Caller:
    """Somebody with a token and a connection that is kept."""

    def __init__(self, port: int, token: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, which has to be granted."""
        self._line.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._line.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        found: dict[str, Any] = json.loads(text)
        return found

    def get_s(self, path: str) -> float:
        """Seconds until a GET is answered whole."""
        began = time.perf_counter()
        self._line.request("GET", path, headers=self._headers)
        answer = self._line.getresponse()
        text = answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, text
        return took

    def close(self) -> None:
        self._line.close()


def median_ms(times: int, work: Callable[[], float]) -> float:
    """Do it one time more than so often: the first time makes what all others find."""
    work()
    return 1e3 * statistics.median(work() for _ in range(times))
