"""The sign of life of all sockets that nothing else wakes: one clock for the process, not a timer for each socket."""

import asyncio
import logging
import math
from collections import defaultdict
from datetime import UTC, datetime
from typing import Final, Protocol

from orderflow.frames import instant

TICK_S: Final = 0.1

logger = logging.getLogger(__name__)


class Beating(Protocol):
    """A socket that has a beat to come."""

    def beat_now(self, at: str) -> float | None:
        """Send a beat with this time, if one is due; return in how many seconds the next one is, None for never."""


class Beats:
    """Who has a beat to come, by the tick at which it is due."""

    def __init__(self) -> None:
        self._due: defaultdict[int, list[Beating]] = defaultdict(list)
        self._loop = asyncio.get_running_loop()
        # The last tick whose beats were sent.
        self._done = math.floor(self._loop.time() / TICK_S)

    def add(self, who: Beating, due_at: float) -> None:
        """Have a beat sent at a time of the loop's clock, at most a tick late."""
        self._due[max(math.ceil(due_at / TICK_S), self._done + 1)].append(who)

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            last = math.floor(self._loop.time() / TICK_S)
            at = instant(datetime.now(UTC))
            while self._done < last:
                self._done += 1
                for who in self._due.pop(self._done, ()):
                    self._send(who, at)

    def _send(self, who: Beating, at: str) -> None:
        try:
            wait_s = who.beat_now(at)
        except Exception:
            # The beats of all others go on; this socket is missed by its client, who comes back.
            logger.exception("a beat failed")
            return
        if wait_s is not None:
            self.add(who, self._loop.time() + wait_s)
