"""The fan-out of a process: for every feed with listeners its head and its latest events, healed from the database.

Bells (own commits, the bus) make it quick, the look at all heads once a second makes it right: whatever a bell lost,
the gap is read. Knows feeds and events; sockets wait on a stream and know the rest.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from orderflow import feeds
from orderflow.bus import Bus
from orderflow.counts import Counts
from orderflow.db import Database
from orderflow.errors import NotFound, Unavailable
from orderflow.frames import Event, Position, View, event_in, message_of
from orderflow.ws.live import LiveSet
from orderflow.ws.shared import Shared
from orderflow.ws.stream import Entry, Stream

TICK_S: Final = 1.0
# Bells of two processes overtake each other by less than this.
OVERTAKE_S: Final = 0.02
KEPT_S: Final = 60.0
RING_BYTES: Final = 64 * 1024 * 1024
MAX_MESSAGE: Final = 64 * 1024
# Longer than an erasure takes to commit, and what was read before that to arrive.
ERASED_SLACK_S: Final = 20.0

logger = logging.getLogger(__name__)


class Hub:
    """All feeds that somebody in this process listens to."""

    def __init__(
        self, db: Database, make_bus: Callable[[Callable[[str, bytes], None]], Bus], counts: Counts | None = None
    ) -> None:
        self._db = db
        self._counts = counts or Counts()
        self.bus = make_bus(self.hear)
        self._streams: dict[UUID, Stream] = {}
        self._beginnings: dict[UUID, asyncio.Task[Stream]] = {}
        self._live: dict[tuple[Stream, View], LiveSet] = {}
        self._healing: dict[Stream, asyncio.Task[None]] = {}
        # How far bells rang of feeds whose head is just being read.
        self._rung: dict[UUID, int] = {}
        self._looked_at = asyncio.get_running_loop().time()
        self._heads = Shared(self._read_heads)
        self._snapshots = Shared(self._read_snapshots)

    @property
    def streams(self) -> Sequence[Stream]:
        """The feeds that are followed now."""
        return tuple(self._streams.values())

    @property
    def ring_bytes(self) -> int:
        """How much memory the events take that are kept for those who come back."""
        return sum(stream.bytes for stream in self._streams.values())

    @property
    def live_sockets(self) -> int:
        """How many sockets are at the head of their feed and take what they are sent."""
        return sum(map(len, self._live.values()))

    async def run(self) -> None:
        """Look at the heads once a second, until cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_S)
                try:
                    await self.tick()
                except Unavailable:
                    # Without a look there is no beat: the boards show by themselves that they may be behind.
                    logger.warning("cannot read the heads of the feeds: no beats until the database is back")
                except Exception:
                    logger.exception("could not look at the heads of the feeds")
        finally:
            for task in (*self._healing.values(), *self._beginnings.values()):
                task.cancel()

    def ring(self, events: Sequence[Event]) -> None:
        """Tell of events that this process has committed."""
        now = asyncio.get_running_loop().time()
        for event in events:
            for position in event.positions():
                self._hear(position, event, now)
            if self.bus.reaches_others:
                self.bus.publish(tuple(str(position.feed) for position in event.positions()), _message(event))

    def hear(self, channel: str, message: bytes) -> None:
        """A bell from the bus: a whole event, or anything else, which only says that there is something new."""
        feed = UUID(channel)
        event = _event(message)
        for position in event.positions() if event else ():
            if event is not None and position.feed == feed:
                self._hear(position, event)
                return
        if (stream := self._streams.get(feed)) is not None:
            self.heard_of(stream, stream.head + 1)

    async def watch(self, feed: UUID, *, of_customer: bool) -> Stream:
        """Follow a feed until `unwatch`; what is committed from now on is heard.

        Raises:
            NotFound: there is no such feed.
            Unavailable: the database is away.
        """
        stream = self._streams.get(feed)
        while stream is None or stream.is_lost:
            begun = self._beginnings.get(feed)
            if begun is None:
                begun = asyncio.create_task(self._begin(feed, of_customer=of_customer), name=f"watch {feed}")
                self._beginnings[feed] = begun
                begun.add_done_callback(lambda task: self._begun(feed, task))
            stream = await asyncio.shield(begun)
        stream.listeners += 1
        return stream

    def live(self, stream: Stream, view: View) -> LiveSet:
        """The sockets of a view that are at the head of the feed."""
        found = self._live.get((stream, view))
        if found is None:
            found = self._live[stream, view] = stream.followers[view] = LiveSet(stream, view)
        return found

    def unwatch(self, stream: Stream) -> None:
        """Follow it no longer; its latest events are kept for a minute, for those who come back."""
        stream.listeners -= 1
        if not stream.listeners and not stream.is_lost:
            self._drop_later(stream)

    async def head(self, feed: UUID) -> Position | None:
        """Where the feed is, by a look at the database that begins after this call; many calls share one look."""
        return (await self._heads(feed)).get(feed)

    async def snapshot(self, view: View, feed: UUID) -> feeds.Snapshot | None:
        """The state of a view, read after this call; many calls share one reading."""
        return (await self._snapshots((view, feed))).get((view, feed))

    async def after(self, stream: Stream, seq: int) -> None:
        """Have the events after a seq in the stream's memory, unless they are more than it can hold.

        Of many who come back at once, one reads and the others find it done.

        Raises:
            Unavailable: the database is away.
        """
        async with stream.catching_up:
            while not stream.reaches(seq) and stream.head - seq <= stream.capacity and not stream.is_lost:
                start = Position(stream.feed, stream.epoch, seq)
                events = await feeds.read(self._db, start, of_customer=stream.of_customer, limit=stream.capacity)
                if not events or stream.seq_of(events[0]) != seq + 1:
                    # The database has lost it: the next look at the heads tells more.
                    return
                stream.remember(events)

    def heard_of(self, stream: Stream, seq: int) -> None:
        """The database is at least there: find out what is missing, unless the bell comes first."""
        if stream.want(seq):
            self._heal(stream)

    async def tick(self) -> None:
        """Look at the heads of all feeds; a numbering that broke ends the feed's sockets, who then start anew.

        What may hold the words of somebody erased is given back: the database tells the same events without them.
        """
        before = {stream.feed: (stream, stream.head) for stream in self.streams}
        if not before:
            return
        now = asyncio.get_running_loop().time()
        found = await feeds.look(self._db, before, now - self._looked_at + ERASED_SLACK_S)
        if found.was_erased:
            # Also those that have come meanwhile: what they read may have been read before.
            for stream in self.streams:
                stream.forget()
        self._looked_at = now
        for feed, (stream, head) in before.items():
            position = found.heads.get(feed)
            if position is None or position.epoch != stream.epoch or position.seq < head:
                self._lose(stream)
                continue
            stream.confirm(position.seq)
            self.heard_of(stream, position.seq)
        self._bound_memory()

    def _hear(self, position: Position, event: Event, committed_at: float | None = None) -> None:
        stream = self._streams.get(position.feed)
        if stream is None:
            if position.feed in self._beginnings:
                self._rung[position.feed] = max(position.seq, self._rung.get(position.feed, 0))
        elif position.epoch == stream.epoch and not stream.hear(position.seq, event, committed_at):
            self._heal(stream)

    def _told(self, entries: Sequence[Entry]) -> None:
        """Count how long it took from the commit of events until all sockets of one feed that follow live have them."""
        now, clock = asyncio.get_running_loop().time(), time.time()
        own, other = self._counts.feed_lags.of("own"), self._counts.feed_lags.of("other")
        for entry in entries:
            if entry.committed_at is not None:
                own.observe(now - entry.committed_at)
            else:
                # By another clock, which may be ahead of ours.
                other.observe(max(0.0, clock - datetime.fromisoformat(entry.event.at).timestamp()))

    def _heal(self, stream: Stream) -> None:
        if stream not in self._healing:
            self._healing[stream] = asyncio.create_task(self._read_gap(stream), name=f"heal {stream.feed}")

    async def _read_gap(self, stream: Stream) -> None:
        try:
            await asyncio.sleep(OVERTAKE_S)
            while not stream.is_lost and stream.head < stream.wanted:
                bells = stream.bells
                start = Position(stream.feed, stream.epoch, stream.head)
                events = await feeds.read(self._db, start, of_customer=stream.of_customer, limit=stream.capacity)
                if events and stream.seq_of(events[0]) == start.seq + 1:
                    for event in events:
                        stream.hear(stream.seq_of(event), event)
                elif stream.bells == bells:
                    # Nothing of what was told before the reading began exists; what was told since then may.
                    stream.settle()
        except Unavailable:
            # The next look at the heads finds the same gap.
            logger.warning("cannot read what is missing of feed %s yet", stream.feed)
        finally:
            del self._healing[stream]

    async def _begin(self, feed: UUID, *, of_customer: bool) -> Stream:
        await self.bus.listen(str(feed))
        try:
            position = await self.head(feed)
            if position is None:
                raise NotFound
        except BaseException:
            self.bus.unlisten(str(feed))
            self._rung.pop(feed, None)
            raise
        stream = Stream(position, of_customer=of_customer, told=self._told)
        self._streams[feed] = stream
        self.heard_of(stream, self._rung.pop(feed, 0))
        self._drop_later(stream)
        return stream

    def _begun(self, feed: UUID, task: asyncio.Task[Stream]) -> None:
        self._beginnings.pop(feed, None)
        if not task.cancelled():
            # Those who wait for it see its failure; with none left, nobody has to.
            task.exception()

    def _drop_later(self, stream: Stream) -> None:
        asyncio.get_running_loop().call_later(KEPT_S, self._drop_if_unwatched, stream, stream.visits)

    def _drop_if_unwatched(self, stream: Stream, visits: int) -> None:
        if not stream.listeners and stream.visits == visits and self._streams.get(stream.feed) is stream:
            self._lose(stream)

    def _lose(self, stream: Stream) -> None:
        if self._streams.get(stream.feed) is stream:
            del self._streams[stream.feed]
            self.bus.unlisten(str(stream.feed))
        stream.lose()
        for view in stream.followers:
            self._live.pop((stream, view), None)

    def _bound_memory(self) -> None:
        used = self.ring_bytes
        for stream in sorted(self._streams.values(), key=lambda each: each.used_at):
            if used <= RING_BYTES:
                return
            used -= stream.bytes
            stream.forget()

    async def _read_heads(self, wanted: set[UUID]) -> dict[UUID, Position]:
        return await feeds.heads(self._db, wanted)

    async def _read_snapshots(self, wanted: set[tuple[View, UUID]]) -> dict[tuple[View, UUID], feeds.Snapshot]:
        found = [(key, await feeds.snapshot_of(self._db, *key)) for key in wanted]
        return {key: each for key, each in found if each is not None}


def _message(event: Event) -> bytes:
    message = message_of(event)
    return message if len(message) <= MAX_MESSAGE else b"{}"


def _event(message: bytes) -> Event | None:
    if len(message) > MAX_MESSAGE:
        return None
    try:
        return event_in(message)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None
