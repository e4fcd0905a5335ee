"""One connection through a proxy, and what can be done to it: cut it, delay, hold back, trickle.

Within a direction nothing is lost or changed, as TCP promises; what it holds back is passed on when it is let go, or
dies with its link.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

# The port of this machine, or the path of a Unix socket.
Place: TypeAlias = int | str

TRICKLE_S: Final = 0.05
# How much of what a client says first is kept, to tell one kind of connection from another.
KEPT: Final = 2048
# A sender whose bytes are held back is stopped after so many, as by full buffers on the way.
HELD: Final = 256 * 1024


class Direction:
    """The bytes from one end of a link to the other."""

    def __init__(self, link: "Link") -> None:
        self.passed = 0
        self._link = link
        self._source: asyncio.Transport | None = None
        self._sink: asyncio.Transport | None = None
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._delay_s = 0.0
        self._is_held = False
        self._trickle: int | None = None
        self._left: int | None = None
        self._has_ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def hold(self) -> None:
        """Pass nothing on any more, the end of the connection included: a black hole."""
        self._is_held = True
        self._link.note_hurt()

    def delay(self, seconds: float) -> None:
        """Pass everything on so much later."""
        self._delay_s = seconds
        self._link.note_hurt()

    def trickle(self, size: int) -> None:
        """Pass on so many bytes each 50 ms."""
        self._trickle = size
        self._link.note_hurt()

    def cut_after(self, size: int) -> None:
        """End the link when so many more bytes have passed."""
        self._left = size
        self._link.note_hurt()

    def let_go(self) -> None:
        """Pass on what was held back, and everything from now on as it comes."""
        self._is_held, self._delay_s, self._trickle = False, 0.0, None
        self._waiting = deque((0.0, data) for _, data in self._waiting)
        self._pump()

    def connect(self, source: asyncio.Transport, sink: asyncio.Transport) -> None:
        """Begin to pass on."""
        self._source, self._sink = source, sink
        self._pump()

    def take(self, data: bytes) -> None:
        """Bytes have come from the source."""
        self._waiting.append((self._loop.time() + self._delay_s, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes > HELD:
            self.pause()
        self._pump()

    def end(self) -> None:
        """The source has ended: so does the link, after what is on its way."""
        self._has_ended = True
        self._pump()

    def pause(self) -> None:
        """Take no more for now."""
        if self._source is not None:
            self._source.pause_reading()

    def resume(self) -> None:
        """Take more again, unless too much is held back here."""
        if self._source is not None and self._waiting_bytes <= HELD:
            self._source.resume_reading()

    def stop(self) -> None:
        """Forget what is on its way."""
        self._stop_timer()
        self._waiting.clear()

    def _pump(self) -> None:
        """Pass on what is due, and come back for the rest."""
        self._stop_timer()
        while self._waiting and not self._is_held and self._sink is not None:
            due, data = self._waiting[0]
            if (wait_s := due - self._loop.time()) > 0:
                self._timer = self._loop.call_later(wait_s, self._pump)
                return
            self._write(data[: min(each for each in (len(data), self._trickle, self._left) if each is not None)])
            if self._left == 0:
                self._link.finish()
                return
            if self._trickle is not None:
                self._timer = self._loop.call_later(TRICKLE_S, self._pump)
                return
        if self._has_ended and not self._waiting and not self._is_held:
            self._link.close()

    def _write(self, data: bytes) -> None:
        due, whole = self._waiting.popleft()
        if len(data) < len(whole):
            self._waiting.appendleft((due, whole[len(data) :]))
        self._waiting_bytes -= len(data)
        self.passed += len(data)
        self._left = None if self._left is None else self._left - len(data)
        if self._sink is not None and not self._sink.is_closing():
            self._sink.write(data)
        self.resume()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Link:
    """One connection; `up` is from who connected, `down` is back to it.

    `said` is called when more is known of what the client says, `closed` when it is over.
    """

    def __init__(
        self, client: asyncio.Transport, said: Callable[["Link"], None], closed: Callable[["Link"], None]
    ) -> None:
        self.up = Direction(self)
        self.down = Direction(self)
        self.said = b""
        self.hurt_at: float | None = None
        self.is_open = True
        peer = client.get_extra_info("peername")
        # 0 on a Unix socket.
        self.port = int(peer[1]) if peer else 0
        self._said, self._closed = said, closed
        self._ends = [client]

    def hold(self) -> None:
        """A black hole in both directions."""
        self.up.hold()
        self.down.hold()

    def reset(self) -> None:
        """End both sides at once and without a word, as a crash does."""
        self.note_hurt()
        for end in self._ends:
            raw = end.get_extra_info("socket")
            if raw is not None and raw.family != socket.AF_UNIX:
                with contextlib.suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.abort()
        self.close()

    def finish(self) -> None:
        """End both sides as TCP does it, wherever in a message that is."""
        self.note_hurt()
        self.close()

    def note_hurt(self) -> None:
        """Keep when it was first interfered with."""
        if self.hurt_at is None:
            self.hurt_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        """It is over; what was written already still leaves."""
        if self.is_open:
            self.is_open = False
            self.up.stop()
            self.down.stop()
            self._closed(self)
            for end in self._ends:
                end.close()

    async def reach(self, place: Place) -> None:
        """Connect to the other side, and begin to pass on."""
        loop = asyncio.get_running_loop()
        try:
            if isinstance(place, str):
                server, _ = await loop.create_unix_connection(lambda: End(self.down, self.up), place)
            else:
                server, _ = await loop.create_connection(lambda: End(self.down, self.up), "127.0.0.1", place)
        except OSError:
            self.reset()
            return
        if not self.is_open:
            server.abort()
            return
        client = self._ends[0]
        self._ends.append(server)
        self.up.connect(client, server)
        self.down.connect(server, client)

    def heard(self, data: bytes) -> None:
        """The client says this."""
        if len(self.said) < KEPT:
            self.said += data[:KEPT]
            self._said(self)
        if self.is_open:
            self.up.take(data)


class End(asyncio.Protocol):
    """One end of a link: what comes from here goes in one direction, what goes here comes from the other."""

    def __init__(self, onward: Direction, back: Direction) -> None:
        self._onward = onward
        self._back = back

    def data_received(self, data: bytes) -> None:
        self._onward.take(data)

    def pause_writing(self) -> None:
        self._back.pause()

    def resume_writing(self) -> None:
        self._back.resume()

    def connection_lost(self, _error: Exception | None) -> None:
        self._onward.end()
