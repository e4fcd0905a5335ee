"""One socket: a cursor in a feed that follows the feed's head, and ends when its right to listen does.

The cursor loop alone is correct: wait until the head passes the cursor, read, send, wait again. Where the server gives
a handle, a socket that is at the head joins the live set instead of waiting, and has no task until it falls behind.
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
from orderflow.frames import View, authenticated, beat, instant, resumed
from orderflow.schemas import AuthMessage
from orderflow.ws.beats import TICK_S, Beats
from orderflow.ws.encoding import text_frame
from orderflow.ws.hub import Hub
from orderflow.ws.live import NOWHERE, LiveSet
from orderflow.ws.outlet import Outlet
from orderflow.ws.places import Place
from orderflow.ws.stream import Stream

MAX_REPLAY: Final = 1_000
# Without a look at the heads for so long, the database cannot be read as far as anybody knows.
CONFIRMED_S: Final = 3.0
# How soon a beat that was held back is tried again.
AGAIN_S: Final = 1.0
MAX_BEHIND_S: Final = 10.0
MAX_BEHIND_BYTES: Final = 1024 * 1024
FIRST_S: Final = 30.0
SMALL: Final = 16 * 1024

logger = logging.getLogger(__name__)

Authenticate = Callable[[str], Actor]


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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sockets of a process share; `ended` is told of each that is over."""

    hub: Hub
    beats: Beats
    beat_s: float
    authenticate: Authenticate
    ended: Callable[["Connection"], None]


class Connection:
    """An accepted socket on one view of one feed; `actor` is None on the public views."""

    __slots__ = (
        "_around",
        "_closed",
        "_code",
        "_cursor",
        "_ending",
        "_goal",
        "_live",
        "_next_beat",
        "_outlet",
        "_since",
        "_stream",
        "_task",
        "actor",
        "feed",
        "frames",
        "has_caught_up",
        "live_cursor",
        "place",
        "view",
        "write",
    )

    def __init__(
        self,
        outlet: Outlet,
        around: Surroundings,
        view: View,
        feed: UUID,
        actor: Actor | None,
        place: Place,
        closed: Callable[[int], None],
    ) -> None:
        # How many it was sent, for the log.
        self.frames = 0
        self._closed = closed
        self.place = place
        self.view = view
        self.feed = feed
        self.actor = actor
        self.has_caught_up = False
        self.live_cursor = NOWHERE
        self.write: Callable[[bytes], None] = _nothing
        self._outlet = outlet
        self._around = around
        self._ending: asyncio.Timeout | None = None
        self._code: int | None = None
        self._cursor = 0
        self._next_beat = 0.0
        self._stream: Stream | None = None
        self._live: LiveSet | None = None
        self._task: asyncio.Task[None] | None = None
        self._since = asyncio.get_running_loop().time()
        # A head that it has to reach, and since when it is so.
        self._goal: tuple[int, float] | None = None

    async def serve(self, asked: Asked | None, socket: WebSocket) -> None:
        """Tell the socket all that its view shows, until one of both ends it or it has joined the live set."""
        handle = self._outlet.handle
        if handle is not None:
            handle.take_over(self)
            self.write = handle.transport.write
            await self._follow(asked)
            return
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(socket), name="listen to a client")
            await self._run(asked)
            listening.cancel()
        await self._outlet.closed(self._code or 1011)
        self._finish()

    def end(self, code: int) -> None:
        """End this socket from outside: at once, whatever it waits for."""
        if self._code is None:
            self._stop(code)
            if self._outlet.handle is not None:
                self._outlet.handle.close(code)

    def lost(self, code: int) -> None:
        """The client is gone, or our protocol has closed."""
        if self._code is None:
            self._stop(code)

    def blocked(self) -> None:
        """The transport takes no more for now."""
        if self._live is not None:
            self.fall_behind()

    def heard(self, text: str | None) -> None:
        """A message of the client; None for one that is no text."""
        try:
            answer = self._answer(text)
        except Exception as error:
            self.end(_code_of(error))
        else:
            self.write(answer)
            self.frames += 1

    def fall_behind(self) -> None:
        """Leave the live set, and catch up from the cursor."""
        self._leave()
        if self._code is None:
            self._task = asyncio.create_task(self._follow(None), name="catch up")

    def check(self, now: float, wall: float) -> None:
        """End a socket whose token has expired, or that has fallen too far behind; to be called about once a second."""
        if self.actor is not None and self.actor.expires_at <= wall:
            self.end(4401)
        stream = self._stream
        if stream is None or self._live is not None:
            return
        if not self.has_caught_up:
            if now - self._since > FIRST_S:
                self.end(4408)
        elif stream.head <= self._cursor:
            self._goal = None
        elif self._goal is None or self._goal[0] <= self._cursor:
            self._goal = (stream.head, now)
        elif now - self._goal[1] > MAX_BEHIND_S or stream.bytes_after(self._cursor, self.view) > MAX_BEHIND_BYTES:
            self.end(4408)

    def beat_now(self, at: str) -> float | None:
        """Send a beat, if one is due and the socket is live; return in how many seconds the next one is."""
        now, stream = asyncio.get_running_loop().time(), self._stream
        if self._live is None or stream is None or now < self._next_beat - TICK_S / 2:
            return None
        if now - stream.confirmed_at > CONFIRMED_S:
            wait_s = min(self._around.beat_s, AGAIN_S)
        else:
            wait_s = self._around.beat_s
            self.write(self._live.beat(self.live_cursor, at, wait_s))
            self.frames += 1
        self._next_beat = now + wait_s
        return wait_s

    def _stop(self, code: int) -> None:
        self._code = code
        if self._live is not None:
            self._leave()
            self._finish()
        elif self._ending is not None:
            self._ending.reschedule(asyncio.get_running_loop().time())

    def _leave(self) -> None:
        if self._live is not None:
            self._cursor = self._live.leave(self)
            self.frames += self._live.frames
            self._live = None

    def _finish(self) -> None:
        if self._stream is not None:
            self._around.hub.unwatch(self._stream)
        self._around.ended(self)
        handle = self._outlet.handle
        self._closed((handle and handle.ended_with) or self._code or 1011)

    async def _follow(self, asked: Asked | None) -> None:
        await self._run(asked)
        self._task = None
        if self._live is None:
            self._finish()

    async def _run(self, asked: Asked | None) -> None:
        """Tell the socket what it misses; return when it is live, or over."""
        try:
            if self._code is None:
                async with asyncio.timeout(None) as self._ending:
                    await self._tell(asked)
        except Exception as error:
            self._ending = None
            if self._code is None:
                self.end(_code_of(error))
        finally:
            self._ending = None
            if self._live is None:
                self.lost(1011)

    async def _tell(self, asked: Asked | None) -> None:
        stream, loop = self._stream, asyncio.get_running_loop()
        if stream is None:
            stream = self._stream = await self._around.hub.watch(self.feed, of_customer=self.view == "customer")
            await self._begin(stream, asked)
        while not stream.is_lost:
            await self._catch_up(stream)
            is_behind = stream.head > self._cursor
            if loop.time() >= self._next_beat and (self.has_caught_up or not is_behind):
                if frame := self._beat(stream):
                    await self._send(frame)
                # The beat waited until the client had taken in what came before it.
                self.has_caught_up = True
            elif not is_behind and self._outlet.handle is None:
                await stream.moved(self._cursor, self._next_beat)
            elif stream.head < self._cursor:
                # A snapshot can be newer than what this process has heard.
                await stream.moved(self._cursor - 1, self._next_beat)
            elif not is_behind and await self._has_joined(stream):
                return
        raise Closing(1012)

    async def _has_joined(self, stream: Stream) -> bool:
        handle = self._outlet.handle
        # A feed that is over by now would tell nobody who joins it.
        if handle is None or stream.is_lost:
            return False
        if not handle.is_writable():
            await handle.drained()
            return False
        self._live = self._around.hub.live(stream, self.view)
        self._live.join(self)
        self.frames -= self._live.frames
        self._goal, self.has_caught_up = None, True
        self._around.beats.add(self, self._next_beat)
        return True

    async def _begin(self, stream: Stream, asked: Asked | None) -> None:
        # Judged by a look at the database that began after the handshake: this process may not have heard yet.
        hub, known = self._around.hub, stream.head
        if asked is not None:
            position = await hub.head(self.feed)
            is_here = position is not None and position.epoch == asked.epoch == stream.epoch and position.seq >= known
            if position is not None and is_here and 0 <= position.seq - asked.seq <= MAX_REPLAY:
                self._cursor = asked.seq
                hub.heard_of(stream, position.seq)
                await self._send(text_frame(resumed(asked.epoch, asked.seq)))
                while stream.head < position.seq and not stream.is_lost:
                    await stream.moved(position.seq - 1, asyncio.get_running_loop().time() + CONFIRMED_S)
                return
        snapshot = await hub.snapshot(self.view, self.feed)
        # Older than what was told already: the database was restored, and the next look at the heads will find it.
        if snapshot is None or snapshot.epoch != stream.epoch or snapshot.seq < known:
            raise Closing(1012)
        self._cursor = snapshot.seq
        hub.heard_of(stream, snapshot.seq)
        frame, count = text_frame(snapshot.text), 1
        if len(frame) <= SMALL and stream.head <= self._cursor and (sign := self._beat(stream)):
            # Nobody has to wait for a small one to be taken in: one write does for both.
            frame, count = frame + sign, 2
        await self._send(frame, count)
        self.has_caught_up = self._next_beat > 0

    async def _catch_up(self, stream: Stream) -> None:
        if not stream.reaches(self._cursor):
            await self._around.hub.after(stream, self._cursor)
            if not stream.reaches(self._cursor):
                raise Closing(4408)
        for entry in stream.entries_after(self._cursor):
            if frame := entry.frame(self.view):
                await self._send(frame)
            self._cursor = entry.seq

    def _beat(self, stream: Stream) -> bytes:
        """Make a beat, none while the database cannot be read, and note when the next is due."""
        now, beat_s = asyncio.get_running_loop().time(), self._around.beat_s
        if now - stream.confirmed_at > CONFIRMED_S:
            self._next_beat = now + min(beat_s, AGAIN_S)
            return b""
        self._next_beat = now + beat_s
        head, at = max(stream.confirmed, self._cursor), instant(datetime.now(UTC))
        return text_frame(beat(self._cursor, head, at, beat_s))

    async def _send(self, frames: bytes, count: int = 1) -> None:
        await self._outlet.send(frames)
        self.frames += count

    async def _listen(self, socket: WebSocket) -> None:
        """Hear a client out, where there is no handle."""
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                self.lost(message.get("code", 1005))
                return
            try:
                await self._send(self._answer(message.get("text")))
            except Exception as error:
                self.end(_code_of(error))
                return

    def _answer(self, text: str | None) -> bytes:
        """The frame that answers a message: only a new token of the same person is one that has an answer."""
        if self.actor is None or text is None:
            raise Closing(4400)
        try:
            token = AuthMessage.model_validate_json(text).token
        except ValidationError as error:
            raise Closing(4400) from error
        try:
            renewed = self._around.authenticate(token)
        except Unauthenticated as error:
            raise Closing(4401) from error
        if renewed.user_id != self.actor.user_id:
            raise Closing(4401)
        self.actor = renewed
        return text_frame(authenticated(instant(datetime.fromtimestamp(renewed.expires_at, UTC))))


def _nothing(_: bytes) -> None:
    """What is written before there is anything to write to."""


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
