"""Handshakes that come all at once take turns with everything else that a process does.

Thousands of boards come back in the same instant when a line or a worker was gone. One handshake is little work, all of
them are more than a second of it, in which nobody's order would be answered.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

# So many begin before the loop looks after others again: some milliseconds of work.
PER_TURN: Final = 32


class Arrivals:
    """Who waits to be let in; who comes first begins first."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._left = PER_TURN
        self._is_scheduled = False
        self._loop = asyncio.get_running_loop()

    def begin(self, handshake: Callable[[], None]) -> None:
        """Begin a handshake now, or in one of the next turns of the loop."""
        if self._left and not self._waiting:
            self._left -= 1
            handshake()
        else:
            self._waiting.append(handshake)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._left = PER_TURN
        try:
            while self._waiting and self._left:
                self._left -= 1
                self._waiting.popleft()()
        finally:
            # Whatever becomes of one, the others are let in.
            self._is_scheduled = self._left < PER_TURN
            if self._is_scheduled:
                self._loop.call_soon(self._turn)
