"""uvicorn's WebSocket protocol, extended: closes at once, frees dead peers, bounds what a client may send.

Leans on the internals of uvicorn's sans-I/O protocol; under another server `handle_of` gives None, and the connection
closes through ASGI instead.
"""

import asyncio
import base64
import hashlib
import logging
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

from starlette.types import Scope
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

EXTENSION: Final = "orderflow.handle"
# How long a peer has to take what was written, and to answer a close.
LINGER_S: Final = 5.0
# The same for one that has answered no ping: it will hardly read why.
DEAD_S: Final = 1.0
# Who asks for a socket and then stalls is asked for a sign of life before the first interval is over; not while more
# than this is on its way, which may take a slow line longer than we wait for a pong.
FIRST_PING_S: Final = 6.0
PROMPT_BYTES: Final = 16 * 1024
# Messages and pings together.
MESSAGES_PER_S: Final = 20
MAX_EARLY_BYTES: Final = 4096

# RFC 6455, 1.3.
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHING: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
_ENDING: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver(Protocol):
    """Who has taken a socket over."""

    def heard(self, text: str | None) -> None:
        """A whole message has come; None for one that is no text."""

    def blocked(self) -> None:
        """The transport takes no more for now."""

    def lost(self, code: int) -> None:
        """Nothing comes in or goes out any more."""


class Handle(Protocol):
    """What a connection can do to its socket without waiting for it."""

    transport: asyncio.Transport
    """For who was told that it is writable, and not yet that it is blocked or lost."""

    def take_over(self, receiver: Receiver) -> None:
        """Tell `receiver` from now on what comes in, and keep the socket open when the application returns."""

    def is_writable(self) -> bool:
        """Whether what is written now leaves at once, as far as the transport knows."""

    async def drained(self) -> None:
        """Wait until it is writable.

        Raises:
            WebSocketDisconnect: it is closed.
        """

    def write(self, frames: bytes) -> None:
        """Give finished frames to the transport; nothing happens once the socket is closed."""

    ended_with: int | None
    """The close code of whichever side ended it first, None while it is open."""

    def close(self, code: int) -> None:
        """Write a close frame now, even to a peer that does not read, and cut the line soon after."""


class _Inbox:
    """In the place of uvicorn's queue of events, for a receiver."""

    __slots__ = ("_receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def put_nowait(self, event: Any) -> None:
        if event["type"] == "websocket.disconnect":
            self._receiver.lost(event.get("code", 1005))
        elif event["type"] == "websocket.receive":
            self._receiver.heard(event.get("text"))

    def empty(self) -> bool:
        return True


class _Held:
    """In the place of uvicorn's close timer: it closes a socket whose application has returned unless there is one."""

    def cancel(self) -> None:
        """There is nothing to cancel."""


def handle_of(scope: Scope) -> Handle | None:
    """The handle of a socket, where the server gives one."""
    handle: Handle | None = scope.get("extensions", {}).get(EXTENSION)
    return handle


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket on its transport."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn tells of each socket, with its query string: here that is nobody's business.
        self.logger = self.conn.logger = _QUIET
        # What came before the handshake was answered; None for who has been accepted, or came by uvicorn's own way.
        self._early: bytearray | None = None
        self._accept = b""
        self._receiver: Receiver | None = None
        # Bytes of what it was sent before it was live.
        self._written = 0
        self._allowance = float(MESSAGES_PER_S)
        self._counted_at = self.loop.time()
        self.ended_with: int | None = None

    def take_over(self, receiver: Receiver) -> None:
        self._receiver = receiver
        waiting, self.queue = self.queue, cast(Any, _Inbox(receiver))
        if self.close_timer is None:
            self.close_timer = cast(Any, _HELD)
        # Nobody asks for them again, and a socket that is open for days should be small.
        for name in ("scope", "request", "response"):
            self.__dict__.pop(name, None)
        while not waiting.empty():
            self.queue.put_nowait(waiting.get_nowait())
        if self.disconnected:
            self._forget_receiver()
        self._read_on()

    def is_writable(self) -> bool:
        return self.writable.is_set() and self._is_open()

    async def drained(self) -> None:
        await self.writable.wait()
        if not self._is_open():
            raise WebSocketDisconnect(1006)

    def write(self, frames: bytes) -> None:
        if self._is_open():
            self._written += len(frames)
            self.transport.write(frames)

    def close(self, code: int) -> None:
        """Close from our side; the last frame that this socket gets."""
        if self.close_sent or self.disconnected or self.conn.state is not State.OPEN:
            return
        if self.transport.is_closing():
            self._abort_later()
            return
        self.stop_keepalive()
        self._end_with(code)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._read_on()
        self._abort_later()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._receiver is not None:
            self._receiver.blocked()

    def begin(self, target: bytes, headers: list[tuple[bytes, bytes]], key: bytes) -> None:
        """Begin with a handshake that our HTTP protocol has parsed and found to be one: nothing reads it twice.

        Names of headers are in lower case; `key` is its Sec-WebSocket-Key. Half of what a handshake cost was a second
        parser.
        """
        self.handshake_initiated = True
        self._early = bytearray()
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        raw_path, _, query = target.partition(b"?")
        offered = b",".join(value for name, value in headers if name == b"sec-websocket-protocol")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(raw_path.decode("latin-1")),
            "raw_path": self.root_path.encode("ascii") + raw_path,
            "query_string": query,
            "headers": headers,
            "subprotocols": [each.strip() for each in offered.decode("latin-1").split(",") if each.strip()],
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: cast(Any, self)},
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        if (arrivals := self.app_state.get("arrivals")) is not None:
            arrivals.begin(self._start)
        else:
            self._start()

    def data_received(self, data: bytes) -> None:
        if self._early is None:
            super().data_received(data)
            return
        # A client that does not wait for the answer to its handshake.
        self._early += data
        if len(self._early) > MAX_EARLY_BYTES:
            self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            # The application's task is made, but has not begun.
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.accept" and self._early is not None and not self.disconnected:
            self._accept_handshake(message.get("subprotocol"))
            return
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # Refused, and answered: uvicorn would log each as an application that forgot the handshake.
            self.handshake_complete = True

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if len(self.frames) > self.config.ws_max_size:
            # The parser counts bytes, and fragments without any would go on for ever.
            self.frames.clear()
            self.close(1009)

    def handle_ping(self) -> None:
        # The parser has answered all the pings that came at once; a flood of them gets no flood of pongs.
        pongs = self.conn.data_to_send()[: MESSAGES_PER_S + 1]
        if self._count():
            self.transport.write(b"".join(pongs))

    def handle_close(self, event: Frame) -> None:
        if self.conn.close_rcvd is not None:
            self._end_with(self.conn.close_rcvd.code)
        super().handle_close(event)
        # The answer is written, and nothing may follow it.
        self.close_sent = True
        self._abort_later()

    def send_receive_event_to_app(self) -> None:
        if not self._count():
            return
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self.close(4400)
            return
        super().send_receive_event_to_app()
        if self._receiver is not None:
            self._read_on()

    def eof_received(self) -> None:
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_with(1006)
        super().connection_lost(exc)
        # What refers to itself would stay until a garbage collection, which among many sockets hardly ever comes.
        self.conn.parser.close()
        self.conn.parser_exc = None
        if self._receiver is not None:
            self._forget_receiver()

    def shutdown(self) -> None:
        self._end_with(1012)
        if self._early is None:
            super().shutdown()
        elif not self.transport.is_closing():
            # Not answered yet: uvicorn would say 500.
            self.transport.write(_ENDING)
            self.transport.close()
        self.close_sent = True
        self._abort_later()

    def start_keepalive(self) -> None:
        if self.ping_interval:
            self.ping_timer = self.loop.call_later(min(FIRST_PING_S, self.ping_interval), self._ping_first)

    def keepalive_timeout(self) -> None:
        self._end_with(1011)
        super().keepalive_timeout()
        if self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1011})
            self._abort_later(DEAD_S)

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:
            self._end_with(self.conn.close_sent.code)
        super().handle_parser_exception()
        self._abort_later()

    def _start(self) -> None:
        if self.transport.is_closing():
            # Gone, or refused by the end of the server, while it waited for its turn.
            return
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def _accept_handshake(self, subprotocol: str | None) -> None:
        if self.transport.is_closing():
            return
        self.handshake_complete = True
        lines = [*self.default_headers, (b"Sec-WebSocket-Accept", self._accept)]
        if subprotocol:
            lines.append((b"Sec-WebSocket-Protocol", subprotocol.encode()))
        self.transport.write(_SWITCHING + b"".join(b"%b: %b\r\n" % line for line in lines) + b"\r\n")
        # The parser waits for a request that it will not get: from here on there are frames.
        self.conn.state = State.OPEN
        self.conn.parser = self.conn.parse()
        next(self.conn.parser)
        self.start_keepalive()
        early, self._early = self._early, None
        if early:
            self.data_received(bytes(early))

    def _forget_receiver(self) -> None:
        self._receiver, self.queue = None, asyncio.Queue()

    def _is_open(self) -> bool:
        return not (self.close_sent or self.disconnected or self.transport.is_closing())

    def _read_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def _end_with(self, code: int) -> None:
        if self.ended_with is None:
            self.ended_with = code

    def _ping_first(self) -> None:
        if self._written <= PROMPT_BYTES:
            self.send_keepalive_ping()
        elif self.ping_interval:
            self.ping_timer = self.loop.call_later(self.ping_interval - FIRST_PING_S, self.send_keepalive_ping)

    def _abort_later(self, after_s: float | None = None) -> None:
        # `transport.close()` waits for a peer that may never read again. uvicorn cancels the timer with the connection.
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(after_s or LINGER_S, self.transport.abort)

    def _count(self) -> bool:
        now = self.loop.time()
        earned = (now - self._counted_at) * MESSAGES_PER_S
        self._allowance = min(float(MESSAGES_PER_S), self._allowance + earned) - 1
        self._counted_at = now
        if self._allowance < 0:
            self.close(4429)
            return False
        return True


_HELD: Final = _Held()
_QUIET: Final = logging.getLogger("uvicorn.error.sockets")
_QUIET.setLevel(logging.WARNING)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
