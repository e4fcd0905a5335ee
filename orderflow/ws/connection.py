"""One socket: a cursor in a feed that follows the feed's head, and ends when its right to listen does.

The cursor loop alone is correct: wait until the head passes the cursor, read, send, wait again.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from orderflow.credentials import Actor
from orderflow.errors import NotFound, Unauthenticated, Unavailable
from orderflow.frames import View, authenticated, beat, resumed
from orderflow.schemas import AuthMessage
from orderflow.ws.hub import Hub
from orderflow.ws.protocol import LINGER_S, handle_of
from orderflow.ws.stream import Stream

MAX_REPLAY: Final = 1_000
# Without a look at the heads for so long, the database cannot be read as far as anybody knows.
CONFIRMED_S: Final = 3.0
# How soon a beat that was held back is tried again.
AGAIN_S: Final = 1.0
MAX_BEHIND_S: Final = 10.0
MAX_BEHIND_BYTES: Final = 1024 * 1024
FIRST_S: Final = 30.0

logger = logging.getLogger(__name__)


class Closing(Exception):
    """This socket ends, with a close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """A position that a client wants to resume from."""

    epoch: str
    seq: int


class Connection:
    """An accepted socket on one view of one feed; `actor` is None on the public views."""

    def __init__(self, socket: WebSocket, hub: Hub, view: View, feed: UUID, actor: Actor | None, beat_s: float) -> None:
        self.view = view
        self.feed = feed
        self.actor = actor
        # How many it was sent, for the log.
        self.frames = 0
        self._socket = socket
        self._hub = hub
        self._beat_s = beat_s
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.timeout(None)
        self._code: int | None = None
        self._is_serving = False
        self._cursor = 0
        self._stream: Stream | None = None
        self._began_at = self._loop.time()
        self._has_caught_up = False
        # A head that it has to reach, and since when it is so.
        self._goal: tuple[int, float] | None = None
        self._expiry = self._loop.call_later(max(0.0, self._expires_in()), self.end, 4401) if actor else None

    async def serve(self, asked: Asked | None, authenticate: Callable[[str], Actor]) -> int:
        """Tell the socket all that its view shows until one of both ends it; return the code to close it with."""
        try:
            async with self._ending, asyncio.TaskGroup() as tasks:
                self._is_serving = True
                tasks.create_task(self._listen(authenticate), name="listen to a client")
                await self._tell(asked)
        except Exception as error:
            self._code = self._code or _code_of(error)
        finally:
            self._is_serving = False
            if self._expiry:
                self._expiry.cancel()
            if self._stream:
                self._hub.unwatch(self._stream)
        code = self._code or 1011
        await close(self._socket, code)
        return code

    def end(self, code: int) -> None:
        """End this socket from outside: at once, whatever it waits for."""
        if self._code is None:
            self._code = code
            if self._is_serving:
                self._ending.reschedule(self._loop.time())

    def check(self, now: float) -> None:
        """End a socket that has fallen too far behind; to be called about once a second."""
        stream = self._stream
        if stream is None:
            return
        if not self._has_caught_up:
            if now - self._began_at > FIRST_S:
                self.end(4408)
        elif stream.head <= self._cursor:
            self._goal = None
        elif self._goal is None or self._goal[0] <= self._cursor:
            self._goal = (stream.head, now)
        elif now - self._goal[1] > MAX_BEHIND_S or self._bytes_behind(stream) > MAX_BEHIND_BYTES:
            self.end(4408)

    async def _tell(self, asked: Asked | None) -> None:
        if self._code is not None:
            raise Closing(self._code)
        stream = self._stream = await self._hub.watch(self.feed, of_customer=self.view == "customer")
        await self._begin(stream, asked)
        next_beat = 0.0
        while not stream.is_lost:
            await self._catch_up(stream)
            is_behind = stream.head > self._cursor
            if self._loop.time() >= next_beat and (self._has_caught_up or not is_behind):
                next_beat = await self._beat(stream)
                # The beat waited until the client had taken in what came before it.
                self._has_caught_up = True
            elif not is_behind:
                await stream.moved(self._cursor, next_beat)
        raise Closing(1012)

    async def _begin(self, stream: Stream, asked: Asked | None) -> None:
        # Judged by a look at the database that began after the handshake: this process may not have heard yet.
        if asked is not None:
            position = await self._hub.head(self.feed)
            is_here = position is not None and position.epoch == asked.epoch == stream.epoch
            if position is not None and is_here and 0 <= position.seq - asked.seq <= MAX_REPLAY:
                self._cursor = asked.seq
                self._hub.heard_of(stream, position.seq)
                await self._send(resumed(asked.epoch, asked.seq))
                while stream.head < position.seq and not stream.is_lost:
                    await stream.moved(position.seq - 1, self._loop.time() + CONFIRMED_S)
                return
        snapshot = await self._hub.snapshot(self.view, self.feed)
        if snapshot is None or snapshot.epoch != stream.epoch:
            raise Closing(1012)
        self._cursor = snapshot.seq
        self._hub.heard_of(stream, snapshot.seq)
        await self._send(snapshot.text)

    async def _catch_up(self, stream: Stream) -> None:
        if not stream.reaches(self._cursor):
            await self._hub.after(stream, self._cursor)
            if not stream.reaches(self._cursor):
                raise Closing(4408)
        for entry in stream.entries_after(self._cursor):
            text = entry.text(self.view)
            if text is not None:
                await self._send(text)
            self._cursor = entry.seq

    async def _beat(self, stream: Stream) -> float:
        """Send a beat, unless the database cannot be read; return when to try the next."""
        if self._loop.time() - stream.confirmed_at > CONFIRMED_S:
            return self._loop.time() + min(self._beat_s, AGAIN_S)
        await self._send(beat(self._cursor, max(stream.confirmed, self._cursor), _now()))
        return self._loop.time() + self._beat_s

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except RuntimeError as error:
            # The protocol has closed it in between.
            raise WebSocketDisconnect(1006) from error
        self.frames += 1

    async def _listen(self, authenticate: Callable[[str], Actor]) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            text = message.get("text")
            if self.actor is None or text is None:
                raise Closing(4400)
            await self._send(authenticated(self._renew(text, self.actor, authenticate)))

    def _renew(self, text: str, actor: Actor, authenticate: Callable[[str], Actor]) -> str:
        try:
            token = AuthMessage.model_validate_json(text).token
        except ValidationError as error:
            raise Closing(4400) from error
        try:
            renewed = authenticate(token)
        except Unauthenticated as error:
            raise Closing(4401) from error
        if renewed.user_id != actor.user_id:
            raise Closing(4401)
        self.actor = renewed
        if self._expiry:
            self._expiry.cancel()
        self._expiry = self._loop.call_later(max(0.0, self._expires_in()), self.end, 4401)
        return datetime.fromtimestamp(renewed.expires_at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

    def _expires_in(self) -> float:
        return self.actor.expires_at - datetime.now(UTC).timestamp() if self.actor else 0.0

    def _bytes_behind(self, stream: Stream) -> int:
        entries = stream.entries_after(self._cursor)
        return sum(len(text) for entry in entries if (text := entry.text(self.view)) is not None)


async def close(socket: WebSocket, code: int) -> None:
    """Close an accepted socket, without waiting for a peer that does not read."""
    if handle := handle_of(socket.scope):
        handle.close(code)
        return
    try:
        async with asyncio.timeout(LINGER_S):
            await socket.close(code)
    except (RuntimeError, WebSocketDisconnect, TimeoutError):
        # It is closed already, or its peer does not read.
        return


def _code_of(error: BaseException) -> int:
    """The close code that tells why a socket failed."""
    if isinstance(error, BaseExceptionGroup):
        return _code_of(error.exceptions[0])
    if isinstance(error, Closing):
        return error.code
    if isinstance(error, (Unavailable, NotFound)):
        return 1013
    if not isinstance(error, WebSocketDisconnect):
        logger.error("a socket failed", exc_info=error)
    return 1011


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
