"""uvicorn's HTTP protocol with bounds: on the size of a request's head and on how long a peer may take.

uvicorn itself buffers a header without end, and waits for a silent peer for ever.
"""

import asyncio
import secrets
from typing import Any, Final, Literal, TypeAlias, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from orderflow.errors import BadRequest, HeadersTooLarge, Malformed, MethodNotAllowed, Unavailable, UriTooLong
from orderflow.http import handshake, headers, problems, records

MAX_HEADER_BYTES: Final = 16_384
MAX_URL_BYTES: Final = 8_192

_MAX_HEAD_BYTES: Final = MAX_URL_BYTES + MAX_HEADER_BYTES + 64

Phase: TypeAlias = Literal["idle", "head", "body"]


class HttpProtocol(HttpToolsProtocol):
    """One connection; `phase` is the part of a request that has begun to come in and has not ended."""

    # How long the first byte, the rest of a head, and a body may take, where the settings say nothing else.
    head_s = 10.0
    body_s = 15.0
    # How long a peer may go on sending after the last answer, leave answers unread, and hold up a shutdown.
    linger_s = 2.0
    unread_s = 30.0
    stalled_s = 3.0
    # How long a connection is still listened to in a shutdown: what was sent before its end is known is answered.
    leaving_s = 1.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        if (settings := app_state.get("settings")) is not None:
            self.head_s, self.body_s = settings.headers_seconds, settings.body_seconds
        self.phase: Phase = "idle"
        self.messages = 0
        self.head_bytes = 0
        self.header_bytes = 0
        self.refusal: type[Malformed] = BadRequest
        # The answer to what cannot be read any further; once it is set, whatever else comes in is thrown away.
        self.last_words: bytes | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.timed: tuple[int, Phase] = (0, "idle")
        self.unread: asyncio.TimerHandle | None = None
        self.closing: asyncio.Transport
        self.is_lingering = False
        self.is_leaving = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.closing = _Closing(self)
        self._set_deadline(self.head_s)

    def eof_received(self) -> Any:
        """Keep the way back open for a peer that has asked all that it wanted, and waits for the answer."""
        cycle = self._latest()
        if cycle is None or cycle.response_complete or self.phase != "idle":
            return False
        cycle.keep_alive = False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self.resume_writing()
        super().connection_lost(exc)
        self._let_go()

    def data_received(self, data: bytes) -> None:
        if self.last_words is not None:
            return
        was_idle, messages = self.phase == "idle", self.messages
        super().data_received(data)
        if self.phase == "idle":
            if self.deadline is not None:
                self._clear_deadline()
            return
        # What came before a message that began in the middle of these bytes must not count as its own.
        if self.phase == "head" and self.messages == messages + was_idle:
            self.head_bytes += len(data)
            if self.head_bytes > _MAX_HEAD_BYTES:
                self._refuse(HeadersTooLarge.code, HeadersTooLarge.sentence)
        self._watch()

    # What the parser finds.

    def on_message_begin(self) -> None:
        self.phase = "head"
        self.messages += 1
        self.head_bytes = self.header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MAX_URL_BYTES:
            self._stop(UriTooLong)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value) + 4
        if self.header_bytes > MAX_HEADER_BYTES:
            self._stop(HeadersTooLarge)
        if self.phase == "body":
            # A trailer: nobody reads it, and among the headers it would be taken for one of them.
            return
        name = name.lower()
        value = value.rstrip(b" \t")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.phase = "body"
        if self.is_leaving and (cycle := self._latest()) is not None:
            cycle.keep_alive = False
        if self.expect_100_continue:
            # Refused without a 100, the client may or may not send its body: what follows could not be told apart.
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self.phase = "idle"
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self.phase = "idle"
        self._clear_deadline()
        if (refused := handshake.refusal(self.scope["method"], self.headers)) is not None:
            self._refuse(refused.code, refused.detail)
            return
        if (cycle := self._latest()) is not None and not cycle.response_complete:
            # Its answer would come in the middle of the frames.
            self._refuse(BadRequest.code, "A WebSocket is asked for when all earlier requests have been answered.")
            return
        if self.is_leaving:
            # A socket that opened now would be told to come back in the next moment, or not at all.
            self._refuse(Unavailable.code, "This server is ending: come back.")
            return
        # The connection has another protocol from here on: no timer of this one may end it.
        self.resume_writing()
        if not hasattr(self.ws_protocol_class, "begin"):
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        made = cast(Any, self.ws_protocol_class)
        protocol = made(config=self.config, server_state=self.server_state, app_state=self.app_state)
        protocol.connection_made(self.transport)
        protocol.begin(self.url, self.headers, dict(self.headers)[b"sec-websocket-key"])
        self.transport.set_protocol(protocol)
        self._let_go()

    def _let_go(self) -> None:
        """Be over: what refers to itself would stay until a garbage collection."""
        self.parser = self.closing = self.cycle = cast(Any, None)

    def _stop(self, refusal: type[Malformed]) -> None:
        self.refusal = refusal
        # The parser hands it on as its own error, and uvicorn then asks for a 400.
        raise refusal

    # Answers.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.transport = self.closing
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the name and the shape are uvicorn's
        self._refuse(self.refusal.code, self.refusal.sentence)

    def on_response_complete(self) -> None:
        if self.is_lingering:
            self.server_state.total_requests += 1
            return
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self.last_words is not None:
            self._say_last_words()

    def _refuse(self, code: str, detail: str) -> None:
        """Answer, after the answers to earlier requests of the connection, and end it."""
        if self.last_words is not None or self.transport.is_closing():
            return
        self.last_words = self._problem(code, detail)
        self._clear_deadline()
        if self.phase == "body":
            self._refuse_current()
        elif (cycle := self._latest()) is None or cycle.response_complete:
            self._say_last_words()

    def _latest(self) -> RequestResponseCycle | None:
        # uvicorn says that there always is one.
        return self.cycle

    def _refuse_current(self) -> None:
        """The request that the application has, or will get next, is itself broken."""
        if self.pipeline:
            self.pipeline.popleft()
        elif self.cycle.response_complete:
            self.linger()
        elif self.cycle.response_started:
            self.transport.abort()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._say_last_words()

    def _say_last_words(self) -> None:
        if not self.is_lingering and not self.transport.is_closing():
            self.transport.write(self.last_words or b"")
            self.linger()

    def _problem(self, code: str, detail: str) -> bytes:
        request_id = secrets.token_hex(8)
        records.refuse(self.app_state.get("counts"), problems.STATUSES[code][0], request_id)
        content = problems.problem_bytes(code, detail, request_id)
        lines = [
            *self.server_state.default_headers,
            (b"content-type", problems.MEDIA_TYPE.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode()),
            *headers.SECURITY,
            headers.POLICY,
        ]
        if code == MethodNotAllowed.code:
            lines.append((b"allow", b"GET"))
        elif code == Unavailable.code:
            lines.append((b"retry-after", b"1"))
        status_line = STATUS_LINE[problems.STATUSES[code][0]]
        return b"".join([status_line, *(b"%b: %b\r\n" % line for line in lines), b"\r\n", content])

    # Ends.

    def close(self) -> None:
        """Close after an answer; a peer that is still sending would lose the answer to a reset, so it may end first."""
        if self.phase == "idle":
            self.transport.close()
        else:
            self.linger()

    def linger(self) -> None:
        """Say that nothing more will come, and throw away what still comes in, for a moment."""
        if self.is_lingering or self.transport.is_closing():
            return
        self.is_lingering = True
        self.last_words = self.last_words or b""
        self._unset_keepalive_if_required()
        self._set_deadline(self.linger_s)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        self.is_leaving = True
        if not self._is_free():
            super().shutdown()
        self.loop.call_later(self.leaving_s, self._end_if_idle)
        self.loop.call_later(self.stalled_s, self._end_if_stalled)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # A close waits until everything is sent, which a peer that reads nothing never lets happen.
        self.loop.call_later(self.linger_s, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.unread is None:
            self.unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.unread is not None:
            self.unread.cancel()
            self.unread = None

    def _is_free(self) -> bool:
        cycle = self._latest()
        return cycle is None or cycle.response_complete

    def _end_if_idle(self) -> None:
        if self.phase == "idle" and self._is_free():
            self.transport.close()

    def _end_if_stalled(self) -> None:
        if self.transport.is_closing() or self.phase != "idle" or self.flow.write_paused:
            self.transport.abort()

    def _watch(self) -> None:
        """Give what has begun its time, once: bytes that trickle in do not prolong it."""
        now_in = (self.messages, self.phase)
        if self.timed != now_in and self.last_words is None:
            self.timed = now_in
            self._set_deadline(self.head_s if self.phase == "head" else self.body_s)

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self.deadline = self.loop.call_later(seconds, self._too_slow)

    def _clear_deadline(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _too_slow(self) -> None:
        if self.flow.read_paused:
            # It was not the peer who stopped.
            self._set_deadline(self.linger_s)
        elif self.last_words is not None or self.phase == "idle":
            self.transport.abort()
        else:
            self._refuse("request_timeout", "The request took too long to come in.")


class _Closing(asyncio.Transport):
    """The transport as an answer sees it: closing goes through the protocol, which knows what is still coming in."""

    def __init__(self, protocol: HttpProtocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.transport = protocol.transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.transport.write(data)

    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def close(self) -> None:
        self.protocol.close()
