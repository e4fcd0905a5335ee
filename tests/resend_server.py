"""An HTTP server that plays Resend: it keeps what it accepts under each Idempotency-Key, and fails as it is told to."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

KEY: Final = "re_a_key_of_tests"
PATIENCE_S: Final = 40.0
REQUIRED: Final = {"from": str, "to": list, "subject": str, "text": str, "html": str}


@dataclass(frozen=True)
class Received:
    """One request that came in; `at` is monotonic, in seconds, and `status` what was answered, 0 for nothing."""

    at: float
    key: str
    body: dict[str, Any]
    status: int


@dataclass
class Trouble:
    """What happens to the next `times` requests instead of being accepted, None for all; with `to` only to its letters.

    `status` 0 says nothing: `accepts` first takes the letter, `hangs` keeps the connection open.
    """

    status: int = 0
    name: str = "application_error"
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "told to fail"
    accepts: bool = False
    hangs: bool = False
    times: int | None = None
    to: str | None = None


class ResendServer:
    """One server for `with`, on a port that it keeps while it is away."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.accepted: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        # Called with the key of each letter that was accepted, before the answer; True for no answer.
        self.after_accepting: Callable[[str], bool] = lambda _: False
        self.changed = threading.Condition()
        self._trouble: list[Trouble] = []
        self._released = threading.Event()
        self._connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._open()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a worker that sends here."""
        return {"RESEND_API_KEY": KEY, "RESEND_API_URL": self.url}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def keys(self) -> list[str]:
        """The keys of all requests, in the order in which they came."""
        return [each.key for each in self.received]

    @property
    def letters(self) -> list[dict[str, Any]]:
        """What was accepted, in the order in which it was."""
        return list(self.accepted.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def trouble(self, status: int = 0, name: str = "application_error", **more: Any) -> None:
        """Fail from now on, after what it was told before has come to its end."""
        with self.changed:
            self._trouble.append(Trouble(status, name, **more))

    def well(self) -> None:
        """Accept from now on."""
        with self.changed:
            self._trouble.clear()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens at its port."""
        self._close()
        try:
            yield
        finally:
            self._open()

    def until(self, fact: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until something is true of what came in."""
        with self.changed:
            assert self.changed.wait_for(fact, patience_s), (
                f"not within {patience_s:g} s: {len(self.received)} requests"
            )

    def answer(self, headers: Any, body: bytes) -> tuple[int, dict[str, str], Any] | None:
        """Decide on a request; None for no answer."""
        at = time.monotonic()
        key = headers.get("Idempotency-Key", "")
        with self.changed:
            letter = json.loads(body)
            trouble = self._next_trouble(letter)
            status, extra, said = self._judged(headers, key, letter, trouble)
            self.received.append(Received(at, key, letter, status))
            if status == 200:
                self.accepted.setdefault(key, letter)
            self.changed.notify_all()
        silent = status == 200 and self.after_accepting(key)
        if trouble is not None and trouble.hangs:
            self._released.wait()
        return None if silent or (trouble is not None and trouble.status == 0) else (status, extra, said)

    def _next_trouble(self, letter: dict[str, Any]) -> Trouble | None:
        for each in self._trouble:
            if each.times != 0 and (each.to is None or [each.to] == letter.get("to")):
                each.times = each.times and each.times - 1
                return each
        return None

    def _judged(
        self, headers: Any, key: str, letter: dict[str, Any], trouble: Trouble | None
    ) -> tuple[int, dict[str, str], Any]:
        if trouble is not None and not trouble.accepts:
            return trouble.status, trouble.headers, _problem(trouble.status, trouble.name, trouble.message)
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 403, {}, _problem(403, "invalid_api_key", "API key is invalid")
        if not 1 <= len(key) <= 256:
            return 400, {}, _problem(400, "invalid_idempotency_key", "The key must be between 1-256 chars")
        if wrong := [name for name, kind in REQUIRED.items() if not isinstance(letter.get(name), kind)]:
            return 422, {}, _problem(422, "missing_required_field", f"Missing `{wrong[0]}` field")
        if letter != self.accepted.get(key, letter):
            return 409, {}, _problem(409, "invalid_idempotent_request", "Same key, other payload")
        return 200, {}, {"id": self.ids.setdefault(key, str(uuid4()))}

    def _open(self) -> None:
        self._released.clear()
        self._server = _Server(("127.0.0.1", self._port), _handler_of(self))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), name="Resend", daemon=True).start()

    def _close(self) -> None:
        if self._server is not None:
            self._released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for connection in list(self._connections):
                _cut(connection)

    def opened(self, connection: socket.socket) -> None:
        self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing where a client was killed in the middle of its request."""


def _handler_of(resend: ResendServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            resend.opened(self.connection)

        def finish(self) -> None:
            resend.closed(self.connection)
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = resend.answer(self.headers, body) if self.path == "/emails" else (404, {}, _problem(404, "x", "x"))
            if answer is None:
                self.close_connection = True
                _cut(self.connection)
                return
            status, headers, said = answer
            text = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                **headers,
                "Content-Length": str(len(text)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output for what went wrong."""

    return Handler


def _problem(status: int, name: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": message}


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        connection.close()
