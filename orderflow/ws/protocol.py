"""uvicorn's WebSocket protocol, extended: closes at once, frees dead peers, bounds what a client may send.

Leans on the internals of uvicorn's sans-I/O protocol; under another server `handle_of` gives None, and the connection
closes through ASGI instead.
"""

from typing import Any, Final, Protocol

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

EXTENSION: Final = "orderflow.handle"
# How long a peer has to take what was written, and to answer a close.
LINGER_S: Final = 5.0
# Messages and pings together.
MESSAGES_PER_S: Final = 20


class Handle(Protocol):
    """What a connection can do to its socket without waiting for it."""

    ended_with: int | None
    """The close code of whichever side ended it first, None while it is open."""

    def close(self, code: int) -> None:
        """Write a close frame now, even to a peer that does not read, and cut the line soon after."""


def handle_of(scope: Scope) -> Handle | None:
    """The handle of a socket, where the server gives one."""
    handle: Handle | None = scope.get("extensions", {}).get(EXTENSION)
    return handle


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket on its transport."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowance = float(MESSAGES_PER_S)
        self._counted_at = self.loop.time()
        self.ended_with: int | None = None

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
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._abort_later()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            # The application's task is made, but has not begun.
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
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

    def eof_received(self) -> None:
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_with(1006)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._end_with(1012)
        super().shutdown()
        self.close_sent = True
        self._abort_later()

    def keepalive_timeout(self) -> None:
        self._end_with(1011)
        super().keepalive_timeout()
        self._abort_later()

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:
            self._end_with(self.conn.close_sent.code)
        super().handle_parser_exception()
        self._abort_later()

    def _end_with(self, code: int) -> None:
        if self.ended_with is None:
            self.ended_with = code

    def _abort_later(self) -> None:
        # `transport.close()` waits for a peer that may never read again. uvicorn cancels the timer with the connection.
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)

    def _count(self) -> bool:
        now = self.loop.time()
        earned = (now - self._counted_at) * MESSAGES_PER_S
        self._allowance = min(float(MESSAGES_PER_S), self._allowance + earned) - 1
        self._counted_at = now
        if self._allowance < 0:
            self.close(4429)
            return False
        return True


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
