"""Readings that many wait for: one at a time, each begun after those asked who share it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Turn(Generic[K, V]):
    """One reading, and who waits for it."""

    __slots__ = ("task", "waiters", "wanted")

    def __init__(self) -> None:
        self.wanted: set[K] = set()
        self.waiters: list[asyncio.Future[dict[K, V]]] = []
        self.task: asyncio.Task[None] | None = None

    def found(self, result: dict[K, V]) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)

    def failed(self, error: Exception) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(error)

    def cancelled(self) -> None:
        for waiter in self.waiters:
            waiter.cancel()


class Shared(Generic[K, V]):
    """While one reading is under way, all who ask wait for the next: never for one that began before they asked."""

    def __init__(self, read: Callable[[set[K]], Awaitable[dict[K, V]]]) -> None:
        self._read = read
        self._running: asyncio.Task[None] | None = None
        self._next: _Turn[K, V] | None = None

    async def __call__(self, key: K) -> dict[K, V]:
        """A reading that holds what there is of this key."""
        if self._next is None:
            self._next = _Turn()
            self._next.task = asyncio.create_task(self._take(self._next, self._running), name="shared reading")
        self._next.wanted.add(key)
        # One each: whoever gives up waiting takes nothing from the others.
        waiter: asyncio.Future[dict[K, V]] = asyncio.get_running_loop().create_future()
        self._next.waiters.append(waiter)
        return await waiter

    async def _take(self, turn: "_Turn[K, V]", before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            self._running, self._next = turn.task, None
            turn.found(await self._read(turn.wanted))
        except Exception as error:
            turn.failed(error)
        except BaseException:
            turn.cancelled()
            raise
        finally:
            # Not to keep what was read, which may be large, until the next reading.
            self._running = None
