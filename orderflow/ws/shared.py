"""Readings that many wait for: one at a time, each begun after those asked who share it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """While one reading is under way, all who ask wait for the next: never for one that began before they asked."""

    def __init__(self, read: Callable[[set[K]], Awaitable[dict[K, V]]]) -> None:
        self._read = read
        self._running: asyncio.Task[dict[K, V]] | None = None
        self._next: tuple[set[K], asyncio.Task[dict[K, V]]] | None = None

    async def __call__(self, key: K) -> dict[K, V]:
        """A reading that holds what there is of this key."""
        if self._next is None:
            wanted: set[K] = set()
            task = asyncio.create_task(self._turn(wanted, self._running), name="shared reading")
            task.add_done_callback(_seen)
            self._next = (wanted, task)
        wanted, task = self._next
        wanted.add(key)
        return await asyncio.shield(task)

    async def _turn(self, wanted: set[K], before: asyncio.Task[dict[K, V]] | None) -> dict[K, V]:
        if before is not None:
            await asyncio.wait([before])
        if self._next is not None:
            self._running, self._next = self._next[1], None
        try:
            return await self._read(wanted)
        finally:
            # Not to keep what was read, which may be large, until the next reading.
            self._running = None


def _seen(task: asyncio.Task[dict[K, V]]) -> None:
    # Whoever waits sees its failure; with nobody left, nobody has to.
    if not task.cancelled():
        task.exception()
