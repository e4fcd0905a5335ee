"""One feed as a process knows it: its head, its latest events in a ring, and who waits for the next.

No I/O: the hub reads what is missing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol
from uuid import UUID

from orderflow.frames import Event, Position, View, frame
from orderflow.ws.encoding import text_frame

CAPACITY: Final = 1_000
# What an event costs in memory besides its texts, about.
OVERHEAD: Final = 1_000


class Entry:
    """An event at its place in one feed; its frames are made when first needed, once for everybody.

    `committed_at` is by the clock of the loop, None where another process has committed it.
    """

    __slots__ = ("_frames", "committed_at", "event", "seq", "size")

    def __init__(self, seq: int, event: Event, committed_at: float | None = None) -> None:
        self.seq = seq
        self.event = event
        self.committed_at = committed_at
        # The document, and the frame made of it.
        self.size = OVERHEAD + 2 * len(event.document)
        self._frames: dict[View, bytes] = {}

    def frame(self, view: View) -> bytes:
        """What a channel with this view shows of it, as a finished frame; empty where it shows nothing."""
        if view not in self._frames:
            text = frame(self.event, view)
            self._frames[view] = b"" if text is None else text_frame(text)
        return self._frames[view]


class Follower(Protocol):
    """Somebody who acts on a feed without a task that waits for it."""

    def wake(self) -> None:
        """There are new events."""

    def lose(self) -> None:
        """The feed is over."""


class Stream:
    """A feed from the moment at which somebody began to watch it."""

    def __init__(
        self,
        position: Position,
        *,
        of_customer: bool,
        capacity: int = CAPACITY,
        told: Callable[[Sequence[Entry]], None] | None = None,
    ) -> None:
        self.feed: UUID = position.feed
        self.epoch = position.epoch
        self.head = position.seq
        self.of_customer = of_customer
        self.capacity = capacity
        # The greatest seq that somebody has told of; more than the head while something is missing.
        self.wanted = position.seq
        self.bytes = 0
        self.visits = 0
        # How often anybody has told of an event.
        self.bells = 0
        self.is_lost = False
        self.used_at = self._now()
        # The head as the database had it, and when it was looked at.
        self.confirmed = position.seq
        self.confirmed_at = self._now()
        self.catching_up = asyncio.Lock()
        self._listeners = 0
        self._told = told
        self._ring: deque[Entry] = deque()
        self._early: dict[int, Entry] = {}
        self._waiters: set[asyncio.Future[None]] = set()
        # What is behind a seq, in bytes of frames: those who do not read stop at the same few places.
        self._weighed: dict[tuple[int, View], int] = {}
        self.followers: dict[View, Follower] = {}

    @property
    def listeners(self) -> int:
        """How many sockets watch it."""
        return self._listeners

    @listeners.setter
    def listeners(self, count: int) -> None:
        self._listeners = count
        self.visits += 1
        self.used_at = self._now()

    def hear(self, seq: int, event: Event, committed_at: float | None = None) -> bool:
        """Take an event in; false if others before it are missing."""
        self.bells += 1
        self.wanted = max(self.wanted, seq)
        if seq <= self.head:
            return True
        if seq > self.head + 1:
            if len(self._early) < self.capacity:
                self._early[seq] = Entry(seq, event, committed_at)
            return False
        fresh = [Entry(seq, event, committed_at)]
        self._append(fresh[0])
        while (following := self._early.pop(self.head + 1, None)) is not None:
            self._append(following)
            fresh.append(following)
        if self._waiters:
            self._wake()
            # Its turn comes behind those just woken, each of whom writes at once.
            asyncio.get_running_loop().call_soon(self.written, fresh)
        for follower in self.followers.values():
            follower.wake()
        return not self._early and self.head >= self.wanted

    def written(self, entries: Sequence[Entry]) -> None:
        """All sockets of a view that follow live have been sent these: to be called behind the last write.

        Those that cannot take any more are not waited for.
        """
        if self._told:
            self._told(entries)

    def want(self, seq: int) -> bool:
        """Note that the feed is at least there; true if something is missing."""
        self.bells += 1
        self.wanted = max(self.wanted, seq)
        return self.wanted > self.head

    def settle(self) -> None:
        """All that the database has is here: what else was told of does not exist."""
        self._early.clear()
        self.wanted = self.head

    def confirm(self, head: int) -> None:
        """The database was just seen to have this head."""
        self.confirmed = head
        self.confirmed_at = self._now()

    def reaches(self, seq: int) -> bool:
        """Whether all events after a seq, up to the head, are in memory."""
        return seq >= self.head or (bool(self._ring) and self._ring[0].seq <= seq + 1)

    def entries_after(self, seq: int) -> list[Entry]:
        """The events after a seq that are in memory; none unless it `reaches`."""
        self.used_at = self._now()
        if seq >= self.head or not self.reaches(seq):
            return []
        first = seq + 1 - self._ring[0].seq
        return [self._ring[place] for place in range(first, len(self._ring))]

    def bytes_after(self, seq: int, view: View) -> int:
        """The bytes of the frames of a view after a seq, as far as the events are in memory."""
        if (seq, view) not in self._weighed:
            self._weighed[seq, view] = sum(len(entry.frame(view)) for entry in self.entries_after(seq))
        return self._weighed[seq, view]

    def remember(self, events: Iterable[Event]) -> None:
        """Put events before those in memory, as far as there is room for them."""
        older = [Entry(self.seq_of(event), event) for event in events]
        oldest = self._ring[0].seq if self._ring else self.head + 1
        for entry in reversed([entry for entry in older if entry.seq < oldest]):
            if entry.seq == (self._ring[0].seq if self._ring else self.head + 1) - 1:
                self._ring.appendleft(entry)
                self.bytes += entry.size
        self._weighed.clear()

    def forget(self) -> None:
        """Give the memory back: whoever needs an event reads it again."""
        self._ring.clear()
        self._weighed.clear()
        self.bytes = 0

    def seq_of(self, event: Event) -> int:
        """Where an event stands in this feed."""
        return event.customer.seq if self.of_customer and event.customer else event.shop.seq

    def lose(self) -> None:
        """Its numbering is worthless, or nobody follows it any more."""
        self.is_lost = True
        self._wake()
        for follower in self.followers.values():
            follower.lose()

    async def moved(self, seq: int, until: float) -> None:
        """Wait for an event after a seq, but not past a time of the loop's clock."""
        if self.head > seq or self.is_lost:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.add(waiter)
        timer = loop.call_at(until, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)

    def _append(self, entry: Entry) -> None:
        self._ring.append(entry)
        self._weighed.clear()
        self.head = entry.seq
        self.bytes += entry.size
        # What was caught up for somebody may have made it longer than its capacity.
        while len(self._ring) > self.capacity:
            self.bytes -= self._ring.popleft().size

    def _wake(self) -> None:
        if self._waiters:
            waiters, self._waiters = self._waiters, set()
            for waiter in waiters:
                _wake(waiter)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
