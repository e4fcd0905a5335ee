"""What somebody means to do, and when: one thing after the other, as people work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NoReturn

from orderflow.demo.api import Refused

Step = Callable[[], Awaitable[Any]]

logger = logging.getLogger(__name__)


class Agenda:
    """Steps by what they are about; a new one about the same takes the place of the old one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._steps: dict[str, tuple[float, Step]] = {}
        self._changed = asyncio.Event()

    def put(self, about: str, in_s: float, step: Step) -> None:
        """Mean to do this in so many seconds."""
        self._steps[about] = (self._loop.time() + in_s, step)
        self._changed.set()

    def has(self, about: str) -> bool:
        """Whether something is meant to be done about this."""
        return about in self._steps

    def drop(self, about: str) -> None:
        """Mean it no more."""
        self._steps.pop(about, None)

    def keep(self, about: Collection[str]) -> None:
        """Mean nothing else any more than what is about these."""
        for each in self._steps.keys() - set(about):
            del self._steps[each]

    async def run(self) -> NoReturn:
        """Do each when its time has come; what the server refuses is let go, for others have been there first."""
        while True:
            self._changed.clear()
            about = min(self._steps, key=lambda each: self._steps[each][0], default="")
            due, step = self._steps.get(about, (None, None))
            if due is None or step is None or due > self._loop.time():
                await self._wait(due)
                continue
            del self._steps[about]
            try:
                await step()
            except Refused as refused:
                logger.debug("the demo's staff was refused: %s", refused)

    async def _wait(self, until: float | None) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            return
