"""The two connections of the bus to Redis, one to hear and one to publish, each good or bad as a whole.

It knows nothing of health or of coming back: `bus.py` decides when to make a new one.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from orderflow.counts import Counts

PREFIX = "orderflow:"
QUEUE_LENGTH = 10_000
BATCH_LENGTH = 500
CONNECT_S = 1.0
SEND_S = 2.0
PAUSE_S = 0.1

log = logging.getLogger(__name__)


class Line:
    """One subscriber connection: follows the wanted channels until it fails, and is then of no more use."""

    def __init__(
        self,
        pubsub: PubSub,
        wanted: Mapping[str, int],
        heard: Callable[[str, bytes], None],
        acknowledged: Callable[[str], None],
    ) -> None:
        self._pubsub = pubsub
        self._wanted = wanted
        self._heard = heard
        self._acknowledged = acknowledged
        self._touched = set(wanted)
        self._is_touched = asyncio.Event()
        self._asked: set[str] = set()
        # How many commands Redis has still to acknowledge: of subscribe, unsubscribe, subscribe only the third counts.
        self._unanswered: Counter[str] = Counter()

    def touch(self, channel: str) -> None:
        """Look again at whether the channel is wanted."""
        self._touched.add(channel)
        self._is_touched.set()

    def has(self, channel: str) -> bool:
        """Whether Redis has acknowledged the channel, and nothing to the contrary is under way."""
        return channel in self._asked and channel not in self._unanswered

    async def run(self) -> None:
        async with self._pubsub, asyncio.TaskGroup() as tasks:
            await self._follow()
            tasks.create_task(self._keep_following(), name="bus channels")
            await self._read()

    async def _keep_following(self) -> None:
        while True:
            await self._is_touched.wait()
            self._is_touched.clear()
            await self._follow()

    async def _follow(self) -> None:
        touched, self._touched = self._touched, set()
        added = [channel for channel in touched if channel in self._wanted and channel not in self._asked]
        removed = [channel for channel in touched if channel not in self._wanted and channel in self._asked]
        self._asked.update(added)
        self._asked.difference_update(removed)
        self._unanswered.update(added + removed)
        if added:
            await self._pubsub.subscribe(*_prefixed(added))
        if removed:
            await self._pubsub.unsubscribe(*_prefixed(removed))

    async def _read(self) -> None:
        # Without a timeout, which would double the cost of a message: the caller sees when nothing comes any more.
        while True:
            message = await self._pubsub.get_message(timeout=None)
            channel = message["channel"][len(PREFIX) :].decode()
            if message["type"] == "message":
                self._heard(channel, message["data"])
            else:
                self._answered(channel)

    def _answered(self, channel: str) -> None:
        if self._unanswered[channel] > 1:
            self._unanswered[channel] -= 1
            return
        del self._unanswered[channel]
        if channel in self._asked:
            self._acknowledged(channel)


class Publisher:
    """A bounded queue and the one task that empties it, in order, in batches; what fails is dropped."""

    def __init__(self, url: str, counts: Counts) -> None:
        self._counts = counts
        self._client = client(url, retries=1)
        self._queue: deque[tuple[tuple[str, ...], bytes]] = deque()
        self._is_filled = asyncio.Event()
        self._overflow = Complaint("messages dropped, the queue to Redis is full")
        self._failure = Complaint("messages dropped, Redis did not take them")

    def put(self, channels: tuple[str, ...], message: bytes) -> None:
        if len(self._queue) >= QUEUE_LENGTH:
            self._queue.popleft()
            self._counts.dropped.add()
            self._overflow.say(1)
        self._queue.append((channels, message))
        self._is_filled.set()

    async def run(self) -> None:
        async with self._client:
            while True:
                await self._is_filled.wait()
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LENGTH))]
                if not self._queue:
                    self._is_filled.clear()
                await self._send(batch)

    async def _send(self, batch: list[tuple[tuple[str, ...], bytes]]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for channels, message in batch:
            for channel in _prefixed(channels):
                pipeline.publish(channel, message)
        try:
            async with asyncio.timeout(SEND_S):
                await pipeline.execute()
        except Exception as error:
            # The listeners of these messages find out from the database; the pause spares a server that is down.
            self._counts.dropped.add(len(batch))
            self._failure.say(len(batch), error)
            await asyncio.sleep(PAUSE_S)
        else:
            # A pulse has no content.
            self._counts.published.add(sum(1 for _, message in batch if message))


class Complaint:
    """A warning that is logged at most once a second, with how often there was reason for it and the latest error."""

    def __init__(self, text: str, *, has_traceback: bool = False) -> None:
        self._text = text
        self._has_traceback = has_traceback
        self._count = 0
        self._silent_until = 0.0

    def say(self, count: int, error: Exception | None = None) -> None:
        self._count += count
        if time.monotonic() < self._silent_until:
            return
        trace = error if self._has_traceback else None
        text = self._text if error is None else f"{self._text}: {reason(error)}"
        log.warning("%s (%d times)", text, self._count, exc_info=trace)
        self._count = 0
        self._silent_until = time.monotonic() + 1.0


def client(url: str, retries: int) -> Redis:
    """Make a client that retries only on a lost connection, and only so often.

    RESP2, since redis-py reads it twice as fast as RESP3. No socket time-out: redis-py would use `asyncio.wait_for`,
    which can swallow a cancellation on Python 3.11; the callers set their own.
    """
    errors = (RedisConnectionError,) if retries else ()
    retry = Retry(NoBackoff(), retries, supported_errors=errors)
    return Redis.from_url(url, protocol=2, retry=retry, socket_connect_timeout=CONNECT_S, socket_timeout=None)


def reason(error: Exception) -> str:
    """Say in one line what went wrong, for the log; of a group, what went wrong first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__} {error}".strip()


def _prefixed(channels: Iterable[str]) -> list[str]:
    return [PREFIX + channel for channel in channels]
