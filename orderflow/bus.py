"""The doorbell between processes: bytes on named channels, through Redis or inside the one process.

It knows nothing of orders, and may lose anything: who listens heals from the database. Nothing here makes a caller
wait for Redis or fail with it.
"""

import asyncio
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from orderflow.counts import Counts
from orderflow.wire import Complaint, Line, Publisher, client, reason

LISTEN_S = 1.0
PULSE_S = 1.0
SILENCE_S = 3.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0

log = logging.getLogger(__name__)


class Bus(Protocol):
    """What the rest of the application knows of either bus."""

    reaches_others: bool
    """Whether there can be other processes to tell."""

    @property
    def is_healthy(self) -> bool:
        """Whether a message published now would be heard by every process, as far as can be known."""

    async def run(self) -> None:
        """Work until cancelled; to be called once."""

    def publish(self, channels: tuple[str, ...], message: bytes) -> None:
        """Ring on each channel in every other process; never waits, never raises."""

    async def listen(self, channel: str) -> None:
        """Hear the channel from now on; count how often it was asked for.

        Returns once Redis has acknowledged it, or within a second without: then it is heard as soon as Redis is back.
        A cancelled call does not count.
        """

    def unlisten(self, channel: str) -> None:
        """Take one `listen` back; with the last one the channel falls silent."""


class LocalBus:
    """The bus of a process that is alone: whoever publishes has told its own listeners already."""

    reaches_others = False
    is_healthy = True

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()

    def publish(self, channels: tuple[str, ...], message: bytes) -> None:
        pass

    async def listen(self, channel: str) -> None:
        pass

    def unlisten(self, channel: str) -> None:
        pass


class RedisBus:
    """The bus between processes: Redis publish and subscribe, on one connection for each direction.

    `hear(channel, message)` is called on the event loop for every message of the channels listened to, those that this
    process published included; what it raises is logged.
    """

    reaches_others = True

    def __init__(self, url: str, hear: Callable[[str, bytes], None], counts: Counts | None = None) -> None:
        self._hear = hear
        self._counts = counts or Counts()
        self._publisher = Publisher(url, self._counts)
        self._client = client(url, retries=0)
        self._pulse = f"pulse:{secrets.token_hex(8)}"
        # Counts, and never an entry at zero: what is in here is what every new connection subscribes to.
        self._wanted = Counter([self._pulse])
        self._acks: dict[str, asyncio.Future[None]] = {}
        self._line: Line | None = None
        self._silence = asyncio.Timeout(None)
        self._healthy_until = 0.0
        self._failures = 0
        self._deaf = Complaint("hear() failed, the message is lost", has_traceback=True)

    @property
    def is_healthy(self) -> bool:
        """Whether the newest pulse of this process came back, less than 3 s ago."""
        return time.monotonic() < self._healthy_until

    @property
    def dropped(self) -> int:
        """How many messages could not be published, since the start."""
        return self._counts.dropped.value

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.run(), name="bus publisher")
            tasks.create_task(self._keep_listening(), name="bus listener")
            tasks.create_task(self._keep_pulsing(), name="bus pulse")

    def publish(self, channels: tuple[str, ...], message: bytes) -> None:
        self._publisher.put(channels, message)

    async def listen(self, channel: str) -> None:
        self._wanted[channel] += 1
        if self._line is not None:
            self._line.touch(channel)
        if self._failures or (self._line is not None and self._line.has(channel)):
            return
        ack = self._acks.setdefault(channel, asyncio.get_running_loop().create_future())
        try:
            await asyncio.wait((ack,), timeout=LISTEN_S)
        except asyncio.CancelledError:
            self.unlisten(channel)
            raise

    def unlisten(self, channel: str) -> None:
        if self._wanted[channel] > 1:
            self._wanted[channel] -= 1
            return
        del self._wanted[channel]
        self._acks.pop(channel, None)
        if self._line is not None:
            self._line.touch(channel)

    async def _keep_listening(self) -> None:
        async with self._client:
            while True:
                await self._listen_once()
                _let_cancellation_through()
                longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self._failures)
                await asyncio.sleep(random.uniform(0, longest_s))  # noqa: S311 - spreads reconnects, guards nothing

    async def _listen_once(self) -> None:
        """Use one connection until it fails, or brings no pulse for 3 s: a frozen server gives no error."""
        self._line = Line(self._client.pubsub(), self._wanted, self._heard, self._acknowledged)
        try:
            async with asyncio.timeout(SILENCE_S) as self._silence:
                await self._line.run()
        except Exception as error:
            # Whatever it was, the next turn starts from nothing, with a new connection.
            self._lost(error)
        finally:
            self._line = None
            self._healthy_until = 0.0

    def _lost(self, error: Exception) -> None:
        if not self._failures:
            log.warning("Redis is not heard, trying again until it is: %s", reason(error))
        self._failures = min(self._failures + 1, 10)
        for ack in self._acks.values():
            ack.set_result(None)
        self._acks.clear()

    def _acknowledged(self, channel: str) -> None:
        if channel == self._pulse:
            self.publish((self._pulse,), b"")
        if ack := self._acks.pop(channel, None):
            ack.set_result(None)

    def _heard(self, channel: str, message: bytes) -> None:
        if channel == self._pulse:
            self._pulse_heard()
        elif channel in self._wanted:
            self._counts.heard.value += 1
            try:
                self._hear(channel, message)
            except Exception as error:
                # One bad message must not silence the others.
                self._deaf.say(1, error)

    def _pulse_heard(self) -> None:
        if self._failures:
            log.warning("Redis is heard again")
            self._counts.reconnects.add()
        self._failures = 0
        self._healthy_until = time.monotonic() + SILENCE_S
        self._silence.reschedule(asyncio.get_running_loop().time() + SILENCE_S)

    async def _keep_pulsing(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            if self._line is not None and self._line.has(self._pulse):
                self.publish((self._pulse,), b"")


def _let_cancellation_through() -> None:
    """Raise the cancellation that a TaskGroup on Python 3.11 loses when one of its tasks fails at the same moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
