"""How long a peer may take, and how connections end."""

import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from orderflow.http.protocol import HttpProtocol
from tests.connections import GET, POST, answers, connected, last_words, read_answers, until_closed
from tests.edge import application, serving

HANDSHAKE = (
    b"GET /ws/room HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Hasty(HttpProtocol):
    """A protocol that has no time."""

    head_s = body_s = linger_s = unread_s = 0.3


class Rooms:
    """Addresses whose answers are large, or come when they may; `left` once the large one is done with."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.left = threading.Event()
        self.routes = (
            Route("/large", self._large),
            Route("/slow", self._slow),
            Route("/broken", self._broken),
            WebSocketRoute("/ws/room", self._socket),
        )

    async def _large(self, _: Request) -> Response:
        return StreamingResponse(self._parts(), media_type="text/plain")

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(1000):
                yield b"x" * 65_536
        finally:
            self.left.set()

    async def _slow(self, _: Request) -> Response:
        await anyio.to_thread.run_sync(self.may_answer.wait, 10)
        return Response(b"slow")

    async def _broken(self, _: Request) -> Response:
        return StreamingResponse(self._half(), media_type="text/plain")

    async def _half(self) -> AsyncIterator[bytes]:
        yield b"half"
        raise LookupError

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(application(*Rooms().routes)) as found:
        yield found


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture(scope="module")
def hasty_port(rooms: Rooms) -> Iterator[int]:
    with serving(application(*rooms.routes), Hasty) as found:
        yield found


def test_a_silent_connection_is_closed(hasty_port: int) -> None:
    with connected(hasty_port) as connection:
        assert until_closed(connection) == b""


@pytest.mark.parametrize(
    "part", [b"G", GET, GET + b"X: ", POST + b"Content-Length: 9\r\n\r\n", POST + b"Content-Length: 9\r\n\r\n{"]
)
def test_a_request_that_does_not_come_is_not_waited_for(hasty_port: int, part: bytes) -> None:
    with connected(hasty_port, part) as connection:
        assert last_words(connection) == (408, "request_timeout")


def test_trickling_does_not_prolong_a_request(hasty_port: int) -> None:
    began = time.monotonic()

    with connected(hasty_port, GET) as connection:
        connection.settimeout(0.05)
        received = b""
        while not received and time.monotonic() < began + 5:
            with contextlib.suppress(TimeoutError):
                received = connection.recv(65_536)
            with contextlib.suppress(OSError):
                connection.sendall(b"X: y\r\n")

    assert received.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_kept_between_requests(hasty_port: int) -> None:
    with connected(hasty_port, GET + b"\r\n") as connection:
        assert read_answers(connection, 1) == [200]
        connection.settimeout(0.6)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(GET + b"\r\n")
        assert read_answers(connection, 1) == [200]


def test_a_request_that_waits_its_turn_is_not_blamed_for_it(hasty_port: int, rooms: Rooms) -> None:
    waiting = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + POST + b"Content-Length: 9\r\n\r\n{"

    with connected(hasty_port, waiting) as connection:
        connection.settimeout(0.6)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        rooms.may_answer.set()
        connection.settimeout(10)

        assert [status for status, _ in answers(until_closed(connection))] == [200, 408]


def test_a_peer_that_reads_nothing_is_left(hasty_port: int, rooms: Rooms) -> None:
    with connected(hasty_port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert rooms.left.wait(10)


def test_who_has_said_everything_still_gets_the_answers(port: int) -> None:
    with connected(port, (GET + b"\r\n") * 3) as connection:
        connection.shutdown(socket.SHUT_WR)

        assert [status for status, _ in answers(until_closed(connection))] == [200] * 3


def test_a_large_answer_comes_whole(port: int) -> None:
    with connected(port, b"GET /large HTTP/1.0\r\n\r\n") as connection:
        assert len(until_closed(connection)) > 65_536_000


def test_an_answer_under_way_is_cut_when_its_request_breaks(port: int) -> None:
    with connected(port, b"GET /large HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.sendall(b"zz\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert not until_closed(connection).endswith(b"0\r\n\r\n")


def test_an_answer_that_fails_half_way_never_looks_whole(port: int) -> None:
    with connected(port, b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        assert until_closed(connection).endswith(b"\r\n4\r\nhalf\r\n")


def test_what_follows_a_last_request_is_not_answered(port: int) -> None:
    last = GET + b"Connection: close\r\n\r\n"

    for behind in (b"NONSENSE\r\n\r\n", GET, GET + b"\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with connected(port, last + behind) as connection:
            assert [status for status, _ in answers(until_closed(connection))] == [200]


def test_a_socket_opens_through_the_same_connection(port: int) -> None:
    with connected(port, HANDSHAKE) as connection:
        received = b""
        while b"hello" not in received:
            received += connection.recv(65_536)

    assert received.startswith(b"HTTP/1.1 101 ")


def test_an_idle_connection_is_closed_in_the_end() -> None:
    with serving(application(), keep_alive_s=1) as port, connected(port, GET + b"\r\n") as connection:
        assert read_answers(connection, 1) == [200]
        assert until_closed(connection) == b""


def test_a_request_that_was_on_its_way_when_the_server_ends_is_answered() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.ExitStack())
        port = server.enter_context(serving(application()))
        used, fresh, opening = (stack.enter_context(connected(port)) for _ in range(3))
        used.sendall(GET + b"\r\n")
        assert read_answers(used, 1) == [200]
        # Whether the others were accepted shows nowhere; who comes later is accepted later.
        with connected(port, GET + b"\r\n") as last:
            assert read_answers(last, 1) == [200]
        ending = threading.Thread(target=server.close)
        ending.start()
        while _is_listening(port):
            pass

        for each in (used, fresh):
            each.sendall(GET + b"\r\n")
        opening.sendall(HANDSHAKE)

        for each in (used, fresh):
            received = until_closed(each)
            assert [status for status, _ in answers(received)] == [200]
            assert b"\r\nconnection: close\r\n" in received
        assert last_words(opening) == (503, "unavailable")
        ending.join()


def test_a_shutdown_does_not_wait_for_peers_that_stall() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.ExitStack())
        port = server.enter_context(serving(application(*Rooms().routes)))
        for first in (b"", GET, POST + b"Content-Length: 9\r\n\r\n", GET + b"\r\n", b"GET /large HTTP/1.1\r\n\r\n"):
            connection = stack.enter_context(connected(port, first))
            if first.endswith(b"\r\n\r\n") and first.startswith(b"GET"):
                assert connection.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()

        server.close()

    assert time.monotonic() - began < 6


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        # Just when it ended.
        pass
    return True
