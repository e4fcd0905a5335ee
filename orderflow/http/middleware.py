"""What every HTTP answer bears: an id, security headers, CORS, and that private data is not to be kept.

One plain ASGI layer, since each costs time on every request.
"""

import secrets
import time
import urllib.parse
from collections.abc import Collection
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orderflow import logs
from orderflow.counts import Counts
from orderflow.http import headers, problems
from orderflow.http.records import Records

_EXPOSED: Final = b"ETag, Location, Retry-After, X-Request-Id"
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"DELETE, GET, HEAD, PATCH, POST"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, If-Match"),
    (b"access-control-max-age", b"600"),
)


class Edge:
    """The outermost layer of the application; nothing that fails inside of it reaches the server.

    WebSockets go to `sockets`, where it is given, past all other layers.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_origins: Collection[str] = (),
        counts: Counts | None = None,
        sockets: ASGIApp | None = None,
    ) -> None:
        self.app = app
        self.sockets = sockets or app
        self.records = Records(counts or Counts())
        self.allowed_origins = frozenset(origin.encode() for origin in allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        logs.request_id.set(request_id)
        if scope["type"] == "websocket":
            await self.sockets(scope, receive, _refusing(send, request_id))
            return
        began = time.perf_counter()
        answer = _Answer(scope, send, self._cors(scope) if self.allowed_origins else [])
        try:
            await self._answer(scope, receive, answer)
        finally:
            self.records.note(scope, answer.status, began, answer.location)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            if _is_sound(scope):
                await self.app(scope, receive, answer.send)
            else:
                await problems.missing(scope)(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:  # Whatever fails, the connection and its other requests go on.
            response = problems.internal_error(scope, error)
            if answer.status is not None:
                # The server sees an answer without its end, and cuts the connection: half of it never looks whole.
                return
            await response(scope, receive, answer.send)

    def _cors(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        # Without credentials: cookies are for the own origin only, tokens travel in headers.
        added = [(b"vary", b"Origin")]
        origins = headers.values(scope, b"origin")
        if len(origins) != 1 or origins[0] not in self.allowed_origins:
            return added
        added += [(b"access-control-allow-origin", origins[0]), (b"access-control-expose-headers", _EXPOSED)]
        if scope["method"] == "OPTIONS":
            added += _PREFLIGHT
        return added


def _refusing(send: Send, request_id: str) -> Send:
    """A WebSocket that is refused before its handshake gets an answer of HTTP, which bears what every answer bears."""

    async def sending(message: Message) -> None:
        if message["type"] == "websocket.http.response.start":
            own = [(b"x-request-id", request_id.encode()), *headers.SECURITY, headers.POLICY]
            message["headers"] = [*message.get("headers", ()), *own]
        await send(message)

    return sending


class _Answer:
    """The answer to one request on its way out."""

    __slots__ = ("_added", "_is_head", "_scope", "_send", "location", "status")

    def __init__(self, scope: Scope, send: Send, added: list[tuple[bytes, bytes]]) -> None:
        self._scope = scope
        self._send = send
        self._added = added
        self._is_head = scope["method"] == "HEAD"
        # None until it has begun.
        self.status: int | None = None
        self.location = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status == 201:
                self.location = next((value for name, value in message["headers"] if name == b"location"), b"")
            # A new list: the response that it came from may be sent again.
            message["headers"] = [*message.get("headers", ()), *self._added, *self._common(message)]
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _common(self, message: Message) -> list[tuple[bytes, bytes]]:
        state = self._scope["state"]
        given = {name for name, _ in message.get("headers", ())}
        common = [(b"x-request-id", state["request_id"].encode()), *headers.SECURITY]
        if headers.POLICY[0] not in given:
            common.append(headers.POLICY)
        is_private = state.get("actor") is not None or self._scope["path"].startswith("/v1/auth/")
        if is_private and b"cache-control" not in given:
            common.append((b"cache-control", b"no-store"))
        return common


def _is_sound(scope: Scope) -> bool:
    """Whether the path can name anything: not with bytes that are no UTF-8, control characters or hidden slashes."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%" not in raw:
        return True
    try:
        path = urllib.parse.unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return False
    return "%2f" not in raw.decode("latin-1").lower() and not any(ord(character) < 32 for character in path)
