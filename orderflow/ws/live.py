"""The sockets of one view of a feed that are at its head and take what is written: one write each, of the same bytes.

A member has no task and no queue. Whatever goes wrong with a socket, it leaves with its cursor where it is, and its
connection catches up by itself: nothing on the way from the bus to a member waits for a client.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from orderflow.frames import View, beat
from orderflow.ws.encoding import text_frame
from orderflow.ws.stream import Entry, Stream

# After so many writes other work of the process has its turn.
TURN: Final = 500
NOWHERE: Final = -1

logger = logging.getLogger(__name__)


class Member(Protocol):
    """A socket in the set.

    `live_cursor` is the seq up to which it was told everything, `NOWHERE` while it is in no set. `write` gives bytes to
    its transport, and neither waits nor fails.
    """

    live_cursor: int
    write: Callable[[bytes], None]

    def fall_behind(self) -> None:
        """Leave the set, and catch up from the cursor."""

    def end(self, code: int) -> None:
        """Leave the set, and close with this code."""


class LiveSet:
    """The members, and the delivery that is under way."""

    def __init__(self, stream: Stream, view: View) -> None:
        self._stream = stream
        self._view = view
        # A dict for its order: who came first is told first.
        self._members: dict[Member, None] = {}
        self._loop = asyncio.get_running_loop()
        self._is_scheduled = False
        # The delivery under way: to whom, how many of them have it, from which cursor to which, and what is written.
        self._targets: list[Member] = []
        self._done = 0
        self._from = self._to = stream.head
        self._bytes = b""
        self._entries: list[Entry] = []
        # How many frames of events there were, for who counts what a member was sent.
        self.frames = 0
        self._beat: tuple[tuple[int, int, str, float], bytes] = ((0, 0, "", 0), b"")

    def __len__(self) -> int:
        return len(self._members)

    def join(self, member: Member) -> None:
        """Take in a socket that was told everything up to the head."""
        while self._is_behind():
            # All members stand at one cursor between deliveries: what is under way ends before there is one more.
            self._turn()
        if not self._members:
            # With nobody left a delivery ends where it is: who comes back has caught up, and needs nothing of it.
            self._done, self._targets = 0, []
            self._from = self._to = self._stream.head
        member.live_cursor = self._to
        self._members[member] = None

    def leave(self, member: Member) -> int:
        """Let a socket go; return its cursor."""
        cursor, member.live_cursor = member.live_cursor, NOWHERE
        self._members.pop(member, None)
        return cursor

    def wake(self) -> None:
        """There are new events: deliver all of them together once the loop turns."""
        if self._members and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._deliver)

    def lose(self) -> None:
        """The feed is over: its sockets have to come back."""
        for member in tuple(self._members):
            member.end(1012)

    def beat(self, cursor: int, at: str, every_s: float) -> bytes:
        """The frame of a beat, made once for all who are at this cursor at this time."""
        key = (cursor, max(self._stream.confirmed, cursor), at, every_s)
        if self._beat[0] != key:
            self._beat = (key, text_frame(beat(*key)))
        return self._beat[1]

    def _deliver(self) -> None:
        self._is_scheduled = False
        self._turn()
        if self._is_behind():
            self.wake()

    def _is_behind(self) -> bool:
        return bool(self._members) and (self._done < len(self._targets) or self._to < self._stream.head)

    def _turn(self) -> None:
        if self._done == len(self._targets):
            self._begin()
        turn = self._targets[self._done : self._done + TURN]
        self._done += len(turn)
        start, end, data = self._from, self._to, self._bytes
        for member in turn:
            # Who has left since the delivery began gets nothing of it.
            if member.live_cursor == start:
                # First the cursor: a write may find that the socket takes no more, and then it leaves.
                member.live_cursor = end
                member.write(data)
        if turn and self._done == len(self._targets):
            # Those who leave before the next one are not kept for it.
            self._done, self._targets = 0, []
            self._stream.written(self._entries)

    def _begin(self) -> None:
        """Join the events that wait into one piece for all members."""
        stream = self._stream
        self._from, self._to = self._to, stream.head
        self._done, self._targets = 0, []
        if not stream.reaches(self._from):
            for member in tuple(self._members):
                member.fall_behind()
            return
        self._entries = [entry for entry in stream.entries_after(self._from) if entry.frame(self._view)]
        self._bytes = b"".join([entry.frame(self._view) for entry in self._entries])
        self.frames += len(self._entries)
        self._targets = list(self._members)
        if not self._bytes:
            # Nothing that this view shows; still everybody was told all there is.
            for member in self._targets:
                member.live_cursor = self._to
            self._targets = []
